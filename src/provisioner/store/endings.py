"""The end of an operation, and everything that follows from it, in a transaction of the journal.

Rows are locked in one order everywhere: operation, order, service; so that no two transactions wait for each other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import ItemStatus, OperationState, ServiceStatus
from provisioner.orders.supersession import verb
from provisioner.store.attention import tell_attention
from provisioner.store.certificate_events import is_told
from provisioner.store.changes import error_json
from provisioner.store.claims import ENDED
from provisioner.store.domains import PRODUCT as DOMAIN
from provisioner.store.items import ITEM_AFTER, set_item
from provisioner.store.services import intend_service, keep_made, lock_service, move_service, warn
from provisioner.store.tables import operation_requirements, operations, service_periods, services
from provisioner.store.writing import Writing
from provisioner.store.yielding import later_workflows, wake_others
from provisioner.workflows.journal import Ending, ServiceChange

Row = Mapping[str, Any]

GONE: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value)
# A retry of the item needs the operation's secret; it is forgotten when the order can no longer be retried.
RETRIED: Final = (OperationState.FAILED, OperationState.COMPENSATED, OperationState.CANCELLED)
MOVING: Final = ("suspend", "resume", "cancel", "delete", "restore")
COMMAND_FAILED: Final = "operation_failed"
OUR_FAULT: Final = "request_malformed"
OUR_FAULTS: Final = ("invalid_request", "not_supported")  # no customer can correct what a vendor refuses so
UPKEEP: Final = "upkeep"
OF_CERTIFICATES: Final = "certificate.upkeep"
ENDED_SERVICES: Final = (ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)
DAY: Final = 86_400.0


def write_ending(writing: Writing, row: Row, ending: Ending) -> None:
    """End the operation; then its item with its order, its service, and those that required it.

    What follows from it is started by `follow_ups`, and what it says of certificates is in `kept_certificates`.
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
    if ending.state is not OperationState.SUCCEEDED:
        _give_up_dependents(writing, row, ending.error)
    if row["item_id"] is None and ending.state in (OperationState.FAILED, OperationState.COMPENSATED):
        _admit_failure(writing, row, ending.error)
    elif ending.error is not None and ending.error.code in OUR_FAULTS:
        tell_attention(writing, row, OUR_FAULT, ending.error.message)


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
        _move(writing, row["service_id"], _planned(writing, row, ending.service), reason, ending.warnings)
    elif ending.warnings:
        warn(writing, row["service_id"], ending.warnings)


def _planned(writing: Writing, row: Row, change: ServiceChange) -> ServiceChange:
    """A certificate is looked after at once if its hosting went or came back while the operation planned for before."""
    upkeep = change.upkeep
    if not row["woken"] or upkeep is None or upkeep.at is None or upkeep.workflow != OF_CERTIFICATES:
        return change
    now = writing.database.moment(writing.connection)
    return replace(change, upkeep=replace(upkeep, at=min(upkeep.at, now)))


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
    if not _is_told(writing, row, error):
        tell_attention(writing, row, COMMAND_FAILED, error.message if error else "it failed")
    if row["service_id"] is not None and verb(row["workflow"]) == UPKEEP:
        _plan_again(writing, row)
    if row["service_id"] is None or verb(row["workflow"]) not in MOVING:
        return
    later = {verb(each) for each in later_workflows(writing.connection, row["resource"], row["id"])}
    if not later.isdisjoint(MOVING):
        return
    service = lock_service(writing.connection, row["service_id"])
    settled = _settled(writing, row, service)
    intend_service(writing.connection, service, settled, service["generation"])
    if service["status"] == ServiceStatus.CANCELLING.value and UPKEEP not in later:
        _look_at_once(writing, service)


def _is_told(writing: Writing, row: Row, error: ItemError | None) -> bool:
    if row["service_id"] is None:
        return False
    return is_told(row["inputs"], lock_service(writing.connection, row["service_id"])["data"], error)


def _look_at_once(writing: Writing, service: Row) -> None:
    """What could not be deleted or restored is looked at before its time, and is what its vendor shows.

    A domain also when nothing is planned for it: its upkeep had begun, and gave way to what was refused.
    """
    begun = sa.and_(services.c.upkeep_at.is_(None), services.c.product == DOMAIN)
    here = (services.c.id == service["id"], sa.or_(services.c.upkeep_at > writing.now(), begun))
    plan = {"upkeep_at": writing.now(), "upkeep_workflow": f"{service['product']}.{UPKEEP}"}
    writing.execute(sa.update(services).where(*here).values(**plan, updated_at=writing.now()))


def _plan_again(writing: Writing, row: Row) -> None:
    """Upkeep that failed comes back in a day: its plan was taken up by its start, and nothing may be forgotten."""
    here = (
        services.c.id == row["service_id"],
        services.c.upkeep_at.is_(None),
        services.c.status.not_in(ENDED_SERVICES),
    )
    values = {"upkeep_at": writing.database.now(DAY), "upkeep_workflow": row["workflow"], "updated_at": writing.now()}
    writing.execute(sa.update(services).where(*here).values(**values))


def _settled(writing: Writing, row: Row, service: Row) -> ServiceStatus:
    """The status from which the next command is judged: the last one that was not on the way out.

    What could not be restored still is on its way.
    """
    if verb(row["workflow"]) == "restore":
        return ServiceStatus(service["status"])
    past = (service_periods.c.service_id == service["id"], service_periods.c.status != ServiceStatus.CANCELLING.value)
    query = sa.select(service_periods.c.status).where(*past).order_by(service_periods.c.version.desc()).limit(1)
    return ServiceStatus(writing.connection.scalar(query) or service["status"])


# -- what cannot be done any more


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
