"""Rows of the journal as the engine's records, and back."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from provisioner.kernel.redaction import redact, redact_text
from provisioner.kernel.sealing import SecretBox
from provisioner.orders.siblings import told_of
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done
from provisioner.store import credentials
from provisioner.store.changes import error_from, error_json
from provisioner.store.events import Row
from provisioner.store.tables import customers, operations, services
from provisioner.workflows.journal import (
    Attempt,
    Claim,
    CustomerRecord,
    ServiceRecord,
    StepOutcome,
    StepRecord,
    StepState,
)


def step_from(row: Mapping[str, Any]) -> StepRecord:
    """One step of the journal."""
    return StepRecord(
        row["name"],
        StepState(row["state"]),
        row["attempts"],
        row["looks"],
        _done_from(row["result"]),
        error_from(row["error"]),
    )


def step_row(claim: Claim, outcome: StepOutcome) -> Row:
    """A step as it is kept; times are added when it is written."""
    record = outcome.record
    return {
        "operation_id": claim.operation_id,
        "name": record.name,
        "state": record.state.value,
        "attempts": record.attempts,
        "looks": record.looks,
        "result": _done_json(record.result),
        "error": error_json(record.error),
        "fence": claim.fence,
    }


def storable(text: str) -> str:
    """Text as PostgreSQL takes it: without NUL and half surrogates, which a vendor's garbage may hold."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def attempt_row(claim: Claim, step: str, attempt: Attempt) -> Row:
    """An attempt as it is kept: redacted once more, whatever the adapter did."""
    return {
        "operation_id": claim.operation_id,
        "step": step,
        "number": attempt.number,
        "action": attempt.action,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "vendor_code": attempt.vendor_code,
        "message": storable(redact_text(attempt.message)) if attempt.message else None,
        "exchanges": [
            {"request": storable(redact_text(exchange.request)), "response": storable(redact_text(exchange.response))}
            for exchange in attempt.exchanges
        ],
        "milliseconds": round(attempt.duration * 1000, 3),
    }


def _done_json(done: Done | None) -> Row | None:
    if done is None:
        return None
    json.dumps(dict(done.data))  # a TypeError here tells of a port's fault; redaction would turn it into text
    return {"ref": done.ref, "data": redact(dict(done.data)), "warnings": list(done.warnings)}


def _done_from(kept: Mapping[str, Any] | None) -> Done | None:
    if kept is None:
        return None
    return Done(kept["ref"], kept["data"], tuple(kept["warnings"]))


def claim_from(
    row: Mapping[str, Any],
    box: SecretBox,
    *,
    now: datetime,
    customer: Mapping[str, Any] | None,
    service: Mapping[str, Any] | None,
    steps: Iterable[Mapping[str, Any]],
    events: Mapping[str, Mapping[str, Any]],
    later_workflows: tuple[str, ...],
    account_failures: int,
    parent: Mapping[str, Any] | None = None,
    beside: Iterable[Mapping[str, Any]] = (),
) -> Claim:
    """The claim of one operation, with everything that its journal knows. `beside`: its website's other services."""
    deadline = row["deadline"]
    others = [(ServiceStatus(other["status"]), other["data"]) for other in beside]
    return Claim(
        operation_id=row["id"],
        workflow=row["workflow"],
        resource=row["resource"],
        fence=row["fence"],
        now=now,
        inputs={**row["inputs"], **told_of(row["workflow"], row["inputs"], others)},
        order_id=row["order_id"],
        item_id=row["item_id"],
        vendor_account=row["vendor_account"],
        actor_role=row["actor_role"],
        customer=None if customer is None else _customer(customer, box),
        service=None if service is None else _service(service, box),
        steps={record.name: record for record in map(step_from, steps)},
        events=events,
        later_workflows=later_workflows,
        past_deadline=deadline is not None and now >= deadline,
        account_failures=account_failures,
        secret=credentials.unseal_password(box, operations.c.sealed_secret, row["id"], row["sealed_secret"]),
        accepted_at=row["created_at"],
        parent=None if parent is None else _service(parent, box),
    )


def _customer(row: Mapping[str, Any], box: SecretBox) -> CustomerRecord:
    password = credentials.unseal_password(box, customers.c.sealed_password, row["customer_id"], row["sealed_password"])
    return CustomerRecord(row["customer_id"], row["profile"], password)


def _service(row: Mapping[str, Any], box: SecretBox) -> ServiceRecord:
    return ServiceRecord(
        service_id=row["id"],
        product=row["product"],
        status=ServiceStatus(row["status"]),
        attributes=row["attributes"],
        ref=row["ref"],
        data=row["data"],
        suspended_by=row["suspended_by"],
        password=credentials.unseal_password(box, services.c.sealed_password, row["id"], row["sealed_password"]),
        vendor_account=row["vendor_account"],
        accepted_at=row["created_at"],
    )
