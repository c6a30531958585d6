"""A whole production for a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.production import Production, production
from tests.support.rabbit_vhost import Vhost


@pytest.fixture
def shop(tmp_path: Path, vhost: Vhost, database_url: str) -> Iterator[Production]:
    """RabbitMQ, PostgreSQL and a simulated Plesk server; the test starts the processes that it wants."""
    with production(tmp_path, vhost, database_url) as made:
        yield made
