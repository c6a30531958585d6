"""What fault tests share: productions whose servers may be killed."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresCluster
from tests.support.production import Production, account, production
from tests.support.rabbit_vhost import Vhost


@pytest.fixture
def frail_database(tmp_path: Path, vhost: Vhost, own_postgres: PostgresCluster) -> Iterator[Production]:
    """A production whose PostgreSQL is the test's own to kill."""
    with production(tmp_path, vhost, own_postgres.create_database()) as made:
        yield made


@pytest.fixture
def frail_broker(tmp_path: Path, own_vhost: Vhost, database_url: str) -> Iterator[Production]:
    """A production whose RabbitMQ is the module's own to kill."""
    with production(tmp_path, own_vhost, database_url, read_timeout=20) as made:
        yield made


@pytest.fixture
def patient(shop: Production) -> Production:
    """A production that waits for a slow panel, however busy the machine is."""
    shop.store.accounts.add(account(shop.simulator, read_timeout=20), "test", replace=True)
    return shop


@pytest.fixture
def tree(patient: Production) -> Iterator[Production]:
    """A patient one in which processes are orphaned: whoever is left in a child's group is killed at the end."""
    yield patient
    for child in patient.children:
        child.send_group(signal.SIGKILL)
