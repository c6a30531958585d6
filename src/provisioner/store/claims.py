"""Claims: leases with a fencing token, one operation at a time for each resource, slots for each vendor account."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import KeyRingError
from provisioner.kernel.sealing import SecretBox
from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState
from provisioner.store.attention import hold
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.rows import claim_from
from provisioner.store.siblings import beside
from provisioner.store.tables import (
    customers,
    delivered_events,
    operation_requirements,
    operations,
    services,
    steps,
    vendor_accounts,
)
from provisioner.store.writing import Writing
from provisioner.store.yielding import later_workflows
from provisioner.workflows.journal import Claim

ENDED: Final = tuple(sorted(state.value for state in ENDED_OPERATIONS))
NO_KEY: Final = "key_ring"
CLAIM_LOCK: Final = 0x70726F76  # one claimer at a time: counts of slots are then exact across processes

_EARLIER: Final = operations.alias("earlier")
_REQUIRED: Final = operations.alias("required")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that a worker holds."""

    operation_id: str
    fence: int


class Claims:
    """Takes due operations and keeps their leases."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        announcer: Announcer,
        *,
        lease_seconds: float,
        breaker_failures: int,
    ) -> None:
        self._database = database
        self._box = box
        self._announcer = announcer
        self.lease_seconds = lease_seconds
        self.breaker_failures = breaker_failures

    def take(self, owner: str, limit: int) -> list[Claim]:
        """Up to `limit` due operations, leased to `owner` under a new fencing token each.

        Never two of one resource, never one before those accepted earlier on its resource, never more of a vendor
        account than it has slots. An expired lease is due like any other row. What needs a key that is missing is
        held, so that it stops nothing else. Raises StoreUnavailable.
        """
        with self._database.begin() as connection:
            if self._database.is_postgres:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CLAIM_LOCK)))
            rows = self._pick(connection, limit)
            claims = [self._lease(connection, row, owner) for row in rows]
            return [claim for claim in claims if claim is not None]

    def _pick(self, connection: sa.Connection, limit: int) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for account, slots in self._free_slots(connection):
            of_account = due(self._database).where(operations.c.vendor_account.is_not_distinct_from(account))
            query = of_account.order_by(operations.c.due_at, operations.c.position).limit(min(slots or limit, limit))
            found += [dict(row) for row in connection.execute(query).mappings()]
        found.sort(key=lambda row: (row["due_at"], row["position"]))
        return found[:limit]

    def _free_slots(self, connection: sa.Connection) -> Iterator[tuple[str | None, int | None]]:
        """Each account that may be used now, with its free slots; None stands for operations of no account."""
        yield None, None
        running = (
            sa.select(sa.func.count())
            .where(
                operations.c.vendor_account == vendor_accounts.c.name,
                operations.c.state == OperationState.RUNNING.value,
                operations.c.due_at > self._database.now(),
            )
            .scalar_subquery()
        )
        half_open = vendor_accounts.c.failures >= self.breaker_failures
        slots = sa.case((half_open, 1), else_=vendor_accounts.c.concurrency)
        query = sa.select(vendor_accounts.c.name, slots - running).where(usable(self._database))
        for name, free in connection.execute(query):
            if free > 0:
                yield name, free

    def _lease(self, connection: sa.Connection, row: Mapping[str, Any], owner: str) -> Claim | None:
        values = {
            "state": OperationState.RUNNING.value,
            "fence": row["fence"] + 1,
            "lease_owner": owner,
            "woken": None,
            "due_at": self._database.now(self.lease_seconds),
        }
        connection.execute(sa.update(operations).where(operations.c.id == row["id"]).values(**values))
        try:
            return self._load(connection, {**row, "fence": row["fence"] + 1})
        except KeyRingError as missing:
            self._hold(connection, row["id"], row["fence"] + 1, str(missing))
            return None

    def _hold(self, connection: sa.Connection, operation_id: str, fence: int, reason: str) -> None:
        """Hold an operation whose secrets do not open, unless it was taken over."""
        leased = (operations.c.id == operation_id, operations.c.fence == fence)
        query = sa.select(operations).where(*leased, operations.c.state == OperationState.RUNNING.value)
        row = connection.execute(query.with_for_update()).mappings().first()
        if row is not None:
            context = Context(row["environment"], row["correlation_id"])
            hold(Writing(connection, self._database, self._announcer, context), dict(row), NO_KEY, reason)

    def _load(self, connection: sa.Connection, row: Mapping[str, Any]) -> Claim:
        service = _one(connection, services, services.c.id == row["service_id"])
        return claim_from(
            row,
            self._box,
            now=self._database.moment(connection),
            customer=_one(connection, customers, customers.c.customer_id == row["customer_id"]),
            service=service,
            steps=_many(connection, steps, steps.c.operation_id == row["id"], steps.c.started_at),
            events={
                event["key"]: event["data"]
                for event in _many(connection, delivered_events, delivered_events.c.key == row["event_key"])
            },
            later_workflows=later_workflows(connection, row["resource"], row["id"]),
            account_failures=connection.scalar(
                sa.select(vendor_accounts.c.failures).where(vendor_accounts.c.name == row["vendor_account"])
            )
            or 0,
            parent=_one(connection, services, services.c.id == service["parent_id"]) if service else None,
            beside=beside(connection, row),
        )

    def keep(self, held: Sequence[Held]) -> set[str]:
        """Extend these leases; the ids of the operations that are still ours."""
        kept: set[str] = set()
        with self._database.begin() as connection:
            for lease in held:
                statement = (
                    sa.update(operations)
                    .where(
                        operations.c.id == lease.operation_id,
                        operations.c.fence == lease.fence,
                        operations.c.state == OperationState.RUNNING.value,
                    )
                    .values(due_at=self._database.now(self.lease_seconds))
                )
                if connection.execute(statement).rowcount:
                    kept.add(lease.operation_id)
        return kept


def usable(database: Database) -> sa.ColumnElement[bool]:
    """The vendor accounts from which operations may be taken now."""
    closed = sa.or_(vendor_accounts.c.broken_until.is_(None), vendor_accounts.c.broken_until <= database.now())
    return sa.and_(vendor_accounts.c.state == "open", closed)


def due(database: Database) -> sa.Select[Any]:
    """The operations that a worker could take now, were their vendor account usable."""
    blocked = sa.exists().where(
        _EARLIER.c.resource == operations.c.resource,
        _EARLIER.c.position < operations.c.position,
        _EARLIER.c.state.not_in(ENDED),
    )
    unmet = sa.exists().where(
        operation_requirements.c.operation_id == operations.c.id,
        operation_requirements.c.required_id == _REQUIRED.c.id,
        _REQUIRED.c.state != OperationState.SUCCEEDED.value,
    )
    return sa.select(operations).where(
        operations.c.state.not_in([*ENDED, OperationState.HELD.value]),
        operations.c.due_at <= database.now(),
        ~blocked,
        ~unmet,
    )


def _one(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> Mapping[str, Any] | None:
    row = connection.execute(sa.select(table).where(where)).mappings().first()
    return None if row is None else dict(row)


def _many(
    connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool], order: sa.Column[Any] | None = None
) -> list[Mapping[str, Any]]:
    query = sa.select(table).where(where)
    if order is not None:
        query = query.order_by(order)
    return [dict(row) for row in connection.execute(query).mappings()]
