"""What is left of a run, as plain JSON values: what was asked for, what was written, what was done, what was heard.

Nothing here knows how it came to be; rows are those of the tables, times are ISO 8601 in UTC, and bytes are text in
Latin-1, so that each byte is one character.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """One run.

    `published` are the bodies that the broker confirmed; `tables` every table of the database, by name; `effects` the
    lines of the vendors' ledgers; `heard` the events in the order of their arrival; `logs` what processes wrote, by
    name; `canaries` the secrets that must be nowhere, by what they are; `left` the bodies that were left in queues, by
    queue; `leases` those that were seen while it ran: `operation_id`, `fence`, `at` (first seen), `seconds` (at most).
    """

    taken_at: str
    lease_seconds: float
    published: Sequence[str] = ()
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    effects: Sequence[Row] = ()
    heard: Sequence[Row] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    canaries: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    leases: Sequence[Row] = ()
    _groups: dict[tuple[str, str], dict[Any, list[Row]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def table(self, name: str) -> Sequence[Row]:
        """The rows of one table, none if it is not there."""
        return self.tables.get(name, ())

    def rows_of(self, name: str, column: str, value: object) -> Sequence[Row]:
        """The rows of a table with this value in a column, found without reading the table each time."""
        if (name, column) not in self._groups:
            groups: dict[Any, list[Row]] = defaultdict(list)
            for row in self.table(name):
                groups[row[column]].append(row)
            self._groups[name, column] = groups
        return self._groups[name, column].get(value, ())

    def by_id(self, name: str) -> dict[str, Row]:
        """The rows of a table by their column `id`."""
        return {row["id"]: row for row in self.table(name)}

    def messages(self) -> list[Row]:
        """The published bodies that are JSON objects."""
        found = [_parsed(body) for body in self.published]
        return [message for message in found if isinstance(message, dict)]

    def save(self, folder: Path) -> None:
        """Write everything into a folder, one file for each kind, readable by its owner only."""
        folder.mkdir(mode=0o700, parents=True)
        about = {"taken_at": self.taken_at, "lease_seconds": self.lease_seconds, "canaries": dict(self.canaries)}
        _write_lines(folder / "about.jsonl", [about])
        _write_lines(folder / "published.jsonl", [{"body": body} for body in self.published])
        _write_lines(folder / "effects.jsonl", self.effects)
        _write_lines(folder / "heard.jsonl", self.heard)
        _write_lines(folder / "left.jsonl", [{"queue": name, "bodies": list(each)} for name, each in self.left.items()])
        _write_lines(folder / "leases.jsonl", self.leases)
        for name, rows in self.tables.items():
            _write_lines(folder / f"table-{name}.jsonl", rows)
        for name, text in self.logs.items():
            (folder / f"log-{name}").write_text(text)

    @classmethod
    def load(cls, folder: Path) -> "History":
        """Read what `save` wrote."""
        about = _read_lines(folder / "about.jsonl")[0]
        return cls(
            **about,
            published=[row["body"] for row in _read_lines(folder / "published.jsonl")],
            tables={_name(file): _read_lines(file) for file in sorted(folder.glob("table-*.jsonl"))},
            effects=_read_lines(folder / "effects.jsonl"),
            heard=_read_lines(folder / "heard.jsonl"),
            logs={file.name.removeprefix("log-"): file.read_text() for file in sorted(folder.glob("log-*"))},
            left={row["queue"]: row["bodies"] for file in folder.glob("left.jsonl") for row in _read_lines(file)},
            leases=[row for file in folder.glob("leases.jsonl") for row in _read_lines(file)],
        )


def moment(text: str) -> datetime:
    """A time of a history."""
    return datetime.fromisoformat(text)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body.encode("latin-1"))
    except (UnicodeError, ValueError, RecursionError):
        return None


def _name(file: Path) -> str:
    return file.stem.removeprefix("table-")


def _write_lines(file: Path, rows: Iterable[Row]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]
