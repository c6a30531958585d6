"""What an accepted message writes, in one transaction with its inbox row; or nothing at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import psycopg
import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.messages.envelope import Message
from provisioner.orders.plan import NewItem, NewOrder
from provisioner.orders.rollup import OrderState
from provisioner.orders.statuses import ItemStatus, OperationState, OrderStatus, next_order_status
from provisioner.orders.visibility import is_visible
from provisioner.store.changes import OrderChange
from provisioner.store.contacts import Contact, ContactChanges
from provisioner.store.database import Database
from provisioner.store.domains import PRODUCT, DomainTerms, Wanted, check_name_free
from provisioner.store.events import Announcer, Context, Row
from provisioner.store.inbox import check_new, inbox_row
from provisioner.store.new_services import Sealing, first_period, service_row, upsert_customer
from provisioner.store.placement import Placement
from provisioner.store.tables import (
    inbox,
    notes,
    operation_requirements,
    operations,
    order_items,
    order_transitions,
    orders,
    outbox,
    service_periods,
    services,
)
from provisioner.store.writing import Writing


class OrderExists(RefusedError):
    """There is an order with this id already."""

    code: ClassVar[str] = "order_exists"


class ServiceExists(RefusedError):
    """There is a service with this id already."""

    code: ClassVar[str] = "service_exists"


@dataclass(frozen=True, slots=True)
class OrderRows:
    """Every row of a new order, ready to be written."""

    inbox: Row
    customer: Row
    order: Row
    items: list[Row]
    services: list[Row]
    periods: list[Row]
    operations: list[Row]
    requirements: list[Row]
    transition: Row
    event: Row
    note: Row | None
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order whose items are complete, with the vendor account of each, and the contacts that it gave as a whole."""

    order: NewOrder
    accounts: Mapping[str, str | None]
    contacts: tuple[Contact, ...] = ()


