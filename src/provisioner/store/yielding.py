"""Nobody sleeps through what should wake it: a newer command that makes it pointless, an event that it waits for."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.orders.statuses import OperationState
from provisioner.orders.supersession import is_pointless
from provisioner.store.database import Database
from provisioner.store.tables import delivered_events, operations
from provisioner.workflows.journal import Claim

EVENT_LOCK: Final = 0x70726F78


def lock_operations(connection: sa.Connection, resource: str) -> None:
    """Operations are locked before their order and their service, as the journal does."""
    open_ones = (operations.c.resource == resource, operations.c.ended_at.is_(None))
    query = sa.select(operations.c.id).where(*open_ones).order_by(operations.c.position)
    connection.execute(query.with_for_update())


def lock_operations_of(connection: sa.Connection, service_id: str) -> None:
    """All open operations of a service, on whatever resource, are locked in the order of their acceptance."""
    open_ones = (operations.c.service_id == service_id, operations.c.ended_at.is_(None))
    query = sa.select(operations.c.id).where(*open_ones).order_by(operations.c.position)
    connection.execute(query.with_for_update())


def wake_others(connection: sa.Connection, database: Database, service_id: str, but: str | None = None) -> list[str]:
    """Make due what waits on a service, but for one operation; what runs is due again as soon as it waits. The ids."""
    waits = operations.c.state == OperationState.WAITING.value
    others = (operations.c.service_id == service_id, operations.c.ended_at.is_(None), operations.c.id != (but or ""))
    due_at = sa.case((waits, database.now()), else_=operations.c.due_at)
    statement = sa.update(operations).where(*others).values(woken=True, due_at=due_at)
    return list(connection.scalars(statement.returning(operations.c.id)))


def wake_pointless(connection: sa.Connection, database: Database, resource: str) -> list[str]:
    """Make due at once what waits on a resource and was made pointless by something accepted later; the ids."""
    columns = (operations.c.id, operations.c.workflow)
    waiting = operations.c.state == OperationState.WAITING.value
    query = sa.select(*columns, waiting).where(operations.c.resource == resource, operations.c.ended_at.is_(None))
    found = connection.execute(query.order_by(operations.c.position)).all()
    workflows = [workflow for _, workflow, _ in found]
    ids = [
        operation_id
        for index, (operation_id, workflow, waits) in enumerate(found)
        if waits and is_pointless(workflow, tuple(workflows[index + 1 :]))
    ]
    statement = sa.update(operations).where(operations.c.id.in_(ids), waiting).values(due_at=database.now())
    return list(connection.scalars(statement.returning(operations.c.id))) if ids else []


def is_overtaken(connection: sa.Connection, claim: Claim) -> bool:
    """Whether a command that came while the operation ran makes it pointless. The operation's row is locked."""
    if is_pointless(claim.workflow, claim.later_workflows):
        return False
    return is_pointless(claim.workflow, later_workflows(connection, claim.resource, claim.operation_id))


def has_come(connection: sa.Connection, database: Database, key: str) -> bool:
    """Whether an event was delivered already; none is delivered now until this transaction has ended."""
    lock_event(connection, database, key)
    return connection.scalar(sa.select(delivered_events.c.key).where(delivered_events.c.key == key)) is not None


def deliver(connection: sa.Connection, database: Database, key: str, data: Mapping[str, Any]) -> list[str]:
    """Keep an event, and wake the operations that wait for it; their ids. The first event of a key counts."""
    lock_event(connection, database, key)
    now = database.now()
    dialect = postgresql if database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(delivered_events).values(key=key, data=dict(data), at=now)
    connection.execute(insert.on_conflict_do_nothing())
    waiting = (operations.c.event_key == key, operations.c.state == OperationState.WAITING.value)
    woken = sa.update(operations).where(*waiting).values(due_at=now).returning(operations.c.id)
    return list(connection.scalars(woken))


def lock_event(connection: sa.Connection, database: Database, key: str) -> None:
    """One transaction at a time delivers an event or begins to wait for it. SQLite has one writer anyway."""
    if database.is_postgres:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(EVENT_LOCK, zlib.crc32(key.encode()) - 2**31)))


def later_workflows(connection: sa.Connection, resource: str, operation_id: str) -> tuple[str, ...]:
    """The workflows of the open operations that were accepted after this one on its resource, in order."""
    position = sa.select(operations.c.position).where(operations.c.id == operation_id).scalar_subquery()
    query = sa.select(operations.c.workflow).where(
        operations.c.resource == resource,
        operations.c.position > position,
        operations.c.ended_at.is_(None),
    )
    found: Sequence[str] = connection.scalars(query.order_by(operations.c.position)).all()
    return tuple(found)
