"""What a message means, in operations: one for each order item, one for each command to a service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.messages.envelope import Message
from provisioner.messages.orders import HostingItem, MarkupItem, PlaceOrder

WORKFLOW_OF_ITEM: Final[dict[tuple[str, str], str]] = {
    ("hosting", "purchase"): "hosting.create",
    ("markup", "markup_change"): "markup.record",
}

# Commands to a service, as products understand them; a product may lack one.
WORKFLOW_OF_COMMAND: Final[dict[tuple[str, str], str]] = {
    ("hosting", "suspend"): "hosting.suspend",
    ("hosting", "resume"): "hosting.resume",
    ("hosting", "cancel"): "hosting.cancel",
}

NOT_ATTRIBUTES: Final = frozenset({"product", "item_id", "change", "service_id", "requires", "password"})


@dataclass(frozen=True, slots=True)
class NewItem:
    """One item of a new order, and the operation that it becomes. `sealed_password` is the storefront's, if any."""

    item_id: str
    position: int
    product: str
    change: str
    workflow: str
    resource: str
    service_id: str | None
    attributes: Mapping[str, Any]
    requires: tuple[str, ...]
    sealed_password: tuple[str, str] | None = None

    @property
    def server(self) -> str | None:
        """The vendor account that the storefront asked for by name."""
        return self.attributes.get("server")


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be accepted."""

    order_id: str
    customer_id: str
    profile: Mapping[str, Any]
    created_by: Mapping[str, Any]
    note: str | None
    items: tuple[NewItem, ...]

    @property
    def requested_changes(self) -> tuple[str, ...]:
        """What the order asks for, in words of the roles' visibility rules."""
        return tuple(item.change for item in self.items)


def plan_order(message: Message, data: PlaceOrder) -> NewOrder:
    """The order, its items and their operations."""
    created_by = (
        data.created_by.model_dump()
        if data.created_by
        else {"user": message.actor.id, "organisation": message.actor.organisation}
    )
    return NewOrder(
        order_id=data.order_id,
        customer_id=data.customer.customer_id,
        profile=data.customer.model_dump(exclude={"customer_id"}, exclude_none=True),
        created_by=created_by,
        note=data.note,
        items=tuple(_plan_item(data.order_id, position, item) for position, item in enumerate(data.items)),
    )


def _plan_item(order_id: str, position: int, item: HostingItem | MarkupItem) -> NewItem:
    service_id = item.service_id if isinstance(item, HostingItem) else None
    sealed = item.password if isinstance(item, HostingItem) else None
    return NewItem(
        item_id=item.item_id,
        position=position,
        product=item.product,
        change=item.change,
        workflow=WORKFLOW_OF_ITEM[item.product, item.change],
        resource=f"service:{service_id}" if service_id else f"item:{order_id}/{item.item_id}",
        service_id=service_id,
        attributes=item.model_dump(exclude=set(NOT_ATTRIBUTES), exclude_none=True),
        requires=tuple(item.requires),
        sealed_password=(sealed.key_id, sealed.box) if sealed else None,
    )
