"""New operations, each put behind those accepted before it on its resource."""

from typing import Any, Final

import sqlalchemy as sa

from provisioner.messages.envelope import Message
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.store.changes import error_json
from provisioner.store.events import Row
from provisioner.store.tables import operations
from provisioner.store.writing import Writing

AT_END_OF_TERM: Final = "service.at-end-of-term"


def new_operation(writing: Writing, operation_id: str, *, deadline: float | None, **columns: Any) -> Row:
    """The row of an operation that is due at once. `deadline` is in seconds from now."""
    now = writing.now()
    return {
        "inputs": {},
        "state": OperationState.READY.value,
        "environment": writing.context.environment,
        "correlation_id": writing.context.correlation_id,
        "fence": 0,
        "due_at": now,
        "deadline": None if deadline is None else writing.database.now(deadline),
        "since": now,
        "created_at": now,
        **columns,
        "id": operation_id,
    }


def queue_operation(
    writing: Writing, message: Message, operation_id: str, *, deadline: float | None, **columns: Any
) -> str:
    """Add an operation that a message asked for, due at once; its id. `deadline` is in seconds from now."""
    columns = {"actor_role": message.actor.role, **columns}
    writing.execute(sa.insert(operations).values(**new_operation(writing, operation_id, deadline=deadline, **columns)))
    return operation_id


def end_of_term(service_id: str) -> str:
    """The resource on which commands for the end of a service's term wait."""
    return f"service:{service_id}:end-of-term"


def end_later(writing: Writing, service_id: str, why: str) -> None:
    """What waits for the end of a service's term is superseded, with a record. It makes no call, so nothing is left."""
    open_ones = (operations.c.resource == end_of_term(service_id), operations.c.ended_at.is_(None))
    values = {
        "state": OperationState.SUPERSEDED.value,
        "reason": why,
        "error": error_json(ItemError("superseded", why)),
        "due_at": None,
        "lease_owner": None,
        "attention": None,
        "since": writing.now(),
        "ended_at": writing.now(),
    }
    writing.execute(sa.update(operations).where(*open_ones).values(**values))
