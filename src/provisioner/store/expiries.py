"""Certificates that get near their end without a replacement: told by the scheduler, whatever keeps operations waiting.

Each certificate has a time at which it is looked at, the beginning of the last sixth of its lifetime. It is told once,
to its storefront, and to operators where it is not the owner who renews it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from provisioner.messages.events_certificates import certificate_changed
from provisioner.orders.certificates import CUSTOMER, OTHER_IN_USE, urgent_at
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.attention import tell_attention
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.housekeeping import STILL_OPEN
from provisioner.store.services import lock_service
from provisioner.store.tables import operations, services, vendor_accounts
from provisioner.store.tables_certificates import certificates
from provisioner.store.writing import Writing

NOT_REPLACED: Final = "certificate_not_replaced"
EXPIRES_SOON: Final = "expires_soon"
EXPIRED: Final = "expired"
GONE: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)
DAY: Final = timedelta(days=1)

Row = Mapping[str, Any]


class Expiries:
    """The scheduler's look at certificates near their end; several may look at once."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    def tell(self, limit: int = 500) -> int:
        """Look at those whose time has come; how many were told. Raises StoreUnavailable."""
        due = certificates.c.watch_at <= self._database.now()
        columns = (certificates.c.id, certificates.c.service_id)
        with self._database.read() as connection:
            query = sa.select(*columns).where(due).order_by(certificates.c.watch_at).limit(limit)
            found = connection.execute(query).all()
        return sum(self._look_at(certificate_id, service_id) for certificate_id, service_id in found)

    def _look_at(self, certificate_id: str, service_id: str) -> bool:
        """In a transaction of its own; the service is locked first, as everywhere."""
        with self._database.begin() as connection:
            service = lock_service(connection, service_id)
            due = (certificates.c.id == certificate_id, certificates.c.watch_at <= self._database.now())
            row = connection.execute(sa.select(certificates).where(*due)).mappings().first()
            if row is None:  # another scheduler was quicker
                return False
            writing = Writing(connection, self._database, self._announcer, Context(service["environment"], None))
            look = _Look(writing, service, dict(row), self._database.moment(connection))
            again = look.next_time()
            if tells := again is None and look.is_in_use:
                look.tell()
            here = certificates.c.id == certificate_id
            writing.execute(sa.update(certificates).where(here).values(watch_at=again))
        return tells


@dataclass(frozen=True, slots=True)
class _Look:
    """One certificate and its service, as they stand."""

    writing: Writing
    service: Row
    certificate: Row
    now: datetime

    @property
    def is_in_use(self) -> bool:
        """Whether its service has no other, or none that is installed instead; and is to have one at all."""
        data = self.service["data"]
        is_newest = data.get("fingerprint") == self.certificate["fingerprint"]
        is_wanted = data.get("install", True) or self._is_the_owners
        is_over = self.service["status"] in GONE or data.get("revoked") or self._hosting in GONE
        return bool((is_newest or self._is_still_installed) and is_wanted and not is_over)

    def next_time(self) -> datetime | None:
        """When to look again, if not now: in its last sixth, each day while its hosting is suspended."""
        if not self.is_in_use:
            return None
        urgent = urgent_at(self.certificate["not_before"], self.certificate["not_after"])
        if self.now < urgent:
            return urgent
        if self._hosting == ServiceStatus.SUSPENDED.value:
            return self.now + DAY
        return self._after_its_renewal()

    def tell(self) -> None:
        """Tell it, and keep it with the service if nothing else is told there."""
        data, is_over = self.service["data"], self.certificate["not_after"] <= self.now
        if not (self._is_the_owners and data.get("problem_code") in (EXPIRES_SOON, EXPIRED)):
            self._tell_storefront(EXPIRED if is_over else EXPIRES_SOON, is_over=is_over)
        if not self._is_the_owners:
            self._tell_operators(is_over=is_over)

    # -- what is so

    @property
    def _is_still_installed(self) -> bool:
        """Whether its successor is there and could not be installed yet. Earlier versions kept only the problem."""
        data = self.service["data"]
        is_there = data.get("installed_fingerprint") == self.certificate["fingerprint"]
        return bool(is_there) and not data.get(OTHER_IN_USE, data.get("problem_code") == OTHER_IN_USE)

    @property
    def _is_the_owners(self) -> bool:
        """Whether its owner is the one who replaces it."""
        return self.certificate["source"] == CUSTOMER or not self.service["attributes"].get("auto_renew", True)

    @property
    def _hosting(self) -> str | None:
        query = sa.select(services.c.status).where(services.c.id == self.service["parent_id"])
        found: str | None = self.writing.connection.scalar(query)
        return found

    def _after_its_renewal(self) -> datetime | None:
        """An authority may want it renewed as late as that: then in the middle of what is left after it."""
        planned, end = self.service["data"].get("renew_at"), self.certificate["not_after"]
        at = datetime.fromisoformat(planned) if planned else self.now
        return at + (end - at) / 2 if self.now < at < end else None

    # -- what is told

    def _tell_storefront(self, code: str, *, is_over: bool) -> None:
        told = f"this certificate {self._end(is_over=is_over)}, and no other has taken its place yet"
        problem = {"problem": told, "problem_code": code}
        data = {**self.service["data"], **({} if self.service["data"].get("problem_code") else problem)}
        version = self.service["version"] + 1
        values = {"data": data, "version": version, "updated_at": self.writing.now()}
        self.writing.execute(sa.update(services).where(services.c.id == self.service["id"]).values(**values))
        facts = {name: self.certificate[name] for name in ("names", "issuer", "not_after", "fingerprint")}
        event = certificate_changed(
            self.service["id"],
            service_id=self.service["parent_id"],
            change="problem",
            code=code,
            message=told,
            **facts,
        )
        self.writing.tell(event, f"service/{self.service['id']}", version)

    def _tell_operators(self, *, is_over: bool) -> None:
        """About the operation that should replace it, if there is one, else the one that obtained it."""
        operation = self._operation()
        names = ", ".join(self.certificate["names"][:3])
        why = self._why(operation)
        detail = f"the certificate of {names} {self._end(is_over=is_over)}, and was not replaced: {why}"
        row = {
            "id": self.certificate["id"] if operation is None else operation["id"],
            "workflow": "certificate.renew" if operation is None else operation["workflow"],
            "order_id": None,
            "item_id": None,
            "service_id": self.service["id"],
            "vendor_account": self.service["vendor_account"] if operation is None else operation["vendor_account"],
            "since": self.certificate["watch_at"],
        }
        tell_attention(self.writing, row, NOT_REPLACED, detail)

    def _end(self, *, is_over: bool) -> str:
        return f"{'has expired' if is_over else 'expires'} on {self.certificate['not_after']:%Y-%m-%d}"

    def _operation(self) -> Row | None:
        """The first open one of the service."""
        here = (operations.c.service_id == self.service["id"], STILL_OPEN)
        query = sa.select(operations).where(*here).order_by(operations.c.position).limit(1)
        row = self.writing.connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def _why(self, operation: Row | None) -> str:
        """What is known of the reason: the vendor account, the operation, or what was told last."""
        account = self.service["vendor_account"] if operation is None else operation["vendor_account"]
        query = sa.select(vendor_accounts.c.state).where(vendor_accounts.c.name == account)
        state = self.writing.connection.scalar(query)
        if state not in (None, "open"):
            return f"the vendor account {account} is {state}"
        if operation is not None:
            return f"{operation['workflow']} is {operation['state']}: {operation['reason'] or 'it waits for its turn'}"
        return str(self.service["data"].get("problem") or "it is not known why")
