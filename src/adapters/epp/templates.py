"""What a registry wants of a contact beyond RFC 5733, as an operator writes it down from the registry's manual.

A template is one XML element with placeholders in texts and values of attributes:

    {name}   the element is left out when there is no such value, and with it an element that then is empty
    {name!}  without the value nothing is sent: the contact is refused, and the field is named

Values are put in as text, so that none of them can become markup.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from adapters.epp import xml
from adapters.epp.namespaces import EPP

LONGEST: Final = 16_384  # characters
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9._-]*)(!?)\}")
_BRACE: Final = re.compile(r"[{}]")


class TemplateError(ValueError):
    """The text is no template; says why."""


class ValuesMissing(Exception):
    """Values that a template cannot do without; `names` has theirs."""

    def __init__(self, *names: str) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Filling:
    """An element that is ready to be sent. `prefixes`: each namespace with the prefix that the operator gave it."""

    root: Element
    prefixes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was checked. `prefixes` as in `Filling`; a default namespace gets one of ours."""

    root: Element
    prefixes: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """The template in a text. Raises TemplateError: XML, a namespace or a placeholder is wrong."""
        if len(text) > LONGEST:
            raise TemplateError(f"it has more than {LONGEST} characters")
        root, prefixes = _read(text)
        if xml.is_deeper_than(root, xml.DEEPEST):
            raise TemplateError(f"it is nested deeper than {xml.DEEPEST}")
        for element in root.iter():
            _check(element)
        return cls(root, prefixes)

    @property
    def namespaces(self) -> frozenset[str]:
        """The URIs of its elements."""
        return frozenset(map(xml.namespace, self.root.iter()))

    def filled(self, values: Mapping[str, str]) -> Filling | None:
        """The element with these values, or None when nothing of it is left. An empty value is none.

        Raises ValuesMissing.
        """
        given = {name: value for name, value in values.items() if value.strip()}
        missing = {name for name, is_needed in self._placeholders() if is_needed} - given.keys()
        if missing:
            raise ValuesMissing(*sorted(missing))
        made = _filled(self.root, given)
        return None if made is None else Filling(made, self.prefixes)

    def _placeholders(self) -> Iterator[tuple[str, bool]]:
        for element in self.root.iter():
            for text in _texts(element):
                yield from ((found[1], bool(found[2])) for found in _PLACEHOLDER.finditer(text))


def _read(text: str) -> tuple[Element, dict[str, str]]:
    prefixes: dict[str, str] = {}
    elements: list[Element] = []
    try:
        for event, found in iterparse(io.BytesIO(text.encode()), ("start-ns", "start"), forbid_dtd=True):
            if event == "start":
                elements.append(found)
            else:
                prefix, uri = found
                prefixes.setdefault(uri, prefix or f"ext{len(prefixes)}")
    except (ParseError, DefusedXmlException, UnicodeEncodeError, ValueError) as error:
        told = "it has a DOCTYPE" if isinstance(error, DefusedXmlException) else f"it is no XML: {error}"
        raise TemplateError(told) from None
    return elements[0], prefixes


def _check(element: Element) -> None:
    name, uri = xml.local(element), xml.namespace(element)
    if not uri:
        raise TemplateError(f"the element {name} has no namespace")
    if uri == EPP:
        raise TemplateError(f"the element {name} has the namespace of EPP itself, and not that of an extension")
    if _BRACE.search(uri):
        raise TemplateError(f"the namespace {uri!a} has a brace")
    for text in _texts(element):
        if _BRACE.search(_PLACEHOLDER.sub("", text)):
            raise TemplateError(f"the element {name}: a placeholder is a name in braces, such as {{ident}}")


def _texts(element: Element) -> Iterator[str]:
    """Everything that belongs to the element itself: attributes, and the text around its children."""
    yield from element.attrib.values()
    yield element.text or ""
    yield from (child.tail or "" for child in element)


def _filled(element: Element, values: Mapping[str, str]) -> Element | None:
    try:
        made = Element(element.tag, {name: _put(text, values) for name, text in element.attrib.items()})
        made.text = _own(element.text, values)
        tails = [_own(child.tail, values) for child in element]
    except ValuesMissing:
        return None
    for child, tail in zip(element, tails, strict=True):
        inner = _filled(child, values)
        if inner is not None:
            inner.tail = tail
            made.append(inner)
    return None if len(element) and not len(made) else made


def _own(text: str | None, values: Mapping[str, str]) -> str | None:
    """A text with its values; spaces that only lay the template out are dropped."""
    return _put(text, values) if text and text.strip() else None


def _put(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(_value_from(values), text)


def _value_from(values: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise ValuesMissing(found[1])
        return values[found[1]]

    return value
