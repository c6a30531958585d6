"""Strict validation of an element tree against a content model, with messages in the words of libxml.

The models are deterministic, as XML Schema asks: the next element's name alone decides which particle it belongs to.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk.grammar import ElementRule, Group, Particle
from adapters.sandbox.plesk.simple_types import EMPTY, fault_of

_SHOWN: Final = 10
_SCHEMA_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


class InvalidElement(ValueError):
    """An element is not as the content model asks; `element` is the one to blame."""

    def __init__(self, element: Element, message: str) -> None:
        super().__init__(f"Element '{element.tag}'{message}")
        self.element = element


def validate(element: Element, rule: ElementRule) -> None:
    """Check an element and everything below it. Raises InvalidElement for the first fault in document order."""
    if element.tag != rule.name:
        raise InvalidElement(element, ": No matching global declaration available for the validation root.")
    _check(element, rule)


def _check(element: Element, rule: ElementRule) -> None:
    if rule.is_open:
        return
    _check_attributes(element, rule)
    if not rule.content:
        _check_simple(element, rule)
        return
    _check_no_text(element)
    matching = _Matching(list(element))
    fault = matching.run(element, rule.content)
    for child, child_rule in zip(element, matching.matched, strict=False):
        _check(child, child_rule)
    if fault is not None:
        raise fault


def _check_attributes(element: Element, rule: ElementRule) -> None:
    for name in element.attrib:
        if name not in rule.attributes and not name.startswith(_SCHEMA_INSTANCE):
            raise InvalidElement(element, f", attribute '{name}': The attribute '{name}' is not allowed.")


def _check_simple(element: Element, rule: ElementRule) -> None:
    if len(element):
        kind = "content type is empty" if rule.type in EMPTY else "type definition is simple"
        raise InvalidElement(element, f": Element content is not allowed, because the {kind}.")
    fault = fault_of(rule.type, element.text or "")
    if fault is not None:
        raise InvalidElement(element, f": {fault}")


def _check_no_text(element: Element) -> None:
    texts = [element.text, *(child.tail for child in element)]
    if any(text and text.strip() for text in texts):
        raise InvalidElement(
            element,
            ": Character content other than whitespace is not allowed because the content type is 'element-only'.",
        )


class _StuckError(Exception):
    """The next child does not fit."""


class _Matching:
    """Walks once along an element's children and gives each the rule that it fits."""

    def __init__(self, children: Sequence[Element]) -> None:
        self._children = children
        self._expected: list[str] = []
        self.matched: list[ElementRule] = []

    def run(self, parent: Element, content: tuple[Particle, ...]) -> InvalidElement | None:
        """Match all children; gives the fault at the first that does not fit."""
        try:
            for particle in content:
                self._consume(particle)
        except _StuckError:
            return self._fault(parent)
        return self._fault(parent) if len(self.matched) < len(self._children) else None

    def _fault(self, parent: Element) -> InvalidElement:
        hint = _hint(list(dict.fromkeys(self._expected)))
        if len(self.matched) < len(self._children):
            return InvalidElement(self._children[len(self.matched)], f": This element is not expected.{hint}")
        return InvalidElement(parent, f": Missing child element(s).{hint}")

    def _consume(self, particle: Particle) -> None:
        if isinstance(particle, ElementRule):
            self._consume_elements(particle)
        else:
            self._consume_group(particle)

    def _consume_elements(self, rule: ElementRule) -> None:
        count = 0
        while count < rule.maximum and self._next_is_one_of([rule.name]):
            self.matched.append(rule)
            self._expected.clear()
            count += 1
        if count < rule.minimum:
            raise _StuckError

    def _consume_group(self, group: Group) -> None:
        count = 0
        while count < group.maximum and self._next_is_one_of(_first(group)):
            self._consume_once(group)
            count += 1
        if count < group.minimum and not _may_be_empty(group):
            raise _StuckError

    def _consume_once(self, group: Group) -> None:
        if group.kind == "seq":
            for member in group.members:
                self._consume(member)
        elif group.kind == "choice":
            self._consume(next(m for m in group.members if self._next_is_one_of(_first(m))))
        else:
            self._consume_in_any_order(list(group.members))

    def _consume_in_any_order(self, left: list[Particle]) -> None:
        while member := next((m for m in left if self._next_is_one_of(_first(m))), None):
            left.remove(member)
            self._consume(member)
        if any(not _may_be_empty(member) for member in left):
            raise _StuckError

    def _next_is_one_of(self, names: Sequence[str]) -> bool:
        position = len(self.matched)
        if position < len(self._children) and self._children[position].tag in names:
            return True
        self._expected.extend(names)
        return False


def _first(particle: Particle) -> list[str]:
    """The names with which this particle can begin."""
    if isinstance(particle, ElementRule):
        return [particle.name]
    return [name for member in _leading(particle) for name in _first(member)]


def _leading(group: Group) -> Iterator[Particle]:
    for member in group.members:
        yield member
        if group.kind == "seq" and not _may_be_empty(member):
            return


def _may_be_empty(particle: Particle) -> bool:
    if particle.minimum == 0:
        return True
    if isinstance(particle, ElementRule):
        return False
    quantifier = any if particle.kind == "choice" else all
    return quantifier(_may_be_empty(member) for member in particle.members)


def _hint(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return f" Expected is {'one of ' if len(names) > 1 else ''}( {shown} )."
