"""Failed items of an order start anew, with corrections put where they belong."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.messages.customers import Customer
from provisioner.messages.envelope import Message
from provisioner.messages.orders import Correction, RetryOrder
from provisioner.orders.plan import WORKFLOW_OF_ITEM
from provisioner.orders.rollup import ItemState, OrderState
from provisioner.orders.statuses import ItemStatus, ServiceStatus, next_order_status, next_service_status
from provisioner.store import credentials
from provisioner.store.changes import ItemFacts, OrderChange, change_item
from provisioner.store.contacts import ContactChanges
from provisioner.store.domain_retry import OF_DOMAIN, DomainRetry, take_secret
from provisioner.store.domains import PRODUCT, DomainTerms, Settled, check_name_free
from provisioner.store.events import Row
from provisioner.store.new_services import Sealing
from provisioner.store.orders import lock_order, write_order
from provisioner.store.placement import check_server
from provisioner.store.queueing import queue_operation
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import customers, operation_requirements, order_items, orders, services
from provisioner.store.writing import Writing
from provisioner.workflows.journal import ServiceChange

OF_PRODUCT: Final[Mapping[str, tuple[str, ...]]] = {
    "hosting": ("plan", "domain", "server", "login", "password"),
    "markup": ("text",),
    PRODUCT: (*OF_DOMAIN, "auth_code"),
}
OF_CUSTOMER: Final = tuple(name for name in Customer.model_fields if name != "customer_id")
SECRET: Final = ("password", "auth_code")

Item = Mapping[str, Any]


class UnknownItem(RefusedError):
    """The order has no such failed item."""

    code: ClassVar[str] = "unknown_item"


class NotCorrectable(RefusedError):
    """The item has no such field."""

    code: ClassVar[str] = "not_correctable"


class RequirementMissing(RefusedError):
    """An item that this one requires was not done and is not tried again."""

    code: ClassVar[str] = "requirement_missing"


@dataclass(frozen=True, slots=True)
class Retry:
    """One retry being written. `deadline` is how many seconds its operations have."""

    writing: Writing
    message: Message
    ids: Ids
    sealing: Sealing
    terms: DomainTerms
    deadline: float

    def write(self, data: RetryOrder) -> list[str]:
        """Start the failed items; the ids of their new operations.

        Raises UnknownOrder, UnknownItem, RequirementMissing, NotCorrectable, UnknownServer, IllegalTransition,
        DomainExists, what `DomainTerms.settle` raises, and KeyRingError.
        """
        order, items = lock_order(self.writing.connection, data.order_id)
        status = next_order_status(order.status, "retry")
        chosen = _chosen(order, data)
        _check_requirements(order, items, chosen)
        change = OrderChange(order, replace(order, attempt=order.attempt + 1))
        change.move(status, actor=self.message.actor.id, reason=None, message_id=self.message.id)
        corrections = data.corrections or {}
        _check_corrections(items, corrections)
        tried = {item_id: items[item_id] for item_id in chosen}
        customer_id = self._customer(data.order_id)
        domains = DomainRetry(self.writing, self.message, self.terms).settle(customer_id, tried, corrections)
        contacts = ContactChanges(self.writing, self.message, self.ids, self.deadline)
        changed = contacts.keep(customer_id, domains.contacts)
        again = {
            item_id: self._again(change, item, corrections.get(item_id))
            for item_id, item in _with_domains(tried, domains).items()
        }
        self._require_again(again, items)
        write_order(self.writing, change)
        return [*again.values(), *contacts.spread(customer_id, changed)]

    def _customer(self, order_id: str) -> str:
        query = sa.select(orders.c.customer_id).where(orders.c.id == order_id)
        return str(self.writing.connection.scalar(query))

    # -- one item

    def _again(self, change: OrderChange, item: Item, correction: Correction | None) -> str:
        order_id, service_id, operation_id = change.after.order_id, item["service_id"], self.ids.new()
        attributes = {**item["attributes"], **self._correct(order_id, item, correction)}
        self._restart_item(change, item, attributes)
        operation = {
            "workflow": WORKFLOW_OF_ITEM[item["product"], item["change"]],
            "order_id": order_id,
            "item_id": item["item_id"],
            "sealed_secret": self._secret(operation_id, item, correction),
            **(self._of_service(service_id, attributes, correction) if service_id else self._of_order(order_id, item)),
        }
        return queue_operation(self.writing, self.message, operation_id, deadline=self.deadline, **operation)

    def _secret(self, operation_id: str, item: Item, correction: Correction | None) -> bytes | None:
        """The corrected one, else the one that the operation before had."""
        kept = take_secret(self.writing, self.sealing.box, item)
        given = correction.auth_code if correction else None
        return self.sealing.operation(operation_id, (given.key_id, given.box) if given else kept)

    def _restart_item(self, change: OrderChange, item: Item, attributes: Mapping[str, Any]) -> None:
        state = ItemState(item["item_id"], ItemStatus.STARTED)
        told = change_item(change.after, state, ItemFacts(item["service_id"], item["product"]))
        change.after = told.after
        change.events += told.events
        here = (order_items.c.order_id == change.after.order_id, order_items.c.item_id == item["item_id"])
        values = {"status": state.status.value, "error": None, "attributes": attributes}
        self.writing.execute(sa.update(order_items).where(*here).values(**values))

    def _of_order(self, order_id: str, item: Item) -> Row:
        resource = f"item:{order_id}/{item['item_id']}"
        return {"resource": resource, "customer_id": self._customer(order_id), "generation": 1}

    def _of_service(self, service_id: str, attributes: Mapping[str, Any], correction: Correction | None) -> Row:
        """Open the service again; what its new operation needs of it. A service that was cancelled stays so."""
        service = lock_service(self.writing.connection, service_id)
        status = next_service_status(ServiceStatus(service["intended_status"]), "provision")
        account, generation = service["vendor_account"], service["generation"] + 1
        wanted = (correction.server or correction.registrar) if correction else None
        if wanted is not None:
            account = wanted
            check_server(self.writing.connection, account, service["product"], service["environment"])
        values = {"attributes": attributes, "vendor_account": account, **self._name(service, attributes)}
        self.writing.execute(sa.update(services).where(services.c.id == service_id).values(**values))
        intend_service(self.writing.connection, service, ServiceStatus.ACTIVE, generation)
        move_service(self.writing, service, ServiceChange(status), "tried again")
        return {
            "resource": f"service:{service_id}",
            "service_id": service_id,
            "customer_id": service["customer_id"],
            "vendor_account": account,
            "generation": generation,
        }

    def _name(self, service: Mapping[str, Any], attributes: Mapping[str, Any]) -> Row:
        """Of a domain, the name that it has now. Raises DomainExists."""
        if service["product"] != PRODUCT:
            return {}
        check_name_free(self.writing.connection, attributes["domain"], service["environment"], but=service["id"])
        return {"name": attributes["domain"]}

    def _require_again(self, again: Mapping[str, str], items: Mapping[str, Item]) -> None:
        """Items tried again wait for the required ones that are tried again too; the others have succeeded before."""
        for item_id, operation_id in again.items():
            for required in items[item_id]["requires"]:
                if required in again:
                    row = {"operation_id": operation_id, "required_id": again[required]}
                    self.writing.execute(sa.insert(operation_requirements).values(**row))

    # -- corrections

    def _correct(self, order_id: str, item: Item, correction: Correction | None) -> dict[str, Any]:
        """Put corrections where they belong: the customer's profile, the sealed password, or the item (returned)."""
        if correction is None:
            return {}
        given = correction.model_dump(mode="json", exclude=set(SECRET), exclude_none=True)
        of_profile = {name: given[name] for name in OF_CUSTOMER if name in given}
        if of_profile:
            self._correct_profile(order_id, of_profile)
        if correction.password is not None and item["service_id"]:
            self._correct_password(item["service_id"], correction.password.key_id, correction.password.box)
        if item["product"] == PRODUCT:
            return {}  # they are in its attributes already
        return {name: value for name, value in given.items() if name not in of_profile}

    def _correct_profile(self, order_id: str, given: Mapping[str, Any]) -> None:
        owner = sa.select(orders.c.customer_id).where(orders.c.id == order_id).scalar_subquery()
        here = customers.c.customer_id == owner
        profile = self.writing.connection.scalar(sa.select(customers.c.profile).where(here).with_for_update())
        values = {"profile": {**(profile or {}), **given}, "updated_at": self.writing.now()}
        self.writing.execute(sa.update(customers).where(here).values(**values))

    def _correct_password(self, service_id: str, key_id: str, sealed: str) -> None:
        ring, box = self.sealing.ring, self.sealing.box
        password = ring.unseal(key_id, sealed).reveal().encode()
        kept = credentials.seal(box, services.c.sealed_password, service_id, password)
        self.writing.execute(sa.update(services).where(services.c.id == service_id).values(sealed_password=kept))


