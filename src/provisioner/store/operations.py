"""What operators and other operations do to an operation that waits: release, resolve, deliver an event."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.store.audit import note_action
from provisioner.store.certificate_events import tell_given_up
from provisioner.store.database import Database
from provisioner.store.deadlines import give_time_back
from provisioner.store.endings import write_ending
from provisioner.store.events import Announcer, Context
from provisioner.store.tables import operations, services, steps
from provisioner.store.writing import Writing
from provisioner.store.yielding import deliver
from provisioner.workflows.journal import Ending, ServiceChange, StepState

HELD = OperationState.HELD.value
UNRESOLVED = (StepState.INTENDED.value, StepState.UNCERTAIN.value)


class NotHeld(RefusedError):
    """The operation is not held."""

    code: ClassVar[str] = "not_held"


class Operations:
    """Changes operations from outside their runs. Every change is in the audit."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

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

    def give_up(self, operation_id: str, actor: str, reason: str) -> None:
        """End a held operation as failed; nothing at the vendor is touched. Its order can be retried or closed.

        Raises NotFoundError and NotHeld.
        """
        with self._database.begin() as connection:
            row = self._held(connection, operation_id)
            error = ItemError("given_up", reason, final=False)
            service = ServiceChange(ServiceStatus.FAILED) if _makes_its_service(connection, row) else None
            writing = Writing(
                connection, self._database, self._announcer, Context(row["environment"], row["correlation_id"])
            )
            ending = Ending(OperationState.FAILED, error=error, service=service)
            write_ending(writing, row, ending)
            tell_given_up(writing, row, ending)
            self._audit(connection, actor, "operation.give-up", operation_id, {"reason": reason})

    def deliver(self, key: str, data: Mapping[str, Any]) -> list[str]:
        """Keep an event, and wake the operations that wait for it; their ids. The first event of a key counts."""
        with self._database.begin() as connection:
            return deliver(connection, self._database, key, data)

    def _held(self, connection: sa.Connection, operation_id: str) -> Mapping[str, Any]:
        query = sa.select(operations).where(operations.c.id == operation_id).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no operation {operation_id}")
        if row["state"] != HELD:
            raise NotHeld(f"operation {operation_id} is {row['state']}; only a held one waits for an operator")
        return dict(row)

    def _make_ready(self, connection: sa.Connection, operation_id: str) -> None:
        give_time_back(connection, self._database, operations.c.id == operation_id)
        now = self._database.now()
        values = {"state": OperationState.READY.value, "due_at": now, "since": now, "reason": None, "attention": None}
        connection.execute(sa.update(operations).where(operations.c.id == operation_id).values(**values))

    def _audit(
        self, connection: sa.Connection, actor: str, action: str, operation_id: str, detail: Mapping[str, Any]
    ) -> None:
        note_action(connection, self._database, actor, action, of=("operation", operation_id), detail=detail)


def _makes_its_service(connection: sa.Connection, row: Mapping[str, Any]) -> bool:
    """Whether an operation is the one that is to make its service."""
    status = connection.scalar(sa.select(services.c.status).where(services.c.id == row["service_id"]))
    return status == ServiceStatus.PROVISIONING.value and row["resource"] == f"service:{row['service_id']}"


def _resolution(happened_ref: str | None) -> dict[str, Any]:
    if happened_ref is None:
        return {"state": StepState.RETRY.value}
    return {"state": StepState.DONE.value, "result": {"ref": happened_ref, "data": {}, "warnings": []}}
