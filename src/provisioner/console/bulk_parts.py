"""A CSV file of any size, in parts that are bulks of their own; never more than one part is in memory."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from provisioner.messages.domains import BulkDefaults
from provisioner.messages.envelope import Actor, Message
from provisioner.orders.bulk import LONGEST_LINE, count_lines
from provisioner.store.bulks import NewBulk

PART_BYTES: Final = 4 * 1024 * 1024
MOST_LINES: Final = 100_000_000
SOURCE: Final = "provisioner-console"


@dataclass(frozen=True, slots=True)
class Part:
    """The header and some lines; `left_out` lines of the file lie between the two."""

    content: bytes
    left_out: int


def check_file(path: Path) -> int:
    """How many lines with content follow the header. Raises FileRefused before anything of the file is taken."""
    with path.open("rb") as file:
        return count_lines(file, limit=MOST_LINES)


def parts_of(path: Path, size: int = PART_BYTES) -> Iterator[Part]:
    """The file in parts of about so many bytes, each with the header."""
    with path.open("rb") as file:
        header, number = _header(file)
        while lines := file.readlines(size):
            if any(line.strip() for line in lines):
                yield Part(header + b"".join(lines), number - 1)
            number += len(lines)


def _header(file: BinaryIO) -> tuple[bytes, int]:
    """The first line with content, ending as a line does, and its number."""
    number, header = 1, file.readline(LONGEST_LINE + 1)
    while header and not header.removeprefix(b"\xef\xbb\xbf").strip(b" ,;\t\r\n"):
        number, header = number + 1, file.readline(LONGEST_LINE + 1)
    return header.rstrip(b"\r\n") + b"\n", number


def message_of(bulk: NewBulk, operator: str, environment: str, defaults: BulkDefaults) -> Message:
    """What the intake would have made of a message with this bulk: the same part given again is known by it."""
    told = json.dumps([bulk.customer_id, dict(bulk.profile), dict(bulk.terms), bulk.left_out], sort_keys=True)
    return Message(
        id=bulk.bulk_id,
        source=SOURCE,
        type="domain.transfer-bulk.v1",
        subject=None,
        time=None,
        environment=environment,
        actor=Actor(operator, "console", "admin"),
        correlation_id=bulk.bulk_id,
        sequence=None,
        data=defaults,
        body_hash=hashlib.sha256(told.encode() + bulk.content).hexdigest(),
        raw=b"",
    )


def bulk_of(
    part: Part, number: int, *, bulk_id: str, customer_id: str, profile: Mapping[str, Any], terms: Mapping[str, Any]
) -> NewBulk:
    """One part as a bulk; its id is the file's with the part's number."""
    return NewBulk(f"{bulk_id}-{number}", customer_id, profile, terms, part.content, part.left_out)
