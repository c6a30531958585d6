"""Texts of simple types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.plesk.simple_types import ATOMIC, fault_of


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "-5"),
        ("int", " 7 "),
        ("base: int", "0"),
        ("long", "9223372036854775807"),
        ("id_type", "4294967295"),
        ("boolean", "0"),
        ("double", "1.5e3"),
        ("date", "2026-02-28"),
        ("datetime", "2026-02-28T10:00:00Z"),
        ("ip_address", "2001:db8::1"),
        ("string", ""),
        ("somethingElse", "anything"),
    ],
)
def test_a_value_of_the_type_is_taken(kind: str, text: str) -> None:
    assert fault_of(kind, text) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""),
        ("int", "2147483648"),
        ("int", "1.0"),
        ("int", "٣"),
        ("int", "1_000"),
        ("long", "9223372036854775808"),
        ("id_type", "-1"),
        ("boolean", "yes"),
        ("boolean", "TRUE"),
        ("double", "1,5"),
        ("date", "2026-02-30"),
        ("date", "20260228"),
        ("datetime", "2026-02-28"),
        ("ip_address", "192.0.2"),
        ("ip_address", "192.0.2.0/24"),
    ],
)
def test_a_value_that_is_none_of_the_type_is_named(kind: str, text: str) -> None:
    assert fault_of(kind, text) == f"'{text}' is not a valid value of the atomic type '{kind}'."


def test_a_value_outside_of_an_enumeration_is_told_which_there_are() -> None:
    expected = "[facet 'enumeration'] The value 'x' is not an element of the set {'shared', 'exclusive'}."
    assert fault_of("ipType", "x") == expected


@given(st.sampled_from(sorted(ATOMIC)), st.text())
def test_any_text_gets_an_answer(kind: str, text: str) -> None:
    assert fault_of(kind, text) is None or text in str(fault_of(kind, text))


def test_a_number_of_absurd_length_is_none() -> None:
    assert fault_of("int", "9" * 100_000) is not None
