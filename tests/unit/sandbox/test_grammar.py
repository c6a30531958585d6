"""Outlines of content models are read as they are written."""

import pytest

from adapters.sandbox.plesk.grammar import UNBOUNDED, ElementRule, Group, OutlineError, parse

OUTLINE = """\
packet
  head [0..1]
    name : anyType
      <> [0..∞]
      @
  (choice) [1..∞]
    one : base: int
    two : string [0..3]
  <tspan class='big'>@</tspan> version : string <attr>
"""


def test_names_types_and_cardinalities_are_read() -> None:
    rule = parse("a : string [0..11]\n")
    assert (rule.name, rule.type, rule.minimum, rule.maximum) == ("a", "string", 0, 11)


def test_without_a_cardinality_an_element_stands_once() -> None:
    rule = parse("a\n")
    assert (rule.minimum, rule.maximum) == (1, 1)


def test_groups_hold_what_is_indented_below_them() -> None:
    packet = parse(OUTLINE)
    group = packet.content[1]
    assert group == Group("choice", 1, UNBOUNDED, (ElementRule("one", "base: int"), ElementRule("two", "string", 0, 3)))


def test_any_content_makes_an_element_open_and_is_no_child() -> None:
    name = parse(OUTLINE).find("name")
    assert name is None
    head = parse(OUTLINE).find("head")
    assert head is not None
    assert head.content == (ElementRule("name", "anyType", is_open=True),)


def test_attributes_are_read() -> None:
    assert parse(OUTLINE).attributes == {"version"}


def test_an_element_is_found_through_groups() -> None:
    assert parse(OUTLINE).find("two") == ElementRule("two", "string", 0, 3)


@pytest.mark.parametrize("outline", ["", "a\nb\n", "(choice)\n  a\n", "a\n  b : \n", "a [1]\n", "a\n  b ? c\n"])
def test_an_outline_that_is_none_is_refused(outline: str) -> None:
    with pytest.raises(OutlineError):
        parse(outline)
