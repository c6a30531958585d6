"""Failed items of an order start anew, with corrections put where they belong."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.messages.envelope import Message
from provisioner.messages.orders import Correction, RetryOrder
from provisioner.orders.plan import WORKFLOW_OF_ITEM
from provisioner.orders.rollup import ItemState, OrderState
from provisioner.orders.statuses import ItemStatus, ServiceStatus, next_order_status, next_service_status
from provisioner.store import credentials
from provisioner.store.changes import ItemFacts, OrderChange, change_item
from provisioner.store.events import Row
from provisioner.store.orders import lock_order, write_order
from provisioner.store.placement import check_server
from provisioner.store.queueing import queue_operation
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import customers, operation_requirements, order_items, orders, services
from provisioner.store.writing import Writing
from provisioner.workflows.journal import ServiceChange

OF_ITEM: Final = ("plan", "domain", "server", "login", "text")

Item = Mapping[str, Any]


class UnknownItem(RefusedError):
    """The order has no such failed item."""

    code: ClassVar[str] = "unknown_item"


class RequirementMissing(RefusedError):
    """An item that this one requires was not done and is not tried again."""

    code: ClassVar[str] = "requirement_missing"


@dataclass(frozen=True, slots=True)
class Retry:
    """One retry being written. `deadline` is how many seconds its operations have."""

    writing: Writing
    message: Message
    ids: Ids
    keys: tuple[KeyRing, SecretBox]
    deadline: float

    def write(self, data: RetryOrder) -> list[str]:
        """Start the failed items; the ids of their new operations.

        Raises UnknownOrder, UnknownItem, RequirementMissing, UnknownServer, IllegalTransition and KeyRingError.
        """
        order, items = lock_order(self.writing.connection, data.order_id)
        status = next_order_status(order.status, "retry")
        chosen = _chosen(order, data)
        _check_requirements(order, items, chosen)
        change = OrderChange(order, replace(order, attempt=order.attempt + 1))
        change.move(status, actor=self.message.actor.id, reason=None, message_id=self.message.id)
        corrections = data.corrections or {}
        again = {item_id: self._again(change, items[item_id], corrections.get(item_id)) for item_id in chosen}
        self._require_again(again, items)
        write_order(self.writing, change)
        return list(again.values())

    # -- one item

    def _again(self, change: OrderChange, item: Item, correction: Correction | None) -> str:
        order_id, service_id = change.after.order_id, item["service_id"]
        attributes = {**item["attributes"], **self._correct(order_id, item, correction)}
        self._restart_item(change, item, attributes)
        operation = {
            "workflow": WORKFLOW_OF_ITEM[item["product"], item["change"]],
            "order_id": order_id,
            "item_id": item["item_id"],
            **(self._of_service(service_id, attributes, correction) if service_id else self._of_order(order_id, item)),
        }
        return queue_operation(self.writing, self.message, self.ids.new(), deadline=self.deadline, **operation)

    def _restart_item(self, change: OrderChange, item: Item, attributes: Mapping[str, Any]) -> None:
        state = ItemState(item["item_id"], ItemStatus.STARTED)
        told = change_item(change.after, state, ItemFacts(item["service_id"], item["product"]))
        change.after = told.after
        change.events += told.events
        here = (order_items.c.order_id == change.after.order_id, order_items.c.item_id == item["item_id"])
        values = {"status": state.status.value, "error": None, "attributes": attributes}
        self.writing.execute(sa.update(order_items).where(*here).values(**values))

    def _of_order(self, order_id: str, item: Item) -> Row:
        query = sa.select(orders.c.customer_id).where(orders.c.id == order_id)
        customer_id = self.writing.connection.scalar(query)
        return {"resource": f"item:{order_id}/{item['item_id']}", "customer_id": customer_id, "generation": 1}

    def _of_service(self, service_id: str, attributes: Mapping[str, Any], correction: Correction | None) -> Row:
        """Open the service again; what its new operation needs of it. A service that was cancelled stays so."""
        service = lock_service(self.writing.connection, service_id)
        status = next_service_status(ServiceStatus(service["intended_status"]), "provision")
        account, generation = service["vendor_account"], service["generation"] + 1
        if correction is not None and correction.server is not None:
            account = correction.server
            check_server(self.writing.connection, account, service["product"], service["environment"])
        values = {"attributes": attributes, "vendor_account": account}
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
        given = correction.model_dump(exclude={"password"}, exclude_none=True)
        of_item: dict[str, Any] = {name: given.pop(name) for name in OF_ITEM if name in given}
        if given:
            self._correct_profile(order_id, given)
        if correction.password is not None and item["service_id"]:
            self._correct_password(item["service_id"], correction.password.key_id, correction.password.box)
        return of_item

    def _correct_profile(self, order_id: str, given: Mapping[str, Any]) -> None:
        owner = sa.select(orders.c.customer_id).where(orders.c.id == order_id).scalar_subquery()
        here = customers.c.customer_id == owner
        profile = self.writing.connection.scalar(sa.select(customers.c.profile).where(here).with_for_update())
        values = {"profile": {**(profile or {}), **given}, "updated_at": self.writing.now()}
        self.writing.execute(sa.update(customers).where(here).values(**values))

    def _correct_password(self, service_id: str, key_id: str, sealed: str) -> None:
        ring, box = self.keys
        password = ring.unseal(key_id, sealed).reveal().encode()
        kept = credentials.seal(box, services.c.sealed_password, service_id, password)
        self.writing.execute(sa.update(services).where(services.c.id == service_id).values(sealed_password=kept))


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
