"""What an accepted message writes, in one transaction with its inbox row; or nothing at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.passwords import generate
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.kernel.secret import Secret
from provisioner.messages.envelope import Message
from provisioner.orders.plan import NewItem, NewOrder
from provisioner.orders.rollup import OrderState
from provisioner.orders.statuses import ItemStatus, OperationState, OrderStatus, ServiceStatus, next_order_status
from provisioner.orders.visibility import is_visible
from provisioner.store import credentials
from provisioner.store.changes import OrderChange
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context, Row
from provisioner.store.placement import Placement
from provisioner.store.tables import (
    customers,
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


class Duplicate(RefusedError):
    """This message was taken in before, with the same body."""

    code: ClassVar[str] = "duplicate_message"


class IdReused(RefusedError):
    """Another message came with this id and another body; give every message an id of its own."""

    code: ClassVar[str] = "id_reused"


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


class OrderIntake:
    """Writes new orders."""

    def __init__(
        self,
        database: Database,
        *,
        announcer: Announcer,
        ids: Ids,
        keys: tuple[KeyRing, SecretBox],
        placement: Placement,
        deadline_seconds: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._ring, self._box = keys
        self._placement = placement
        self._deadline_seconds = deadline_seconds

    def place(self, message: Message, order: NewOrder) -> list[str]:
        """Write the order and its operations; the ids of the operations.

        Raises Duplicate, IdReused, OrderExists, ServiceExists, UnknownServer, KeyRingError and StoreUnavailable;
        nothing is written then.
        """
        rows = self.rows(message, order)
        try:
            self._write(rows)
        except (sa.exc.IntegrityError, psycopg.IntegrityError) as error:
            with self._database.begin() as connection:
                self._explain(connection, message, order, error)
            raise
        return [row["id"] for row in rows.operations]

    def _write(self, rows: OrderRows) -> None:
        now, deadline = self._database.now(), self._database.now(self._deadline_seconds)
        with self._database.begin() as connection:
            connection.execute(sa.insert(inbox).values(**rows.inbox, received_at=now))
            connection.execute(_upsert_customer(self._database, rows.customer, now))
            connection.execute(sa.insert(orders).values(**rows.order, placed_at=now, updated_at=now))
            for service in rows.services:
                connection.execute(sa.insert(services).values(**service, created_at=now, updated_at=now))
            for period in rows.periods:
                connection.execute(sa.insert(service_periods).values(**period, started_at=now))
            for item in rows.items:
                connection.execute(sa.insert(order_items).values(**item))
            for operation in rows.operations:
                times = {"due_at": now, "since": now, "created_at": now, "deadline": deadline}
                connection.execute(sa.insert(operations).values(**operation, **times))
            for requirement in rows.requirements:
                connection.execute(sa.insert(operation_requirements).values(**requirement))
            connection.execute(sa.insert(order_transitions).values(**rows.transition, at=now))
            connection.execute(sa.insert(outbox).values(**rows.event, created_at=now))
            if rows.note:
                connection.execute(sa.insert(notes).values(**rows.note, at=now))

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

    # -- rows

    def rows(self, message: Message, order: NewOrder) -> OrderRows:
        """Everything that the order means, as rows. Times are the database's and are added when they are written."""
        operation_ids = {item.item_id: self._ids.new() for item in order.items}
        accounts = {item.item_id: self._place(item, message, order) for item in order.items}
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
            periods=[
                {"service_id": item.service_id, "version": 0, "status": ServiceStatus.PROVISIONING.value}
                for item in with_service
            ],
            operations=[
                operation_row(operation_ids[item.item_id], message, order, item=item, account=accounts[item.item_id])
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
        )

    def _place(self, item: NewItem, message: Message, order: NewOrder) -> str | None:
        if item.service_id is None:
            return None
        return self._placement.choose(item.product, message.environment, order.customer_id, item.server)

    def _customer_row(self, order: NewOrder) -> Row:
        column = customers.c.sealed_password
        sealed = credentials.seal(self._box, column, order.customer_id, generate().reveal().encode())
        return {"customer_id": order.customer_id, "profile": order.profile, "sealed_password": sealed}

    def _service_row(self, message: Message, order: NewOrder, item: NewItem, account: str | None) -> Row:
        service_id = str(item.service_id)
        password = self._ring.unseal(*item.sealed_password) if item.sealed_password else generate()
        return {
            "id": service_id,
            "ownership_mark": f"svc:{service_id}",
            "customer_id": order.customer_id,
            "order_id": order.order_id,
            "environment": message.environment,
            "product": item.product,
            "status": ServiceStatus.PROVISIONING.value,
            "intended_status": ServiceStatus.ACTIVE.value,
            "version": 0,
            "generation": 1,
            "vendor_account": account,
            "attributes": item.attributes,
            "data": {},
            "warnings": [],
            "sealed_password": self._seal_password(service_id, password),
        }

    def _seal_password(self, service_id: str, password: Secret) -> bytes:
        return credentials.seal(self._box, services.c.sealed_password, service_id, password.reveal().encode())

    def _note_row(self, message: Message, order: NewOrder) -> Row | None:
        if order.note is None:
            return None
        return note_row(self._ids.new(), order.order_id, message.actor.id, order.note)


def check_new(connection: sa.Connection, message: Message) -> None:
    """Raise Duplicate or IdReused when the inbox has the message's id already."""
    known = connection.scalar(
        sa.select(inbox.c.body_hash).where(inbox.c.source == message.source, inbox.c.message_id == message.id)
    )
    if known == message.body_hash:
        raise Duplicate
    if known is not None:
        raise IdReused


def take_in(connection: sa.Connection, database: Database, row: Row, message: Message) -> None:
    """Write a message's inbox row. Raises Duplicate or IdReused, also when another process was faster just now."""
    dialect = postgresql if database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(inbox).values(**row, received_at=database.now())
    written = insert.on_conflict_do_nothing().returning(inbox.c.message_id)  # an insert's rowcount tells nothing
    if connection.scalar(written) is None:
        check_new(connection, message)


def inbox_row(message: Message, outcome: str, detail: str | None = None) -> Row:
    """The row that makes a message known."""
    return {
        "source": message.source,
        "message_id": message.id,
        "type": message.type,
        "body_hash": message.body_hash,
        "outcome": outcome,
        "detail": detail,
    }


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


def _upsert_customer(database: Database, row: Mapping[str, Any], now: sa.ColumnElement[datetime]) -> sa.Insert:
    """A known customer keeps its password; its profile is the newest."""
    dialect = postgresql if database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(customers).values(**row, updated_at=now)
    return insert.on_conflict_do_update(
        index_elements=[customers.c.customer_id],
        set_={"profile": insert.excluded.profile, "updated_at": insert.excluded.updated_at},
    )
