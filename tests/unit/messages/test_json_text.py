"""Limits that hold before and while a body is parsed."""

import json

import pytest

from provisioner.messages import json_text
from provisioner.messages.unreadable import Fault
from tests.unit.messages.orders_of_all_kinds import message, place_and_reason, refusal


def fault(raw: bytes) -> str:
    with pytest.raises(Fault) as told:
        json_text.parse(raw, size_limit=262_144)
    return told.value.reason.value


def test_a_body_at_the_size_limit_is_read() -> None:
    assert json_text.parse(b" 1 ", size_limit=3) == 1


def test_a_body_over_the_size_limit_is_not_even_parsed() -> None:
    told = refusal(b"\xff" * 101, size_limit=100)

    assert told.reason == "too_large"
    assert "101 bytes" in told.detail
    assert "100" in told.detail


def test_the_default_limit_is_256_kib() -> None:
    assert refusal(b" " * 262_145).reason == "too_large"
    assert refusal(b" " * 262_144).reason == "not_json"


@pytest.mark.parametrize("raw", [b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', '{"a":1}'.encode("utf-16")])
def test_what_is_not_utf8_is_refused(raw: bytes) -> None:
    assert fault(raw) == "not_utf8"


@pytest.mark.parametrize("raw", [b"", b" ", b"{", b'{"a":1,}', b"{'a':1}", b"nul", b"\xef\xbb\xbf{}", b"{} {}", b"\0"])
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert fault(raw) == "not_json"


def test_the_place_of_a_slip_is_told() -> None:
    assert "line 2, column 9" in refusal(b'{"id": 1,\n "type" 2}').detail


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(number: bytes) -> None:
    assert fault(b'{"a":%s}' % number) == "not_json"


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" * 19, b"-" + b"9" * 19, b"7" * 5_000, b"1" * 400 + b".0"])
def test_numbers_that_do_not_fit_are_refused(number: bytes) -> None:
    assert fault(b"[%s]" % number) == "too_long"


@pytest.mark.parametrize("number", [b"0", b"-1", b"999999999999999999", b"-999999999999999999", b"1.5"])
def test_numbers_that_fit_are_read(number: bytes) -> None:
    assert json_text.parse(number, size_limit=100) == json.loads(number)


@pytest.mark.parametrize("raw", [b'{"a":1,"a":2}', b'[{"b":{"a":1,"c":0,"a":1}}]', rb'{"a":1,"\u0061":2}'])
def test_a_key_that_appears_twice_is_refused(raw: bytes) -> None:
    assert fault(raw) == "duplicate_key"


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'"a', b'["'])
def test_a_bomb_of_brackets_or_quotes_is_refused_like_any_other_body(opening: bytes) -> None:
    assert fault(opening * 30_000) in {"too_deep", "not_json"}


def test_sixteen_levels_are_read() -> None:
    assert json_text.parse(b"[" * 16 + b"]" * 16, size_limit=100) is not None


def test_seventeen_levels_are_refused() -> None:
    assert fault(b"[" * 17 + b"]" * 17) == "too_deep"


def test_brackets_side_by_side_are_not_deep() -> None:
    assert len(json_text.parse(b"[" + b"[]," * 1_000 + b"[]]", size_limit=10_000)) == 1_001


@pytest.mark.parametrize("text", [b"[" * 50, rb"\"" + b"[" * 50, rb"\\\"" + b"{" * 50])
def test_brackets_inside_a_text_are_not_deep(text: bytes) -> None:
    assert json_text.parse(b'["%s"]' % text, size_limit=1_000) is not None


@pytest.mark.parametrize("text", [r"a\u0000b", r"\ud800", r"\udc00\ud800"])
def test_text_that_no_database_takes_is_refused(text: str) -> None:
    raw = message().replace(b"Example Ltd", text.encode())

    assert place_and_reason(raw) == ("bad_characters", "/data/customer/name")


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert json_text.parse(rb'"\ud83d\ude00"', size_limit=100) == "\U0001f600"


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"a": "x" * 16_385}, "/data/a"),
        ({"a": [0] * 1_001}, "/data/a"),
        ({"a": {str(n): 0 for n in range(201)}}, "/data/a"),
        ({"k" * 101: 0}, "/data"),
    ],
)
def test_what_is_too_long_is_refused_before_any_contract_sees_it(data: object, pointer: str) -> None:
    assert place_and_reason(message(data=data)) == ("too_long", pointer)
