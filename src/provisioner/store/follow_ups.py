"""What follows from an operation's success: operations of their own, and services that they are to make."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.orders.statuses import ServiceStatus, next_service_status
from provisioner.orders.supersession import gives_way, verb
from provisioner.store.endings import GONE
from provisioner.store.new_services import first_period, service_row
from provisioner.store.placement import account_for
from provisioner.store.queueing import end_of_term, new_operation
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import operations, service_periods, services
from provisioner.store.writing import Writing
from provisioner.store.yielding import later_workflows, lock_operations, wake_pointless
from provisioner.workflows.journal import FollowUp, NewService, ServiceChange

Row = Mapping[str, Any]

INHERITED: Final = ("customer_id", "environment", "actor_role", "correlation_id")
END_MARGIN: Final = timedelta(days=2)
"""So many days after the registry's date an end still is that term's: a storefront has a time zone, and rounds up."""


def start(writing: Writing, row: Row, follow_up: FollowUp, *, deadline: float, secret: bytes | None = None) -> None:
    """Start an operation that follows from the one of this row, with its sealed `secret`, unless it is pointless.

    `deadline` is how many seconds it has.
    """
    on_service = row["service_id"] is not None and follow_up.resource == f"service:{row['service_id']}"
    if follow_up.opens is not None:
        placed = _open(writing, row, follow_up.opens)
    else:
        placed = _on_service(writing, row, follow_up) if on_service else _beside(row)
    if placed is None:
        return
    account = {} if follow_up.account is None else {"vendor_account": follow_up.account}
    operation = new_operation(
        writing,
        follow_up.operation_id,
        deadline=deadline,
        workflow=follow_up.workflow,
        resource=follow_up.resource,
        inputs=dict(follow_up.inputs),
        sealed_secret=secret,
        **{name: row[name] for name in INHERITED},
        **{**placed, **account},
    )
    writing.execute(sa.insert(operations).values(**operation))
    if on_service:
        wake_pointless(writing.connection, writing.database, follow_up.resource)


def _beside(row: Row) -> Row:
    return {name: row[name] for name in ("service_id", "vendor_account", "generation")}


def _on_service(writing: Writing, row: Row, follow_up: FollowUp) -> Row | None:
    """A follow-up on the service itself comes after what was accepted, or gives way to it.

    A service that is going needs no cancelling, and one that ends with its term no further term.
    """
    lock_operations(writing.connection, follow_up.resource)
    service = lock_service(writing.connection, row["service_id"])
    if verb(follow_up.workflow) == "cancel" and service["intended_status"] in GONE:
        return None
    if gives_way(follow_up.workflow, follow_up.inputs) and _is_asked_for(writing, row, follow_up):
        return None
    if verb(follow_up.workflow) == "renew" and _ends_with_its_term(writing, service, follow_up.inputs):
        return None
    generation = _intend(writing, service, follow_up)
    return {"service_id": service["id"], "vendor_account": service["vendor_account"], "generation": generation}


def _is_asked_for(writing: Writing, row: Row, follow_up: FollowUp) -> bool:
    """Whether something was accepted since the operation of this row, and is open still."""
    return bool(later_workflows(writing.connection, follow_up.resource, row["id"]))


def _ends_with_its_term(writing: Writing, service: Row, inputs: Row) -> bool:
    """Whether it is cancelled for the end of the term that a renewal from `current_expiry` would prolong."""
    if "current_expiry" not in inputs:
        return False
    latest = date.fromisoformat(inputs["current_expiry"]) + END_MARGIN
    waiting = (operations.c.resource == end_of_term(service["id"]), operations.c.ended_at.is_(None))
    ends = writing.connection.scalars(sa.select(operations.c.inputs).where(*waiting))
    return any(datetime.fromisoformat(end["at"]).astimezone(UTC).date() <= latest for end in ends)


def _intend(writing: Writing, service: Row, follow_up: FollowUp) -> int:
    """A follow-up on the service itself is a command like any other; the service's generation with it."""
    generation: int = service["generation"] + 1
    status = ServiceStatus(service["intended_status"])
    if verb(follow_up.workflow) == "cancel":
        status = next_service_status(status, "cancel")
        move_service(writing, service, ServiceChange(status), follow_up.inputs.get("reason"))
    intend_service(writing.connection, service, status, generation)
    return generation


def _open(writing: Writing, row: Row, new: NewService) -> Row | None:
    """Write a service within the operation's own; None when it is there already, or there is nothing to do.

    That is when no account takes its product, or the operation's service, which is locked first, is on its way out.
    """
    if lock_service(writing.connection, row["service_id"])["intended_status"] in GONE:
        return None
    account = account_for(writing.connection, new.product, row["environment"], row["customer_id"])
    if account is None:
        return None
    service = service_row(
        new.service_id,
        customer_id=row["customer_id"],
        order_id=None,
        environment=row["environment"],
        product=new.product,
        account=account,
        attributes=dict(new.attributes),
        sealed_password=None,
        parent_id=row["service_id"],
    )
    if not _insert_new(writing, service):
        return None
    writing.execute(sa.insert(service_periods).values(**first_period(new.service_id), started_at=writing.now()))
    return {"service_id": service["id"], "vendor_account": account, "generation": service["generation"]}


def _insert_new(writing: Writing, service: Row) -> bool:
    dialect = postgresql if writing.database.is_postgres else sqlite
    row = {**service, "created_at": writing.now(), "updated_at": writing.now()}
    insert: postgresql.Insert = dialect.insert(services).values(**row)
    unless_known = insert.on_conflict_do_nothing(index_elements=[services.c.id]).returning(services.c.id)
    return writing.connection.scalar(unless_known) is not None
