"""Which vendor account takes a new service."""

import threading
import zlib
from dataclasses import dataclass
from typing import ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import RefusedError
from provisioner.store.database import Database
from provisioner.store.tables import vendor_accounts

FRESH_SECONDS: Final = 2.0


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
        takers = [a.name for a in fitting if a.state != "draining"] or [a.name for a in fitting]
        return max(takers, key=lambda name: zlib.crc32(f"{name}/{customer_id}".encode()), default=None)

    def _fresh(self) -> tuple[_Account, ...]:
        with self._lock:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at > FRESH_SECONDS or not self._accounts:
                self._accounts, self._read_at = self._read(), now
            return self._accounts

    def _read(self) -> tuple[_Account, ...]:
        columns = (
            vendor_accounts.c.name,
            vendor_accounts.c.product,
            vendor_accounts.c.environment,
            vendor_accounts.c.state,
        )
        with self._database.read() as connection:
            return tuple(_Account(*row) for row in connection.execute(sa.select(*columns)))


def _named(wanted: str, fitting: list[_Account]) -> str:
    names = sorted(account.name for account in fitting)
    if wanted not in names:
        raise UnknownServer(f"there is no server {wanted} for this; there are: {', '.join(names) or 'none'}")
    return wanted
