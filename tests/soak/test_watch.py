"""Leases are seen while a soak runs: each token once, since when, and for how long at most."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.store.database import Database
from provisioner.store.tables import metadata, operations
from tests.soak import watch


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(Secret(database_url), SystemClock())
    metadata.create_all(made.engine)
    yield made
    made.engine.dispose()


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EACH_SECONDS", 0.0)


def _running(database: Database, *, seconds: float) -> None:
    now = database.now()
    facts = {"id": "op1", "resource": "service:s1", "workflow": "hosting.create", "environment": "live"}
    row = {**facts, "state": "running", "generation": 1, "inputs": {}, "fence": 1, "since": now, "created_at": now}
    with database.begin() as connection:
        connection.execute(sa.insert(operations).values(**row, due_at=database.now(seconds)))


def _change(database: Database, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(operations).values(**values))


def test_a_lease_is_seen_with_the_longest_time_that_it_had(database: Database) -> None:
    leases = watch.Watch(lambda: database)
    _running(database, seconds=1.0)
    for seconds in (30.0, 60.0, 10.0):
        _change(database, due_at=database.now(seconds))
        leases.look()
    seen = leases.leases()
    assert [(lease["operation_id"], lease["fence"]) for lease in seen] == [("op1", 1)]
    assert 30 < seen[0]["seconds"] <= 60


def test_each_token_is_seen_and_what_does_not_run_is_not(database: Database) -> None:
    leases = watch.Watch(lambda: database)
    _running(database, seconds=3.0)
    leases.look()
    _change(database, fence=2)
    leases.look()
    _change(database, fence=3, state="waiting")
    leases.look()
    first, second = leases.leases()
    assert (first["fence"], second["fence"]) == (1, 2)
    assert first["at"] < second["at"]
