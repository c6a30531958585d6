from collections.abc import Iterator

import pytest

from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import AuthoritySuite
from tests.support.pebble import Pebble


class TestPebble(AuthoritySuite):
    @pytest.fixture
    def world(self, pebble: Pebble) -> Iterator[PebbleWorld]:
        with PebbleWorld(pebble) as world:
            yield world
