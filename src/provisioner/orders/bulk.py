"""The CSV file of a bulk transfer, read line by line. Pure: bytes in, lines and complaints out, one at a time.

The header names the columns, in any order, in small or capital letters; what separates them is what the header uses:
a comma, a semicolon or a tab. A byte order mark, LF or CRLF, quotes, and empty lines do no harm. A record is one line,
so that a forgotten quote spoils no other.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, Final

import idna
from pydantic import TypeAdapter, ValidationError

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.secret import Secret
from provisioner.messages import complaints
from provisioner.messages.fields import DomainName, Identifier
from provisioner.orders.domain_refusals import DomainRefused
from provisioner.orders.domains import check_name, check_transfer_years
from provisioner.orders.seen import Seen
from provisioner.orders.tlds import TldRules, TldTable, UnknownTld

REQUIRED: Final = ("domain", "auth_code")
COLUMNS: Final = (*REQUIRED, "years", "registrant", "service_id")
LONGEST_LINE: Final = 8_192
LONGEST_AUTH_CODE: Final = 255

_SEPARATORS: Final = ",;\t"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DOMAIN: Final = TypeAdapter[str](DomainName)
_IDENTIFIER: Final = TypeAdapter[str](Identifier)

Cells = Mapping[str, str]


class FileRefused(RefusedError):
    """The file as a whole cannot be read. `line` (from 1) says where, if it is one place."""

    code: ClassVar[str] = "file_refused"

    def __init__(self, complaint: str, line: int | None = None) -> None:
        super().__init__(f"Line {line} {complaint}." if line else f"The file {complaint}.")
        self.line = line


class TooManyLines(FileRefused):
    """The file has more lines than are taken at once."""

    code = "too_many_lines"


@dataclass(frozen=True, slots=True)
class Line:
    """One domain to transfer. `number` is its line in the file, from 1; `auth_code` may be empty if none is needed."""

    number: int
    domain: str
    auth_code: Secret
    years: int | None = None
    registrant: str | None = None
    service_id: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken: the column's number from 1 and its name, if one is to blame, and a sentence.

    No value of a cell is ever quoted.
    """

    number: int
    column: int | None
    name: str | None
    message: str

    def as_json(self) -> dict[str, int | str | None]:
        """As events tell it: {line, column, message}."""
        return {"line": self.number, "column": self.column, "message": self.message}


def read_lines(stream: BinaryIO, *, limit: int, table: TldTable) -> Iterator[Line | BadLine]:
    """Every line with content, good or bad, in the file's order; at most `limit` of them.

    Memory grows by 16 to 32 bytes a domain, by which repeated ones are found, and by nothing else. Raises, when it gets
    there, FileRefused for what is no CSV in UTF-8 with a header, and TooManyLines for the line after the limit.
    """
    texts = _with_content(stream)
    number, header = next(texts, (0, ""))
    if not number:
        raise FileRefused("is empty: the first line must name the columns")
    separator = max(_SEPARATORS, key=header.count)
    reading = _Reading(_columns(header, separator, number), separator, table)
    for count, (line, text) in enumerate(texts, start=1):
        if count > limit:
            raise TooManyLines(f"is one too many: at most {limit:,} lines are taken at once; split the file", line)
        yield reading.line(line, text)


def count_lines(stream: BinaryIO, *, limit: int) -> int:
    """How many lines with content follow the header. Raises as `read_lines` does, before any line is acted on."""
    nothing_checked = TldTable(())
    return sum(1 for _ in read_lines(stream, limit=limit, table=nothing_checked))


# -- lines of text


