"""Which vendor account takes a new service."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import RefusedError
from provisioner.store.database import Database
from provisioner.store.deadlines import give_time_back
from provisioner.store.tables import operations, services, vendor_accounts
from provisioner.store.writing import Writing

FRESH_SECONDS: Final = 2.0
NO_ACCOUNT: Final = "no_vendor_account"


class UnknownServer(RefusedError):
    """There is no such server."""

    code: ClassVar[str] = "unknown_server"


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    product: str
    environment: str
    state: str


class Placement:
    """Chooses by the customer, so that one customer's services meet on one server as long as the servers stay."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: tuple[_Account, ...] = ()
        self._read_at: float | None = None

    def choose(self, product: str, environment: str, customer_id: str, wanted: str | None) -> str | None:
        """An account's name; None when there is none (the operation is then held until one is added).

        Raises UnknownServer when the storefront wants one that is not there for this product and environment.
        """
        fitting = [a for a in self._fresh() if a.product == product and a.environment == environment]
        if wanted is not None:
            return _named(wanted, fitting)
        return _taker(fitting, customer_id)

    def _fresh(self) -> tuple[_Account, ...]:
        with self._lock:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at > FRESH_SECONDS or not self._accounts:
                self._accounts, self._read_at = self._read(), now
            return self._accounts

    def _read(self) -> tuple[_Account, ...]:
        with self._database.read() as connection:
            return _read(connection)


def check_server(connection: sa.Connection, wanted: str, product: str, environment: str) -> None:
    """Raise UnknownServer when there is no such server for this product and environment."""
    account_for(connection, product, environment, "", wanted)


def account_for(
    connection: sa.Connection, product: str, environment: str, customer_id: str, wanted: str | None = None
) -> str | None:
    """As `Placement.choose`, but by what the database says within this transaction. Raises UnknownServer."""
    fitting = [a for a in _read(connection) if a.product == product and a.environment == environment]
    return _taker(fitting, customer_id) if wanted is None else _named(wanted, fitting)


def place_late(writing: Writing, operation: Mapping[str, Any]) -> str | None:
    """Place the service of an operation that has no account, now that there is one; the account's name."""
    here = services.c.id == operation["service_id"]
    service = writing.connection.execute(sa.select(services).where(here)).mappings().first()
    if service is None:
        return None
    fits = (service["product"], service["environment"])
    fitting = [a for a in _read(writing.connection) if (a.product, a.environment) == fits]
    name: str | None = service["vendor_account"] or _taker(fitting, service["customer_id"])
    if name is not None:
        give_account(writing.connection, writing.database, name, here)
    return name


def give_account(connection: sa.Connection, database: Database, name: str, which: sa.ColumnElement[bool]) -> None:
    """Give these services, as far as they have no account, this one; what was held for the lack of it is due."""
    unplaced = sa.select(services.c.id).where(which, services.c.vendor_account.in_([name]) | _NONE)
    open_ones = (
        operations.c.service_id.in_(unplaced),
        operations.c.vendor_account.is_(None),
        operations.c.ended_at.is_(None),
    )
    connection.execute(sa.update(operations).where(*open_ones).values(vendor_account=name))
    # A statement of its own: it sees what a worker held while the one before waited for the row.
    held = sa.and_(operations.c.vendor_account == name, operations.c.attention == NO_ACCOUNT)
    give_time_back(connection, database, held)
    now = database.now()
    changes = {"state": "ready", "due_at": now, "since": now, "reason": None, "attention": None}
    connection.execute(sa.update(operations).where(held, operations.c.ended_at.is_(None)).values(**changes))
    connection.execute(sa.update(services).where(which, _NONE).values(vendor_account=name))


_NONE: Final = services.c.vendor_account.is_(None)


def _read(connection: sa.Connection) -> tuple[_Account, ...]:
    table = vendor_accounts
    rows = connection.execute(sa.select(table.c.name, table.c.product, table.c.environment, table.c.state))
    return tuple(_Account(*row) for row in rows)


def _taker(fitting: Sequence[_Account], customer_id: str) -> str | None:
    """The account with the highest hash for this customer (rendezvous hashing); a draining one if there is no other."""
    takers = [a.name for a in fitting if a.state != "draining"] or [a.name for a in fitting]
    return max(takers, key=lambda name: hashlib.blake2b(f"{name}/{customer_id}".encode()).digest(), default=None)


def _named(wanted: str, fitting: list[_Account]) -> str:
    names = sorted(account.name for account in fitting)
    if wanted not in names:
        raise UnknownServer(f"there is no server {wanted} for this; there are: {', '.join(names) or 'none'}")
    return wanted
