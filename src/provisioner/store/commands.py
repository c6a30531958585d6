"""Commands to orders and services that exist: retry, close, note; suspend, resume, cancel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.messages.envelope import Message
from provisioner.messages.orders import CloseOrder, Correction, NoteOrder, RetryOrder
from provisioner.orders.plan import WORKFLOW_OF_COMMAND, WORKFLOW_OF_ITEM
from provisioner.orders.rollup import ItemState, OrderState
from provisioner.orders.statuses import (
    ItemStatus,
    OperationState,
    ServiceStatus,
    next_order_status,
    next_service_status,
)
from provisioner.orders.supersession import may_resume
from provisioner.store import credentials
from provisioner.store.acceptance import inbox_row, note_row, take_in
from provisioner.store.changes import ItemFacts, OrderChange, change_item
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context, Row
from provisioner.store.orders import lock_order, write_order
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import (
    customers,
    notes,
    operation_requirements,
    operations,
    order_items,
    orders,
    services,
)
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations, wake_pointless
from provisioner.workflows.journal import ServiceChange

ITEM_FIELDS: Final = ("plan", "domain", "server", "login", "text")


class UnknownItem(RefusedError):
    """The order has no such failed item."""

    code: ClassVar[str] = "unknown_item"


class NotAllowed(RefusedError):
    """The actor's role may not do this."""

    code: ClassVar[str] = "not_allowed"


class NotSupported(RefusedError):
    """The product does not know this command."""

    code: ClassVar[str] = "operation_not_supported"


@dataclass(frozen=True, slots=True)
class ServiceCommand:
    """One lifecycle command. `verb`: suspend, resume or cancel; `due` is set for the end of a term."""

    verb: str
    service_id: str
    reason: str | None
    due: datetime | None = None


