"""Telling operators that an operation, or a vendor account, waits for them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisioner.messages.events import account_needs_attention, operation_needs_attention
from provisioner.orders.statuses import OperationState
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.items import item_paused
from provisioner.store.tables import operations, orders, services, vendor_accounts
from provisioner.store.writing import Writing
from provisioner.workflows.journal import Due, Pause


def tell_attention(writing: Writing, row: Mapping[str, Any], attention: str, detail: str) -> None:
    """Tell it in the stream of the operation's order, else of its service, else in one of its own."""
    stream, sequence = _told_in(writing.connection, row)
    event = operation_needs_attention(
        row["id"],
        subject=stream.partition("/")[2],
        workflow=row["workflow"],
        order_id=row["order_id"],
        item_id=row["item_id"],
        service_id=row["service_id"],
        reason=attention,
        detail=detail,
        vendor_account=row["vendor_account"],
        since=row["since"],
    )
    writing.tell(event, stream, sequence)


def tell_account(
    connection: sa.Connection,
    database: Database,
    announcer: Announcer,
    name: str,
    *,
    attention: str,
    detail: str,
    since: datetime,
) -> None:
    """Tell of a vendor account what no operation tells, in a stream of its own."""
    table = vendor_accounts.c
    counted = sa.update(vendor_accounts).where(table.name == name).values(told=table.told + 1)
    row = connection.execute(counted.returning(table.adapter, table.product, table.environment, table.told)).one()
    event = account_needs_attention(
        name, adapter=row.adapter, product=row.product, reason=attention, detail=detail, since=since
    )
    Writing(connection, database, announcer, Context(row.environment, None)).tell(
        event, f"vendor-account/{name}", row.told
    )


def hold(writing: Writing, row: Mapping[str, Any], attention: str, reason: str) -> None:
    """Hold a leased operation for an operator before it has run."""
    values = {
        "state": OperationState.HELD.value,
        "reason": reason,
        "attention": attention,
        "due_at": None,
        "lease_owner": None,
        "since": writing.now(),
    }
    writing.execute(sa.update(operations).where(operations.c.id == row["id"]).values(**values))
    item_paused(writing, row, Pause(OperationState.HELD, reason, Due()))
    if row["attention"] != attention:
        tell_attention(writing, row, attention, reason)


def _told_in(connection: sa.Connection, operation: Mapping[str, Any]) -> tuple[str, int]:
    if operation["order_id"] is not None:
        return f"order/{operation['order_id']}", _next(connection, orders, operation["order_id"])
    if operation["service_id"] is not None:
        return f"service/{operation['service_id']}", _next(connection, services, operation["service_id"])
    return f"operation/{operation['id']}", operation["fence"]


def _next(connection: sa.Connection, table: sa.Table, key: str) -> int:
    statement = sa.update(table).where(table.c.id == key).values(version=table.c.version + 1)
    return int(connection.execute(statement.returning(table.c.version)).scalar_one())
