"""What operators and other operations do to an operation that waits: release, resolve, deliver an event."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.orders.statuses import OperationState
from provisioner.store.audit import note_action
from provisioner.store.database import Database
from provisioner.store.tables import delivered_events, operations, steps
from provisioner.store.yielding import lock_event
from provisioner.workflows.journal import StepState

HELD = OperationState.HELD.value
UNRESOLVED = (StepState.INTENDED.value, StepState.UNCERTAIN.value)


class NotHeld(RefusedError):
    """The operation is not held."""

    code: ClassVar[str] = "not_held"


class Operations:
    """Changes operations from outside their runs. Every change is in the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def release(self, operation_id: str, actor: str) -> None:
        """Let a held operation go on. Raises NotFoundError and NotHeld."""
        with self._database.begin() as connection:
            self._held(connection, operation_id)
            self._make_ready(connection, operation_id)
            self._audit(connection, actor, "operation.release", operation_id, {})

    def resolve(self, operation_id: str, actor: str, *, happened_ref: str | None) -> str:
        """Say what became of a held operation's unknown step, and let it go on; the name of the step.

        `happened_ref` is the vendor's identifier of what was made, or None when it did not happen. Raises
        NotFoundError, NotHeld, and RefusedError when no step is unknown.
        """
        with self._database.begin() as connection:
            self._held(connection, operation_id)
            query = sa.select(steps).where(steps.c.operation_id == operation_id, steps.c.state.in_(UNRESOLVED))
            row = connection.execute(query.order_by(steps.c.started_at.desc())).mappings().first()
            if row is None:
                raise RefusedError(f"operation {operation_id} has no step with an unknown outcome; release it instead")
            known = (steps.c.operation_id == operation_id, steps.c.name == row["name"])
            connection.execute(sa.update(steps).where(*known).values(**_resolution(happened_ref)))
            self._make_ready(connection, operation_id)
            detail = {"step": row["name"], "happened": happened_ref}
            self._audit(connection, actor, "operation.resolve", operation_id, detail)
        return str(row["name"])

    def deliver(self, key: str, data: Mapping[str, Any]) -> list[str]:
        """Keep an event, and wake the operations that wait for it; their ids. The first event of a key counts."""
        dialect = postgresql if self._database.is_postgres else sqlite
        with self._database.begin() as connection:
            lock_event(connection, self._database, key)
            now = self._database.now()
            insert: postgresql.Insert = dialect.insert(delivered_events).values(key=key, data=dict(data), at=now)
            connection.execute(insert.on_conflict_do_nothing())
            waiting = (operations.c.event_key == key, operations.c.state == OperationState.WAITING.value)
            woken = sa.update(operations).where(*waiting).values(due_at=now).returning(operations.c.id)
            return list(connection.scalars(woken))

    def _held(self, connection: sa.Connection, operation_id: str) -> None:
        query = sa.select(operations.c.state).where(operations.c.id == operation_id).with_for_update()
        state = connection.scalar(query)
        if state is None:
            raise NotFoundError(f"there is no operation {operation_id}")
        if state != HELD:
            raise NotHeld(f"operation {operation_id} is {state}; only a held one is released or resolved")

    def _make_ready(self, connection: sa.Connection, operation_id: str) -> None:
        give_time_back(connection, self._database, operations.c.id == operation_id)
        now = self._database.now()
        values = {"state": OperationState.READY.value, "due_at": now, "since": now, "reason": None, "attention": None}
        connection.execute(sa.update(operations).where(operations.c.id == operation_id).values(**values))

    def _audit(
        self, connection: sa.Connection, actor: str, action: str, operation_id: str, detail: Mapping[str, Any]
    ) -> None:
        note_action(connection, self._database, actor, action, of=("operation", operation_id), detail=detail)


def give_time_back(connection: sa.Connection, database: Database, where: sa.ColumnElement[bool]) -> None:
    """Put deadlines off by the time that operations waited for an operator: that is not their vendor's fault."""
    columns = (operations.c.id, operations.c.since, operations.c.deadline)
    open_ones = (where, operations.c.ended_at.is_(None), operations.c.deadline.is_not(None))
    now = database.moment(connection)
    for operation_id, since, deadline in connection.execute(sa.select(*columns).where(*open_ones)).all():
        later = deadline + (now - since)
        connection.execute(sa.update(operations).where(operations.c.id == operation_id).values(deadline=later))


def _resolution(happened_ref: str | None) -> dict[str, Any]:
    if happened_ref is None:
        return {"state": StepState.RETRY.value}
    return {"state": StepState.DONE.value, "result": {"ref": happened_ref, "data": {}, "warnings": []}}
