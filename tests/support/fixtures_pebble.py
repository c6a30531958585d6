"""Pebble for tests: one authority for the session."""

from collections.abc import Iterator

import pytest

from tests.support.pebble import Pebble


@pytest.fixture(scope="session")
def pebble() -> Iterator[Pebble]:
    """A running authority that the session shares: each test takes names of its own. None restarts this one."""
    with Pebble.running() as authority:
        yield authority
