"""PostgreSQL for tests: one cluster for the session, one database for a test."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresCluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A running cluster that the session shares; a test that kills or stops it makes its own with `own_postgres`."""
    # Without fsync: the session's tests ask what happens when processes die, and those keep the page cache.
    cluster = PostgresCluster.create(fsync=False)
    yield cluster
    cluster.remove()


@pytest.fixture
def own_postgres() -> Iterator[PostgresCluster]:
    """A running cluster for one test alone, which may stop, kill and start it."""
    cluster = PostgresCluster.create(fsync=False)
    yield cluster
    cluster.remove()


@pytest.fixture
def database_url(postgres: PostgresCluster) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, dropped after the test."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
