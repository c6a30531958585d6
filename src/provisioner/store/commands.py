"""Commands to orders and services that exist: retry, close, note; suspend, resume, cancel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.messages.envelope import Message
from provisioner.messages.orders import CloseOrder, NoteOrder, RetryOrder
from provisioner.orders.commands import NewCommand
from provisioner.orders.plan import WORKFLOW_OF_COMMAND
from provisioner.orders.statuses import ServiceStatus, next_order_status, next_service_status
from provisioner.orders.supersession import may_resume, rank
from provisioner.store.acceptance import note_row
from provisioner.store.certificate_commands import CERTIFICATE, at_its_place, certificate_columns
from provisioner.store.changes import OrderChange
from provisioner.store.database import Database
from provisioner.store.domain_commands import DomainCommand, check_restorable
from provisioner.store.domains import DomainExists, DomainTerms, check_name_free, is_name_clash
from provisioner.store.events import Announcer, Context, Row
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.new_services import Sealing
from provisioner.store.orders import lock_order, write_order
from provisioner.store.queueing import AT_END_OF_TERM, end_later, end_of_term, queue_operation
from provisioner.store.retry import Retry, UnknownItem
from provisioner.store.services import intend_service, lock_service, move_service
from provisioner.store.tables import notes, operations, orders, services
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations, wake_pointless
from provisioner.workflows.journal import ServiceChange

__all__ = ["Commands", "NotAllowed", "NotSupported", "UnknownItem", "WrongEnvironment"]


class WrongEnvironment(RefusedError):
    """The order or service belongs to the other environment."""

    code: ClassVar[str] = "wrong_environment"


class NotAllowed(RefusedError):
    """The actor's role may not do this."""

    code: ClassVar[str] = "not_allowed"


class NotSupported(RefusedError):
    """The product does not know this command."""

    code: ClassVar[str] = "operation_not_supported"


