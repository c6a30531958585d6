from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.acme.between import Between, between
from tests.contract.acme.world import PebbleWorld
from tests.support.pebble import Pebble


@pytest.fixture
def world(pebble: Pebble) -> Iterator[PebbleWorld]:
    """A fresh account at Pebble."""
    with PebbleWorld(pebble) as opened:
        yield opened


@pytest.fixture
def wire(pebble: Pebble, tmp_path: Path) -> Iterator[Between]:
    """What stands between `scripted_world` and Pebble."""
    with between(pebble, tmp_path) as server:
        yield server


@pytest.fixture
def scripted_world(pebble: Pebble, wire: Between) -> Iterator[PebbleWorld]:
    """A fresh account at Pebble, reached through `wire`."""
    account = pebble.account()
    account = replace(account, settings={**account.settings, **wire.settings})
    with PebbleWorld(pebble, account) as opened:
        yield opened
