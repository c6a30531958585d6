"""Bringing a database to the tables of this version, on both databases."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.store.database import Database
from provisioner.store.migrate import current, differences, migrate, newest
from provisioner.store.tables import SHARDS, metadata, vendor_accounts
from provisioner.store.tables_certificates import certificates
from tests.support.processes import Child, start
from tests.support.stores import together

MIGRATE = """
import sys
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.store.database import Database
from provisioner.store.migrate import migrate
print(migrate(Database(Secret(sys.argv[1]), SystemClock())))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("database_url"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(Secret(url), SystemClock())
    yield opened
    opened.close()


def test_an_empty_database_has_no_revision(database: Database) -> None:
    assert current(database) is None


def test_models_and_migrations_agree(database: Database) -> None:
    migrate(database)
    assert differences(database) == []


def test_a_difference_would_be_seen(database: Database) -> None:
    migrate(database)
    with database.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_operations_due_at"))
    assert differences(database) != []


def test_a_migrated_database_is_at_the_newest_revision(database: Database) -> None:
    assert migrate(database) == newest() == current(database)


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)
    migrate(database)
    with database.read() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM relay_shards")) == SHARDS


def test_certificates_that_were_there_before_they_were_watched_are_looked_at(database: Database) -> None:
    migrate(database, "0004")
    obtained = datetime(2026, 3, 1, tzinfo=UTC)
    with database.begin() as connection:
        for table, row in rows_of_a_certificate(obtained).items():
            connection.execute(sa.insert(metadata.tables[table]).values(**row))
    assert migrate(database) == current(database)
    with database.read() as connection:
        assert connection.scalars(sa.select(certificates.c.watch_at)).all() == [obtained]


def rows_of_a_certificate(at: datetime) -> dict[str, dict[str, Any]]:
    """By table: a customer, a certificate service and its certificate."""
    service = {"id": "cert-1", "ownership_mark": "svc:cert-1", "customer_id": "c-1", "product": "certificate"}
    status = {"status": "active", "intended_status": "active", "version": 1, "generation": 1, "environment": "live"}
    rest = {"attributes": {}, "data": {}, "warnings": [], "created_at": at, "updated_at": at}
    told = {"issuer": "CN=Test CA", "serial": "01", "fingerprint": "ab" * 32, "names": ["d.example"], "chain": "PEM"}
    valid = {"not_before": at, "not_after": at + timedelta(days=90), "obtained_at": at}
    return {
        "customers": {"customer_id": "c-1", "profile": {}, "updated_at": at},
        "services": {**service, **status, **rest},
        "certificates": {"id": "op-1", "service_id": "cert-1", "source": "authority", **told, **valid},
    }


def test_an_account_that_was_parked_before_has_been_closed_since_its_last_change(database: Database) -> None:
    migrate(database, "0005")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    load = {"settings": {}, "sealed_credentials": b"", "version": 1, "concurrency": 2, "failures": 0, "updated_at": at}
    with database.begin() as connection:
        for name in ("open", "parked"):
            row = {"name": name, "adapter": "epp", "product": "domain", "environment": "live", "state": name, **load}
            connection.execute(sa.insert(vendor_accounts).values(**row))
    migrate(database)
    with database.read() as connection:
        query = sa.select(vendor_accounts.c.closed_at).order_by(vendor_accounts.c.name)
        assert connection.scalars(query).all() == [None, at]


def test_two_threads_migrate_at_once(database: Database) -> None:
    assert together(*[lambda: migrate(database)] * 2) == [newest()] * 2


def test_two_processes_migrate_at_once(url: str, tmp_path: Path) -> None:
    children = [_migrating(url, tmp_path / f"{number}.log") for number in range(2)]
    assert [child.wait(timeout=60) for child in children] == [0, 0], "\n".join(child.tail() for child in children)


def test_every_constraint_of_the_models_is_in_the_database(database: Database) -> None:
    # What alembic does not compare: checks, and the conditions of partial indexes.
    migrate(database)
    with database.read() as connection:
        inspector = sa.inspect(connection)
        found = {
            (table.name, str(check["name"]))
            for table in _tables()
            for check in inspector.get_check_constraints(table.name)
        }
        partial = {
            str(index["name"])
            for table in _tables()
            for index in inspector.get_indexes(table.name)
            if _is_partial(index)
        }
    checks = {
        (table.name, str(check.name))
        for table in _tables()
        for check in table.constraints
        if isinstance(check, sa.CheckConstraint)
    }
    wanted = {str(index.name) for table in _tables() for index in table.indexes if index.dialect_kwargs}
    assert (found, partial) == (checks, wanted)


def _tables() -> list[sa.Table]:
    return list(metadata.sorted_tables)


def _is_partial(index: object) -> bool:
    options = index.get("dialect_options", {}) if isinstance(index, dict) else {}
    return any(name.endswith("_where") for name in options)


def _migrating(url: str, log: Path) -> Child:
    return start([sys.executable, "-c", MIGRATE, url], log=log)
