"""Registrants' answers to transfers, as storefronts send them: each with its inbox row, in one transaction."""

import sqlalchemy as sa

from provisioner.messages.domains import ConfirmTransfer
from provisioner.messages.envelope import Message
from provisioner.store.commands import NotSupported, WrongEnvironment
from provisioner.store.database import Database
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.services import UnknownService
from provisioner.store.tables import services
from provisioner.store.yielding import deliver
from provisioner.workflows.domains.transfer import confirmation_key


class Confirmations:
    """Keeps answers, and wakes the transfers that wait for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(self, message: Message, data: ConfirmTransfer) -> list[str]:
        """Keep the first answer for a service's transfer, also before one waits for it; the operations that are due.

        Raises Duplicate, IdReused, UnknownService, WrongEnvironment, and NotSupported for what is no domain.
        """
        answer = data.model_dump(mode="json", include={"confirmed", "reason"}, exclude_none=True)
        with self._database.begin() as connection:
            take_in(connection, self._database, inbox_row(message, "accepted"), message)
            _check(connection, message, data.service_id)
            return deliver(connection, self._database, confirmation_key(data.service_id), answer)


def _check(connection: sa.Connection, message: Message, service_id: str) -> None:
    columns = (services.c.environment, services.c.product)
    row = connection.execute(sa.select(*columns).where(services.c.id == service_id)).first()
    if row is None:
        raise UnknownService(f"there is no service {service_id}")
    if row.environment != message.environment:
        raise WrongEnvironment(f"{service_id} is {row.environment}, and the message says {message.environment}")
    if row.product != "domain":
        raise NotSupported(f"{service_id} is a {row.product} service; only a domain is transferred")
