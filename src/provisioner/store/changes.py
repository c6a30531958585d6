"""What one change of an item or an order comes to: new rows and events, worked out before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.messages.events import Event
from provisioner.orders.rollup import ItemError, ItemState, OrderState, roll_up
from provisioner.orders.statuses import ENDED_ITEMS, ItemStatus, OrderStatus
from provisioner.store.events import Row, item_event, order_event


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What an item's events tell besides its status."""

    service_id: str | None
    product: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class OrderChange:
    """An order before and after; every event has its place in the order's stream."""

    before: OrderState
    after: OrderState
    events: list[tuple[Event, int]] = field(default_factory=list)
    transitions: list[Row] = field(default_factory=list)
    error: ItemError | None = None

    def tell(self, event: Event) -> int:
        """Add an event; the order's version counts it."""
        version = self.after.version + 1
        self.after = replace(self.after, version=version)
        self.events.append((event, version))
        return version

    def move(self, status: OrderStatus, *, actor: str, reason: str | None, message_id: str | None = None) -> None:
        """Go to the next status, with its event and its line of history."""
        source = self.after.status
        self.after = replace(self.after, status=status)
        version = self.tell(order_event(self.after, source, status, reason, self.error))
        self.transitions.append(
            {
                "order_id": self.after.order_id,
                "version": version,
                "source": source.value,
                "target": status.value,
                "actor": actor,
                "reason": reason,
                "message_id": message_id,
            }
        )


def change_item(order: OrderState, item: ItemState, facts: ItemFacts) -> OrderChange:
    """An item's new status, and what the order becomes by it."""
    previous = order.items[item.item_id].status
    change = OrderChange(order, order.with_item(item))
    event = item_event(
        order.order_id, item, previous, service_id=facts.service_id, product=facts.product, warnings=facts.warnings
    )
    change.tell(event)
    if item.status in ENDED_ITEMS:
        _roll_up(change)
    return change


def _roll_up(change: OrderChange) -> None:
    change.error = change.after.first_error
    reason = change.error.message if change.error else None
    for status in roll_up(change.after):
        change.move(status, actor="worker", reason=reason)


def error_json(error: ItemError | None) -> dict[str, Any] | None:
    """An error as it is kept."""
    if error is None:
        return None
    return {**error.as_event(), "final": error.final}


def error_from(kept: Mapping[str, Any] | None) -> ItemError | None:
    """A kept error."""
    if kept is None:
        return None
    return ItemError(
        kept["code"], kept["message"], kept.get("vendor_code"), tuple(kept.get("fields") or ()), kept.get("final", True)
    )


def order_state(row: Mapping[str, Any], items: list[Mapping[str, Any]]) -> OrderState:
    """An order's rows, as the rules see them."""
    states = {
        item["item_id"]: ItemState(item["item_id"], ItemStatus(item["status"]), error_from(item["error"]))
        for item in items
    }
    return OrderState(row["id"], OrderStatus(row["status"]), row["version"], row["attempt"], states)
