"""Which of very many texts came before, in little memory."""

from array import array
from typing import Final


class Seen:
    """The texts so far, as a table of their hashes: 16 to 32 bytes each, where a set would need 100."""

    _FREE: Final = 0

    def __init__(self) -> None:
        self._slots = array("Q", [self._FREE]) * 1_024
        self._used = 0

    def add(self, text: str) -> bool:
        """Whether it is new. Two texts with one hash of 64 bits are taken for the same: 1 in 10^7 for a million."""
        if 2 * self._used >= len(self._slots):
            self._grow()
        new = self._put(hash(text) % (1 << 64) or 1)
        self._used += new
        return new

    def _put(self, key: int) -> bool:
        slots = self._slots
        place = key % len(slots)
        while slots[place] != self._FREE:
            if slots[place] == key:
                return False
            place = (place + 1) % len(slots)
        slots[place] = key
        return True

    def _grow(self) -> None:
        before = self._slots
        self._slots = array("Q", [self._FREE]) * (2 * len(before))
        for key in before:
            if key != self._FREE:
                self._put(key)
