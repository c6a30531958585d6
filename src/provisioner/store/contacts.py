"""Contacts: kept once for each customer, copied into the services that name them, and changed everywhere at once.

A contact is locked before the operations that bring it to a service, and those before the services that have it;
whoever keeps several does so in the order of their ids.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.messages.contacts import CreateContact, UpdateContact
from provisioner.messages.envelope import Message
from provisioner.orders.commands import WORKFLOW_OF_REQUEST
from provisioner.orders.contacts import settle_contact
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.queueing import queue_operation
from provisioner.store.tables import operations, services
from provisioner.store.tables_domains import contacts
from provisioner.store.writing import Writing
from provisioner.store.yielding import wake_pointless
from provisioner.workflows.domains.ordered import Ordered

Contact = Mapping[str, Any]
Service = Mapping[str, Any]

AT: Final = "/data/contact"
UPDATE: Final = WORKFLOW_OF_REQUEST[UpdateContact]
SET_CONTACTS: Final = "domain.set-contacts"


class UnknownContact(RefusedError):
    """There is no such contact (yet)."""

    code: ClassVar[str] = "unknown_contact"


class ContactExists(RefusedError):
    """There is a contact with this id already."""

    code: ClassVar[str] = "contact_exists"


def known_contacts(connection: sa.Connection, customer_id: str, ids: Iterable[str]) -> dict[str, Contact]:
    """Those of a customer's contacts that have these ids."""
    wanted = (contacts.c.customer_id == customer_id, contacts.c.contact_id.in_(sorted(ids)))
    query = sa.select(contacts.c.contact_id, contacts.c.data).where(*wanted)
    return {row.contact_id: row.data for row in connection.execute(query)}


def keep_contact(writing: Writing, customer_id: str, contact: Contact) -> bool:
    """Keep a contact as it is now; whether it was another one before. Raises ContactExists for another customer's."""
    connection, contact_id = writing.connection, contact["contact_id"]
    here = contacts.c.contact_id == contact_id
    row = {"contact_id": contact_id, "customer_id": customer_id, "data": dict(contact), "version": 1}
    dialect = postgresql if writing.database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(contacts).values(**row, updated_at=writing.now())
    if connection.scalar(insert.on_conflict_do_nothing().returning(contacts.c.contact_id)) is not None:
        return False
    known = connection.execute(sa.select(contacts).where(here).with_for_update()).mappings().one()
    if known["customer_id"] != customer_id:
        raise ContactExists(f"there is a contact {contact_id} already, of another customer; take an id of its own")
    if known["data"] == contact:
        return False
    values = {"data": dict(contact), "version": known["version"] + 1, "updated_at": writing.now()}
    writing.execute(sa.update(contacts).where(here).values(**values))
    return True


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """The contacts of one message being written. `deadline` is how many seconds an operation has."""

    writing: Writing
    message: Message
    ids: Ids
    deadline: float

    def keep(self, customer_id: str, given: Iterable[Contact]) -> list[Contact]:
        """Keep these contacts; those that were others before. They are to be spread when the services are written."""
        ordered = sorted(given, key=lambda contact: str(contact["contact_id"]))
        return [contact for contact in ordered if keep_contact(self.writing, customer_id, contact)]

    def spread(self, customer_id: str, changed: Iterable[Contact]) -> list[str]:
        """Change contacts in the services that have or await them, and at their vendor accounts; the operations."""
        awaited = [(contact, self._renew_awaited(customer_id, contact)) for contact in changed]
        return [made for contact, awaiting in awaited for made in self._spread(customer_id, contact, awaiting)]

    def _renew_awaited(self, customer_id: str, contact: Contact) -> list[Service]:
        """Change a contact in the commands that bring it to services; those services."""
        awaiting = _awaiting(self.writing.connection, customer_id, contact["contact_id"])
        for row in awaiting:
            here, inputs = operations.c.id == row["operation_id"], row["inputs"]
            values = {"inputs": {**inputs, "contacts": _renewed(inputs["contacts"], contact)}}
            self.writing.execute(sa.update(operations).where(here).values(**values))
        return awaiting

    def _spread(self, customer_id: str, contact: Contact, awaiting: Iterable[Service]) -> list[str]:
        users = _users(self.writing.connection, customer_id, contact["contact_id"])
        for service in users:
            self._renew(service, contact)
        accounts = {str(service["vendor_account"]) for service in (*users, *awaiting) if _is_at_registry(service)}
        return [
            operation for account in sorted(accounts) for operation in self._update_at(account, customer_id, contact)
        ]

    def _renew(self, service: Service, contact: Contact) -> None:
        attributes = service["attributes"]
        values = {"attributes": {**attributes, "contacts": _renewed(attributes["contacts"], contact)}}
        self.writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**values))

    def _update_at(self, account: str, customer_id: str, contact: Contact) -> list[str]:
        """Each account has a resource of its own, so that one that is away holds up no other."""
        resource = f"contact:{contact['contact_id']}/{account}"
        operation_id = queue_operation(
            self.writing,
            self.message,
            self.ids.new(),
            deadline=self.deadline,
            workflow=UPDATE,
            resource=resource,
            customer_id=customer_id,
            vendor_account=account,
            generation=1,
            inputs={"contact": dict(contact)},
        )
        return [*wake_pointless(self.writing.connection, self.writing.database, resource), operation_id]


