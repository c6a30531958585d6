"""The authority: its tables, its clock, its keys, and the rules that several resources share."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from pydantic_core import to_jsonable_python

from adapters.sandbox.acme import limits
from adapters.sandbox.acme.calendar import AuthorityClock
from adapters.sandbox.acme.hierarchy import Hierarchy
from adapters.sandbox.acme.jws import Jwk, decoded
from adapters.sandbox.acme.problems import malformed, not_found
from adapters.sandbox.acme.records import Account, Authorization, Certificate, Configuration, Order
from adapters.sandbox.acme.settings import AuthoritySettings
from adapters.sandbox.keyed_tables import ChangeLog
from adapters.sandbox.ledger import Ledger
from provisioner.kernel.clock import Clock

_PARTS_OF_IDENTIFIER: Final = 2  # key identifier and serial number
_LONG: Final = frozenset({"der", "jwk", "csr"})


class Authority:
    """One authority's memory. Whoever reads or changes it does so within `busy()`."""

    def __init__(self, clock: Clock, ledger: Ledger, hierarchy: Hierarchy, path: Path | None = None) -> None:
        self.clock = AuthorityClock(clock)
        self.ledger = ledger
        self.hierarchy = hierarchy
        self.tallies = limits.Tallies()
        self._lock = threading.RLock()
        self._log = ChangeLog(path)
        self.processing: dict[str, datetime] = {}
        self.accounts = self._log.table(Account)
        self.authorizations = self._log.table(Authorization)
        self.orders = self._log.table(Order, self._note)
        self.certificates = self._log.table(Certificate)
        self._configurations = self._log.table(Configuration)
        self.clock.offset = self._configuration.offset
        self._count_again()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Nobody else looks or changes; what was changed is written down at the end, at once."""
        with self._lock:
            try:
                yield
            finally:
                self._log.flush()

    # settings

    @property
    def settings(self) -> AuthoritySettings:
        """What kind of authority this is."""
        return self._configuration.settings

    def configure(self, changes: dict[str, Any]) -> None:
        """Change settings. Raises pydantic.ValidationError."""
        wanted = AuthoritySettings.model_validate({**self.settings.model_dump(), **changes})
        self._configurations.save(replace(self._configuration, settings=wanted))

    def move_on(self, seconds: float) -> None:
        """Move the clock on."""
        self.clock.offset += timedelta(seconds=seconds)
        self._configurations.save(replace(self._configuration, offset=self.clock.offset))

    @property
    def _configuration(self) -> Configuration:
        return self._configurations.get("configuration") or Configuration(settings=AuthoritySettings())

    # look-ups

    def order(self, key: str, account: Account) -> Order:
        """An account's order. Raises Problem (404)."""
        found = self.orders.get(key)
        if found is None or found.account != account.key:
            raise not_found("order")
        return found

    def authorization(self, key: str, account: Account) -> Authorization:
        """An account's authorisation. Raises Problem (404)."""
        found = self.authorizations.get(key)
        if found is None or found.account != account.key:
            raise not_found("authorization")
        return found

    def accounts_key(self, account: str) -> Jwk:
        """The public key of an account that is known to exist."""
        found = self.accounts.get(account)
        if found is None:
            raise LookupError(f"there is no account {account}")
        return found.jwk

    def certificate_for_renewal(self, identifier: object) -> Certificate:
        """A certificate by key identifier and serial number (RFC 9773 section 4.1). Raises Problem (400, 404)."""
        parts = identifier.split(".") if isinstance(identifier, str) else []
        if len(parts) != _PARTS_OF_IDENTIFIER:
            raise malformed("a certificate is named by its key identifier and serial number, both base64url")
        for part in parts:
            decoded(part, "the certificate's identifier")
        found = self.certificates.marked(f"renewal:{identifier}")
        if not found:
            raise not_found("certificate")
        return found[0]

    def certificate_of(self, der: bytes) -> Certificate | None:
        """The certificate that this is, if it was issued here. Raises Problem (malformed)."""
        try:
            serial = x509.load_der_x509_certificate(der).serial_number
        except ValueError as error:
            raise malformed("the certificate cannot be read") from error
        found = self.certificates.get(f"{serial:040x}")
        return found if found is not None and decoded(found.der, "certificate") == der else None

    def names_of(self, identifier: str) -> tuple[str, ...]:
        """The names that an order, an authorisation or a certificate is about; none when there is no such thing."""
        order, authorization = self.orders.get(identifier), self.authorizations.get(identifier)
        if authorization is not None:
            return (authorization.name,)
        found = order or self.certificates.get(identifier)
        return () if found is None else found.names

    def new_key(self) -> str:
        """An identifier that was never used."""
        return secrets.token_urlsafe(12)

    def new_token(self) -> str:
        """A challenge's token: 256 random bits (RFC 8555 section 8.1)."""
        return secrets.token_urlsafe(32)

    # control

    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON, without keys and certificates themselves; the roots as PEM."""
        with self.busy():
            tables = {name: [_shown(record) for record in table] for name, table in self._tables().items()}
            settings = self.settings.model_dump(mode="json")
            now = self.clock.now().isoformat()
            return {"now": now, "settings": settings, "roots": self.hierarchy.root_pems(), **tables}

    def clear(self) -> None:
        """Forget everything but the keys."""
        self._log.clear()
        for table in (*self._tables().values(), self._configurations):
            table.clear()
        self.processing.clear()
        self.tallies.clear()
        self.clock.offset = timedelta()

    def _tables(self) -> dict[str, Any]:
        return {
            "accounts": self.accounts,
            "orders": self.orders,
            "authorizations": self.authorizations,
            "certificates": self.certificates,
        }

    def _note(self, order: Order) -> None:
        """Keep in mind when an order is through."""
        self.processing.pop(order.key, None)
        if order.status == "processing" and order.issue_at is not None:
            self.processing[order.key] = order.issue_at

    def _count_again(self) -> None:
        for order in self.orders:
            if not order.replaces:
                self.tallies.add(limits.ORDERS, order.account, order.created)
        for certificate in self.certificates:
            bought = self.orders.get(certificate.order)
            if bought is None or not bought.replaces:
                self.tallies.add(limits.NAME_SETS, limits.name_set(certificate.names), certificate.issued)
        for authorization in self.authorizations:
            for challenge in authorization.challenges:
                if challenge.status == "invalid" and challenge.looked_at is not None:
                    subject = f"{authorization.account}/{authorization.name}"
                    self.tallies.add(limits.FAILURES, subject, challenge.looked_at)


def _shown(record: Any) -> Any:
    shown = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _LONG}
    return to_jsonable_python(shown)
