"""Records as queries return them, with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.store.query_records import (
    AccountRecord,
    AttemptRecord,
    ItemRecord,
    OperationRecord,
    OrderDetails,
    OrderRecord,
    PeriodRecord,
    ServiceDetails,
    ServiceRecord,
    StepRecord,
)

NOW = datetime(2026, 3, 1, 12, 5, 11, tzinfo=UTC)


def before(**span: float) -> datetime:
    return NOW - timedelta(**span)


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


def account(**given: Any) -> AccountRecord:
    usual: dict[str, Any] = {
        "name": "plesk-1",
        "adapter": "plesk",
        "product": "hosting",
        "environment": "live",
        "settings": {},
        "version": 1,
        "concurrency": 2,
        "state": "open",
        "reason": None,
        "failures": 0,
        "broken_until": None,
        "updated_at": before(days=1),
        "running": 0,
        "open": 1,
    }
    return AccountRecord(**usual | given)


def operation(**given: Any) -> OperationRecord:
    usual: dict[str, Any] = {
        "id": "op-1",
        "position": 1,
        "resource": "service:s-1",
        "workflow": "hosting.create",
        "state": "waiting",
        "order_id": "o-1",
        "item_id": "1",
        "service_id": "s-1",
        "customer_id": "c-1",
        "vendor_account": "plesk-1",
        "environment": "live",
        "generation": 1,
        "actor_role": "admin",
        "fence": 1,
        "lease_owner": None,
        "due_at": after(seconds=14),
        "deadline": after(hours=23, minutes=58),
        "reason": "step subscription: connection refused",
        "since": before(minutes=2),
        "event_key": None,
        "attention": None,
        "error": None,
        "created_at": before(minutes=2),
        "ended_at": None,
        "account": account(),
    }
    return OperationRecord(**usual | given)


def step(name: str, **given: Any) -> StepRecord:
    usual: dict[str, Any] = {
        "operation_id": "op-1",
        "state": "done",
        "effect_class": "checkable",
        "attempts": 1,
        "looks": 0,
        "error": None,
        "started_at": before(seconds=20),
        "updated_at": before(seconds=10),
    }
    return StepRecord(**usual | {"name": name} | given)


def attempt(name: str, **given: Any) -> AttemptRecord:
    usual: dict[str, Any] = {
        "operation_id": "op-1",
        "number": 1,
        "action": "call",
        "outcome": "done",
        "code": None,
        "vendor_code": None,
        "message": None,
        "milliseconds": 12.3,
        "at": before(seconds=10),
    }
    return AttemptRecord(**usual | {"step": name} | given)


def item(item_id: str, **given: Any) -> ItemRecord:
    usual: dict[str, Any] = {
        "position": 0,
        "product": "hosting",
        "change": "purchase",
        "service_id": "s-1",
        "status": "started",
        "attributes": {},
        "requires": (),
        "error": None,
        "warnings": (),
    }
    return ItemRecord(**usual | {"item_id": item_id} | given)


def order(
    status: str = "provisioning_started",
    *operations: OperationRecord,
    items: tuple[ItemRecord, ...] = (item("1"),),
    error: dict[str, Any] | None = None,
) -> OrderDetails:
    record = OrderRecord(
        id="o-1",
        customer_id="c-1",
        environment="live",
        status=status,
        version=1,
        attempt=1,
        item_count=len(items),
        requested_changes=("purchase",),
        created_by={},
        correlation_id=None,
        error=error,
        placed_at=before(minutes=3),
        updated_at=before(minutes=2),
    )
    return OrderDetails(NOW, record, items, operations, (), (), ())


def service(
    status: str = "active", *operations: OperationRecord, suspended_by: str | None = None, reason: str | None = None
) -> ServiceDetails:
    record = ServiceRecord(
        id="s-1",
        customer_id="c-1",
        order_id="o-1",
        environment="live",
        product="hosting",
        status=status,
        intended_status=status,
        version=1,
        generation=1,
        suspended_by=suspended_by,
        vendor_account="plesk-1",
        ref="guid-1",
        attributes={},
        data={},
        warnings=(),
        revealed_at=None,
        created_at=before(days=3),
        updated_at=before(days=3),
    )
    period = PeriodRecord(1, status, reason, before(days=3), None)
    return ServiceDetails(NOW, record, (period,), operations, (), ())
