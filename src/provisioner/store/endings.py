"""The end of an operation, and everything that follows from it, in a transaction of the journal.

Rows are locked in one order everywhere: operation, order, service; so that no two transactions wait for each other.
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import ItemStatus, OperationState, ServiceStatus, next_service_status
from provisioner.orders.supersession import verb
from provisioner.store.changes import error_json
from provisioner.store.claims import ENDED
from provisioner.store.items import ITEM_AFTER, set_item
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import operation_requirements, operations
from provisioner.store.writing import Writing
from provisioner.workflows.journal import Ending, FollowUp, ServiceChange

Row = Mapping[str, Any]

INHERITED: Final = (
    "service_id",
    "customer_id",
    "vendor_account",
    "environment",
    "actor_role",
    "correlation_id",
    "generation",
)


def write_ending(writing: Writing, row: Row, ending: Ending) -> None:
    """End the operation; then its item with its order, its service, its follow-ups, and those that required it."""
    _close(writing, row["id"], ending.state, ending.error)
    if row["item_id"] is not None:
        status = ITEM_AFTER[ending.state]
        error = ending.error if status is ItemStatus.FAILED else None
        set_item(writing, row, status, error=error, warnings=ending.warnings)
    if ending.service is not None and row["service_id"] is not None:
        reason = ending.error.message if ending.error else row["inputs"].get("reason")
        service = lock_service(writing.connection, row["service_id"])
        move_service(writing, service, ending.service, reason, ending.warnings)
    for follow_up in ending.follow_ups:
        _start(writing, row, follow_up)
    if ending.state is not OperationState.SUCCEEDED:
        _give_up_dependents(writing, row, ending.error)


def _close(writing: Writing, operation_id: str, state: OperationState, error: ItemError | None) -> None:
    values = {
        "state": state.value,
        "reason": error.message if error else None,
        "error": error_json(error),
        "due_at": None,
        "lease_owner": None,
        "event_key": None,
        "attention": None,
        "since": writing.now(),
        "ended_at": writing.now(),
    }
    writing.execute(sa.update(operations).where(operations.c.id == operation_id).values(**values))


def _start(writing: Writing, row: Row, follow_up: FollowUp) -> None:
    if row["service_id"] is not None and follow_up.resource == f"service:{row['service_id']}":
        _intend(writing, row, follow_up)
    now = writing.now()
    writing.execute(
        sa.insert(operations).values(
            **{name: row[name] for name in INHERITED},
            id=follow_up.operation_id,
            workflow=follow_up.workflow,
            resource=follow_up.resource,
            inputs=dict(follow_up.inputs),
            state=OperationState.READY.value,
            fence=0,
            due_at=now,
            since=now,
            created_at=now,
        )
    )


def _intend(writing: Writing, row: Row, follow_up: FollowUp) -> None:
    """A follow-up on the service itself is a command like any other."""
    if verb(follow_up.workflow) != "cancel":
        return
    service = lock_service(writing.connection, row["service_id"])
    status = ServiceStatus(service["intended_status"])
    if status in (ServiceStatus.CANCELLING, ServiceStatus.CANCELLED):
        return
    intended = next_service_status(status, "cancel")
    intend_service(writing.connection, service, intended, service["generation"] + 1)
    move_service(writing, service, ServiceChange(intended), follow_up.inputs.get("reason"))


def _give_up_dependents(writing: Writing, row: Row, error: ItemError | None) -> None:
    """Items that required this one cannot be done any more; neither can those that required them."""
    given_up = ItemError(
        "requirement_failed",
        f"item {row['item_id']}, which this one requires, was not done",
        final=error is None or error.final,
    )
    for dependent in _dependents(writing, row["id"]):
        _close(writing, dependent["id"], OperationState.CANCELLED, given_up)
        set_item(writing, dependent, ItemStatus.FAILED, error=given_up)
        if dependent["service_id"] is not None:
            service = lock_service(writing.connection, dependent["service_id"])
            move_service(writing, service, ServiceChange(ServiceStatus.FAILED), given_up.message)
        _give_up_dependents(writing, dependent, given_up)


def _dependents(writing: Writing, operation_id: str) -> list[dict[str, Any]]:
    requirement = operation_requirements
    query = (
        sa.select(operations)
        .join(requirement, requirement.c.operation_id == operations.c.id)
        .where(requirement.c.required_id == operation_id, operations.c.state.not_in(ENDED))
    )
    return [dict(found) for found in writing.connection.execute(query).mappings()]
