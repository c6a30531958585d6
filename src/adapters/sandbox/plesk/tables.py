"""Tables of records with simple indexes, written to a log of changes so that a restart finds them again."""

import functools
from collections import defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter

from adapters.sandbox.ledger import append_line, read_lines
from adapters.sandbox.plesk.records import Record

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Records of one kind by id; ids are never used twice."""

    def __init__(self, kind: type[R], changed: Callable[[int, R | None], None]) -> None:
        self._keys: tuple[str, ...] = kind.KEYS
        self._changed = changed
        self._rows: dict[int, R] = {}
        self._index: dict[tuple[str, Any], set[int]] = defaultdict(set)
        self._highest = 0

    def next_id(self) -> int:
        """An id that was never used."""
        self._highest += 1
        return self._highest

    def reserve(self, identifier: int) -> None:
        """Never give out this id or a smaller one."""
        self._highest = max(self._highest, identifier)

    def save(self, record: R) -> R:
        """Keep a record, in place of the one with the same id."""
        self.place(record)
        self._changed(record.id, record)
        return record

    def place(self, record: R) -> None:
        """Keep a record without telling anybody: it was read from the log."""
        self.remove(record.id)
        self._rows[record.id] = record
        for key in self._keys:
            self._index[key, getattr(record, key)].add(record.id)
        self.reserve(record.id)

    def drop(self, record: R) -> None:
        """Forget a record."""
        self.remove(record.id)
        self._changed(record.id, None)

    def remove(self, identifier: int) -> None:
        """Forget a record without telling anybody."""
        self.reserve(identifier)
        record = self._rows.pop(identifier, None)
        for key in self._keys if record is not None else ():
            self._index[key, getattr(record, key)].discard(identifier)

    def get(self, identifier: int) -> R | None:
        """The record with this id."""
        return self._rows.get(identifier)

    def where(self, key: str, value: object) -> list[R]:
        """The records with this value of an indexed attribute, in order of their ids."""
        return [self._rows[identifier] for identifier in sorted(self._index.get((key, value), ()))]

    def all(self) -> list[R]:
        """Every record, in order of ids."""
        return [self._rows[identifier] for identifier in sorted(self._rows)]

    def clear(self) -> None:
        """Forget everything, numbers too."""
        self._rows.clear()
        self._index.clear()
        self._highest = 0

    def __len__(self) -> int:
        return len(self._rows)


@functools.cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(cast("type[Any]", kind))
    return adapter


class ChangeLog:
    """A JSON-lines file of changes, or nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def table(self, kind: type[R]) -> Table[R]:
        """A table whose changes are logged, filled with what the log knows of it."""
        adapter = _adapter(cast("Hashable", kind))

        def changed(identifier: int, record: R | None) -> None:
            if self._path is not None:
                content = None if record is None else adapter.dump_python(record, mode="json")
                append_line(self._path, {"kind": kind.__name__, "id": identifier, "record": content})

        table = Table(kind, changed)
        self._replay(kind, adapter, table)
        return table

    def clear(self) -> None:
        """Forget everything."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _replay(self, kind: type[R], adapter: TypeAdapter[R], table: Table[R]) -> None:
        for line in read_lines(self._path) if self._path is not None else ():
            if line["kind"] != kind.__name__:
                continue
            if line["record"] is None:
                table.remove(line["id"])
            else:
                table.place(adapter.validate_python(line["record"]))
