"""What a command to a domain has besides one to any service: checked inputs, contacts, and a new authorisation code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.ids import Ids
from provisioner.kernel.passwords import generate
from provisioner.messages.envelope import Message
from provisioner.orders.commands import NewCommand
from provisioner.orders.contacts import referenced, settle_contact
from provisioner.orders.domain_refusals import NotRestorable
from provisioner.orders.domains import settle_command
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.contacts import Contact, ContactChanges, known_contacts
from provisioner.store.domains import PRODUCT, given_contacts
from provisioner.store.events import Row
from provisioner.store.new_services import Sealing, code_length
from provisioner.store.queueing import queue_operation
from provisioner.store.tables import operations, services
from provisioner.store.writing import Writing
from provisioner.workflows.domains.seen import DELETED, TRANSFERRED_AWAY

AT: Final = "/data"
OF_ANY_SERVICE: Final = frozenset({"suspend", "resume", "cancel"})
NEW_CODE: Final = "auth-code"
RESTORE: Final = "restore"
CANCEL: Final = "cancel"
TRANSFER: Final = "domain.transfer"
WITHDRAWAL: Final = "domain.transfer-cancel"
GONE: Final = (DELETED, TRANSFERRED_AWAY)


@dataclass(frozen=True, slots=True)
class DomainCommand:
    """One command being written. `deadline` is how many seconds an operation has."""

    writing: Writing
    message: Message
    command: NewCommand
    ids: Ids
    sealing: Sealing
    deadline: float

    def keep_contacts(self) -> list[Contact]:
        """Keep the contacts that the command gives as a whole, before its service is locked; those that changed.

        Raises PhoneRefused, CountryUnknown, ContactAmbiguous and ContactExists.
        """
        given = {contact_id: _settled(contact) for contact_id, contact in self._given().items()}
        customer_id = self._customer() if given else None
        return [] if customer_id is None else self._contacts.keep(customer_id, given.values())

    def spread_contacts(self, service: Mapping[str, Any], changed: list[Contact]) -> list[str]:
        """Change them wherever else they are used; the ids of the operations."""
        return self._contacts.spread(service["customer_id"], changed)

    def withdraw_transfer(self, service: Mapping[str, Any], operation_id: str) -> list[str]:
        """Have the open transfer of a service that is being cancelled withdrawn, beside it; the operation's id, if any.

        Else it would arrive in its time, paid for, and only then be deleted.
        """
        if self.command.verb != CANCEL or not self._is_on_its_way(service["id"]):
            return []
        withdrawal = queue_operation(
            self.writing,
            self.message,
            f"{operation_id}/{WITHDRAWAL}",
            service_id=service["id"],
            customer_id=service["customer_id"],
            vendor_account=service["vendor_account"],
            resource=f"transfer-cancel:{service['id']}",
            workflow=WITHDRAWAL,
            generation=service["generation"],
            inputs={"reason": self.command.reason},
            deadline=self.deadline,
        )
        return [withdrawal]

    def _is_on_its_way(self, service_id: str) -> bool:
        here = (operations.c.service_id == service_id, operations.c.workflow == TRANSFER)
        query = sa.select(operations.c.id).where(*here, operations.c.ended_at.is_(None))
        return self.writing.connection.scalar(query.limit(1)) is not None

    def columns(self, service: Mapping[str, Any], operation_id: str) -> Row:
        """What the command's operation is given. Raises DomainRefused."""
        if service["product"] != PRODUCT or self.command.verb in OF_ANY_SERVICE:
            return {"inputs": {"reason": self.command.reason}}
        named = referenced(self.command.inputs.get("contacts", {}))
        known = known_contacts(self.writing.connection, service["customer_id"], named)
        attributes = service["attributes"]
        inputs = settle_command(self.command.verb, self.command.inputs, attributes, at=AT, contacts=known)
        code = generate(*code_length(attributes)) if self.command.verb == NEW_CODE else None
        return {"inputs": inputs, "sealed_secret": self.sealing.operation(operation_id, code)}

    @property
    def _contacts(self) -> ContactChanges:
        return ContactChanges(self.writing, self.message, self.ids, self.deadline)

    def _given(self) -> dict[str, Contact]:
        return given_contacts(self.command.inputs.get("contacts", {}))

    def _customer(self) -> str | None:
        here = (services.c.id == self.command.service_id, services.c.product == PRODUCT)
        customer_id: str | None = self.writing.connection.scalar(sa.select(services.c.customer_id).where(*here))
        return customer_id


def check_restorable(service: Mapping[str, Any], command: NewCommand) -> None:
    """Raise NotRestorable for the restore of a domain that is gone: by then the registry has let go of it."""
    if command.verb != RESTORE or service["status"] != ServiceStatus.CANCELLED.value:
        return
    data = service["data"] or {}
    never = f"{service['name']} was never registered for this service, or transferred to it"
    raise NotRestorable(AT, f"cannot be done: {data.get('reason') if data.get('domain_status') in GONE else never}")


def _settled(contact: Contact) -> Contact:
    return settle_contact(contact, f"{AT}/contacts")
