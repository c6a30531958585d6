"""Answers: parsed without DTDs, capped in size and depth, and read by name.

Plesk answers HTTP 200 to errors too. A check-up that fails (login, version, validity) gives one `system` element;
otherwise each object that a filter matched gives one `result`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from adapters.plesk import errors, redaction
from adapters.plesk.packet import Operation

MOST_BYTES: Final = 8 * 1024 * 1024
DEEPEST: Final = 64


class UnreadableError(Exception):
    """The answer is not a packet; says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """One object's part of an answer: what Plesk says about it, and its `data`."""

    element: Element

    @property
    def id(self) -> str:
        """The numeric id, or empty."""
        return self.text("id")

    @property
    def guid(self) -> str:
        """The guid that an `add` gave, or empty."""
        return self.text("guid")

    def text(self, path: str) -> str:
        """The text at a path below the result, or empty."""
        return (self.element.findtext(path) or "").strip()

    def texts(self, path: str) -> tuple[str, ...]:
        """The texts at a path below the result."""
        return tuple((found.text or "").strip() for found in self.element.iterfind(path))

    def pairs(self, path: str) -> dict[str, str]:
        """The `name` and `value` of each element at a path, as properties, limits and resources are written."""
        found = self.element.iterfind(path)
        return {each.findtext("name", "").strip(): each.findtext("value", "").strip() for each in found}

    def has(self, path: str) -> bool:
        """Whether there is an element at a path."""
        return self.element.find(path) is not None


def parse(body: bytes) -> Element:
    """The answer's root. Raises UnreadableError for anything but a packet."""
    if not body.strip():
        raise UnreadableError("it is empty")
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # the latter two: a strange encoding
        raise UnreadableError(f"no XML ({type(error).__name__}), {len(body)} bytes") from None
    if root.tag != "packet":
        raise UnreadableError("XML, but no packet")
    if _deeper_than(root, DEEPEST):
        raise UnreadableError(f"elements nested deeper than {DEEPEST}")
    return root


def results(root: Element, operation: Operation, secrets: Iterable[str] = ()) -> tuple[Result, ...]:
    """What was found or done; objects that do not exist are left out.

    Raises the outcome of the first error, with every one of `secrets` taken out of its text. `add` must tell what it
    made: without a result, its outcome is unknown.
    """
    known = tuple(secrets)
    system = root.find("system")
    if system is not None:
        _check(system, operation, known)
    answered = root.find(f"{operation.operator}/{operation.name}")
    if answered is None:
        raise errors.unreadable(f"it holds no {operation}", operation.command)
    return tuple(Result(each) for each in answered.iterfind("result") if _check(each, operation, known))


def _check(answer: Element, operation: Operation, secrets: tuple[str, ...]) -> bool:
    """True for a result that is there, False for one that is not; raises its failure otherwise."""
    status = answer.findtext("status", "").strip()
    if status == "ok":
        return True
    code = answer.findtext("errcode", "").strip()
    if status != "error" or not (code.isascii() and code.isdigit()):
        raise errors.unreadable("a result without status and code", operation.command)
    failure = errors.failure(int(code), redaction.scrubbed(answer.findtext("errtext"), secrets), operation.command)
    if failure is not None:
        raise failure
    return False


def _deeper_than(root: Element, most: int) -> bool:
    level: Iterator[Element] | list[Element] = [root]
    for _ in range(most):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
