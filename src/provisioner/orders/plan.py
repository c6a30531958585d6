"""What a message about an order means, in operations: one for each of its items. Commands are planned by `commands`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.messages.domains import DomainItem
from provisioner.messages.envelope import Message
from provisioner.messages.fields import Sealed
from provisioner.messages.orders import HostingItem, MarkupItem, PlaceOrder

WORKFLOW_OF_ITEM: Final[dict[tuple[str, str], str]] = {
    ("hosting", "purchase"): "hosting.create",
    ("domain", "purchase"): "domain.register",
    ("domain", "transfer"): "domain.transfer",
    ("markup", "markup_change"): "markup.record",
}

# Commands to a service, as products understand them; a product may lack one.
WORKFLOW_OF_COMMAND: Final[dict[tuple[str, str], str]] = {
    ("hosting", "suspend"): "hosting.suspend",
    ("hosting", "resume"): "hosting.resume",
    ("hosting", "cancel"): "hosting.cancel",
    ("domain", "suspend"): "domain.suspend",
    ("domain", "resume"): "domain.resume",
    ("domain", "cancel"): "domain.cancel",
    ("domain", "renew"): "domain.renew",
    ("domain", "transfer-cancel"): "domain.transfer-cancel",
    ("domain", "set-nameservers"): "domain.set-nameservers",
    ("domain", "set-contacts"): "domain.set-contacts",
    ("domain", "set-dnssec"): "domain.set-dnssec",
    ("domain", "lock"): "domain.lock",
    ("domain", "unlock"): "domain.unlock",
    ("domain", "auth-code"): "domain.auth-code",
    ("domain", "delete"): "domain.delete",
    ("domain", "restore"): "domain.restore",
    ("domain", "set-auto-renew"): "domain.set-auto-renew",
    ("certificate", "renew"): "certificate.renew",
    ("certificate", "install"): "certificate.install",
    ("certificate", "remove"): "certificate.remove",
    ("certificate", "revoke"): "certificate.revoke",
    ("certificate", "cancel"): "certificate.cancel",
}

NOT_ATTRIBUTES: Final = frozenset({"product", "item_id", "change", "service_id", "requires", "password", "auth_code"})


@dataclass(frozen=True, slots=True)
class NewItem:
    """One item of a new order, and the operation that it becomes.

    The storefront's sealed values as (key id, box): `sealed_password` is the service's, `sealed_secret` the
    operation's. The attributes of a domain are as the message has them; `domains.settle` makes them complete.
    """

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
    sealed_secret: tuple[str, str] | None = None

    @property
    def server(self) -> str | None:
        """The vendor account that the storefront asked for by name."""
        return self.attributes.get("server") or self.attributes.get("registrar")


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
        items=_plan_items(data),
    )


def _plan_items(data: PlaceOrder) -> tuple[NewItem, ...]:
    hosting = {item.item_id: item.service_id for item in data.items if isinstance(item, HostingItem)}
    return tuple(_plan_item(data.order_id, position, item, hosting) for position, item in enumerate(data.items))


def _plan_item(
    order_id: str, position: int, item: HostingItem | DomainItem | MarkupItem, hosting: Mapping[str, str]
) -> NewItem:
    service_id = None if isinstance(item, MarkupItem) else item.service_id
    return NewItem(
        item_id=item.item_id,
        position=position,
        product=item.product,
        change=item.change,
        workflow=WORKFLOW_OF_ITEM[item.product, item.change],
        resource=f"service:{service_id}" if service_id else f"item:{order_id}/{item.item_id}",
        service_id=service_id,
        attributes=_attributes(item, hosting),
        requires=tuple(item.requires),
        sealed_password=_sealed(item.password) if isinstance(item, HostingItem) else None,
        sealed_secret=_sealed(item.auth_code) if isinstance(item, DomainItem) else None,
    )


def _attributes(item: HostingItem | DomainItem | MarkupItem, hosting: Mapping[str, str]) -> dict[str, Any]:
    """The fields that stay with the service. A hosting item that is named becomes its service."""
    kept = item.model_dump(mode="json", exclude=set(NOT_ATTRIBUTES), exclude_none=True)
    if isinstance(item, DomainItem) and item.hosting is not None:
        kept["hosting"] = hosting.get(item.hosting, item.hosting)
    return kept


def _sealed(sealed: Sealed | None) -> tuple[str, str] | None:
    return (sealed.key_id, sealed.box) if sealed else None