class OrderIntake:
    """Writes new orders."""

    def __init__(
        self,
        database: Database,
        *,
        announcer: Announcer,
        ids: Ids,
        sealing: Sealing,
        placement: Placement,
        terms: DomainTerms,
        deadline_seconds: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._sealing = sealing
        self._placement = placement
        self._terms = terms
        self._deadline_seconds = deadline_seconds

    def place(self, message: Message, order: NewOrder) -> list[str]:
        """Write the order and its operations; the ids of the operations.

        Raises Duplicate, IdReused, OrderExists, ServiceExists, DomainExists, UnknownServer, what `DomainTerms.settle`
        raises, KeyRingError and StoreUnavailable; nothing is written then.
        """
        prepared = self._prepare(message, order)
        rows = self._rows(message, prepared)
        try:
            more = self._write(message, rows)
        except (sa.exc.IntegrityError, psycopg.IntegrityError) as error:
            with self._database.begin() as connection:
                self._explain(connection, message, prepared.order, error)
            raise
        return [*(row["id"] for row in rows.operations), *more]

    def _prepare(self, message: Message, order: NewOrder) -> Prepared:
        """Choose accounts and make domains complete. A message that came before is no more than that."""
        try:
            accounts = {item.item_id: self._place(item, message, order) for item in order.items}
            return self._with_domains(message, order, accounts)
        except RefusedError:
            with self._database.read() as connection:
                check_new(connection, message)
            raise

    def _with_domains(self, message: Message, order: NewOrder, accounts: Mapping[str, str | None]) -> Prepared:
        domains = [item for item in order.items if item.product == PRODUCT]
        if not domains:
            return Prepared(order, accounts)
        panels = {str(item.service_id): accounts[item.item_id] for item in order.items if item.product == "hosting"}
        wanted = [
            Wanted(
                item.attributes,
                at=f"/data/items/{item.position}",
                transfer=item.change == "transfer",
                has_auth_code=item.sealed_secret is not None,
                environment=message.environment,
                account=accounts[item.item_id],
                panels=panels,
            )
            for item in domains
        ]
        with self._database.read() as connection:
            settled = self._terms.settle(connection, order.customer_id, wanted)
        complete = {item.item_id: attributes for item, attributes in zip(domains, settled.attributes, strict=True)}
        items = (replace(item, attributes=complete.get(item.item_id, item.attributes)) for item in order.items)
        return Prepared(replace(order, items=tuple(items)), accounts, settled.contacts)

    def _write(self, message: Message, rows: OrderRows) -> list[str]:
        """Write everything; the ids of the operations that follow from changed contacts."""
        with self._database.begin() as connection:
            context = Context(message.environment, message.correlation_id)
            writing = Writing(connection, self._database, self._announcer, context)
            connection.execute(sa.insert(inbox).values(**rows.inbox, received_at=writing.now()))
            contacts = ContactChanges(writing, message, self._ids, self._deadline_seconds)
            changed = contacts.keep(rows.order["customer_id"], rows.contacts)
            self._write_order(writing, rows)
            return contacts.spread(rows.order["customer_id"], changed)

    def _write_order(self, writing: Writing, rows: OrderRows) -> None:
        now, deadline = writing.now(), self._database.now(self._deadline_seconds)
        writing.execute(upsert_customer(self._database, rows.customer, now))
        writing.execute(sa.insert(orders).values(**rows.order, placed_at=now, updated_at=now))
        for service in rows.services:
            writing.execute(sa.insert(services).values(**service, created_at=now, updated_at=now))
        for period in rows.periods:
            writing.execute(sa.insert(service_periods).values(**period, started_at=now))
        for item in rows.items:
            writing.execute(sa.insert(order_items).values(**item))
        for operation in rows.operations:
            times = {"due_at": now, "since": now, "created_at": now, "deadline": deadline}
            writing.execute(sa.insert(operations).values(**operation, **times))
        for requirement in rows.requirements:
            writing.execute(sa.insert(operation_requirements).values(**requirement))
        writing.execute(sa.insert(order_transitions).values(**rows.transition, at=now))
        writing.execute(sa.insert(outbox).values(**rows.event, created_at=now))
        if rows.note:
            writing.execute(sa.insert(notes).values(**rows.note, at=now))

    def _explain(self, connection: sa.Connection, message: Message, order: NewOrder, error: Exception) -> None:
        """Say which rule of the database the order met."""
        check_new(connection, message)
        if connection.scalar(sa.select(orders.c.id).where(orders.c.id == order.order_id)) is not None:
            raise OrderExists(f"there is an order {order.order_id} already; an order is placed once") from error
        wanted = [item.service_id for item in order.items if item.service_id]
        taken = connection.scalar(sa.select(services.c.id).where(services.c.id.in_(wanted)))
        if taken is not None:
            raise ServiceExists(
                f"there is a service {taken} already; give each new service an id of its own"
            ) from error
        for item in order.items:
            if item.product == PRODUCT:
                check_name_free(connection, item.attributes["domain"], message.environment)

    # -- rows

    def _rows(self, message: Message, prepared: Prepared) -> OrderRows:
        """Everything that the order means, as rows. Times are the database's and are added when they are written."""
        order, accounts = prepared.order, prepared.accounts
        operation_ids = {item.item_id: self._ids.new() for item in order.items}
        state = OrderState(order.order_id, OrderStatus.STARTED, 0, 1)
        change = OrderChange(state, state)
        change.move(
            next_order_status(OrderStatus.STARTED, "place"),
            actor=message.actor.id,
            reason=None,
            message_id=message.id,
        )
        (event, sequence), context = change.events[0], Context(message.environment, message.correlation_id)
        with_service = [item for item in order.items if item.service_id is not None]
        return OrderRows(
            inbox=inbox_row(message, "accepted"),
            customer=self._customer_row(order),
            order=_order_row(message, order, change),
            items=[_item_row(order, item) for item in order.items],
            services=[self._service_row(message, order, item, accounts[item.item_id]) for item in with_service],
            periods=[first_period(str(item.service_id)) for item in with_service],
            operations=[
                self._operation_row(operation_ids[item.item_id], message, order, item, accounts[item.item_id])
                for item in order.items
            ],
            requirements=[
                {"operation_id": operation_ids[item.item_id], "required_id": operation_ids[required]}
                for item in order.items
                for required in item.requires
            ],
            transition=change.transitions[0],
            event=self._announcer.row(event, f"order/{order.order_id}", sequence, context),
            note=self._note_row(message, order),
            contacts=prepared.contacts,
        )

    def _place(self, item: NewItem, message: Message, order: NewOrder) -> str | None:
        if item.service_id is None:
            return None
        return self._placement.choose(item.product, message.environment, order.customer_id, item.server)

    def _customer_row(self, order: NewOrder) -> Row:
        sealed = self._sealing.customer(order.customer_id)
        return {"customer_id": order.customer_id, "profile": order.profile, "sealed_password": sealed}

    def _service_row(self, message: Message, order: NewOrder, item: NewItem, account: str | None) -> Row:
        service_id = str(item.service_id)
        return service_row(
            service_id,
            customer_id=order.customer_id,
            order_id=order.order_id,
            environment=message.environment,
            product=item.product,
            account=account,
            attributes=item.attributes,
            sealed_password=self._sealing.service(service_id, item.attributes, item.sealed_password),
        )

    def _operation_row(
        self, operation_id: str, message: Message, order: NewOrder, item: NewItem, account: str | None
    ) -> Row:
        sealed = self._sealing.operation(operation_id, item.sealed_secret)
        return {**operation_row(operation_id, message, order, item=item, account=account), "sealed_secret": sealed}

    def _note_row(self, message: Message, order: NewOrder) -> Row | None:
        if order.note is None:
            return None
        return note_row(self._ids.new(), order.order_id, message.actor.id, order.note)


def note_row(note_id: str, order_id: str, author: str, text: str) -> Row:
    """A note on an order."""
    return {"id": note_id, "subject_kind": "order", "subject_id": order_id, "author": author, "text": text}


def operation_row(operation_id: str, message: Message, order: NewOrder, *, item: NewItem, account: str | None) -> Row:
    """The operation of one order item."""
    return {
        "id": operation_id,
        "resource": item.resource,
        "workflow": item.workflow,
        "state": OperationState.READY.value,
        "order_id": order.order_id,
        "item_id": item.item_id,
        "service_id": item.service_id,
        "customer_id": order.customer_id,
        "vendor_account": account,
        "environment": message.environment,
        "generation": 1,
        "actor_role": message.actor.role,
        "correlation_id": message.correlation_id,
        "inputs": {},
        "fence": 0,
    }


def _order_row(message: Message, order: NewOrder, change: OrderChange) -> Row:
    return {
        "id": order.order_id,
        "customer_id": order.customer_id,
        "environment": message.environment,
        "status": change.after.status.value,
        "version": change.after.version,
        "attempt": 1,
        "item_count": len(order.items),
        "requested_changes": list(order.requested_changes),
        "markup_only": not is_visible(order.requested_changes, "customer"),
        "created_by": order.created_by,
        "correlation_id": message.correlation_id,
    }


def _item_row(order: NewOrder, item: NewItem) -> Row:
    return {
        "order_id": order.order_id,
        "item_id": item.item_id,
        "position": item.position,
        "product": item.product,
        "change": item.change,
        "service_id": item.service_id,
        "status": ItemStatus.STARTED.value,
        "attributes": item.attributes,
        "requires": list(item.requires),
        "warnings": [],
    }