class Commands:
    """Writes commands; each is one transaction with its inbox row.

    All methods raise Duplicate, IdReused, and what their checks say (RefusedError with a code); nothing is written
    then. They return the ids of the operations that are now due.
    """

    def __init__(
        self, database: Database, *, announcer: Announcer, ids: Ids, keys: tuple[KeyRing, SecretBox], deadline: float
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._ring, self._box = keys
        self._deadline = deadline

    # -- orders

    def note(self, message: Message, data: NoteOrder) -> list[str]:
        """Add a note to an order, in whatever status it is."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            lock_order(connection, data.order_id)
            row = note_row(self._ids.new(), data.order_id, message.actor.id, data.text)
            connection.execute(sa.insert(notes).values(**row, at=self._database.now()))
        return []

    def close(self, message: Message, data: CloseOrder) -> list[str]:
        """Give a failed order up."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            order, _ = lock_order(connection, data.order_id)
            change = OrderChange(order, order, error=order.first_error)
            status = next_order_status(order.status, "close")
            change.move(status, actor=message.actor.id, reason=data.reason, message_id=message.id)
            write_order(self._writing(connection, message), change)
        return []

    def retry(self, message: Message, data: RetryOrder) -> list[str]:
        """Try the failed items of an order again, with corrections if there are any."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            order, items = lock_order(connection, data.order_id)
            status = next_order_status(order.status, "retry")
            chosen = _failed_items(order, data.item_ids)
            change = OrderChange(order, replace(order, attempt=order.attempt + 1))
            change.move(status, actor=message.actor.id, reason=None, message_id=message.id)
            corrections = data.corrections or {}
            again = {
                item_id: self._again(connection, message, change, items[item_id], corrections.get(item_id))
                for item_id in chosen
            }
            _require_again(connection, again, items)
            write_order(self._writing(connection, message), change)
        return list(again.values())

    def _again(
        self,
        connection: sa.Connection,
        message: Message,
        change: OrderChange,
        item: Mapping[str, Any],
        correction: Correction | None,
    ) -> str:
        attributes = {**item["attributes"], **self._correct(connection, change.after.order_id, item, correction)}
        state = ItemState(item["item_id"], ItemStatus.STARTED)
        told = change_item(change.after, state, ItemFacts(item["service_id"], item["product"]))
        change.after = told.after
        change.events += told.events
        connection.execute(
            sa.update(order_items)
            .where(order_items.c.order_id == change.after.order_id, order_items.c.item_id == item["item_id"])
            .values(status=state.status.value, error=None, attributes=attributes)
        )
        account = self._reopen_service(connection, item["service_id"], attributes)
        service_id = item["service_id"]
        resource = f"service:{service_id}" if service_id else f"item:{change.after.order_id}/{item['item_id']}"
        return self._add_operation(
            connection,
            message,
            workflow=WORKFLOW_OF_ITEM[item["product"], item["change"]],
            resource=resource,
            order_id=change.after.order_id,
            item_id=item["item_id"],
            service_id=service_id,
            customer_id=connection.scalar(sa.select(orders.c.customer_id).where(orders.c.id == change.after.order_id)),
            vendor_account=account,
        )

    def _correct(
        self, connection: sa.Connection, order_id: str, item: Mapping[str, Any], correction: Correction | None
    ) -> dict[str, Any]:
        """Put corrections where they belong: the customer's profile, the sealed password, or the item (returned)."""
        if correction is None:
            return {}
        given = correction.model_dump(exclude={"password"}, exclude_none=True)
        of_item: dict[str, Any] = {
            name: given.pop(name) for name in ("plan", "domain", "server", "login", "text") if name in given
        }
        if given:
            owner = sa.select(orders.c.customer_id).where(orders.c.id == order_id).scalar_subquery()
            profile = connection.scalar(sa.select(customers.c.profile).where(customers.c.customer_id == owner))
            merged = {**(profile or {}), **given}
            connection.execute(sa.update(customers).where(customers.c.customer_id == owner).values(profile=merged))
        if correction.password is not None and item["service_id"]:
            password = self._ring.unseal(correction.password.key_id, correction.password.box)
            column = services.c.sealed_password
            sealed = credentials.seal(self._box, column, item["service_id"], password.reveal().encode())
            service = services.c.id == item["service_id"]
            connection.execute(sa.update(services).where(service).values(sealed_password=sealed))
        return of_item

    def _reopen_service(
        self, connection: sa.Connection, service_id: str | None, attributes: Mapping[str, Any]
    ) -> str | None:
        if service_id is None:
            return None
        changes: dict[str, Any] = {
            "status": ServiceStatus.PROVISIONING.value,
            "intended_status": ServiceStatus.ACTIVE.value,
            "attributes": attributes,
        }
        if server := attributes.get("server"):
            changes["vendor_account"] = server
        where = services.c.id == service_id
        connection.execute(sa.update(services).where(where).values(**changes, updated_at=self._database.now()))
        return connection.scalar(sa.select(services.c.vendor_account).where(where))

    def _writing(self, connection: sa.Connection, message: Message) -> Writing:
        context = Context(message.environment, message.correlation_id)
        return Writing(connection, self._database, self._announcer, context)

    # -- services

    def command_service(self, message: Message, command: ServiceCommand) -> list[str]:
        """Queue one command to a service behind those accepted before it; a later one may make it pointless."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            lock_operations(connection, f"service:{command.service_id}")
            service = lock_service(connection, command.service_id)
            workflow = _workflow_for(service, command)
            intended = next_service_status(ServiceStatus(service["intended_status"]), command.verb)
            _check_role(service, command, message.actor.role)
            if command.due is not None:
                return [self._add_later(connection, message, service, command)]
            generation = service["generation"] + 1
            intend_service(connection, service, intended, generation)
            if intended is ServiceStatus.CANCELLING:
                move_service(self._writing(connection, message), service, ServiceChange(intended), command.reason)
            operation_id = self._add_operation(
                connection,
                message,
                **_of_service(service),
                workflow=workflow,
                resource=f"service:{command.service_id}",
                generation=generation,
                inputs={"reason": command.reason},
            )
            woken = wake_pointless(connection, self._database, f"service:{command.service_id}")
        return [*woken, operation_id]

    def _add_later(
        self, connection: sa.Connection, message: Message, service: Mapping[str, Any], command: ServiceCommand
    ) -> str:
        """A command for the end of a term waits on a resource of its own, so that it blocks nothing until then."""
        if command.due is None:
            raise TypeError("a later command has a time")
        return self._add_operation(
            connection,
            message,
            **_of_service(service),
            deadline=None,
            workflow="service.at-end-of-term",
            resource=f"service:{command.service_id}:end-of-term",
            inputs={
                "reason": command.reason,
                "at": command.due.isoformat(),
                "workflow": _workflow_for(service, command),
            },
        )

    def _add_operation(self, connection: sa.Connection, message: Message, **columns: Any) -> str:
        operation_id = self._ids.new()
        now = self._database.now()
        row: Row = {"inputs": {}, "generation": 1, "deadline": self._database.now(self._deadline), **columns}
        connection.execute(
            sa.insert(operations).values(
                **row,
                id=operation_id,
                state=OperationState.READY.value,
                environment=message.environment,
                actor_role=message.actor.role,
                correlation_id=message.correlation_id,
                fence=0,
                due_at=now,
                since=now,
                created_at=now,
            )
        )
        return operation_id

    def _take_in(self, connection: sa.Connection, message: Message) -> None:
        take_in(connection, self._database, inbox_row(message, "accepted"), message)


def _failed_items(order: OrderState, wanted: Iterable[str] | None) -> list[str]:
    failed = [item.item_id for item in order.items.values() if item.status is ItemStatus.FAILED]
    if wanted is None:
        return failed
    for item_id in wanted:
        if item_id not in failed:
            raise UnknownItem(f"item {item_id} has not failed; the failed ones are {', '.join(failed) or 'none'}")
    return list(wanted)


def _require_again(connection: sa.Connection, again: Mapping[str, str], items: Mapping[str, Mapping[str, Any]]) -> None:
    """Items tried again wait for the required ones that are tried again too; the others have succeeded before."""
    for item_id, operation_id in again.items():
        for required in items[item_id]["requires"]:
            if required in again:
                row = {"operation_id": operation_id, "required_id": again[required]}
                connection.execute(sa.insert(operation_requirements).values(**row))


def _of_service(service: Mapping[str, Any]) -> Row:
    return {
        "service_id": service["id"],
        "customer_id": service["customer_id"],
        "vendor_account": service["vendor_account"],
    }


def _workflow_for(service: Mapping[str, Any], command: ServiceCommand) -> str:
    workflow = WORKFLOW_OF_COMMAND.get((service["product"], command.verb))
    if workflow is None:
        raise NotSupported(f"a {service['product']} service cannot {command.verb}")
    return workflow


def _check_role(service: Mapping[str, Any], command: ServiceCommand, role: str) -> None:
    if command.verb == "resume" and not may_resume(service["suspended_by"], role):
        raise NotAllowed(
            f"service {command.service_id} was suspended by {service['suspended_by']}; {role} may not resume it"
        )
