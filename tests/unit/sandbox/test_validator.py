"""The validator takes what a content model allows, and nothing else."""

from xml.etree.ElementTree import Element, SubElement

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.plesk.grammar import ElementRule, Group, Particle, parse, request_model
from adapters.sandbox.plesk.validator import InvalidElement, validate

SEQUENCE = "r\n  a : string\n  b : string [0..2]\n  c : string\n"
CHOICE = "r\n  (choice)\n    a : string [0..∞]\n    b : string [0..∞]\n"
REPEATED = "r\n  (choice) [1..3]\n    a : string\n    b : string\n"
ALL = "r\n  (all)\n    a : string [0..1]\n    b : string\n"
NESTED = (
    "r\n  (choice) [0..1]\n    (seq)\n      a : string [0..1]\n      b : string\n    c : string\n  d : string [0..1]\n"
)


def fault(outline: str, xml: str) -> str:
    """What is said of a document; empty when it is valid."""
    try:
        validate(fromstring(xml), parse(outline))
    except InvalidElement as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("outline", "xml"),
    [
        (SEQUENCE, "<r><a/><c/></r>"),
        (SEQUENCE, "<r> <a/>\n<b/><b/><c/> </r>"),
        (CHOICE, "<r/>"),
        (CHOICE, "<r><b/><b/></r>"),
        (REPEATED, "<r><a/><b/><a/></r>"),
        (ALL, "<r><b/><a/></r>"),
        (ALL, "<r><b/></r>"),
        (NESTED, "<r/>"),
        (NESTED, "<r><b/><d/></r>"),
        (NESTED, "<r><c/></r>"),
    ],
)
def test_what_the_model_allows_is_valid(outline: str, xml: str) -> None:
    assert fault(outline, xml) == ""


@pytest.mark.parametrize(
    ("outline", "xml", "message"),
    [
        (SEQUENCE, "<r><c/><a/></r>", "Element 'c': This element is not expected. Expected is ( a )."),
        (SEQUENCE, "<r><a/></r>", "Element 'r': Missing child element(s). Expected is one of ( b, c )."),
        (SEQUENCE, "<r><a/><c/><c/></r>", "Element 'c': This element is not expected."),
        (SEQUENCE, "<r><a/><b/><b/><b/><c/></r>", "Element 'b': This element is not expected. Expected is ( c )."),
        (CHOICE, "<r><a/><b/></r>", "Element 'b': This element is not expected. Expected is ( a )."),
        (REPEATED, "<r/>", "Element 'r': Missing child element(s). Expected is one of ( a, b )."),
        (REPEATED, "<r><a/><a/><a/><a/></r>", "Element 'a': This element is not expected."),
        (ALL, "<r><a/></r>", "Element 'r': Missing child element(s). Expected is ( b )."),
        (ALL, "<r><b/><b/></r>", "Element 'b': This element is not expected. Expected is ( a )."),
        (NESTED, "<r><a/></r>", "Element 'r': Missing child element(s). Expected is ( b )."),
        (NESTED, "<r><x/></r>", "Element 'x': This element is not expected. Expected is one of ( a, b, c, d )."),
    ],
)
def test_what_it_does_not_allow_is_named(outline: str, xml: str, message: str) -> None:
    assert fault(outline, xml) == message


@pytest.mark.parametrize(
    ("outline", "xml", "message"),
    [
        ("r\n", "<q/>", "No matching global declaration available for the validation root."),
        ("r\n", "<r x='1'/>", "The attribute 'x' is not allowed."),
        ("r : string\n", "<r><a/></r>", "Element content is not allowed, because the type definition is simple."),
        ("r : NoneType\n", "<r>x</r>", "Character content is not allowed, because the content type is empty."),
        ("r : NoneType\n", "<r><a/></r>", "Element content is not allowed, because the content type is empty."),
        (CHOICE, "<r>text<a/></r>", "because the content type is 'element-only'."),
        (CHOICE, "<r><a/>text</r>", "because the content type is 'element-only'."),
    ],
)
def test_text_attributes_and_children_where_none_belong_are_refused(outline: str, xml: str, message: str) -> None:
    assert fault(outline, xml).endswith(message)


def test_open_content_may_be_anything() -> None:
    assert fault("r\n  a : anyType\n    <> [0..∞]\n    @\n", "<r><a x='1'>t<b/>t</a></r>") == ""


def test_the_first_fault_in_document_order_is_told() -> None:
    outline = "r\n  a : int\n  b : int\n"
    assert fault(outline, "<r><a>x</a><c/></r>").startswith("Element 'a'")


def test_a_long_list_of_what_was_expected_is_cut() -> None:
    outline = "r\n  (choice)\n" + "".join(f"    e{number}\n" for number in range(12))
    assert fault(outline, "<r><x/></r>").endswith("e8, e9, ... ).")


@st.composite
def documents(draw: st.DrawFn, rule: ElementRule) -> Element:
    """Any element that a content model allows."""
    element = Element(rule.name)
    if rule.is_open:
        return element
    for particle in rule.content:
        for child in draw(_children(particle)):
            element.append(child)
    if not rule.content:
        element.text = _TEXTS.get(rule.type.removeprefix("base: "), "")
    return element


@st.composite
def _children(draw: st.DrawFn, particle: Particle) -> list[Element]:
    most = min(particle.maximum, particle.minimum + 1)
    children: list[Element] = []
    for _ in range(draw(st.integers(particle.minimum, most))):
        children += [draw(documents(particle))] if isinstance(particle, ElementRule) else draw(_group(particle))
    return children


@st.composite
def _group(draw: st.DrawFn, group: Group) -> list[Element]:
    members = list(group.members)
    if group.kind == "choice":
        members = [draw(st.sampled_from(members))]
    if group.kind == "all":
        members = draw(st.permutations(members))
    return [child for member in members for child in draw(_children(member))]


_TEXTS = {
    **dict.fromkeys(("int", "long", "unsignedInt", "id_type", "objectStatus", "double"), "1"),
    "boolean": "true",
    "date": "2026-01-02",
    "datetime": "2026-01-02T03:04:05",
    "ip_address": "192.0.2.1",
    "domainHType": "none",
    "ipType": "shared",
    "booleanWithDefault": "default",
    "ZoneType": "master",
}


def operation(path: str) -> ElementRule:
    rule: ElementRule | None = request_model()
    for name in path.split("."):
        assert rule is not None
        rule = rule.find(name)
    assert rule is not None
    return rule


PATHS = (
    "customer.add",
    "customer.get",
    "webspace.add",
    "webspace.set",
    "mail.update",
    "dns.get_rec",
    "service-plan.add",
)


@pytest.mark.parametrize("path", PATHS)
@given(data=st.data())
def test_every_document_that_the_model_makes_is_valid(path: str, data: st.DataObject) -> None:
    rule = operation(path)
    validate(data.draw(documents(rule)), rule)


@pytest.mark.parametrize("path", PATHS)
@given(data=st.data())
def test_a_strange_element_anywhere_makes_it_invalid(path: str, data: st.DataObject) -> None:
    rule = operation(path)
    document = data.draw(documents(rule))
    SubElement(data.draw(st.sampled_from(_closed(document, rule))), "stranger")
    with pytest.raises(InvalidElement):
        validate(document, rule)


def _closed(element: Element, rule: ElementRule) -> list[Element]:
    """The elements of a document whose content the model rules."""
    if rule.is_open:
        return []
    found = [element]
    for child in element:
        child_rule = rule.find(child.tag)
        assert child_rule is not None
        found += _closed(child, child_rule)
    return found