def _with_domains(tried: Mapping[str, Item], domains: Settled) -> dict[str, Item]:
    """The items to try, those of domains with their attributes made complete anew."""
    attributes = iter(domains.attributes)
    return {
        item_id: {**item, "attributes": next(attributes)} if item["product"] == PRODUCT else item
        for item_id, item in tried.items()
    }


def _check_corrections(items: Mapping[str, Item], corrections: Mapping[str, Correction]) -> None:
    for item_id, correction in corrections.items():
        product = items[item_id]["product"]
        known = {*OF_PRODUCT[product], *OF_CUSTOMER}
        wrong = sorted(correction.model_fields_set - known)
        if wrong:
            fields = ", ".join(OF_PRODUCT[product])
            raise NotCorrectable(
                f"/data/corrections/{item_id}/{wrong[0]}: a {product} item has no such field; it has {fields}"
            )


def _chosen(order: OrderState, data: RetryOrder) -> list[str]:
    """The failed items to try again: those named, or all of them."""
    failed = [item.item_id for item in order.items.values() if item.status is ItemStatus.FAILED]
    for item_id in (*(data.item_ids or ()), *(data.corrections or {})):
        if item_id not in failed:
            raise UnknownItem(f"item {item_id} has not failed; the failed ones are {', '.join(failed) or 'none'}")
    return [item_id for item_id in failed if data.item_ids is None or item_id in data.item_ids]


def _check_requirements(order: OrderState, items: Mapping[str, Item], chosen: list[str]) -> None:
    for item_id in chosen:
        for required in items[item_id]["requires"]:
            if required not in chosen and order.items[required].status is not ItemStatus.SUCCEEDED:
                raise RequirementMissing(
                    f"item {item_id} requires {required}, which was not done; have it tried again too"
                )
