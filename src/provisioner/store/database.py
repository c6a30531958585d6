"""The connection to the database, and what differs between PostgreSQL and SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from provisioner.kernel import log
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import SettingsError, StoreUnavailable
from provisioner.kernel.secret import Secret
from provisioner.messages.events import Event

_log = log.get(__name__)

CONNECT_SECONDS: Final = 5
READING: Final = "provisioner_reading"
ERA: Final = "provisioner_era"
TOLD: Final = "provisioner_told"  # the events of a transaction, logged when it is committed
KEEPALIVES: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
# A process that was stopped or cut off in the middle of a transaction holds its locks until the server ends it.
ABANDONED_MILLISECONDS: Final = 10_000
GONE: Final = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.IdleInTransactionSessionTimeout)


class Database:
    """One database; safe to use from many threads. Times are the database's own on PostgreSQL."""

    def __init__(self, url: Secret, clock: Clock, *, pool_size: int = 10) -> None:
        self.clock = clock
        self.url = _parse(url)
        self.is_postgres = self.url.get_backend_name() == "postgresql"
        self.engine = _postgres(self.url, pool_size) if self.is_postgres else _sqlite(self.url)
        self._era = 0
        self._direct = _direct(self.url, pool_size) if self.is_postgres else None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end. Raises StoreUnavailable when the database is away."""
        told: list[Event] = []
        with told_plainly(), self.engine.begin() as connection:
            connection.info[TOLD] = told
            yield connection
        tell_log(told)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads; on SQLite it waits for no writer."""
        with told_plainly(), self.engine.connect().execution_options(**{READING: True}) as connection:
            yield connection

    @contextmanager
    def direct(self) -> Iterator["psycopg.Connection[Any]"]:
        """A bare autocommit connection, for statements written to be one round trip (PostgreSQL only)."""
        if self._direct is None:
            raise TypeError("SQLite has no direct connections")
        with told_plainly():
            pooled = self._pooled(self._direct)
            try:
                connection = pooled.driver_connection
                assert isinstance(connection, psycopg.Connection)  # noqa: S101 - what the dialect promises
                yield connection
            except GONE:
                if pooled.driver_connection is not None and pooled.driver_connection.closed:
                    pooled.invalidate()
                    self._era += 1  # the others in the pool are as old, and most likely as dead
                raise
            finally:
                pooled.close()

    def _pooled(self, engine: sa.Engine) -> PoolProxiedConnection:
        """A connection made since the last one was found dead."""
        while True:
            pooled = engine.raw_connection()
            if pooled.info.setdefault(ERA, self._era) == self._era:
                return pooled
            pooled.invalidate()
            pooled.close()

    def now(self, seconds: float = 0.0) -> sa.ColumnElement[datetime]:
        """So many seconds from now, as SQL: the database's clock on PostgreSQL, the injected one on SQLite."""
        if self.is_postgres:
            return sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds) if seconds else sa.func.now()
        from provisioner.store.tables import UtcDateTime  # noqa: PLC0415 - tables need nothing of this module

        return sa.literal(self.clock.now() + timedelta(seconds=seconds), UtcDateTime)

    def moment(self, connection: sa.Connection) -> datetime:
        """The time of a transaction, as a value."""
        if self.is_postgres:
            now: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
            return now
        return self.clock.now()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._direct is not None:
            self._direct.dispose()


def tell_log(events: Iterable[Event]) -> None:
    """One line for each event whose transaction is committed."""
    for event in events:
        _log.info(event.type, **event.data)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn a lost or refused connection into StoreUnavailable; faults of ours stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("every database connection is in use") from error
    except DBAPIError as error:
        if _is_away(error.orig):
            raise StoreUnavailable(f"the database does not answer: {_first_line(error.orig)}") from error
        raise
    except GONE as error:
        raise StoreUnavailable(f"the database does not answer: {_first_line(error)}") from error


def _is_away(error: BaseException | None) -> bool:
    return isinstance(error, (*GONE, sqlite3.OperationalError))


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]


def _parse(url: Secret) -> sa.URL:
    try:
        parsed = sa.make_url(url.reveal())
    except sa.exc.ArgumentError as error:
        raise SettingsError(
            "PROVISIONER_DATABASE_URL cannot be read; give postgresql+psycopg://USER@HOST/NAME or sqlite:///FILE"
        ) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("postgresql+psycopg", "sqlite"):
        raise SettingsError(f"PROVISIONER_DATABASE_URL names {parsed.drivername}; PostgreSQL and SQLite are supported")
    return parsed


def _postgres(url: sa.URL, pool_size: int, **options: Any) -> sa.Engine:
    asked = f"{url.query.get('options', '')} -c idle_in_transaction_session_timeout={ABANDONED_MILLISECONDS}"
    arguments = {"connect_timeout": CONNECT_SECONDS, "prepare_threshold": 1, "application_name": "provisioner"}
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=30,
        pool_recycle=1800,
        connect_args={**arguments, **KEEPALIVES, "options": asked.strip()},
        **options,
    )


# Each of the direct statements finds its few rows by keys. So it is planned once, and always by index: the planner
# would else think anew about a claim each time, for longer than the claim takes, and would keep for a table that was
# small when it looked a plan that reads all of it.
BY_INDEX: Final = """
SET plan_cache_mode = force_generic_plan; SET jit = off;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
"""


def _direct(url: sa.URL, pool_size: int) -> sa.Engine:
    """Connections in autocommit. The one given back last is handed out first: its plans and caches are warm."""
    engine = _postgres(url, pool_size, isolation_level="AUTOCOMMIT", pool_use_lifo=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.autocommit = True
        connection.execute(BY_INDEX)

    return engine


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
