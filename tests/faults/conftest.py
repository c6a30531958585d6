"""What fault tests share: productions whose servers may be killed, and a list of what was measured."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.measuring import Measured, line
from tests.support.postgres import PostgresCluster
from tests.support.production import Production, production
from tests.support.rabbit_vhost import Vhost

FIGURES: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(figures))


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> Measured:
    def note(**figures: object) -> None:
        test = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
        pytestconfig.stash.setdefault(FIGURES, []).append(line(test, figures))

    return note


@pytest.fixture
def frail_database(tmp_path: Path, vhost: Vhost, own_postgres: PostgresCluster) -> Iterator[Production]:
    """A production whose PostgreSQL is the test's own to kill."""
    with production(tmp_path, vhost, own_postgres.create_database()) as made:
        yield made


@pytest.fixture
def frail_broker(tmp_path: Path, own_vhost: Vhost, database_url: str) -> Iterator[Production]:
    """A production whose RabbitMQ is the module's own to kill."""
    with production(tmp_path, own_vhost, database_url) as made:
        yield made


@pytest.fixture
def tree(shop: Production) -> Iterator[Production]:
    """A production in which processes are orphaned: whoever is left in a child's group is killed at the end."""
    yield shop
    for child in shop.children:
        child.send_group(signal.SIGKILL)
