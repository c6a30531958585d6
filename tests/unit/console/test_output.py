"""Text, columns and JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from provisioner.console import output
from provisioner.console.output import Section
from provisioner.kernel.secret import Secret


@dataclass(frozen=True)
class Thing:
    name: str
    at: datetime
    parts: tuple[Any, ...] = ()


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert output.columns(("a", "bb"), [("long", "x"), ("y", "z")]) == ["a     bb", "long  x", "y     z"]


def test_a_piped_table_has_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("status",), [("failed",)])
    assert capsys.readouterr().out == "status\nfailed\n"


def test_a_cell_cannot_begin_a_line_or_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("text",), [("one\ntwo\x1b[2J\r",)])
    assert capsys.readouterr().out == "text\none two\\x1b[2J\\r\n"


def test_a_line_escapes_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("a\x1b[31mb\nc")
    assert capsys.readouterr().out == "a\\x1b[31mb\nc\n"


def test_an_empty_section_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    output.sections([Section("Nothing", ("a",), []), Section("Something", ("a",), [("1",)])])
    assert capsys.readouterr().out == "\nSomething\na\n1\n"


def test_json_has_times_in_utc_and_records_as_objects(capsys: pytest.CaptureFixture[str]) -> None:
    east = timezone(timedelta(hours=2))
    output.document([Thing("ä", datetime(2026, 3, 1, 14, tzinfo=east), (Path("/x"),))])
    assert json.loads(capsys.readouterr().out) == [{"name": "ä", "at": "2026-03-01T12:00:00Z", "parts": ["/x"]}]


def test_json_lines_stand_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"a": [1, {"b": None}]}, indent=None)
    assert capsys.readouterr().out == '{"a": [1, {"b": null}]}\n'


def test_a_secret_is_never_a_document() -> None:
    with pytest.raises(TypeError):
        output.document({"password": Secret("geheim")})


def test_a_moment_is_told_in_utc_to_the_second() -> None:
    assert output.moment(datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=UTC)) == "2026-03-01 12:00:05"
    assert output.moment(None) == ""
