"""What a vendor account allows all processes together: sessions at once, and commands a second."""

import math
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.store.database import Database
from provisioner.store.tables_domains import account_sessions, account_turns

SESSION_LOCK: Final = 0x70726F7A
# A command leaves a little after its turn. Turns are that much further apart, so that a late command followed by
# prompt ones is still no more than the vendor allows in any second.
LATENESS: Final = 0.2

TURN: Final = """
INSERT INTO account_turns AS turns (account, kind, next_at)
VALUES (%(account)s, %(kind)s, now() + make_interval(secs => %(gap)s))
ON CONFLICT (account, kind) DO UPDATE
    SET next_at = greatest(turns.next_at, now()) + make_interval(secs => %(gap)s)
RETURNING extract(epoch FROM next_at - make_interval(secs => %(gap)s) - now())::float8
"""


class StoreBudget:
    """The budget of one account, kept in the database and measured by its clock. Safe to use from many threads.

    It implements `ports.accounts.Budget`. All methods raise StoreUnavailable.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    # -- sessions

    def take_session(self, most: int, seconds: float) -> str | None:
        """A ticket for one of `most` sessions, good for so many seconds; None when all are taken."""
        with self._database.begin() as connection:
            if self._database.is_postgres:
                key = zlib.crc32(self._account.encode()) - 2**31
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SESSION_LOCK, key)))
            taken = self._taken(connection)
            if len(taken) >= most:
                return None
            slot = next(number for number in range(1, most + 1) if number not in taken)
            return self._give(connection, slot, seconds)

    def _taken(self, connection: sa.Connection) -> Sequence[int]:
        """The slots in use; also those beyond what is allowed now, which was more before."""
        live = (account_sessions.c.account == self._account, account_sessions.c.lease_ends_at > self._database.now())
        return connection.scalars(sa.select(account_sessions.c.slot).where(*live)).all()

    def _give(self, connection: sa.Connection, slot: int, seconds: float) -> str:
        ticket = str(uuid4())
        values = {"ticket": ticket, "lease_ends_at": self._database.now(seconds)}
        dialect = postgresql if self._database.is_postgres else sqlite
        insert: postgresql.Insert = dialect.insert(account_sessions).values(account=self._account, slot=slot, **values)
        key = [account_sessions.c.account, account_sessions.c.slot]
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=values))
        return ticket

    def keep_session(self, ticket: str, seconds: float) -> bool:
        """Keep a ticket for so many seconds from now. False: it ran out, and the session must be closed."""
        alive = account_sessions.c.lease_ends_at > self._database.now()
        statement = sa.update(account_sessions).where(*self._mine(ticket), alive)
        with self._database.begin() as connection:
            kept = connection.execute(statement.values(lease_ends_at=self._database.now(seconds)))
            return kept.rowcount > 0

    def give_session_back(self, ticket: str) -> None:
        """Give a ticket back. Safe to call twice."""
        with self._database.begin() as connection:
            connection.execute(sa.delete(account_sessions).where(*self._mine(ticket)))

    def _mine(self, ticket: str) -> tuple[sa.ColumnElement[bool], ...]:
        return account_sessions.c.account == self._account, account_sessions.c.ticket == ticket

    # -- turns

    def turn(self, kind: str, per_second: float) -> float:
        """Seconds to wait before the next command of a kind, such that all together send no more than allowed.

        Each call is one turn, to be used. `per_second` is more than 0; no second has more turns than it says, or than
        one if it is less than that.
        """
        gap = _gap(per_second)
        if self._database.is_postgres:
            return self._turn_of_postgres(kind, gap)
        with self._database.begin() as connection:
            return self._turn(connection, kind, gap)

    def _turn_of_postgres(self, kind: str, gap: float) -> float:
        """One round trip, and the row is locked no longer than that."""
        with self._database.direct() as connection:
            row = connection.execute(TURN, {"account": self._account, "kind": kind, "gap": gap}).fetchone()
        return max(float(row[0]), 0.0) if row else 0.0

    def _turn(self, connection: sa.Connection, kind: str, gap: float) -> float:
        """On SQLite, where a transaction that writes is alone."""
        here = (account_turns.c.account == self._account, account_turns.c.kind == kind)
        known: datetime | None = connection.scalar(sa.select(account_turns.c.next_at).where(*here))
        now = self._database.moment(connection)
        mine = max(known or now, now)
        following = mine + timedelta(seconds=gap)
        insert = sqlite.insert(account_turns).values(account=self._account, kind=kind, next_at=following)
        key = [account_turns.c.account, account_turns.c.kind]
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_={"next_at": following}))
        return (mine - now).total_seconds()


def _gap(per_second: float) -> float:
    """Seconds between two turns; of 2.5 a second there are 2 in any second, as 3 would be too many."""
    if per_second <= 0:
        raise ValueError(f"{per_second:g} commands a second are none at all")
    whole = math.floor(per_second) if per_second >= 1 else per_second
    return (1.0 + LATENESS) / whole
