"""Registrants' answers to transfers: each belongs to the try that asks for it, so that a later try asks anew."""

from typing import ClassVar

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.messages.domains import ConfirmTransfer
from provisioner.messages.envelope import Message
from provisioner.store.commands import NotSupported, WrongEnvironment
from provisioner.store.database import Database
from provisioner.store.domain_answers import CONFIRMED, TRANSFER, answer_to
from provisioner.store.domains import PRODUCT
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.services import UnknownService
from provisioner.store.tables import operations, services
from provisioner.store.yielding import deliver
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.transfer import confirmation_key, waits_for_registrant


class NoOpenTransfer(RefusedError):
    """No transfer of this domain is open."""

    code: ClassVar[str] = "no_open_transfer"


class ConfirmationNotAsked(RefusedError):
    """The transfer does not wait for its registrant."""

    code: ClassVar[str] = "confirmation_not_asked"


class AlreadyAnswered(RefusedError):
    """The registrant has given the other answer to this transfer before."""

    code: ClassVar[str] = "already_answered"


class Confirmations:
    """Keeps answers, and wakes the transfers that wait for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(self, message: Message, data: ConfirmTransfer) -> list[str]:
        """Keep a storefront's message with the first answer to the open transfer; the operations that are due.

        Raises Duplicate, IdReused, UnknownService, WrongEnvironment, NotSupported for what is no domain, and what
        `say` raises.
        """
        with self._database.begin() as connection:
            take_in(connection, self._database, inbox_row(message, "accepted"), message)
            _check(connection, message, data.service_id)
            return self._keep(connection, data)

    def say(self, data: ConfirmTransfer) -> list[str]:
        """Keep the first answer to the open transfer, also before it waits for it; the operations that are due.

        Raises NoOpenTransfer, ConfirmationNotAsked and AlreadyAnswered.
        """
        with self._database.begin() as connection:
            return self._keep(connection, data)

    def _keep(self, connection: sa.Connection, data: ConfirmTransfer) -> list[str]:
        operation_id = _open_transfer(connection, data.service_id)
        key = confirmation_key(operation_id)
        before = answer_to(connection, operation_id)
        if before is not None and before[CONFIRMED] != data.confirmed:
            said = "confirmed" if before[CONFIRMED] else "declined"
            told = f"the registrant of {data.service_id} has {said} this transfer already, and the first answer counts"
            raise AlreadyAnswered(f"{told}; domain.transfer-cancel.v1 gives it up")
        kept = data.model_dump(mode="json", include={CONFIRMED, "reason"}, exclude_none=True)
        return deliver(connection, self._database, key, kept)


def _check(connection: sa.Connection, message: Message, service_id: str) -> None:
    columns = (services.c.environment, services.c.product)
    row = connection.execute(sa.select(*columns).where(services.c.id == service_id)).first()
    if row is None:
        raise UnknownService(f"there is no service {service_id}")
    if row.environment != message.environment:
        raise WrongEnvironment(f"{service_id} is {row.environment}, and the message says {message.environment}")
    if row.product != PRODUCT:
        raise NotSupported(f"{service_id} is a {row.product} service; only a domain is transferred")


def _open_transfer(connection: sa.Connection, service_id: str) -> str:
    """The try that the answer is for, locked: it does not end meanwhile."""
    here = (operations.c.service_id == service_id, operations.c.workflow == TRANSFER, operations.c.ended_at.is_(None))
    query = sa.select(operations.c.id).where(*here).order_by(operations.c.position.desc()).limit(1)
    operation_id: str | None = connection.scalar(query.with_for_update())
    if operation_id is None:
        told = f"no transfer of {service_id} is open; an answer is for one try, and is given when that was begun"
        raise NoOpenTransfer(told)
    attributes = connection.scalar(sa.select(services.c.attributes).where(services.c.id == service_id))
    if not waits_for_registrant(Ordered(attributes or {})):
        told = f"the transfer of {service_id} does not wait for its registrant"
        raise ConfirmationNotAsked(f"{told}; domain.transfer-cancel.v1 gives it up")
    return operation_id
