"""A service's status, its history in periods, and its events."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.messages.events import Event, service_status_changed
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.dependents import resume_dependents, wake_dependents
from provisioner.store.tables import service_periods, services
from provisioner.store.writing import Writing
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep

KEPT: Final = ("ref", "data", "attributes", "warnings", "upkeep_at", "upkeep_workflow")  # without a change of status


class UnknownService(RefusedError):
    """There is no such service (yet)."""

    code: ClassVar[str] = "unknown_service"


def lock_service(connection: sa.Connection, service_id: str) -> Mapping[str, Any]:
    """A service's row, locked until the transaction ends. Raises UnknownService."""
    query = sa.select(services).where(services.c.id == service_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise UnknownService(f"there is no service {service_id}")
    return dict(row)


def intend_service(
    connection: sa.Connection, service: Mapping[str, Any], intended: ServiceStatus, generation: int
) -> None:
    """Note where the accepted commands lead; the next command is checked against that."""
    values = {"intended_status": intended.value, "generation": generation}
    connection.execute(sa.update(services).where(services.c.id == service["id"]).values(**values))


def move_service(
    writing: Writing,
    service: Mapping[str, Any],
    change: ServiceChange,
    reason: str | None,
    warnings: tuple[str, ...] = (),
) -> None:
    """Write what a service has become: its row, and with a status a new period and an event."""
    if change.status is None:
        keep_made(writing, service, change, warnings)
        return
    version = service["version"] + 1
    values = {**service_values(service, change, warnings), "version": version, "updated_at": writing.now()}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**values))
    _begin_period(writing, service["id"], version, change.status, reason)
    writing.tell(service_event(service, change, reason), f"service/{service['id']}", version)
    if change.status is ServiceStatus.CANCELLED:
        wake_dependents(writing, service["id"])
    if change.status is ServiceStatus.ACTIVE and service["status"] == ServiceStatus.SUSPENDED.value:
        resume_dependents(writing, service["id"])


def keep_made(writing: Writing, service: Mapping[str, Any], change: ServiceChange, warnings: tuple[str, ...]) -> None:
    """Keep what the vendor made, without a change of status."""
    values = service_values(service, change, warnings)
    kept = {name: values[name] for name in KEPT if name in values}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**kept, updated_at=writing.now()))


def warn(writing: Writing, service_id: str, warnings: tuple[str, ...]) -> None:
    """Keep what people should know of a service, where nothing else changed."""
    values = {"warnings": list(warnings), "updated_at": writing.now()}
    writing.execute(sa.update(services).where(services.c.id == service_id).values(**values))


def service_event(service: Mapping[str, Any], change: ServiceChange, reason: str | None) -> Event:
    """`service.status-changed.v1`, also of a change that leaves the status as it is."""
    return service_status_changed(
        service["id"],
        product=service["product"],
        status=change.status.value if change.status else service["status"],
        previous=service["status"],
        reason=reason,
        customer_id=service["customer_id"],
        suspended_by=change.suspended_by,
    )


def _begin_period(writing: Writing, service_id: str, version: int, status: ServiceStatus, reason: str | None) -> None:
    periods = service_periods
    running = (periods.c.service_id == service_id, periods.c.ended_at.is_(None))
    writing.execute(sa.update(periods).where(*running).values(ended_at=writing.now()))
    period = {"service_id": service_id, "version": version, "status": status.value, "reason": reason}
    writing.execute(sa.insert(periods).values(**period, started_at=writing.now()))


def service_values(service: Mapping[str, Any], change: ServiceChange, warnings: tuple[str, ...]) -> dict[str, Any]:
    """The columns that a change sets."""
    values: dict[str, Any] = {}
    if change.status is not None:
        values |= {"status": change.status.value, "suspended_by": change.suspended_by}
    if change.ref is not None:
        values["ref"] = change.ref
    if change.data is not None:
        values["data"] = {**service["data"], **change.data}
    if change.attributes is not None:
        values["attributes"] = {**service["attributes"], **change.attributes}
    if warnings:
        values["warnings"] = list(warnings)
    if change.status in (ServiceStatus.CANCELLED, ServiceStatus.FAILED):
        values |= {"intended_status": change.status.value, **upkeep_values(NEVER)}
    return values | upkeep_values(change.upkeep)


def upkeep_values(upkeep: Upkeep | None) -> dict[str, Any]:
    """The columns that say when the store starts what on a service next; none when that stays as it is."""
    if upkeep is None:
        return {}
    return {"upkeep_at": upkeep.at, "upkeep_workflow": upkeep.workflow if upkeep.at else None}
