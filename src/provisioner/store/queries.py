"""Read-only queries for people: lists and details, as records. Nothing here locks or changes a row."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError
from provisioner.orders.statuses import HISTORICAL, OperationState, ServiceStatus
from provisioner.store.contacts import has_contact, mentions
from provisioner.store.database import Database
from provisioner.store.query_operations import ENDED, accounts_by_name, complete, operation_from
from provisioner.store.query_records import (
    AccountRecord,
    ContactRecord,
    EventRecord,
    ItemRecord,
    NoteRecord,
    OperationRecord,
    OrderDetails,
    OrderRecord,
    PeriodRecord,
    QuarantineRecord,
    ServiceDetails,
    ServiceRecord,
    TransitionRecord,
)
from provisioner.store.tables import (
    notes,
    operations,
    order_items,
    order_transitions,
    orders,
    outbox,
    quarantine,
    service_periods,
    services,
)
from provisioner.store.tables_domains import contacts

MOST: Final = 10_000  # rows of one list; beyond that a person asks a narrower question
Where = sa.ColumnElement[bool]
_Record = TypeVar("_Record")


class Queries:
    """Asks the database. All methods raise StoreUnavailable; those for one thing raise NotFoundError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The time by which operations become due: the database's."""
        with self._database.read() as connection:
            return self._now(connection)

    def has_tables(self) -> bool:
        """False in a database that was never migrated; what else is asked of it fails then."""
        with self._database.read() as connection:
            return sa.inspect(connection).has_table(orders.name)

    # -- orders

    def orders(
        self,
        *,
        status: str | None = None,
        section: Literal["recent", "historical"] | None = None,
        customer_id: str | None = None,
        limit: int = 50,
    ) -> list[OrderRecord]:
        """The orders placed last, newest first."""
        where = [*_equal(orders, status=status, customer_id=customer_id), *_of_section(section)]
        query = sa.select(orders, _first_reason().label("waits_for")).where(*where)
        newest = (orders.c.placed_at.desc(), orders.c.id)
        with self._database.read() as connection:
            return _records(OrderRecord, connection, query.order_by(*newest).limit(min(limit, MOST)))

    def order(self, order_id: str, *, exchanges: bool = False) -> OrderDetails:
        """One order with everything that belongs to it."""
        with self._database.read() as connection:
            found = _records(OrderRecord, connection, sa.select(orders).where(orders.c.id == order_id))
            if not found:
                raise NotFoundError(f"there is no order {order_id}")
            return OrderDetails(
                now=self._now(connection),
                order=found[0],
                items=_items(connection, order_id),
                operations=self._operations(connection, operations.c.order_id == order_id, exchanges=exchanges),
                transitions=_transitions(connection, order_id),
                notes=_notes(connection, "order", order_id),
                events=_events(connection, f"order/{order_id}"),
            )

    def environment_of(self, order_id: str) -> str:
        """`live` or `sandbox`: what a message about the order must say."""
        query = sa.select(orders.c.environment).where(orders.c.id == order_id)
        with self._database.read() as connection:
            environment: str | None = connection.scalar(query)
        if environment is None:
            raise NotFoundError(f"there is no order {order_id}")
        return environment

    # -- services

    def services(
        self,
        *,
        status: str | None = None,
        customer_id: str | None = None,
        vendor_account: str | None = None,
        product: str | None = None,
        limit: int = 50,
    ) -> list[ServiceRecord]:
        """The services made last, newest first."""
        equal = {"customer_id": customer_id, "vendor_account": vendor_account, "product": product}
        where = _equal(services, status=status, **equal)
        query = sa.select(services).where(*where).order_by(services.c.created_at.desc(), services.c.id)
        with self._database.read() as connection:
            return _records(ServiceRecord, connection, query.limit(min(limit, MOST)))

    def service(self, service_id: str, *, exchanges: bool = False) -> ServiceDetails:
        """One service with everything that belongs to it."""
        with self._database.read() as connection:
            found = _records(ServiceRecord, connection, sa.select(services).where(services.c.id == service_id))
            if not found:
                raise NotFoundError(f"there is no service {service_id}")
            return ServiceDetails(
                now=self._now(connection),
                service=found[0],
                periods=_periods(connection, service_id),
                operations=self._operations(connection, operations.c.service_id == service_id, exchanges=exchanges),
                notes=_notes(connection, "service", service_id),
                events=_events(connection, f"service/{service_id}"),
            )

    # -- domains and contacts

    def domain_service(self, domain: str) -> str:
        """The service of a domain, by the domain or by the service's own id: the newest that is not over, if any."""
        over = services.c.status.in_((ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value))
        query = sa.select(services.c.id).where((services.c.name == domain.lower()) | (services.c.id == domain))
        ordered = query.where(services.c.name.is_not(None)).order_by(over, services.c.created_at.desc())
        with self._database.read() as connection:
            found: str | None = connection.scalar(ordered.limit(1))
        if found is None:
            raise NotFoundError(f"there is no service for a domain {domain}; give it in A-labels, or the service's id")
        return found

    def contacts(self, *, customer_id: str | None = None, limit: int = 50) -> list[ContactRecord]:
        """Contacts by their id."""
        query = sa.select(contacts).where(*_equal(contacts, customer_id=customer_id)).order_by(contacts.c.contact_id)
        with self._database.read() as connection:
            return _records(ContactRecord, connection, query.limit(min(limit, MOST)))

    def contact(self, contact_id: str) -> tuple[ContactRecord, list[ServiceRecord]]:
        """A contact, and the domains that have it."""
        with self._database.read() as connection:
            found = _records(ContactRecord, connection, sa.select(contacts).where(contacts.c.contact_id == contact_id))
            if not found:
                raise NotFoundError(f"there is no contact {contact_id}")
            owned = (services.c.customer_id == found[0].customer_id, services.c.name.is_not(None))
            query = sa.select(services).where(*owned, mentions(contact_id)).order_by(services.c.name, services.c.id)
            users = _records(ServiceRecord, connection, query)
        return found[0], [user for user in users if has_contact(user.attributes, contact_id)]

    # -- operations

    def operations(
        self,
        *,
        state: str | None = None,
        vendor_account: str | None = None,
        include_ended: bool = False,
        limit: int = 50,
    ) -> list[OperationRecord]:
        """Operations in the order of acceptance; those that ended only when they, or their state, are asked for."""
        where = _equal(operations, state=state, vendor_account=vendor_account)
        if state is None and not include_ended:
            where.append(operations.c.state.not_in(ENDED))
        query = sa.select(operations).where(*where).order_by(operations.c.position).limit(min(limit, MOST))
        with self._database.read() as connection:
            found = [operation_from(dict(row)) for row in connection.execute(query).mappings()]
            return complete(connection, self._now(connection), found, journal=False)

    def operation(self, operation_id: str, *, exchanges: bool = False) -> tuple[datetime, OperationRecord]:
        """One operation with its journal, and the time by which it becomes due."""
        with self._database.read() as connection:
            found = self._operations(connection, operations.c.id == operation_id, exchanges=exchanges)
            if not found:
                raise NotFoundError(f"there is no operation {operation_id}")
            return self._now(connection), found[0]

    def held(self) -> int:
        """How many operations wait for an operator."""
        return self._count(operations, operations.c.state == OperationState.HELD.value)

    # -- vendor accounts, quarantine, outbox

    def accounts(self, *, state: str | None = None, limit: int = MOST) -> list[AccountRecord]:
        """The vendor accounts by name."""
        with self._database.read() as connection:
            found = accounts_by_name(connection, self._now(connection))
        listed = [account for account in found.values() if state in (None, account.state)]
        return sorted(listed, key=lambda account: account.name)[:limit]

    def quarantine(
        self, *, status: str | None = "open", reason: str | None = None, limit: int = 50
    ) -> list[QuarantineRecord]:
        """Messages in quarantine, oldest first."""
        where = _equal(quarantine, status=status, reason=reason)
        query = sa.select(*_columns(QuarantineRecord, quarantine)).where(*where)
        with self._database.read() as connection:
            ordered = query.order_by(quarantine.c.received_at, quarantine.c.id).limit(min(limit, MOST))
            return _records(QuarantineRecord, connection, ordered)

    def quarantined(self, quarantine_id: str) -> QuarantineRecord:
        """One message in quarantine, without its body."""
        query = sa.select(*_columns(QuarantineRecord, quarantine)).where(quarantine.c.id == quarantine_id)
        with self._database.read() as connection:
            found = _records(QuarantineRecord, connection, query)
        if not found:
            raise NotFoundError(f"there is no message {quarantine_id} in quarantine")
        return found[0]

    def open_quarantine(self) -> int:
        """How many messages are in quarantine and not settled."""
        return self._count(quarantine, quarantine.c.status == "open")

    def oldest_unpublished(self) -> tuple[int, float]:
        """How many events were not published yet, and for how many seconds the oldest has waited."""
        query = sa.select(sa.func.count(), sa.func.min(outbox.c.created_at)).where(outbox.c.published_at.is_(None))
        with self._database.read() as connection:
            count, oldest = connection.execute(query).one()
            age = (self._now(connection) - oldest).total_seconds() if oldest else 0.0
        return int(count), age

    # -- parts

    def _now(self, connection: sa.Connection) -> datetime:
        if self._database.is_postgres:
            return connection.execute(sa.select(sa.func.now())).scalar_one()
        return self._database.clock.now()

    def _operations(self, connection: sa.Connection, where: Where, *, exchanges: bool) -> tuple[OperationRecord, ...]:
        query = sa.select(operations).where(where).order_by(operations.c.position)
        found = [operation_from(dict(row)) for row in connection.execute(query).mappings()]
        return tuple(complete(connection, self._now(connection), found, journal=True, exchanges=exchanges))

    def _count(self, table: sa.Table, where: Where) -> int:
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0