def _renewed(roles: Mapping[str, Contact], contact: Contact) -> dict[str, Contact]:
    return {role: contact if _is(each, contact["contact_id"]) else each for role, each in roles.items()}


def _is_at_registry(service: Service) -> bool:
    """Whether a registrar account has the contacts of this domain."""
    return bool(service["vendor_account"]) and Ordered(service["attributes"]).rules.registry_keeps_contacts


class ContactBook:
    """Takes in messages about contacts; each is one transaction with its inbox row.

    All methods raise Duplicate, IdReused, and RefusedError with a code; nothing is written then.
    """

    def __init__(self, database: Database, *, announcer: Announcer, ids: Ids, deadline: float) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._deadline = deadline

    def create(self, message: Message, data: CreateContact) -> list[str]:
        """Remember a contact. Raises ContactExists; the very same one again does no harm."""
        contact = _settled(data)
        with self._database.begin() as connection:
            changes = self._changes(connection, message)
            known = known_contacts(connection, data.customer_id, [contact["contact_id"]])
            if known and known[contact["contact_id"]] != contact:
                raise ContactExists(
                    f"there is a contact {contact['contact_id']} already; change it with contact.update.v1"
                )
            changes.keep(data.customer_id, [contact])
        return []

    def update(self, message: Message, data: UpdateContact) -> list[str]:
        """Change a contact, here and at every vendor that has it; the operations. Raises UnknownContact."""
        contact = _settled(data)
        with self._database.begin() as connection:
            changes = self._changes(connection, message)
            if not known_contacts(connection, data.customer_id, [contact["contact_id"]]):
                told = f"customer {data.customer_id} has no contact {contact['contact_id']}"
                raise UnknownContact(f"{told}; create it with contact.create.v1")
            return changes.spread(data.customer_id, changes.keep(data.customer_id, [contact]))

    def _changes(self, connection: sa.Connection, message: Message) -> ContactChanges:
        take_in(connection, self._database, inbox_row(message, "accepted"), message)
        context = Context(message.environment, message.correlation_id)
        writing = Writing(connection, self._database, self._announcer, context)
        return ContactChanges(writing, message, self._ids, self._deadline)


def _settled(data: CreateContact | UpdateContact) -> dict[str, Any]:
    return settle_contact(data.contact.model_dump(mode="json", exclude_none=True), AT)


def _awaiting(connection: sa.Connection, customer_id: str, contact_id: str) -> list[Service]:
    """The services that open commands bring a contact to, with `operation_id` and `inputs` of the command, locked."""
    columns = (
        services.c.attributes,
        services.c.vendor_account,
        operations.c.id.label("operation_id"),
        operations.c.inputs,
    )
    here = (
        services.c.customer_id == customer_id,
        operations.c.workflow == SET_CONTACTS,
        operations.c.ended_at.is_(None),
    )
    named = sa.cast(operations.c.inputs, sa.Text).contains(contact_id, autoescape=True)
    query = sa.select(*columns).join_from(services, operations, operations.c.service_id == services.c.id)
    locked = query.where(*here, named).order_by(operations.c.position).with_for_update(of=operations)
    rows = [dict(row) for row in connection.execute(locked).mappings()]
    return [row for row in rows if has_contact(row["inputs"], contact_id)]


def _users(connection: sa.Connection, customer_id: str, contact_id: str) -> list[Service]:
    """The services of a customer that have a contact, locked."""
    here = (services.c.customer_id == customer_id, services.c.name.is_not(None), mentions(contact_id))
    alive = services.c.status != ServiceStatus.CANCELLED.value
    query = sa.select(services).where(*here, alive).order_by(services.c.id).with_for_update()
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row for row in rows if has_contact(row["attributes"], contact_id)]


def mentions(contact_id: str) -> sa.ColumnElement[bool]:
    """Services whose attributes have the contact's id somewhere; the few where it is worth to look closely."""
    return sa.cast(services.c.attributes, sa.Text).contains(contact_id, autoescape=True)


def has_contact(attributes: Mapping[str, Any], contact_id: str) -> bool:
    """Whether a domain, or a command to one, has this contact, in any role."""
    return any(_is(each, contact_id) for each in attributes.get("contacts", {}).values())


def _is(contact: Contact, contact_id: str) -> bool:
    return bool(contact["contact_id"] == contact_id)
