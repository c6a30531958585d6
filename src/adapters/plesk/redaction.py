"""What may be shown of a packet: everything but secrets, by the element's name and by the value.

By value too, because Plesk's validator quotes what it refuses ("Element 'passwd': '…' is not a valid value").
"""

import copy
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, tostring

HIDDEN: Final = "***"
SECRET_ELEMENTS: Final = frozenset({"passwd", "password", "ftp_password", "pvt", "key", "content", "csr"})
SECRET_PROPERTIES: Final = frozenset({"ftp_password", "password", "passwd"})
SESSION_OPERATIONS: Final = frozenset({"create_session", "session"})


def shown(packet: Element, secrets: Iterable[str] = ()) -> str:
    """The packet as text, free of secrets. `secrets` are values to hide wherever they appear."""
    tree = copy.deepcopy(packet)
    known = tuple(secrets)
    for element in tree.iter():
        _hide(element)
        element.text = scrubbed(element.text, known)
        element.tail = None
    return tostring(tree, encoding="unicode")


def scrubbed(text: str | None, secrets: Iterable[str]) -> str:
    """The text with every secret value replaced."""
    cleaned = text or ""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        cleaned = cleaned.replace(secret, HIDDEN)
    return cleaned


def pieces(secret: str) -> tuple[str, ...]:
    """A secret and, when it is a PEM text, each of its lines: whoever quotes it may break it elsewhere."""
    lines = [line.strip() for line in secret.splitlines()]
    return (secret, *(line for line in lines if line and not line.startswith("-----"))) if len(lines) > 1 else (secret,)


def _hide(element: Element) -> None:
    if element.tag in SECRET_ELEMENTS:
        _blank(element)
    elif element.tag == "property" and element.findtext("name", "").strip() in SECRET_PROPERTIES:
        _blank_children(element, "value")
    elif element.tag in SESSION_OPERATIONS:
        _blank_children(element, "id")


def _blank_children(element: Element, tag: str) -> None:
    for child in element.iter(tag):
        _blank(child)


def _blank(element: Element) -> None:
    for child in list(element):
        element.remove(child)
    element.text = HIDDEN
