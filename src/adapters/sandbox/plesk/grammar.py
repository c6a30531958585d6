"""Content models, read from their outline.

One line is one part, its depth is its indentation (two blanks a level):

    name : type [min..max]      an element; type and cardinality may be missing (exactly once then)
    (seq) (choice) (all)        a group: in order, one of, in any order
    <>                          any elements
    @                           any attributes
    … @… name : type <attr>     one attribute
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

UNBOUNDED: Final = 2**31
_LINE = re.compile(
    r"(?P<name>\((?:seq|choice|all)\)|<>|@|[\w-]+)"
    r"(?: : (?P<type>(?:base: )?\w+))?"
    r"(?: \[(?P<min>\d+)\.\.(?P<max>\d+|∞)\])?"
)
_ATTRIBUTE = re.compile(r"<tspan[^>]*>@</tspan> (?P<name>[\w-]+) : \w+ <attr>")


@dataclass(frozen=True, slots=True)
class ElementRule:
    """One element: what it may hold (a sequence), and how often it may stand there."""

    name: str
    type: str = ""
    minimum: int = 1
    maximum: int = 1
    content: tuple["Particle", ...] = ()
    attributes: frozenset[str] = frozenset()
    is_open: bool = False

    def find(self, name: str) -> "ElementRule | None":
        """The rule of a child element, however deep in groups it stands."""
        return next((rule for rule in _elements(self.content) if rule.name == name), None)


@dataclass(frozen=True, slots=True)
class Group:
    """Several particles: `seq` (in order), `choice` (one of them) or `all` (any order)."""

    kind: str
    minimum: int
    maximum: int
    members: tuple["Particle", ...]


Particle = ElementRule | Group


class OutlineError(ValueError):
    """A line of an outline cannot be understood."""


def parse(outline: str) -> ElementRule:
    """The root element of an outline. Raises OutlineError."""
    lines = [(len(line) - len(line.lstrip(" ")), line.strip()) for line in outline.splitlines() if line.strip()]
    root = _build(lines)
    if len(root) != 1 or not isinstance(root[0], ElementRule):
        raise OutlineError("an outline has one root element")
    return root[0]


@cache
def request_model() -> ElementRule:
    """The content model of the requests that are served here."""
    return parse(resources.files(__package__).joinpath("request_model.txt").read_text("utf-8"))


def _build(lines: list[tuple[int, str]]) -> tuple[Particle, ...]:
    """The particles of one level, with everything below them."""
    return tuple(_particle(text, below) for text, below in _blocks(lines))


def _blocks(lines: list[tuple[int, str]]) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Each line of the outermost level with the lines below it; lines that are no particles are left out."""
    position = 0
    while position < len(lines):
        depth, text = lines[position]
        end = position + 1
        while end < len(lines) and lines[end][0] > depth:
            end += 1
        if text not in ("<>", "@") and not text.startswith("<> [") and not _ATTRIBUTE.fullmatch(text):
            yield text, lines[position + 1 : end]
        position = end


def _particle(text: str, below: list[tuple[int, str]]) -> Particle:
    parts = _LINE.fullmatch(text)
    if parts is None:
        raise OutlineError(f"not understood: {text}")
    minimum, maximum = _cardinality(parts["min"], parts["max"])
    if parts["name"].startswith("("):
        return Group(parts["name"][1:-1], minimum, maximum, _build(below))
    own = [line for depth, line in below if depth == below[0][0]]
    attributes = frozenset(match["name"] for line in own if (match := _ATTRIBUTE.fullmatch(line)))
    is_open = any(line == "<>" or line.startswith("<> [") for line in own)
    return ElementRule(parts["name"], parts["type"] or "", minimum, maximum, _build(below), attributes, is_open)


def _cardinality(minimum: str | None, maximum: str | None) -> tuple[int, int]:
    if minimum is None or maximum is None:
        return 1, 1
    return int(minimum), UNBOUNDED if maximum == "∞" else int(maximum)


def _elements(particles: tuple[Particle, ...]) -> Iterator[ElementRule]:
    for particle in particles:
        if isinstance(particle, Group):
            yield from _elements(particle.members)
        else:
            yield particle
