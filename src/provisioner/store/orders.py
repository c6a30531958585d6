"""An order's rows, read under lock and written with their history and events."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.orders.rollup import OrderState
from provisioner.orders.statuses import HISTORICAL
from provisioner.store.changes import OrderChange, error_json, order_state
from provisioner.store.tables import operations, order_items, order_transitions, orders
from provisioner.store.writing import Writing


class UnknownOrder(RefusedError):
    """There is no such order (yet)."""

    code: ClassVar[str] = "unknown_order"


def lock_order(connection: sa.Connection, order_id: str) -> tuple[OrderState, dict[str, Mapping[str, Any]]]:
    """An order and its items, locked until the transaction ends. Raises UnknownOrder."""
    row = connection.execute(sa.select(orders).where(orders.c.id == order_id).with_for_update()).mappings().first()
    if row is None:
        raise UnknownOrder(f"there is no order {order_id}")
    query = sa.select(order_items).where(order_items.c.order_id == order_id).order_by(order_items.c.position)
    items: list[Mapping[str, Any]] = [dict(item) for item in connection.execute(query).mappings()]
    return order_state(dict(row), items), {item["item_id"]: item for item in items}


def write_order(writing: Writing, change: OrderChange) -> None:
    """Write what an order has become: the order, its history, its events."""
    order = change.after
    values = {
        "status": order.status.value,
        "version": order.version,
        "attempt": order.attempt,
        "error": error_json(change.error),
    }
    where = orders.c.id == order.order_id
    writing.execute(sa.update(orders).where(where).values(**values, updated_at=writing.now()))
    if order.status in HISTORICAL:
        _forget_secrets(writing, order.order_id)
    for transition in change.transitions:
        writing.execute(sa.insert(order_transitions).values(**transition, at=writing.now()))
    for event, sequence in change.events:
        writing.tell(event, f"order/{order.order_id}", sequence)


def _forget_secrets(writing: Writing, order_id: str) -> None:
    """What a retry would have needed. These operations have ended, so nobody waits with them for this order."""
    kept = (operations.c.order_id == order_id, operations.c.sealed_secret.is_not(None))
    ended = operations.c.ended_at.is_not(None)
    writing.execute(sa.update(operations).where(*kept, ended).values(sealed_secret=None))
