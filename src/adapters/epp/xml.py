"""Frames as trees: parsed without DTDs, capped in depth, and read by local names.

Names are looked up without their namespace, since servers differ in prefixes and in versions of extensions.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from epptools import Response

DEEPEST: Final = 64


class UnreadableError(Exception):
    """The answer is not EPP; says why, and quotes nothing of it."""


def parse(frame: bytes, *, lenient: bool = False) -> tuple[str, Response]:
    """The frame's text and tree. Raises UnreadableError for anything but EPP in UTF-8 without a DOCTYPE.

    `lenient`: bytes that are not UTF-8 each become a U+FFFD.
    """
    try:
        text = frame.decode("utf-8-sig", "replace" if lenient else "strict")
        root = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except (UnicodeDecodeError, ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadableError(f"no XML in UTF-8 ({type(error).__name__}), {len(frame)} bytes") from None
    if local(root) != "epp":
        raise UnreadableError("XML, but not EPP")
    if is_deeper_than(root, DEEPEST):
        raise UnreadableError(f"nested deeper than {DEEPEST}")
    return text, Response(text, root)


def local(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def namespace(element: Element) -> str:
    """The namespace's URI, or empty."""
    return element.tag.rpartition("}")[0].lstrip("{")


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of this name."""
    return (child for child in (element if element is not None else ()) if local(child) == name)


def first(element: Element | None) -> Element | None:
    """The first child of any name, or None."""
    return None if element is None else next(iter(element), None)


def child(element: Element | None, name: str) -> Element | None:
    """The first child of this name, or None."""
    return next(children(element, name), None)


def text(element: Element | None, name: str) -> str:
    """The text of the first child of this name, or empty."""
    return own_text(child(element, name))


def texts(element: Element | None, name: str) -> tuple[str, ...]:
    """The texts of all children of this name that have one."""
    return tuple(filter(None, map(own_text, children(element, name))))


def own_text(element: Element | None) -> str:
    """The text of an element, without the spaces around it."""
    return (element.text or "").strip() if element is not None else ""


def true(value: str | None) -> bool:
    """Whether an xs:boolean says yes."""
    return value in ("1", "true")


def is_deeper_than(root: Element, depth: int) -> bool:
    """Whether elements stand in one another more than so many times."""
    level = [root]
    for _ in range(depth):
        level = [each for element in level for each in element]
    return bool(level)
