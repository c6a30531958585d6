"""What a vendor allows in a span of time, such as certificates of one set of names in a week, over all processes."""

import hashlib
import zlib
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from provisioner.store.columns import ID, LONG_ID, NAME
from provisioner.store.database import Database
from provisioner.store.tables_certificates import allowances

ALLOWANCE_LOCK: Final = 0x70726F79
KEPT_DAYS: Final = 8  # the longest span is a week
DAY: Final = 86_400.0


class StoreAllowance:
    """What one account has spent, kept in the database and measured by its clock. Safe to use from many threads.

    It implements `ports.accounts.Allowance`. All methods raise StoreUnavailable.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def spend(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """Spend one of `most` in any `seconds` on a subject: 0.0 when it is spent, else how long to wait.

        What was spent under the same `once` before is free, for a week at least. Long texts are told apart by their
        hash. A span longer than a week, and one in which nothing is allowed, is a ValueError.
        """
        _check(most, seconds)
        key = self._key(kind, subject)
        with self._database.begin() as connection:
            self._be_alone(connection, key)
            return self._spend(connection, key, _short(once, LONG_ID), most, seconds)

    def room(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """How long to wait until `spend` would spend it; 0.0 when it would now, or has. Spends nothing."""
        _check(most, seconds)
        with self._database.read() as connection:
            wait = self._wait(connection, self._key(kind, subject), _short(once, LONG_ID), most, seconds)
        return wait or 0.0

    def give_back(self, kind: str, subject: str, *, once: str) -> None:
        """Give back what was spent under `once`, as the vendor does not count it. Safe to call twice."""
        where = {**self._key(kind, subject), "once": _short(once, LONG_ID)}
        here = [allowances.c[name] == value for name, value in where.items()]
        with self._database.begin() as connection:
            connection.execute(sa.delete(allowances).where(*here))

    def _key(self, kind: str, subject: str) -> dict[str, str]:
        return {"account": self._account, "kind": _short(kind, NAME), "subject": _short(subject, ID)}

    def _be_alone(self, connection: sa.Connection, key: dict[str, str]) -> None:
        """One transaction at a time counts for a subject. SQLite has one writer anyway."""
        if self._database.is_postgres:
            number = zlib.crc32("\n".join(key.values()).encode()) - 2**31
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ALLOWANCE_LOCK, number)))

    def _spend(self, connection: sa.Connection, key: dict[str, str], once: str, most: int, seconds: float) -> float:
        wait = self._wait(connection, key, once, most, seconds)
        if wait is None:
            connection.execute(sa.insert(allowances).values(**key, once=once, at=self._database.now()))
        return wait or 0.0

    def _wait(
        self, connection: sa.Connection, key: dict[str, str], once: str, most: int, seconds: float
    ) -> float | None:
        """How long to wait; 0.0 when it was spent before, None when it can be spent now."""
        here = [allowances.c[name] == value for name, value in key.items()]
        if connection.scalar(sa.select(allowances.c.at).where(*here, allowances.c.once == once)) is not None:
            return 0.0
        last = self._last_in_the_way(connection, here, most, seconds)
        if last is None:
            return None
        return (last + timedelta(seconds=seconds) - self._database.moment(connection)).total_seconds()

    def _last_in_the_way(
        self, connection: sa.Connection, here: list[sa.ColumnElement[bool]], most: int, seconds: float
    ) -> datetime | None:
        """When the one was spent after whose end there is room again; None when there is room now."""
        counted = sa.select(allowances.c.at).where(*here, allowances.c.at > self._database.now(-seconds))
        at: datetime | None = connection.scalar(counted.order_by(allowances.c.at.desc()).offset(most - 1).limit(1))
        return at


def forget_spent(connection: sa.Connection, database: Database) -> None:
    """Remove what counts for nothing any more."""
    connection.execute(sa.delete(allowances).where(allowances.c.at < database.now(-KEPT_DAYS * DAY)))


def _check(most: int, seconds: float) -> None:
    if most < 1 or seconds > (KEPT_DAYS - 1) * DAY:
        raise ValueError(f"{most} in {seconds:g} seconds cannot be counted: give 1 or more, in a week at most")


def _short(text: str, column: sa.String) -> str:
    """The text, or its hash where the column is too short for it."""
    if column.length is None or len(text) <= column.length:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
