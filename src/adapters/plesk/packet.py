"""Requests: one operation a packet, serialised from an ordered table.

Plesk validates requests strictly: an element out of order, unknown or empty is error 1014. So the order is data (from
the content model of protocol 1.6.9.1), empty optional values are left out, and the text is written by an XML
serialiser.

An empty filter means "everything" to Plesk, for `set` and `del` too. Here a command that changes something takes
exactly one `Filter`, of a kind that names one object, with a value; anything else cannot be built.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

from adapters.plesk import redaction
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Rejected

VERSION: Final = "1.6.9.1"

Value: TypeAlias = "str | Secret | Mapping[str, Value] | Sequence[Mapping[str, Value]] | None"
Values: TypeAlias = Mapping[str, Value]
Order: TypeAlias = Mapping[str, tuple[str, ...]]

FLAG: Final[Values] = {}
"""An element whose presence is the message, as in a dataset."""

UNIQUE: Final = frozenset({"id", "guid", "name", "external-id"})
"""The kinds of filter that name one object."""

# XML 1.0, production 2 (Char), turned round.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Command(StrEnum):
    """What a packet may do; decides what an unknown outcome means."""

    GET = "get"
    MUTATE = "mutate"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Filter:
    """Exactly one object, or the objects of one owner (for `get` only). Raises Rejected when the value is empty."""

    kind: str
    value: str

    def __post_init__(self) -> None:
        if not self.value.strip():
            raise Rejected("invalid_input", f"an empty {self.kind} would mean every object on the server")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an operator: its filter kinds, and the order of the elements below each path."""

    operator: str
    name: str
    command: Command = Command.GET
    filters: frozenset[str] = frozenset()
    order: Order = field(default_factory=dict)
    lists_all: bool = False

    def __str__(self) -> str:
        return f"{self.operator}/{self.name}"


@dataclass(frozen=True, slots=True)
class Packet:
    """A request, ready to be sent. Printing it shows no secrets."""

    operation: Operation
    root: Element = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def body(self) -> bytes:
        """The bytes to send. A carriage return is written as a reference, or parsers would read a line feed."""
        text: bytes = tostring(self.root, encoding="utf-8", xml_declaration=True)
        return text.replace(b"\r", b"&#13;")

    def shown(self) -> str:
        """The request without its secrets."""
        return redaction.shown(self.root, self.secrets)


def build(operation: Operation, values: Values = FLAG, target: Filter | None = None) -> Packet:
    """The packet for one operation. Raises Rejected for text that XML cannot hold, and for a filter that is unsafe."""
    _check_target(operation, target)
    root = Element("packet", {"version": VERSION})
    node = SubElement(SubElement(root, operation.operator), operation.name)
    if operation.filters:
        _write_filter(node, target)
    secrets = tuple(_write(node, operation, "", values))
    return Packet(operation, root, secrets)


def _check_target(operation: Operation, target: Filter | None) -> None:
    if target is None:
        if operation.filters and not operation.lists_all:
            raise Rejected("invalid_input", f"{operation} needs exactly one filter")
        return
    allowed = operation.filters if operation.command is Command.GET else operation.filters & UNIQUE
    if target.kind not in allowed:
        raise Rejected("invalid_input", f"{operation} does not take a filter by {target.kind}")


def _write_filter(parent: Element, target: Filter | None) -> None:
    node = SubElement(parent, "filter")
    if target is not None:
        SubElement(node, target.kind).text = legal(target.kind, target.value)


def _write(parent: Element, operation: Operation, path: str, values: Values) -> Iterator[str]:
    """Write the values in the table's order; give the secrets among them."""
    order = operation.order.get(path, ())
    unknown = set(values) - set(order)
    if unknown:
        raise ValueError(f"{operation} has no {sorted(unknown)} below {path!r}")
    for name in order:
        yield from _write_one(parent, operation, path, name, values.get(name))


def _write_one(parent: Element, operation: Operation, path: str, name: str, value: Value) -> Iterator[str]:
    if value is None or value == "":
        return
    if isinstance(value, Secret):
        SubElement(parent, name).text = legal(name, value.reveal())
        yield from redaction.pieces(value.reveal())
    elif isinstance(value, str):
        SubElement(parent, name).text = legal(name, value)
    else:
        for each in [value] if isinstance(value, Mapping) else value:
            yield from _write(SubElement(parent, name), operation, f"{path}/{name}".strip("/"), each)


def legal(name: str, text: str) -> str:
    """The text, if XML 1.0 can hold it. Raises Rejected: it is the input that is wrong, and it is not repeated."""
    found = _ILLEGAL.search(text)
    if found:
        raise Rejected("invalid_input", f"{name} holds the character U+{ord(found[0]):04X}, which XML cannot hold")
    return text
