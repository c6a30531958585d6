"""The registry: its tables, its clock, and the rules that several commands share."""

import heapq
import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from pydantic_core import to_jsonable_python

from adapters.sandbox.epp import codes
from adapters.sandbox.epp.calendar import RegistryClock
from adapters.sandbox.epp.records import Contact, Domain, Host, Message, Registrar
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.settings import RegistrySettings
from adapters.sandbox.keyed_tables import ChangeLog
from adapters.sandbox.ledger import Ledger
from provisioner.kernel.clock import Clock

REPOSITORY: Final = "SIM"
_HIDDEN: Final = frozenset({"password", "auth"})
_HANDLE_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What else a restart must find: settings, how far the clock was moved on, and the numbers that were given out."""

    settings: RegistrySettings
    offset: timedelta = timedelta()
    objects: int = 0
    messages: int = 0
    key: str = "configuration"

    @property
    def marks(self) -> frozenset[str]:
        """None."""
        return frozenset()


class Registry:
    """One registry's memory. Whoever reads or changes it does so within `busy()`."""

    def __init__(self, clock: Clock, ledger: Ledger, path: Path | None = None) -> None:
        self.clock = RegistryClock(clock)
        self.ledger = ledger
        self.plain_codes: dict[str, str] = {}
        self._lock = threading.RLock()
        self._agenda: list[tuple[datetime, str]] = []
        self._numbers = itertools.count(1)
        self._log = ChangeLog(path)
        self.is_new = self._log.is_new
        self.registrars = self._log.table(Registrar)
        self.contacts = self._log.table(Contact)
        self.hosts = self._log.table(Host)
        self.domains = self._log.table(Domain, self._note)
        self.messages = self._log.table(Message)
        self._configurations = self._log.table(Configuration)
        self.clock.offset = self._configuration.offset

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Nobody else looks or changes; what was changed is written down at the end, at once."""
        with self._lock:
            try:
                yield
            finally:
                self._log.flush()

    # settings and numbers

    @property
    def settings(self) -> RegistrySettings:
        """What kind of registry this is."""
        return self._configuration.settings

    def configure(self, changes: dict[str, Any]) -> None:
        """Change settings. Raises pydantic.ValidationError."""
        wanted = RegistrySettings.model_validate({**self.settings.model_dump(), **changes})
        self._configurations.save(replace(self._configuration, settings=wanted))

    def move_on(self, seconds: float) -> None:
        """Move the clock on."""
        self.clock.offset += timedelta(seconds=seconds)
        self._configurations.save(replace(self._configuration, offset=self.clock.offset))

    @property
    def _configuration(self) -> Configuration:
        return self._configurations.get("configuration") or Configuration(settings=RegistrySettings())

    def new_roid(self, letter: Literal["C", "D", "H"]) -> str:
        """A repository object identifier that was never used."""
        number = self._configuration.objects + 1
        self._configurations.save(replace(self._configuration, objects=number))
        return f"{letter}{number}-{REPOSITORY}"

    def new_message_number(self) -> int:
        """A number for a message that was never used."""
        number = self._configuration.messages + 1
        self._configurations.save(replace(self._configuration, messages=number))
        return number

    def new_transaction(self) -> str:
        """A server transaction identifier."""
        return f"SIM-{secrets.token_hex(6)}-{next(self._numbers)}"

    def new_handle(self) -> str:
        """A handle that no contact has."""
        handle = "".join(secrets.choice(_HANDLE_LETTERS) for _ in range(16))
        return handle if self.contacts.get(handle) is None else self.new_handle()

    # look-ups

    def registrar(self, identifier: str) -> Registrar:
        """A registrar that is known to exist."""
        found = self.registrars.get(identifier)
        if found is None:
            raise LookupError(f"there is no registrar {identifier}")
        return found

    def domain(self, name: str) -> Domain:
        """A domain by name. Raises Refusal (2303)."""
        found = self.domains.get(name.lower())
        if found is None:
            raise Refusal(Code.NOT_FOUND, "Domain does not exist", "domain:name", name)
        return found

    def contact(self, handle: str, element: str = "contact:id") -> Contact:
        """A contact by handle. Raises Refusal (2303)."""
        found = self.contacts.get(handle)
        if found is None:
            raise Refusal(Code.NOT_FOUND, "Contact does not exist", element, handle)
        return found

    def host(self, name: str, element: str = "host:name") -> Host:
        """A host by name. Raises Refusal (2303)."""
        found = self.hosts.get(name.lower())
        if found is None:
            raise Refusal(Code.NOT_FOUND, "Host does not exist", element, name)
        return found

    def queue(self, registrar: str) -> list[Message]:
        """The messages that wait for a registrar, oldest first."""
        return sorted(self.messages.marked(f"registrar:{registrar}"), key=lambda message: message.number)

    # money

    def charge(self, registrar: str, amount: Decimal) -> None:
        """Take money, or give it back (negative). Raises Refusal (2104) when there is not enough."""
        account = self.registrar(registrar)
        if amount > account.balance and amount > 0:
            raise Refusal(Code.BILLING, "The balance is too low")
        self.take(registrar, amount)

    def take(self, registrar: str, amount: Decimal) -> None:
        """Take money, even if there is not enough."""
        if amount:
            account = self.registrar(registrar)
            self.registrars.save(replace(account, balance=account.balance - amount))

    # what comes by itself

    def due(self) -> tuple[datetime, Domain] | None:
        """The next domain to which something has happened by now, and when; it is then off the agenda."""
        now = self.clock.now()
        while self._agenda and self._agenda[0][0] <= now:
            moment, name = heapq.heappop(self._agenda)
            domain = self.domains.get(name)
            if domain is not None and domain.due_at == moment:
                return moment, domain
        return None

    def _note(self, domain: Domain) -> None:
        heapq.heappush(self._agenda, (domain.due_at, domain.name))

    # control

    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON, without hashes of secrets."""
        with self.busy():
            tables = {name: [_shown(record) for record in table] for name, table in self._tables().items()}
            settings = self.settings.model_dump(mode="json")
            return {"now": self.clock.now().isoformat(), "settings": settings, **tables}

    def clear(self) -> None:
        """Forget everything but the registrars and their passwords."""
        kept = list(self.registrars)
        self._log.clear()
        for table in (*self._tables().values(), self._configurations):
            table.clear()
        self._agenda.clear()
        self.plain_codes.clear()
        self.clock.offset = timedelta()
        for registrar in kept:
            self.registrars.save(registrar)

    def open_account(self, identifier: str, password: str, balance: Decimal) -> None:
        """A registrar's account, new or with another password and balance."""
        self.registrars.save(Registrar(id=identifier, password=codes.hashed(password), balance=balance))

    def _tables(self) -> dict[str, Any]:
        return {
            "registrars": self.registrars,
            "domains": self.domains,
            "contacts": self.contacts,
            "hosts": self.hosts,
            "messages": self.messages,
        }


def _shown(record: Any) -> Any:
    shown = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _HIDDEN}
    return to_jsonable_python(shown)