class Commands:
    """Writes commands; each is one transaction with its inbox row.

    All methods raise Duplicate, IdReused, and what their checks say (RefusedError with a code); nothing is written
    then. They return the ids of the operations that are now due.
    """

    def __init__(
        self,
        database: Database,
        *,
        announcer: Announcer,
        ids: Ids,
        sealing: Sealing,
        terms: DomainTerms,
        deadline: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._sealing = sealing
        self._terms = terms
        self._deadline = deadline

    # -- orders

    def note(self, message: Message, data: NoteOrder) -> list[str]:
        """Add a note to an order, in whatever status it is."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            _check_environment(connection, orders, data.order_id, message)
            lock_order(connection, data.order_id)
            row = note_row(self._ids.new(), data.order_id, message.actor.id, data.text)
            connection.execute(sa.insert(notes).values(**row, at=self._database.now()))
        return []

    def close(self, message: Message, data: CloseOrder) -> list[str]:
        """Give a failed order up."""
        with self._database.begin() as connection:
            self._take_in(connection, message)
            _check_environment(connection, orders, data.order_id, message)
            order, _ = lock_order(connection, data.order_id)
            change = OrderChange(order, order, error=order.first_error)
            status = next_order_status(order.status, "close")
            change.move(status, actor=message.actor.id, reason=data.reason, message_id=message.id)
            write_order(self._writing(connection, message), change)
        return []

    def retry(self, message: Message, data: RetryOrder) -> list[str]:
        """Try the failed items of an order again, with corrections if there are any."""
        try:
            with self._database.begin() as connection:
                self._take_in(connection, message)
                _check_environment(connection, orders, data.order_id, message)
                writing = self._writing(connection, message)
                return Retry(writing, message, self._ids, self._sealing, self._terms, self._deadline).write(data)
        except sa.exc.IntegrityError as error:
            if is_name_clash(error):
                raise DomainExists("another message has just ordered a domain of this order") from error
            raise

    def _writing(self, connection: sa.Connection, message: Message) -> Writing:
        context = Context(message.environment, message.correlation_id)
        return Writing(connection, self._database, self._announcer, context)

    # -- services

    def command_service(self, message: Message, command: NewCommand, due: datetime | None = None) -> list[str]:
        """Queue one command to a service behind those accepted before it; a later one may make it pointless.

        With `due`, the end of the service's term, it is queued for then.
        """
        with self._database.begin() as connection:
            self._take_in(connection, message)
            _check_environment(connection, services, command.service_id, message)
            command = at_its_place(connection, command)
            lock_operations(connection, command.resource)
            writing = self._writing(connection, message)
            details = DomainCommand(writing, message, command, self._ids, self._sealing, self._deadline)
            changed = details.keep_contacts()
            service = lock_service(connection, command.service_id)
            workflow = _workflow_for(service, command)
            check_restorable(service, command)
            intended = next_service_status(ServiceStatus(service["intended_status"]), command.event)
            role = _acting_role(connection, service, command, message.actor.role)
            if due is not None:
                return [self._queue_later(writing, message, service, command, due)]
            operation_id = self._ids.new()
            of_product = self._columns(service, command, operation_id, details)
            columns = {"workflow": workflow, "actor_role": role, **of_product}
            generation = self._intend(writing, service, command, intended)
            queue_operation(
                writing,
                message,
                operation_id,
                deadline=self._deadline,
                **_of_service(service),
                resource=command.resource,
                generation=generation,
                **columns,
            )
            withdrawn = details.withdraw_transfer(service, operation_id)
            woken = wake_pointless(connection, self._database, command.resource)
            return [*withdrawn, *woken, operation_id, *details.spread_contacts(service, changed)]

    def _columns(
        self, service: Mapping[str, Any], command: NewCommand, operation_id: str, details: DomainCommand
    ) -> Row:
        """What the command's operation is given besides, by its service's product."""
        if service["product"] == CERTIFICATE and command.verb != "cancel":
            return certificate_columns(details.writing, service, command, operation_id, self._sealing)
        return details.columns(service, operation_id)

    def _intend(
        self, writing: Writing, service: Mapping[str, Any], command: NewCommand, intended: ServiceStatus
    ) -> int:
        """Note where the command leads; the service's new generation."""
        generation: int = service["generation"] + 1
        if command.event == "restore":
            check_name_free(writing.connection, service["name"], service["environment"], but=service["id"])
        intend_service(writing.connection, service, intended, generation)
        if intended is ServiceStatus.CANCELLING:
            move_service(writing, service, ServiceChange(intended), command.reason)
            end_later(writing, command.service_id, "the service is cancelled")
        return generation

    def _queue_later(
        self, writing: Writing, message: Message, service: Mapping[str, Any], command: NewCommand, due: datetime
    ) -> str:
        """A command for the end of a term waits on a resource of its own, so that it blocks nothing until then.

        It takes the place of an earlier one: a service has one end.
        """
        end_later(writing, command.service_id, "another end of the term was given")
        at_end = {"at": due.isoformat(), "workflow": _workflow_for(service, command)}
        return queue_operation(
            writing,
            message,
            self._ids.new(),
            **_of_service(service),
            deadline=None,
            generation=service["generation"],
            workflow=AT_END_OF_TERM,
            resource=end_of_term(command.service_id),
            inputs={"reason": command.reason, **at_end},
        )

    def _take_in(self, connection: sa.Connection, message: Message) -> None:
        take_in(connection, self._database, inbox_row(message, "accepted"), message)


def _check_environment(connection: sa.Connection, table: sa.Table, key: str, message: Message) -> None:
    """What is unknown is left to the next check, which says so."""
    environment = connection.scalar(sa.select(table.c.environment).where(table.c.id == key))
    if environment is not None and environment != message.environment:
        raise WrongEnvironment(f"{key} is {environment}, and the message says {message.environment}")


def _of_service(service: Mapping[str, Any]) -> Row:
    return {
        "service_id": service["id"],
        "customer_id": service["customer_id"],
        "vendor_account": service["vendor_account"],
    }


def _workflow_for(service: Mapping[str, Any], command: NewCommand) -> str:
    workflow = WORKFLOW_OF_COMMAND.get((service["product"], command.verb))
    if workflow is None:
        known = ", ".join(verb for product, verb in WORKFLOW_OF_COMMAND if product == service["product"])
        raise NotSupported(f"{command.verb} is nothing for a {service['product']} service; it knows {known or 'none'}")
    return workflow


def _acting_role(connection: sa.Connection, service: Mapping[str, Any], command: NewCommand, role: str) -> str:
    """The role in whose name the command is done. Raises NotAllowed.

    Who suspends what a higher role has suspended, or will have, only joins in: the suspension stays the higher role's.
    """
    suspender = _suspender(connection, service)
    if command.verb == "resume" and not may_resume(suspender, role):
        raise NotAllowed(f"service {command.service_id} was suspended by {suspender}; {role} may not resume it")
    joins_in = command.verb == "suspend" and service["intended_status"] == ServiceStatus.SUSPENDED.value
    return suspender if joins_in and suspender is not None and rank(suspender) > rank(role) else role


def _suspender(connection: sa.Connection, service: Mapping[str, Any]) -> str | None:
    """The highest role whose suspension stands, or will when what was accepted is done."""
    roles: list[str | None] = [service["suspended_by"]]
    if service["intended_status"] == ServiceStatus.SUSPENDED.value:
        query = sa.select(operations.c.actor_role).where(
            operations.c.resource == f"service:{service['id']}",
            operations.c.workflow == WORKFLOW_OF_COMMAND.get((service["product"], "suspend")),
            operations.c.ended_at.is_(None),
        )
        roles += connection.scalars(query).all()
    return max((role for role in roles if role is not None), key=rank, default=None)
