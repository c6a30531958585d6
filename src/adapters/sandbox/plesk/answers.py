"""Elements of answers. Everything is built as a tree, so that no value can break the packet."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk.packet import NEWEST
from adapters.sandbox.plesk.refusals import Refusal


def leaf(name: str, value: object = "") -> Element:
    """An element with text. Booleans are written as XML Schema writes them."""
    element = Element(name)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    element.text = text or None
    return element


def branch(name: str, *children: Element | None) -> Element:
    """An element with children; those that are None are left out."""
    element = Element(name)
    element.extend(child for child in children if child is not None)
    return element


def optional(name: str, value: object) -> Element | None:
    """An element with text, or nothing for an empty value."""
    return leaf(name, value) if value not in ("", None) else None


def pairs(name: str, values: Mapping[str, object]) -> list[Element]:
    """One `<name><name/><value/></name>` for each entry."""
    return [branch(name, leaf("name", key), leaf("value", value)) for key, value in values.items()]


def ok(*children: Element | None) -> Element:
    """A result that tells success."""
    return branch("result", leaf("status", "ok"), *children)


def refused(refusal: Refusal, *children: Element | None) -> Element:
    """A result that tells an error."""
    return branch("result", *_error(refusal), *children)


def system_error(refusal: Refusal) -> Element:
    """The packet that refuses a packet."""
    return packet(NEWEST, [branch("system", *_error(refusal))])


def packet(version: str, children: Iterable[Element]) -> Element:
    """An answering packet."""
    root = branch("packet", *children)
    root.set("version", version)
    return root


def _error(refusal: Refusal) -> tuple[Element, Element, Element]:
    return leaf("status", "error"), leaf("errcode", int(refusal.code)), leaf("errtext", refusal.text)
