"""Identifiers, handed in, so that a test or a simulation can repeat a run exactly."""

import itertools
import uuid
from typing import Protocol


class Ids(Protocol):
    """A source of identifiers that never repeat."""

    def new(self) -> str:
        """A new identifier, 36 characters at most."""
        ...


class RandomIds:
    """Random UUIDs (RFC 9562, version 4)."""

    def new(self) -> str:
        """A new UUID."""
        return str(uuid.uuid4())


class CountingIds:
    """`id-1`, `id-2`, …: for tests and simulations."""

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def new(self) -> str:
        """The next number, behind the prefix."""
        return f"{self._prefix}-{next(self._numbers)}"
