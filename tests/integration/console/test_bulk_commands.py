"""A file of domains given on the command line."""

import json
from pathlib import Path

import pytest

from provisioner.app.main import CommandInstallation
from provisioner.console import bulk_parts
from provisioner.console.exits import Exit
from tests.integration.console.conftest import Run
from tests.support.domains import contacts, customer


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    """Customer and defaults."""
    path = tmp_path / "terms.json"
    path.write_text(json.dumps({"customer": customer(1), "defaults": {"contacts": contacts()}}))
    return path


def file_of(tmp_path: Path, *lines: str) -> Path:
    """A CSV file with a header on its second line."""
    path = tmp_path / "domains.csv"
    path.write_text("\n".join(["", "domain,auth_code", *lines]))
    return path


def test_a_large_file_becomes_bulks_whose_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = file_of(tmp_path, "name1.com,a", "name2.com,b", "name3.com,c")
    parts = [(part.content, part.left_out) for part in bulk_parts.parts_of(path, size=20)]
    header = b"domain,auth_code\n"
    assert parts == [(header + b"name1.com,a\nname2.com,b\n", 1), (header + b"name3.com,c", 3)]


def test_a_file_is_taken_in_and_its_bulk_is_shown(
    run: Run, embedded: CommandInstallation, tmp_path: Path, terms: Path
) -> None:
    path = file_of(tmp_path, "name1.com,a", "name2.com,")
    command = ("domains", "transfer-bulk", str(path), "--id", "b", "--with", str(terms))
    first, second = run(embedded, *command), run(embedded, *command)
    assert (first.code, "bulk b-1 is accepted" in first.out) == (0, True), first.err
    assert "bulk b-1 was accepted before" in second.out
    embedded.store().bulks.expand(10)
    shown = json.loads(run(embedded, "bulks", "show", "b-1", "--json").out)
    assert (shown["total"], shown["started"], [each["line"] for each in shown["refused"]]) == (2, 1, [4])
    assert [each["id"] for each in json.loads(run(embedded, "bulks", "list", "--json").out)] == ["b-1"]


def test_a_file_that_cannot_be_read_is_refused_before_anything_is_taken(
    run: Run, embedded: CommandInstallation, tmp_path: Path, terms: Path
) -> None:
    path = file_of(tmp_path, "name1.com,a", "x" * 9_000)
    ended = run(embedded, "domains", "transfer-bulk", str(path), "--id", "b", "--with", str(terms))
    assert (ended.code, "Line 4" in ended.err) == (Exit.REFUSED, True)
    assert json.loads(run(embedded, "bulks", "list", "--json").out) == []


def test_there_are_no_messages_of_registries_yet(run: Run, embedded: CommandInstallation) -> None:
    assert json.loads(run(embedded, "polls", "list", "--json").out) == []
