"""Writing XML: a tree of nodes with prefixed names, and its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

NAMESPACES: Final[Mapping[str, str]] = {
    "": "urn:ietf:params:xml:ns:epp-1.0",
    "domain": "urn:ietf:params:xml:ns:domain-1.0",
    "contact": "urn:ietf:params:xml:ns:contact-1.0",
    "host": "urn:ietf:params:xml:ns:host-1.0",
    "secDNS": "urn:ietf:params:xml:ns:secDNS-1.1",
    "rgp": "urn:ietf:params:xml:ns:rgp-1.0",
    "fee": "urn:ietf:params:xml:ns:epp:fee-1.0",
    "loginSec": "urn:ietf:params:xml:ns:epp:loginSec-1.0",
    "changePoll": "urn:ietf:params:xml:ns:changePoll-1.0",
}


@dataclass(frozen=True, slots=True)
class Node:
    """An element with text or with children. The prefix of its name stands for a namespace of `NAMESPACES`."""

    name: str
    text: str = ""
    children: tuple["Node", ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The part of the name before the colon, empty for the protocol's own elements."""
        return self.name.rpartition(":")[0]


def leaf(name: str, /, text: str = "", **attributes: str) -> Node:
    """An element without children; attributes with an underscore get a hyphen."""
    return Node(name, text, (), {key.replace("_", "-"): value for key, value in attributes.items()})


def branch(name: str, /, *children: Node | None, **attributes: str) -> Node:
    """An element with children; None is left out."""
    return Node(name, "", tuple(child for child in children if child is not None), attributes)


def optional(name: str, text: str) -> Node | None:
    """An element for a text, or None for an empty one."""
    return leaf(name, text) if text else None


def write(root: Node) -> bytes:
    """A document in UTF-8."""
    return ('<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' + "".join(_text(root, frozenset()))).encode()


def _text(node: Node, known: frozenset[str]) -> Iterator[str]:
    yield f"<{node.name}"
    if node.prefix not in known:
        declared = f"xmlns:{node.prefix}" if node.prefix else "xmlns"
        yield f' {declared}="{NAMESPACES[node.prefix]}"'
    for name, value in node.attributes.items():
        yield f" {name}={quoteattr(value)}"
    if not node.text and not node.children:
        yield "/>"
        return
    yield f">{escape(node.text)}"
    for child in node.children:
        yield from _text(child, known | {node.prefix})
    yield f"</{node.name}>"
