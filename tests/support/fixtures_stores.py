"""Stores for tests: migrated once for the session on each database, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.kernel.sealing import KeyRing
from tests.support.postgres import PostgresCluster
from tests.support.stores import Opening, Stage, add_clock, empty, migrated

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    path = folder / "migrated.db"
    opening = Opening(f"sqlite:///{path}", folder, SystemClock())
    migrated(opening, KeyRing.create(folder / "keys.json"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated database with a clock that can be moved; emptied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    url = postgres.create_database()
    migrated(Opening(url, folder, SystemClock()), KeyRing.create(folder / "keys.json"))
    add_clock(url)
    return url


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    """A key ring of the test's own, in `keys.json`."""
    return KeyRing.create(tmp_path / "keys.json")


@pytest.fixture
def sqlite_stage(tmp_path: Path, ring: KeyRing, migrated_sqlite: Path) -> Iterator[Stage]:
    """A store on SQLite whose time moves only when it is told to."""
    path = tmp_path / "provisioner.db"
    shutil.copy(migrated_sqlite, path)
    stage = Stage(Opening(f"sqlite:///{path}", tmp_path, FakeClock()), ring)
    yield stage
    stage.close()


@pytest.fixture
def postgres_stage(tmp_path: Path, ring: KeyRing, migrated_postgres: str) -> Iterator[Stage]:
    """A store on PostgreSQL whose time can be moved on."""
    empty(migrated_postgres)
    stage = Stage(Opening(migrated_postgres, tmp_path, FakeClock()), ring)
    yield stage
    stage.close()


@pytest.fixture(params=DATABASES)
def stage(request: pytest.FixtureRequest) -> Stage:
    """The same on each database."""
    name = "sqlite_stage" if request.param == "sqlite" else "postgres_stage"
    found = request.getfixturevalue(name)
    assert isinstance(found, Stage)
    return found


@pytest.fixture(params=DATABASES)
def live_stage(request: pytest.FixtureRequest, tmp_path: Path, ring: KeyRing) -> Iterator[Stage]:
    """A store in real time on each database, for tests with threads."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "live.db")
        url = f"sqlite:///{tmp_path / 'live.db'}"
    else:
        url = request.getfixturevalue("migrated_postgres")
        empty(url)
    stage = Stage(Opening(url, tmp_path, SystemClock(), {"lease_seconds": 60, "heartbeat_seconds": 0.3}), ring)
    yield stage
    stage.close()
