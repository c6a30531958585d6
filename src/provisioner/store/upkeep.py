"""Upkeep: what services need by themselves at a planned time, such as a look before a domain expires, or its renewal.

However many are due on one day, only so many are open at an account at a time; the others wait their turn, and leave
room for what customers ask for.
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.store.claims import ENDED
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.housekeeping import STILL_OPEN
from provisioner.store.service_work import start_work
from provisioner.store.tables import operations, services, vendor_accounts
from provisioner.store.writing import Writing

UPKEEP_LOCK: Final = 0x70726F75
STARTED: Final = "upkeep:"  # so begin the ids of its operations, and of those that follow from them
GONE: Final = (ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)


class UpkeepPlan:
    """Starts the upkeep that is due. `most` is how much of it may be open at one account; times are in seconds."""

    def __init__(self, database: Database, announcer: Announcer, *, most: int, deadline: float) -> None:
        self._database = database
        self._announcer = announcer
        self._most = most
        self._deadline = deadline

    def start_due(self) -> list[str]:
        """Start what is due, the longest overdue first; the ids of the new operations. Raises StoreUnavailable."""
        return [started for account in self._accounts() for started in self._start_at(account)]

    def _accounts(self) -> list[str | None]:
        """Those where something is due, None for services that have none. Nearly always none: a look at an index."""
        due = services.c.upkeep_at <= self._database.now()
        at_account = sa.exists().where(services.c.vendor_account == vendor_accounts.c.name, due)
        unplaced = sa.exists().where(services.c.vendor_account.is_(None), due)
        with self._database.read() as connection:
            if not connection.scalar(sa.select(sa.exists().where(due))):
                return []
            names = sa.select(vendor_accounts.c.name).where(at_account).order_by(vendor_accounts.c.name)
            nowhere: list[str | None] = [None] if connection.scalar(sa.select(unplaced)) else []
            return [*connection.scalars(names), *nowhere]

    def _start_at(self, account: str | None) -> list[str]:
        with self._database.begin() as connection:
            if self._database.is_postgres:  # one scheduler at a time, so that the count is exact
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPKEEP_LOCK)))
            room = self._most - self._open(connection, account)
            due = self._due(connection, account, room) if room > 0 else []
            return [started for row in due if (started := self._start(connection, row)) is not None]

    def _due(self, connection: sa.Connection, account: str | None, room: int) -> list[Mapping[str, Any]]:
        due = (_of(account), services.c.upkeep_at <= self._database.now())
        query = sa.select(services).where(*due).order_by(services.c.upkeep_at).limit(room)
        return [dict(row) for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()]

    def _open(self, connection: sa.Connection, account: str | None) -> int:
        """How much is open of what was started here, and of what followed from it, wherever it is at work just now.

        What waits for an operator, for a long time, or behind something else, is in nobody's way. Otherwise a few such
        would keep all others from being renewed.
        """
        earlier = operations.alias("earlier")
        behind = sa.exists().where(
            earlier.c.resource == operations.c.resource,
            earlier.c.position < operations.c.position,
            earlier.c.state.not_in(ENDED),
        )
        long = sa.and_(
            operations.c.state == OperationState.WAITING.value,
            operations.c.patient_until.is_not(None),
            operations.c.patient_until > self._database.now(),
        )
        at_work = (operations.c.state != OperationState.HELD.value, ~long, ~behind)
        here = (operations.c.service_id == services.c.id, _of(account))
        started = (operations.c.id.startswith(STARTED, autoescape=True), STILL_OPEN)
        return connection.scalar(sa.select(sa.func.count(operations.c.id)).where(*here, *started, *at_work)) or 0

    def _start(self, connection: sa.Connection, service: Mapping[str, Any]) -> str | None:
        """Plan and operation in one transaction; the operation's id says which plan it is, so there is only one."""
        cleared = {"upkeep_at": None, "upkeep_workflow": None}
        connection.execute(sa.update(services).where(services.c.id == service["id"]).values(**cleared))
        if service["status"] in GONE or not service["upkeep_workflow"]:
            return None
        writing = Writing(connection, self._database, self._announcer, Context(service["environment"], None))
        operation_id = f"{STARTED}{service['id']}:{service['upkeep_at']:%Y%m%dT%H%M%S.%f}"
        return start_work(writing, service, operation_id, workflow=service["upkeep_workflow"], deadline=self._deadline)


def _of(account: str | None) -> sa.ColumnElement[bool]:
    """Services of an account, or of none. In words that an index is for."""
    return services.c.vendor_account.is_(None) if account is None else services.c.vendor_account == account
