"""Tables of records, and the log of changes that lets a restart find them again."""

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from pydantic import TypeAdapter

from adapters.sandbox.ledger import json_line, read_lines


class Record(Protocol):
    """What a table keeps."""

    @property
    def key(self) -> str:
        """The record's own name."""
        ...

    @property
    def marks(self) -> frozenset[str]:
        """The records that this one holds on to, as `kind:name`."""
        ...


R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Records of one kind by key. `placed` is told of every record that comes in, also when it comes from the log."""

    def __init__(self, changed: Callable[[str, R | None], None], placed: Callable[[R], None]) -> None:
        self._changed = changed
        self._placed = placed
        self._rows: dict[str, R] = {}
        self._marked: dict[str, dict[str, None]] = defaultdict(dict)

    def get(self, key: str) -> R | None:
        """The record of this key."""
        return self._rows.get(key)

    def save(self, record: R) -> R:
        """Keep a record, in place of the one with the same key."""
        self.place(record)
        self._changed(record.key, record)
        return record

    def drop(self, key: str) -> None:
        """Forget a record."""
        self.remove(key)
        self._changed(key, None)

    def place(self, record: R) -> None:
        """Keep a record without logging it."""
        self._unmark(record.key)
        self._rows[record.key] = record
        for mark in record.marks:
            self._marked[mark][record.key] = None
        self._placed(record)

    def remove(self, key: str) -> None:
        """Forget a record without logging it."""
        self._unmark(key)
        self._rows.pop(key, None)

    def marked(self, mark: str) -> list[R]:
        """The records that hold on to this, oldest first."""
        return [self._rows[key] for key in self._marked.get(mark, ())]

    def is_marked(self, mark: str) -> bool:
        """True when any record holds on to this."""
        return bool(self._marked.get(mark))

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._marked.clear()

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def _unmark(self, key: str) -> None:
        record = self._rows.get(key)
        for mark in record.marks if record is not None else ():
            self._marked[mark].pop(key, None)
            if not self._marked[mark]:
                del self._marked[mark]


@functools.cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(cast("type[Any]", kind))
    return adapter


class ChangeLog:
    """A JSON-lines file of changes, or nothing without a path. Changes are written when they are flushed, at once."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self._found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in read_lines(path) if path is not None else ():
            self._found[line["kind"]].append(line)

    @property
    def is_new(self) -> bool:
        """True when nothing was ever written."""
        return not self._found

    def table(self, kind: type[R], placed: Callable[[R], None] | None = None) -> Table[R]:
        """A table whose changes are logged, filled with what the log knows of it."""
        adapter = _adapter(cast("Hashable", kind))

        def changed(key: str, record: R | None) -> None:
            if self._path is not None:
                content = None if record is None else adapter.dump_python(record, mode="json")
                self._waiting.append(json_line({"kind": kind.__name__, "key": key, "record": content}))

        table = Table[R](changed, placed or (lambda _: None))
        last = {line["key"]: line["record"] for line in self._found.pop(kind.__name__, ())}
        for content in last.values():
            if content is not None:
                table.place(adapter.validate_python(content))
        return table

    def flush(self) -> None:
        """Write what waits, with one write."""
        if self._path is None or not self._waiting:
            return
        lines, self._waiting = b"".join(self._waiting), []
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