def _items(connection: sa.Connection, order_id: str) -> tuple[ItemRecord, ...]:
    query = sa.select(order_items).where(order_items.c.order_id == order_id).order_by(order_items.c.position)
    found = _records(ItemRecord, connection, query)
    return tuple(replace(item, requires=tuple(item.requires), warnings=tuple(item.warnings)) for item in found)


def _transitions(connection: sa.Connection, order_id: str) -> tuple[TransitionRecord, ...]:
    table = order_transitions
    query = sa.select(table).where(table.c.order_id == order_id).order_by(table.c.version)
    return tuple(_records(TransitionRecord, connection, query))


def _periods(connection: sa.Connection, service_id: str) -> tuple[PeriodRecord, ...]:
    table = service_periods
    query = sa.select(table).where(table.c.service_id == service_id).order_by(table.c.version)
    return tuple(_records(PeriodRecord, connection, query))


def _notes(connection: sa.Connection, kind: str, subject: str) -> tuple[NoteRecord, ...]:
    of_subject = (notes.c.subject_kind == kind, notes.c.subject_id == subject)
    return tuple(_records(NoteRecord, connection, sa.select(notes).where(*of_subject).order_by(notes.c.at, notes.c.id)))


def _events(connection: sa.Connection, stream: str) -> tuple[EventRecord, ...]:
    query = sa.select(*_columns(EventRecord, outbox)).where(outbox.c.subject == stream).order_by(outbox.c.sequence)
    return tuple(_records(EventRecord, connection, query))


def _first_reason() -> sa.ScalarSelect[str | None]:
    first = (
        sa.select(operations.c.reason)
        .where(operations.c.order_id == orders.c.id, operations.c.ended_at.is_(None), operations.c.reason.is_not(None))
        .order_by(operations.c.position)
        .limit(1)
    )
    return first.scalar_subquery()


def _of_section(section: str | None) -> list[Where]:
    if section is None:
        return []
    ended = orders.c.status.in_(sorted(status.value for status in HISTORICAL))
    return [ended if section == "historical" else ~ended]


def _equal(table: sa.Table, **wanted: str | None) -> list[Where]:
    return [table.c[name] == value for name, value in wanted.items() if value is not None]


def _columns(kind: type[Any], table: sa.Table) -> Sequence[sa.Column[Any]]:
    return [table.c[field.name] for field in fields(kind)]


def _records(kind: type[_Record], connection: sa.Connection, query: sa.Select[Any]) -> list[_Record]:
    return [_record_from(kind, dict(row)) for row in connection.execute(query).mappings()]


def _record_from(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    """A record of those columns of a row that it has a field for."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every record is a dataclass
    return kind(**{name: value for name, value in row.items() if name in names})
