"""Domains without an order: a service and its operation, in one transaction with the message that asked for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.secret import Secret
from provisioner.messages.envelope import Message
from provisioner.orders.commands import NewDomain
from provisioner.store.acceptance import ServiceExists
from provisioner.store.contacts import ContactChanges
from provisioner.store.database import Database
from provisioner.store.domains import (
    PRODUCT,
    DomainExists,
    DomainTerms,
    Settled,
    Wanted,
    check_name_free,
    is_name_clash,
)
from provisioner.store.events import Announcer, Context
from provisioner.store.inbox import check_new, inbox_row, take_in
from provisioner.store.new_services import Sealed, Sealing, first_period, service_row, upsert_customer
from provisioner.store.placement import Placement
from provisioner.store.queueing import new_operation
from provisioner.store.tables import operations, service_periods, services
from provisioner.store.writing import Writing

AT: Final = "/data"


@dataclass(frozen=True, slots=True)
class Opening:
    """A domain that is to be opened, complete. `secret`: what its operation alone may see."""

    domain: NewDomain
    attributes: Mapping[str, Any]
    account: str | None
    actor_role: str
    secret: Sealed | Secret | None = None
    bulk_id: str | None = None


class DomainOpenings:
    """Opens domain services that no order asked for."""

    def __init__(
        self,
        database: Database,
        *,
        announcer: Announcer,
        ids: Ids,
        sealing: Sealing,
        placement: Placement,
        terms: DomainTerms,
        deadline: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._sealing = sealing
        self._placement = placement
        self._terms = terms
        self._deadline = deadline

    def open(self, message: Message, domain: NewDomain) -> list[str]:
        """Take one message in; the ids of the operations.

        Raises Duplicate, IdReused, ServiceExists, DomainExists, UnknownServer, what `DomainTerms.settle` raises,
        KeyRingError and StoreUnavailable; nothing is written then.
        """
        account = self._place(message, domain)
        try:
            with self._database.begin() as connection:
                take_in(connection, self._database, inbox_row(message, "accepted"), message)
                context = Context(message.environment, message.correlation_id)
                return self._open(
                    Writing(connection, self._database, self._announcer, context), message, domain, account
                )
        except sa.exc.IntegrityError as error:
            raise _explained(domain, error) from error

    def _place(self, message: Message, domain: NewDomain) -> str | None:
        """A message that came before is no more than that."""
        try:
            return self.account_for(domain, message.environment)
        except RefusedError:
            with self._database.read() as connection:
                check_new(connection, message)
            raise

    def _open(self, writing: Writing, message: Message, domain: NewDomain, account: str | None) -> list[str]:
        settled = self.settle(writing, domain, account, at=AT)
        contacts = ContactChanges(writing, message, self._ids, self._deadline)
        changed = contacts.keep(domain.customer_id, settled.contacts)
        self.keep_customer(writing, domain)
        opening = Opening(domain, settled.attributes[0], account, message.actor.role, domain.sealed_secret)
        return [self.write(writing, opening), *contacts.spread(domain.customer_id, changed)]

    # -- parts, also for bulks

    def account_for(self, domain: NewDomain, environment: str) -> str | None:
        """The registrar account that takes a domain; None when there is none yet. Raises UnknownServer."""
        wanted: str | None = domain.attributes.get("registrar")
        return self._placement.choose(PRODUCT, environment, domain.customer_id, wanted)

    def settle(
        self, writing: Writing, domain: NewDomain, account: str | None, *, at: str, has_auth_code: bool | None = None
    ) -> Settled:
        """Its terms, complete; `has_auth_code` where the code is not in the message. Raises as `DomainTerms.settle`."""
        wanted = Wanted(
            domain.attributes,
            at=at,
            transfer=domain.transfer,
            has_auth_code=domain.sealed_secret is not None if has_auth_code is None else has_auth_code,
            environment=writing.context.environment,
            account=account,
        )
        return self._terms.settle(writing.connection, domain.customer_id, [wanted])

    def keep_customer(self, writing: Writing, domain: NewDomain) -> None:
        """The customer as the message has it."""
        sealed = self._sealing.customer(domain.customer_id)
        row = {"customer_id": domain.customer_id, "profile": domain.profile, "sealed_password": sealed}
        writing.execute(upsert_customer(self._database, row, writing.now()))

    def write(self, writing: Writing, opening: Opening) -> str:
        """Write the service and its operation, whose customer is there already; the operation's id.

        Raises ServiceExists and DomainExists; of two at the same time one fails with sqlalchemy's IntegrityError.
        """
        domain = opening.domain
        known = sa.select(services.c.id).where(services.c.id == domain.service_id)
        if writing.connection.scalar(known) is not None:
            raise ServiceExists(
                f"there is a service {domain.service_id} already; give each new service an id of its own"
            )
        check_name_free(writing.connection, opening.attributes["domain"], writing.context.environment)
        self._write_service(writing, opening)
        return self._write_operation(writing, opening)

    def _write_service(self, writing: Writing, opening: Opening) -> None:
        domain, now = opening.domain, writing.now()
        row = service_row(
            domain.service_id,
            customer_id=domain.customer_id,
            order_id=None,
            environment=writing.context.environment,
            product=PRODUCT,
            account=opening.account,
            attributes=opening.attributes,
            sealed_password=self._sealing.service(domain.service_id, opening.attributes, None),
        )
        values = {**row, "bulk_id": opening.bulk_id, "created_at": now, "updated_at": now}
        writing.execute(sa.insert(services).values(**values))
        writing.execute(sa.insert(service_periods).values(**first_period(domain.service_id), started_at=now))

    def _write_operation(self, writing: Writing, opening: Opening) -> str:
        domain, operation_id = opening.domain, self._ids.new()
        row = new_operation(
            writing,
            operation_id,
            deadline=self._deadline,
            resource=domain.resource,
            workflow=domain.workflow,
            service_id=domain.service_id,
            customer_id=domain.customer_id,
            vendor_account=opening.account,
            generation=1,
            actor_role=opening.actor_role,
            sealed_secret=self._sealing.operation(operation_id, opening.secret),
        )
        writing.execute(sa.insert(operations).values(**row))
        return operation_id


def _explained(domain: NewDomain, error: Exception) -> RefusedError:
    """What the database's own rules found between two messages at the same time."""
    if is_name_clash(error):
        return DomainExists(f"{domain.attributes['domain']} was ordered by another message at the same time")
    return ServiceExists(f"there is a service {domain.service_id} already; give each new service an id of its own")
