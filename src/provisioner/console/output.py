"""Printing: tables and colours on a terminal, plain text in columns when piped, JSON when asked for."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

Row = Sequence[str]

_GOOD: Final = "green"
_BAD: Final = "red"
_OPEN: Final = "yellow"
STYLES: Final[dict[str, str]] = {
    **dict.fromkeys(("completed", "active", "succeeded", "done", "found", "open account", "accepted", "ok"), _GOOD),
    **dict.fromkeys(("completed_with_errors", "provisioning_failed", "failed", "held", "rejected", "parked"), _BAD),
    **dict.fromkeys(("waiting", "waiting_vendor", "uncertain", "unknown_outcome", "unavailable", "draining"), _OPEN),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table; an empty one is left out."""

    title: str
    headers: Row
    rows: Sequence[Row]


def printable(text: str) -> str:
    """The text with control characters escaped: what came from outside may not move the cursor."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def line(text: str = "") -> None:
    """One line of text."""
    sys.stdout.write(printable(text) + "\n")


def document(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document; `indent` None puts it on one line."""
    sys.stdout.write(json.dumps(_plain(value), default=_scalar, ensure_ascii=False, indent=indent) + "\n")


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a record, to be put into a document beside others."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def sections(parts: Iterable[Section]) -> None:
    """Tables with their titles, apart by an empty line."""
    for part in parts:
        if part.rows:
            line()
            line(part.title)
            table(part.headers, part.rows)


def table(headers: Row, rows: Sequence[Row]) -> None:
    """A table: of rich on a terminal, else in columns that a shell can cut."""
    cleaned = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(headers, cleaned)
    else:
        sys.stdout.writelines(f"{text}\n" for text in columns(headers, cleaned))


def columns(headers: Row, rows: Sequence[Row]) -> list[str]:
    """Plain lines, each column as wide as its widest cell, two spaces between."""
    everything = [headers, *rows]
    widths = [max(len(row[index]) for row in everything) for index in range(len(headers))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in everything
    ]


def moment(at: datetime | None) -> str:
    """A time in UTC, to the second; empty for None."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _rich_table(headers: Row, rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        drawn.add_column(header, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(drawn)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(each) for name, each in fields_of(value).items()}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _scalar(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
