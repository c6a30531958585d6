"""The panel: its tables, its settings, and the rules that several operators share."""

import base64
import hashlib
import re
import secrets
import threading
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from adapters.sandbox.plesk import seed
from adapters.sandbox.plesk.records import (
    Certificate,
    Customer,
    DnsRecord,
    Mailname,
    Plan,
    SecretKey,
    Session,
    Site,
    Webspace,
)
from adapters.sandbox.plesk.refusals import Code, Refusal, invalid
from adapters.sandbox.plesk.storage import Homes, PrivateKeys
from adapters.sandbox.plesk.tables import ChangeLog
from provisioner.kernel.clock import Clock
from provisioner.kernel.ids import Ids

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_NAME: Final = 253
_NAME_AND_SUFFIX: Final = 2
_SHORTEST_PASSWORD: Final = 5


class PanelSettings(BaseModel):
    """What the control interface may set. Limits of the licence: -1 is none; `address`: that of new subscriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lim_cl: int = -1
    lim_dom: int = -1
    plain_ftp_passwords: bool = False
    address: IPv4Address = IPv4Address(seed.ADDRESSES[0].ip)


class Panel:
    """One server's memory. Whoever looks at more than one record, or changes any, holds `lock`."""

    def __init__(self, clock: Clock, ids: Ids, guid: str, path: Path | None = None, *, address: str = "") -> None:
        self.clock = clock
        self.ids = ids
        self.lock = threading.RLock()
        self.guid = guid
        self._first_settings = PanelSettings(address=IPv4Address(address)) if address else PanelSettings()
        self.settings = self._first_settings
        self.plain_passwords: dict[int, str] = {}
        self._unseen: dict[int, datetime] = {}
        self.homes = Homes(path and path.with_name("vhosts"))
        self.private_keys = PrivateKeys(path and path.with_name("private_keys"))
        self._log = ChangeLog(path)
        self.customers = self._log.table(Customer)
        self.webspaces = self._log.table(Webspace)
        self.sites = self._log.table(Site)
        self.plans = self._log.table(Plan)
        self.dns_records = self._log.table(DnsRecord)
        self.mailnames = self._log.table(Mailname)
        self.certificates = self._log.table(Certificate)
        self.secret_keys = self._log.table(SecretKey)
        self.sessions = ChangeLog(None).table(Session)
        self._start()

    def reset(self) -> None:
        """Back to a fresh installation."""
        with self.lock:
            self._log.clear()
            for table in self._tables().values():
                table.clear()
            self.plain_passwords.clear()
            self._unseen.clear()
            self.homes.clear()
            self.private_keys.clear()
            self.settings = self._first_settings
            self._start()

    def today(self) -> date:
        """The server's date."""
        return self.clock.now().date()

    def main_site(self, webspace: Webspace) -> Site:
        """The site that carries a subscription's name and hosting."""
        site = self.sites.get(webspace.id)
        if site is None:
            raise LookupError(f"webspace {webspace.id} has no main site")
        return site

    def webspace_of(self, site: Site) -> Webspace:
        """The subscription of a site."""
        webspace = self.webspaces.get(site.webspace_id)
        if webspace is None:
            raise LookupError(f"site {site.id} has no webspace")
        return webspace

    def plan(self, guid: str) -> Plan | None:
        """A plan or add-on by guid."""
        return next(iter(self.plans.where("guid", guid)), None)

    def addresses(self) -> list[str]:
        """The server's IP addresses; the first is that of new subscriptions."""
        return [address.ip for address in self.address_pool()]

    def address_pool(self) -> list[seed.Address]:
        """The server's IP addresses with what is told of them."""
        chosen = str(self.settings.address)
        others = [address for address in seed.ADDRESSES if address.ip != chosen]
        return [seed.Address(chosen, "255.255.255.0"), *others]

    def delay(self, record: DnsRecord, seconds: float) -> None:
        """Keep a record out of the DNS for some time, though the panel shows it. Forgotten at a restart."""
        self._unseen[record.id] = self.clock.now() + timedelta(seconds=seconds)

    def is_seen(self, record: DnsRecord) -> bool:
        """Whether the name server knows of a record yet."""
        until = self._unseen.get(record.id)
        return until is None or until <= self.clock.now()

    def snapshot(self) -> dict[str, Any]:
        """Every table as JSON, without hashes of secrets and without sessions."""
        with self.lock:
            tables = {name: [_shown(record) for record in table.all()] for name, table in self._tables().items()}
            return {"settings": self.settings.model_dump(mode="json"), **tables}

    def _tables(self) -> dict[str, Any]:
        return {
            "customers": self.customers,
            "webspaces": self.webspaces,
            "sites": self.sites,
            "plans": self.plans,
            "dns_records": self.dns_records,
            "mailnames": self.mailnames,
            "certificates": self.certificates,
            "secret_keys": self.secret_keys,
            "sessions": self.sessions,
        }

    def _start(self) -> None:
        self.customers.reserve(1)  # the administrator's number
        seed.plant(self.plans, self.ids)


_HIDDEN: Final = frozenset({"password", "digest", "token"})


def _shown(record: Any) -> Any:
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__ if name not in _HIDDEN}
    if "properties" in fields:
        fields["properties"] = {k: v for k, v in fields["properties"].items() if k != "ftp_password"}
    return to_jsonable_python(fields)


def hashed(password: str) -> str:
    """A salted hash in the shape in which the panel shows passwords (`$5$salt$…`)."""
    salt = secrets.token_hex(8)
    digest = hashlib.sha256((salt + password).encode()).digest()
    return f"$5${salt}${base64.b64encode(digest, b'./').decode().rstrip('=')}"


def matches(password: str, stored: str) -> bool:
    """True when `stored` is the hash of that password."""
    _, _, salt, digest = stored.split("$")
    computed = hashlib.sha256((salt + password).encode()).digest()
    return secrets.compare_digest(base64.b64encode(computed, b"./").decode().rstrip("="), digest)


def domain_name(text: str) -> str:
    """A domain name in lower case. Raises Refusal (1019)."""
    name = text.strip().lower()
    ascii_form = ascii_name(name)
    labels = ascii_form.split(".")
    if (
        len(labels) < _NAME_AND_SUFFIX
        or len(ascii_form) > _MAX_NAME
        or not all(_LABEL.fullmatch(label) for label in labels)
    ):
        raise invalid(f"Incorrect name {text}. The domain name is invalid.")
    return name


def ascii_name(name: str) -> str:
    """The A-label form of a domain name. Raises Refusal (1019)."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise invalid(f"Incorrect name {name}. The domain name is invalid.") from error


def status_value(text: str) -> int:
    """A status that may be set: 0, 16, 32 or 64. Raises Refusal (1025)."""
    if text.strip() not in ("0", "16", "32", "64"):
        raise Refusal(Code.STATUS_WRONG, f"Wrong status value: {text}")
    return int(text)


def check_password(password: str, login: str) -> None:
    """Raises Refusal (1019) for a password that the panel finds too weak."""
    if len(password) < _SHORTEST_PASSWORD or login in password:
        raise invalid("The password is too short, or contains the login name.")
