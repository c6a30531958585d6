"""A file is one message, an array, or JSON lines; nothing in it is lost, whatever it is."""

import json

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.console.message_files import messages_in


def test_a_single_message_stays_byte_for_byte() -> None:
    raw = b' {\n  "id" : "1", "x": 1.50 }\n'
    assert messages_in(raw) == [raw]


def test_an_array_gives_its_messages() -> None:
    found = messages_in(b'[{"id": "1"}, {"id": "2"}]')
    assert [json.loads(raw) for raw in found] == [{"id": "1"}, {"id": "2"}]


def test_json_lines_give_each_line_byte_for_byte() -> None:
    assert messages_in(b'{"id":"1"}\n\n{"id":  "2"}\r\n') == [b'{"id":"1"}', b'{"id":  "2"}']


def test_a_broken_line_among_json_lines_is_a_message_of_its_own() -> None:
    assert messages_in(b'{"id":"1"}\n{"id":\n{"id":"3"}') == [b'{"id":"1"}', b'{"id":', b'{"id":"3"}']


def test_a_broken_message_of_many_lines_stays_one_message() -> None:
    raw = b'{\n "id": "1",\n "data": {\n'
    assert messages_in(raw) == [raw]


def test_what_is_no_text_is_one_message() -> None:
    assert messages_in(b"\xff\x00\xfe") == [b"\xff\x00\xfe"]


def test_endless_nesting_is_one_message() -> None:
    raw = b"[" * 200_000
    assert messages_in(raw) == [raw]


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_an_empty_file_is_a_mistake_of_the_user(content: bytes) -> None:
    with pytest.raises(click.UsageError, match="empty"):
        messages_in(content)


def test_an_oversized_file_is_refused_with_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.console.message_files.LARGEST", 3)
    with pytest.raises(click.UsageError, match="the limit is 3"):
        messages_in(b"1234")


@given(st.binary(min_size=1).filter(lambda content: bool(content.strip())))
def test_any_bytes_give_at_least_one_message_or_an_empty_array(content: bytes) -> None:
    found = messages_in(content)
    assert found or json.loads(content) == []
