"""An order's status is derived from its items'. State in, event in, state out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from provisioner.orders.statuses import ENDED_ITEMS, ItemStatus, OrderStatus, next_order_status


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why an item failed. `final`: the vendor refused for good; otherwise it can be corrected or tried again."""

    code: str
    message: str
    vendor_code: str | None = None
    fields: tuple[str, ...] = ()
    final: bool = True

    def as_event(self) -> dict[str, object]:
        """The `error` object of events."""
        return {
            "code": self.code,
            "message": self.message,
            "vendor_code": self.vendor_code,
            "fields": list(self.fields),
        }


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item as the roll-up sees it."""

    item_id: str
    status: ItemStatus
    error: ItemError | None = None


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as the roll-up sees it; `version` counts its events."""

    order_id: str
    status: OrderStatus
    version: int
    attempt: int
    items: Mapping[str, ItemState] = field(default_factory=dict)

    def with_item(self, item: ItemState) -> "OrderState":
        """The same order with this item as it now is."""
        return replace(self, items={**self.items, item.item_id: item})

    @property
    def first_error(self) -> ItemError | None:
        """The error that the order tells: its first failed item's."""
        return next((item.error for item in self.items.values() if item.error is not None), None)


def roll_up(order: OrderState) -> tuple[OrderStatus, ...]:
    """The statuses that the order now passes through, in order; empty while any item is still at work."""
    if order.status is not OrderStatus.PROVISIONING_STARTED:
        return ()
    if any(item.status not in ENDED_ITEMS for item in order.items.values()):
        return ()
    statuses = [OrderStatus.PROVISIONING_STARTED]
    for event in _events(order):
        statuses.append(next_order_status(statuses[-1], event))
    return tuple(statuses[1:])


def _events(order: OrderState) -> tuple[str, ...]:
    failed = [item for item in order.items.values() if item.status is ItemStatus.FAILED]
    if not failed:
        return ("all_succeeded", "follow_ups_done")
    if any(item.status is ItemStatus.SUCCEEDED for item in order.items.values()):
        return ("partly_succeeded",)
    if any(item.error is not None and not item.error.final for item in failed):
        return ("nothing_succeeded",)
    return ("refused_for_good",)