def _with_content(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines that are more than blanks and separators, with their numbers."""
    for number, raw in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
        text = _text(raw, number)
        if text.strip(f" {_SEPARATORS}"):
            yield number, text


def _text(raw: bytes, number: int) -> str:
    if len(raw) > LONGEST_LINE:
        raise FileRefused(f"is longer than {LONGEST_LINE:,} bytes", number)
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise FileRefused(
            "is not UTF-8, but perhaps Latin-1 or UTF-16: save the file as CSV in UTF-8", number
        ) from None
    if "\r" in text:
        raise FileRefused("ends with CR alone: save the file with LF or CRLF at the ends of lines", number)
    return text


def _cells(text: str, separator: str) -> list[str]:
    """Raises csv.Error for a quote that is out of place."""
    return [cell.strip() for cell in next(csv.reader([text], delimiter=separator, strict=True))]


def _columns(header: str, separator: str, number: int) -> tuple[str, ...]:
    """The columns by position. What stands there is not quoted: without a header it would be somebody's auth code."""
    try:
        names = _cells(header, separator)
    except csv.Error:
        raise FileRefused("has a quote that is out of place or not closed", number) from None
    columns = tuple(re.sub(r"[ -]", "_", name.lower()) for name in names)
    for position, name in enumerate(columns, start=1):
        if name not in COLUMNS:
            raise FileRefused(f"has a column {position} that is not known; it must name {', '.join(COLUMNS)}", number)
        if name in columns[: position - 1]:
            raise FileRefused(f"names the column {name} twice", number)
    for name in REQUIRED:
        if name not in columns:
            raise FileRefused(f"must name the column {name}, as it is the header", number)
    return columns


# -- records


class _Bad(Exception):
    """A line cannot be taken, for what is in the column `name` or for the line as a whole."""

    def __init__(self, name: str | None, rule: str) -> None:
        super().__init__(rule)
        self.name = name
        self.rule = rule


@dataclass(slots=True)
class _Reading:
    """One file being read."""

    columns: tuple[str, ...]
    separator: str
    table: TldTable
    seen: Seen = field(default_factory=Seen)

    def line(self, number: int, text: str) -> Line | BadLine:
        try:
            return self._good(number, self._record(text))
        except _Bad as bad:
            column = self.columns.index(bad.name) + 1 if bad.name in self.columns else None
            where = f"line {number}, column {column} ({bad.name})" if column else f"line {number}"
            return BadLine(number, column, bad.name, f"{where} {bad.rule}.")

    def _record(self, text: str) -> Cells:
        try:
            cells = _cells(text, self.separator)
        except csv.Error:
            raise _Bad(None, "has a quote that is out of place or not closed on the same line") from None
        if any(cells[len(self.columns) :]):
            raise _Bad(None, f"has more cells than the {len(self.columns)} columns of the header")
        return dict(zip(self.columns, cells, strict=False))

    def _good(self, number: int, cells: Cells) -> Line:
        domain = _domain(cells)
        rules = self._rules(domain)
        line = Line(
            number,
            domain,
            _auth_code(cells, required=rules.transfer_needs_auth_code),
            _years(cells, rules),
            _identifier(cells, "registrant"),
            _identifier(cells, "service_id"),
        )
        if not self.seen.add(domain):
            raise _Bad("domain", "names a domain that an earlier line has already")
        return line

    def _rules(self, domain: str) -> TldRules:
        try:
            rules = self.table.rules_for(domain)
            check_name(domain, rules, "")
        except UnknownTld as refused:
            raise _Bad("domain", f"cannot be done: {refused}") from None
        except DomainRefused as refused:
            raise _Bad("domain", refused.complaint) from None
        return rules


def _domain(cells: Cells) -> str:
    """In A-labels. Here, and only here, people may write U-labels, as spreadsheets show them."""
    text = cells.get("domain", "")
    if not text:
        raise _Bad("domain", "is required")
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            raise _Bad("domain", "is no name that IDNA 2008 allows") from None
    return _valid(_DOMAIN, text, "domain")


def _auth_code(cells: Cells, *, required: bool) -> Secret:
    code = cells.get("auth_code", "")
    if required and not code:
        raise _Bad("auth_code", "is required")
    if len(code) > LONGEST_AUTH_CODE or _CONTROL.search(code):
        raise _Bad("auth_code", f"must have at most {LONGEST_AUTH_CODE} characters, none of them invisible")
    return Secret(code)


def _years(cells: Cells, rules: TldRules) -> int | None:
    text = cells.get("years", "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise _Bad("years", "must be a whole number")
    try:
        check_transfer_years(int(text), rules, "")
    except DomainRefused as refused:
        raise _Bad("years", refused.complaint) from None
    return int(text)


def _identifier(cells: Cells, name: str) -> str | None:
    text = cells.get(name, "")
    return _valid(_IDENTIFIER, text, name) if text else None


def _valid(adapter: TypeAdapter[str], text: str, name: str) -> str:
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        sentence, _ = complaints.first(error, text)
        raise _Bad(name, sentence.removeprefix("The body ").removesuffix(".")) from None
