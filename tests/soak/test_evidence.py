"""A canary in what a server wrote is found, wherever it stands, and nothing else is kept of it."""

import base64
from pathlib import Path

import pytest

from tests.soak import evidence

SECRET = "correct-horse-battery"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(evidence, "PART", 50)
    return tmp_path / "log"


@pytest.mark.parametrize("before", range(0, 120, 7))
def test_a_secret_is_found_also_where_two_parts_meet(log: Path, before: int) -> None:
    log.write_text("-" * before + SECRET + "-" * 200)
    assert any(SECRET in part for part in evidence.parts_with(log, [SECRET]))


def test_a_secret_in_base64_is_found(log: Path) -> None:
    log.write_bytes(b"-" * 90 + base64.b64encode(f"user:{SECRET}".encode()))
    assert list(evidence.parts_with(log, [SECRET]))


def test_nothing_is_kept_of_a_log_without_a_secret(log: Path) -> None:
    log.write_text("all is well\n" * 100)
    assert list(evidence.parts_with(log, [SECRET])) == []
