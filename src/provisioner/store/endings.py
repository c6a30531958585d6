"""The end of an operation, and everything that follows from it, in a transaction of the journal.

Rows are locked in one order everywhere: operation, order, service; so that no two transactions wait for each other.
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import ItemStatus, OperationState, ServiceStatus, next_service_status
from provisioner.orders.supersession import verb
from provisioner.store.attention import tell_attention
from provisioner.store.changes import error_json
from provisioner.store.claims import ENDED
from provisioner.store.items import ITEM_AFTER, set_item
from provisioner.store.queueing import new_operation
from provisioner.store.services import intend_service, keep_made, lock_service, move_service, warn
from provisioner.store.tables import operation_requirements, operations, service_periods
from provisioner.store.writing import Writing
from provisioner.store.yielding import later_workflows, lock_operations, wake_others, wake_pointless
from provisioner.workflows.journal import Ending, FollowUp, ServiceChange

Row = Mapping[str, Any]

INHERITED: Final = ("service_id", "customer_id", "environment", "actor_role", "correlation_id")
GONE: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value)
# A retry of the item needs the operation's secret; it is forgotten when the order can no longer be retried.
RETRIED: Final = (OperationState.FAILED, OperationState.COMPENSATED, OperationState.CANCELLED)
MOVING: Final = ("suspend", "resume", "cancel", "delete", "restore")
COMMAND_FAILED: Final = "operation_failed"


def write_ending(writing: Writing, row: Row, ending: Ending, *, deadline: float) -> None:
    """End the operation; then its item with its order, its service, its follow-ups, and those that required it.

    `deadline` is how many seconds a follow-up has.
    """
    _close(writing, row, ending.state, ending.error)
    if ending.service is not None and ending.service.wakes and row["service_id"] is not None:
        wake_others(writing.connection, writing.database, row["service_id"], but=row["id"])
    if row["item_id"] is not None:
        status = ITEM_AFTER[ending.state]
        error = ending.error if status is ItemStatus.FAILED else None
        set_item(writing, row, status, error=error, warnings=ending.warnings)
    if row["service_id"] is not None:
        _change_service(writing, row, ending)
    for follow_up in ending.follow_ups:
        _start(writing, row, follow_up, deadline)
    if ending.state is not OperationState.SUCCEEDED:
        _give_up_dependents(writing, row, ending.error)
    if row["item_id"] is None and ending.state in (OperationState.FAILED, OperationState.COMPENSATED):
        _admit_failure(writing, row, ending.error)


def _close(writing: Writing, row: Row, state: OperationState, error: ItemError | None) -> None:
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
    if row["item_id"] is None or state not in RETRIED:
        values["sealed_secret"] = None
    writing.execute(sa.update(operations).where(operations.c.id == row["id"]).values(**values))


# -- the service


def _change_service(writing: Writing, row: Row, ending: Ending) -> None:
    reason = ending.error.message if ending.error else row["inputs"].get("reason")
    if ending.service is not None:
        reason = ending.service.reason or reason
        _move(writing, row["service_id"], ending.service, reason, ending.warnings)
    elif ending.warnings:
        warn(writing, row["service_id"], ending.warnings)


def _move(
    writing: Writing, service_id: str, change: ServiceChange, reason: str | None, warnings: tuple[str, ...] = ()
) -> None:
    """What is being cancelled stays so, whatever comes of the operations before; what they made is kept."""
    service = lock_service(writing.connection, service_id)
    leaving = service["status"] in GONE and service["intended_status"] in GONE
    if leaving and change.status is not ServiceStatus.CANCELLED:
        keep_made(writing, service, change, warnings)
    else:
        move_service(writing, service, change, reason, warnings)


def _admit_failure(writing: Writing, row: Row, error: ItemError | None) -> None:
    """No order tells of a command's failure, so operators are told; and the service is what it was before."""
    tell_attention(writing, row, COMMAND_FAILED, error.message if error else "it failed")
    if row["service_id"] is None or verb(row["workflow"]) not in MOVING:
        return
    if later_workflows(writing.connection, row["resource"], row["id"]):
        return
    service = lock_service(writing.connection, row["service_id"])
    settled = _settled(writing, row, service)
    intend_service(writing.connection, service, settled, service["generation"])


def _settled(writing: Writing, row: Row, service: Row) -> ServiceStatus:
    """The status from which the next command is judged: the last one that was not on the way out.

    What could not be restored still is on its way.
    """
    if verb(row["workflow"]) == "restore":
        return ServiceStatus(service["status"])
    past = (service_periods.c.service_id == service["id"], service_periods.c.status != ServiceStatus.CANCELLING.value)
    query = sa.select(service_periods.c.status).where(*past).order_by(service_periods.c.version.desc()).limit(1)
    return ServiceStatus(writing.connection.scalar(query) or service["status"])


# -- what follows


def _start(writing: Writing, row: Row, follow_up: FollowUp, deadline: float) -> None:
    placed = {"vendor_account": row["vendor_account"], "generation": row["generation"]}
    on_service = row["service_id"] is not None and follow_up.resource == f"service:{row['service_id']}"
    if on_service:
        lock_operations(writing.connection, follow_up.resource)
        service = lock_service(writing.connection, row["service_id"])
        if verb(follow_up.workflow) == "cancel" and service["intended_status"] in GONE:
            return
        placed = {"vendor_account": service["vendor_account"], "generation": _intend(writing, service, follow_up)}
    operation = new_operation(
        writing,
        follow_up.operation_id,
        deadline=deadline,
        workflow=follow_up.workflow,
        resource=follow_up.resource,
        inputs=dict(follow_up.inputs),
        **{name: row[name] for name in INHERITED},
        **placed,
    )
    writing.execute(sa.insert(operations).values(**operation))
    if on_service:
        wake_pointless(writing.connection, writing.database, follow_up.resource)


def _intend(writing: Writing, service: Row, follow_up: FollowUp) -> int:
    """A follow-up on the service itself is a command like any other; the service's generation with it."""
    generation: int = service["generation"] + 1
    status = ServiceStatus(service["intended_status"])
    if verb(follow_up.workflow) == "cancel":
        status = next_service_status(status, "cancel")
        move_service(writing, service, ServiceChange(status), follow_up.inputs.get("reason"))
    intend_service(writing.connection, service, status, generation)
    return generation


def _give_up_dependents(writing: Writing, row: Row, error: ItemError | None) -> None:
    """Items that required this one cannot be done any more; neither can those that required them."""
    given_up = ItemError(
        "requirement_failed",
        f"item {row['item_id']}, which this one requires, was not done",
        final=error is None or error.final,
    )
    for dependent in _dependents(writing, row["id"]):
        _close(writing, dependent, OperationState.CANCELLED, given_up)
        set_item(writing, dependent, ItemStatus.FAILED, error=given_up)
        if dependent["service_id"] is not None:
            _move(writing, dependent["service_id"], ServiceChange(ServiceStatus.FAILED), given_up.message)
        _give_up_dependents(writing, dependent, given_up)


def _dependents(writing: Writing, operation_id: str) -> list[dict[str, Any]]:
    requirement = operation_requirements
    query = (
        sa.select(operations)
        .join(requirement, requirement.c.operation_id == operations.c.id)
        .where(requirement.c.required_id == operation_id, operations.c.state.not_in(ENDED))
    )
    return [dict(found) for found in writing.connection.execute(query).mappings()]
