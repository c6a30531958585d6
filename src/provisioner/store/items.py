"""What an operation's course means for its order item and its order."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.rollup import ItemError, ItemState
from provisioner.orders.statuses import ENDED_ITEMS, ItemStatus, OperationState
from provisioner.store.changes import ItemFacts, change_item, error_json
from provisioner.store.orders import lock_order, write_order
from provisioner.store.tables import order_items
from provisioner.store.writing import Writing
from provisioner.workflows.journal import Pause

ITEM_WHILE: Final = {
    OperationState.WAITING: ItemStatus.WAITING,
    OperationState.HELD: ItemStatus.WAITING,
    OperationState.UNCERTAIN: ItemStatus.UNKNOWN,
}
ITEM_AFTER: Final = {
    OperationState.SUCCEEDED: ItemStatus.SUCCEEDED,
    OperationState.FAILED: ItemStatus.FAILED,
    OperationState.COMPENSATED: ItemStatus.FAILED,
    OperationState.SUPERSEDED: ItemStatus.CANCELLED,
    OperationState.CANCELLED: ItemStatus.CANCELLED,
}


def item_paused(writing: Writing, operation: Mapping[str, Any], pause: Pause) -> None:
    """An item's operation waits: the item says so, once."""
    status = ITEM_WHILE.get(pause.state)
    if status is not None and operation["item_id"] is not None:
        set_item(writing, operation, status)


def set_item(
    writing: Writing,
    operation: Mapping[str, Any],
    status: ItemStatus,
    *,
    error: ItemError | None = None,
    warnings: tuple[str, ...] = (),
) -> None:
    """Write an item's status and what its order becomes by it; nothing when it is so already."""
    order, items = lock_order(writing.connection, operation["order_id"])
    item = items[operation["item_id"]]
    before = order.items[item["item_id"]].status
    if before is status or before in ENDED_ITEMS:
        return
    state = ItemState(item["item_id"], status, error)
    write_order(writing, change_item(order, state, ItemFacts(item["service_id"], item["product"], warnings)))
    writing.execute(
        sa.update(order_items)
        .where(order_items.c.order_id == order.order_id, order_items.c.item_id == item["item_id"])
        .values(status=status.value, error=error_json(error), warnings=list(warnings))
    )
