"""What the scheduler looks after: what has waited too long is told, what is too old is removed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.statuses import OperationState
from provisioner.store.accounts import obstacles
from provisioner.store.allowances import forget_spent
from provisioner.store.attention import tell_attention
from provisioner.store.claims import ENDED, due
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.journal import WAITS_LONG
from provisioner.store.tables import delivered_events, inbox, operations, outbox, quarantine
from provisioner.store.writing import Writing

LATE_SECONDS = 3600.0
WAITING: Final = (OperationState.WAITING.value, OperationState.UNCERTAIN.value, OperationState.COMPENSATING.value)
TAKEN_AT_ONCE: Final = (OperationState.READY.value, OperationState.RUNNING.value)
# In the words of the index's own condition and as constants: PostgreSQL sees no other way that the index will do.
STILL_OPEN: Final = operations.c.state.not_in(sa.bindparam("ended", ENDED, expanding=True, literal_execute=True))


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the store does. Ages in seconds, 0 when there is nothing."""

    due: int
    uncertain: int
    held: int
    unpublished: int
    quarantined: int


class Housekeeping:
    """One scheduler's jobs; several may run at once."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    def due_operations(self, limit: int) -> list[str]:
        """Operations whose time has come, the oldest first."""
        with self._database.read() as connection:
            query = (
                sa.select(operations.c.id)
                .where(operations.c.due_at <= self._database.now(), STILL_OPEN)
                .order_by(operations.c.due_at)
                .limit(limit)
            )
            return list(connection.scalars(query))

    def tell_late(self, limit: int = 100) -> int:
        """Tell operators, once each, of operations that have waited for an hour for something that is not planned.

        They wait for what they say, or for a vendor account from which nothing is taken.
        """
        with self._database.begin() as connection:
            in_the_way = obstacles(connection, self._database, LATE_SECONDS)
            found = (self._waiting(), self._left_lying(in_the_way))
            rows = [row for query in found for row in _locked(connection, query.limit(limit))]
            for row in rows:
                context = Context(row["environment"], row["correlation_id"])
                writing = Writing(connection, self._database, self._announcer, context)
                tell_attention(writing, row, WAITS_LONG, _why(row, in_the_way))
                here = operations.c.id == row["id"]
                connection.execute(sa.update(operations).where(here).values(attention=WAITS_LONG))
        return len(rows)

    def _waiting(self) -> sa.Select[Any]:
        return sa.select(operations).where(
            operations.c.state.in_(WAITING),
            operations.c.attention.is_(None),
            operations.c.deadline.is_not(None),
            operations.c.since < self._database.now(-LATE_SECONDS),
            sa.or_(operations.c.patient_until.is_(None), operations.c.patient_until < self._database.now()),
        )

    def _left_lying(self, accounts: Iterable[str]) -> sa.Select[Any]:
        """What a worker would have taken long ago from these accounts. A backlog that moves on is none of it."""
        return due(self._database).where(
            operations.c.vendor_account.in_(tuple(accounts)),
            operations.c.state.in_(TAKEN_AT_ONCE),
            operations.c.attention.is_(None),
            operations.c.due_at < self._database.now(-LATE_SECONDS),
        )

    def forget(self, retention_days: int) -> None:
        """Remove inbox rows and told events older than the retention, and what allowances no longer count."""
        with self._database.begin() as connection:
            limit = self._database.now(-retention_days * 86_400.0)
            connection.execute(sa.delete(inbox).where(inbox.c.received_at < limit))
            connection.execute(sa.delete(outbox).where(outbox.c.published_at < limit))
            wanted = sa.exists().where(operations.c.event_key == delivered_events.c.key)
            connection.execute(sa.delete(delivered_events).where(delivered_events.c.at < limit, ~wanted))
            forget_spent(connection, self._database)

    def pulse(self) -> Pulse:
        """Counts for alerts."""
        with self._database.read() as connection:
            now = self._database.now()

            def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
                return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0

            return Pulse(
                due=count(operations, operations.c.due_at <= now, STILL_OPEN),
                uncertain=count(operations, operations.c.state == OperationState.UNCERTAIN.value),
                held=count(operations, operations.c.state == OperationState.HELD.value),
                unpublished=count(outbox, outbox.c.published_at.is_(None)),
                quarantined=count(quarantine, quarantine.c.status == "open"),
            )


def _locked(connection: sa.Connection, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
    """The rows that nobody else tells of now."""
    return [dict(row) for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()]


def _why(row: Mapping[str, Any], in_the_way: Mapping[str, str]) -> str:
    waits_for = row["reason"] if row["state"] in WAITING else None
    return "; ".join(filter(None, (waits_for, in_the_way.get(row["vendor_account"])))) or "it has not moved for an hour"
