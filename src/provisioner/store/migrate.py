"""Bringing a database to the tables of this version."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from provisioner.store.database import Database
from provisioner.store.tables import metadata

MIGRATE_LOCK = 0x70726F77
HEAD = "head"


def migrate(database: Database, revision: str = HEAD) -> str:
    """Apply what is missing, one process at a time; the revision that the database is at now.

    `revision`: up to which; of this version of the program by default.
    """
    with database.begin() as connection:
        if database.is_postgres:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATE_LOCK)))
        command.upgrade(_config(connection), revision)
    return newest() if revision == HEAD else revision


def newest() -> str:
    """The revision that this version of the program wants."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def current(database: Database) -> str | None:
    """The revision that the database is at, None when it is empty."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def differences(database: Database) -> list[Any]:
    """What the tables of this version and the database have not in common; for tests."""
    with database.read() as connection:
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )
        return found


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
