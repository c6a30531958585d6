"""A service's status, its history in periods, and its events."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.messages.events import Event, service_status_changed
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.tables import service_periods, services
from provisioner.store.writing import Writing
from provisioner.workflows.journal import ServiceChange


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
    """Write what a service has become: its row, a new period, an event."""
    version = service["version"] + 1
    values = {**service_values(service, change, warnings), "version": version, "updated_at": writing.now()}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**values))
    _begin_period(writing, service["id"], version, change, reason)
    writing.tell(service_event(service, change, reason), f"service/{service['id']}", version)


def keep_made(writing: Writing, service: Mapping[str, Any], change: ServiceChange, warnings: tuple[str, ...]) -> None:
    """Keep what the vendor made, without a change of status."""
    values = service_values(service, change, warnings)
    kept = {name: values[name] for name in ("ref", "data", "warnings") if name in values}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**kept, updated_at=writing.now()))


def warn(writing: Writing, service_id: str, warnings: tuple[str, ...]) -> None:
    """Keep what people should know of a service, where nothing else changed."""
    values = {"warnings": list(warnings), "updated_at": writing.now()}
    writing.execute(sa.update(services).where(services.c.id == service_id).values(**values))


def service_event(service: Mapping[str, Any], change: ServiceChange, reason: str | None) -> Event:
    """`service.status-changed.v1`."""
    return service_status_changed(
        service["id"],
        product=service["product"],
        status=change.status.value,
        previous=service["status"],
        reason=reason,
        customer_id=service["customer_id"],
        suspended_by=change.suspended_by,
    )


def _begin_period(writing: Writing, service_id: str, version: int, change: ServiceChange, reason: str | None) -> None:
    periods = service_periods
    running = (periods.c.service_id == service_id, periods.c.ended_at.is_(None))
    writing.execute(sa.update(periods).where(*running).values(ended_at=writing.now()))
    period = {"service_id": service_id, "version": version, "status": change.status.value, "reason": reason}
    writing.execute(sa.insert(periods).values(**period, started_at=writing.now()))


def service_values(service: Mapping[str, Any], change: ServiceChange, warnings: tuple[str, ...]) -> dict[str, Any]:
    """The columns that a change sets."""
    values: dict[str, Any] = {"status": change.status.value, "suspended_by": change.suspended_by}
    if change.ref is not None:
        values["ref"] = change.ref
    if change.data is not None:
        values["data"] = {**service["data"], **change.data}
    if warnings:
        values["warnings"] = list(warnings)
    if change.status in (ServiceStatus.CANCELLED, ServiceStatus.FAILED):
        values["intended_status"] = change.status.value
    return values
