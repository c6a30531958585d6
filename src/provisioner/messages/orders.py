"""Messages about orders: place, retry, close, note."""

from collections.abc import Hashable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from provisioner.messages.contacts import Contacts
from provisioner.messages.customers import Customer
from provisioner.messages.domains import DomainItem, MaxPrice, NameServers, Years
from provisioner.messages.fields import (
    Contract,
    Country,
    DomainName,
    Email,
    Identifier,
    Line,
    Locale,
    Login,
    OneOrMore,
    Phone,
    Sealed,
    Several,
    Text,
    broken,
)


class CreatedBy(Contract):
    """Who put the order together, in the storefront's words."""

    user: Line
    organisation: Line


class HostingItem(Contract):
    """Web hosting: a subscription to `plan` with its main `domain`, on the vendor account `server` when it is named."""

    product: Literal["hosting"]
    item_id: Identifier
    change: Literal["purchase"]
    service_id: Identifier
    plan: Line
    domain: DomainName
    server: Identifier | None = None
    login: Login | None = None
    password: Sealed | None = None
    requires: Several[Identifier] = ()


class MarkupItem(Contract):
    """A change of the mark-up on a price. No vendor is asked; customers do not see it."""

    product: Literal["markup"]
    item_id: Identifier
    change: Literal["markup_change"]
    text: Text
    requires: Several[Identifier] = ()


Item = Annotated[HostingItem | DomainItem | MarkupItem, Field(discriminator="product")]


class PlaceOrder(Contract):
    """Provision an order. Its items run side by side, except that one waits for those that it `requires`.

    `item_id`, `service_id` and the names of domain items are unique within the order. `requires` names other items of
    it, never in a circle.
    """

    order_id: Identifier
    customer: Customer
    created_by: CreatedBy | None = None
    note: Text | None = None
    items: OneOrMore[Item]

    @model_validator(mode="after")
    def _items_fit_together(self) -> "PlaceOrder":
        _unique([item.item_id for item in self.items], "item_id")
        _unique([getattr(item, "service_id", index) for index, item in enumerate(self.items)], "service_id")
        _unique(
            [item.domain if isinstance(item, DomainItem) else index for index, item in enumerate(self.items)], "domain"
        )
        _requirements(self.items)
        _hosting(self.items)
        return self


class Correction(Contract):
    """New values for fields of a failed item or of its customer; whatever is absent stays as it was."""

    plan: Line | None = None
    domain: DomainName | None = None
    server: Identifier | None = None
    login: Login | None = None
    password: Sealed | None = None
    text: Text | None = None
    years: Years | None = None
    contacts: Contacts | None = None
    nameservers: NameServers | None = None
    max_price: MaxPrice | None = None
    registrar: Identifier | None = None
    auth_code: Sealed | None = None
    confirmed: bool | None = None
    name: Line | None = None
    company: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    address: Line | None = None
    city: Line | None = None
    state: Line | None = None
    postal_code: Line | None = None
    country: Country | None = None
    locale: Locale | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were given, as JSON values."""
        return self.model_dump(mode="json", exclude_none=True)


class RetryOrder(Contract):
    """Try the failed items again (or only `item_ids`), with `corrections` for each item by its id.

    A correction has the fields that change, of the item or of its customer; the others stay as they were.
    """

    order_id: Identifier
    item_ids: OneOrMore[Identifier] | None = None
    corrections: Annotated[dict[Identifier, Correction], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _corrected_items_are_tried(self) -> "RetryOrder":
        tried = self.item_ids
        for item_id in self.corrections or {}:
            if tried is not None and item_id not in tried:
                raise broken("corrects an item that item_ids does not name", f"/corrections/{item_id}")
        return self


class CloseOrder(Contract):
    """Give up what failed and close the order as completed with errors."""

    order_id: Identifier
    reason: Text


class NoteOrder(Contract):
    """Put a note on an order, for people."""

    order_id: Identifier
    text: Text


def _unique(values: Sequence[Hashable], field: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise broken("is used by an earlier item; it must be its own", f"/items/{index}/{field}")


def _requirements(items: Iterable[Item]) -> None:
    needs = {item.item_id: item.requires for item in items}
    for index, (item_id, required) in enumerate(needs.items()):
        if any(name == item_id or name not in needs for name in required):
            raise broken("must name other items of this order", f"/items/{index}/requires")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        raise broken("must not require one another in a circle", "/items") from None


def _hosting(items: Sequence[Item]) -> None:
    others = {item.item_id for item in items if not isinstance(item, HostingItem)}
    for index, item in enumerate(items):
        if isinstance(item, DomainItem) and item.hosting in others:
            raise broken("must name a hosting item of this order, or a hosting service", f"/items/{index}/hosting")
