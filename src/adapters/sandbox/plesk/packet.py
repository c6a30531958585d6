"""Packets: bytes from the wire to a validated tree, and answers back to bytes."""

from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from adapters.sandbox.plesk.grammar import request_model
from adapters.sandbox.plesk.refusals import Code, SystemRefusal
from adapters.sandbox.plesk.validator import InvalidElement, validate

NEWEST: Final = "1.6.9.1"
PROTOCOLS: Final = (
    *(f"1.6.3.{minor}" for minor in range(6)),
    *(f"1.6.{minor}.0" for minor in range(4, 10)),
    NEWEST,
)


@dataclass(frozen=True, slots=True)
class Packet:
    """A valid request: its root element and the protocol version that it asks for."""

    root: Element
    version: str


class _LineBuilder(TreeBuilder):
    """Builds a tree and remembers in which line each element begins."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Element, int] = {}
        self.expat: Any = None

    def start(self, tag: Any, attrs: Any, /) -> Element:
        element = super().start(tag, attrs)
        self.lines[element] = self.expat.CurrentLineNumber
        return element


def read(body: bytes | None) -> Packet:
    """A packet from the wire. Raises SystemRefusal: 1014 when it is no valid packet, 1005 for an unknown version.

    `body` is None when it was too large to be read.
    """
    if body is None:
        raise SystemRefusal(Code.INVALID_PACKET, "Parser error: Request is too large.")
    root, lines = _parse(body)
    if root.tag == "packet":
        _check_version(root.get("version", ""))
    try:
        validate(root, request_model())
    except InvalidElement as error:
        where = f"Error in line {lines[error.element]}: "
        raise SystemRefusal(Code.INVALID_PACKET, f"Parser error: Request is invalid. {where}{error}") from error
    return Packet(root, root.get("version") or NEWEST)


def _parse(body: bytes) -> tuple[Element, dict[Element, int]]:
    builder = _LineBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.expat = parser.parser
    try:
        parser.feed(body)
        return parser.close(), builder.lines
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        text = "Parser error: Cannot parse the XML from the source specified"
        raise SystemRefusal(Code.INVALID_PACKET, text) from error


def _check_version(version: str) -> None:
    asked = version.split(".") if version else []
    if not any(known.split(".")[: len(asked)] == asked for known in PROTOCOLS):
        raise SystemRefusal(Code.VERSION_UNKNOWN, f"XML API version {version} is not supported.")


def write(root: Element, *, pretty: bool = False) -> bytes:
    """A packet as it goes over the wire."""
    if pretty:
        ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode()
