"""What all tests share: each module `tests/support/fixtures_….py` gives its fixtures to every test."""

from pathlib import Path

import pytest

_SUPPORT = Path(__file__).parent / "support"

pytest_plugins = [f"tests.support.{module.stem}" for module in sorted(_SUPPORT.glob("fixtures_*.py"))]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "loopback: a unit test that may use sockets of 127.0.0.1 and ::1")
