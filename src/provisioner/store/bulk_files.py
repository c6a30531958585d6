"""The file of a bulk, read from where it was left; nothing is kept of the lines that are done."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from provisioner.orders import bulk
from provisioner.orders.bulk import BadLine, FileRefused, Line
from provisioner.orders.tlds import TldTable

MOST_LINES = 1_000_000

AnyLine = Line | BadLine


class PartOfFile(io.BytesIO):
    """A header line and some lines from further on in a file; `left_out` lines between them read as empty ones.

    So lines keep the numbers that they have in the whole file.
    """

    def __init__(self, content: bytes, left_out: int = 0) -> None:
        super().__init__(content)
        self._left_out = left_out
        self._begun = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line, of at most `size` bytes."""
        if self._begun and self._left_out > 0:
            self._left_out -= 1
            return b"\n"
        self._begun = True
        return super().readline(size)


def count_lines(content: bytes, left_out: int = 0) -> int:
    """How many lines with content follow the header. Raises FileRefused, also when there are none."""
    count = bulk.count_lines(PartOfFile(content, left_out), limit=MOST_LINES)
    if not count:
        raise FileRefused("has a header, and no line after it")
    return count


@dataclass(slots=True)
class Reading:
    """One bulk's file being read. `done`: the number of the last line that was handed out or left out."""

    bulk_id: str
    lines: Iterator[AnyLine]
    done: int = 0

    def take(self, most: int) -> list[AnyLine]:
        """The next lines, at most so many; fewer at the end."""
        taken = list(islice(self.lines, most))
        self.done = taken[-1].number if taken else self.done
        return taken

    def skip_to(self, done: int) -> None:
        """Leave out what others have done meanwhile."""
        if self.done < done:
            following = next((line for line in self.lines if line.number > done), None)
            self.lines = chain([following] if following else [], self.lines)
            self.done = done


def begin(bulk_id: str, content: bytes, left_out: int, table: TldTable) -> Reading:
    """Read a bulk's file from its beginning."""
    stream = PartOfFile(content, left_out)
    return Reading(bulk_id, bulk.read_lines(stream, limit=MOST_LINES, table=table))
