"""What the panel remembers. Records are never changed in place: a new one is saved over the old.

Passwords are kept as salted hashes, secret keys as hashes; private keys of certificates are kept elsewhere (`storage`).
`KEYS` names the attributes by which a table can be searched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal

ADMIN_ID = 1
ADMIN_LOGIN = "admin"
Counter = Literal["http_in", "http_out", "ftp_in", "ftp_out", "smtp_in", "smtp_out", "pop3_imap_in", "pop3_imap_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer account."""

    KEYS: ClassVar = ("login", "guid", "external_id", "owner_id")

    id: int
    guid: str
    cr_date: date
    pname: str
    login: str
    password: str
    owner_id: int = ADMIN_ID
    status: int = 0
    external_id: str = ""
    contact: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficDay:
    """The traffic of one day, in bytes by counter name (`http_in`, …)."""

    date: date
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webspace:
    """A subscription. Its main site has the same id and guid, and carries its name and hosting."""

    KEYS: ClassVar = ("guid", "external_id", "owner_id")

    id: int
    guid: str
    cr_date: date
    owner_id: int = ADMIN_ID
    status: int = 0
    external_id: str = ""
    description: str = ""
    admin_description: str = ""
    reseller_description: str = ""
    plan_guid: str = ""
    addon_guids: tuple[str, ...] = ()
    locked: bool = False
    synchronized: bool = True
    overuse: str = "block"
    limits: Mapping[str, int] = field(default_factory=dict)
    permissions: Mapping[str, bool] = field(default_factory=dict)
    php_settings: Mapping[str, str] = field(default_factory=dict)
    real_size: int = 0
    traffic: tuple[TrafficDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A domain in a subscription: name, hosting, zone."""

    KEYS: ClassVar = ("name", "guid", "webspace_id", "parent_site_id", "system_login")

    id: int
    guid: str
    webspace_id: int
    name: str
    cr_date: date
    status: int = 0
    htype: str = "none"
    properties: Mapping[str, str] = field(default_factory=dict)
    dest_url: str = ""
    http_code: int = 0
    ip_addresses: tuple[str, ...] = ()
    description: str = ""
    parent_site_id: int = 0
    dns_enabled: bool = True
    mail_enabled: bool = True
    prefs: Mapping[str, str] = field(default_factory=dict)
    performance: Mapping[str, str] = field(default_factory=dict)

    @property
    def system_login(self) -> str:
        """The system (FTP) user; unique on the server."""
        return self.properties.get("ftp_login", "")

    @property
    def is_main(self) -> bool:
        """True for the main domain of a subscription."""
        return self.id == self.webspace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A service plan, or an add-on to one."""

    KEYS: ClassVar = ("name", "guid", "external_id")

    id: int
    guid: str
    name: str
    addon: bool = False
    external_id: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    permissions: Mapping[str, bool] = field(default_factory=dict)
    hosting: Mapping[str, str] = field(default_factory=dict)
    php_settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """One record of a zone; `host` is absolute, with the final dot. Site 0 is the server's template."""

    KEYS: ClassVar = ("site_id",)

    id: int
    site_id: int
    type: str
    host: str
    value: str
    opt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailname:
    """A mail address of a site."""

    KEYS: ClassVar = ("site_id",)

    id: int
    site_id: int
    name: str
    password: str = ""
    cp_access: bool = False
    mailbox: bool = False
    quota: int = -1
    forwarding: bool = False
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    autoresponder: Mapping[str, str] = field(default_factory=dict)
    antivir: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate in a repository; `site_id` 0 is the administrator's. `cert` and `ca` are PEM: leaf, and others."""

    KEYS: ClassVar = ("site_id", "name")

    id: int
    site_id: int
    name: str
    cert: str = ""
    ca: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A secret key: only its hash. `login` is whom it speaks for."""

    KEYS: ClassVar = ("digest",)

    id: int
    digest: str
    ip_addresses: tuple[str, ...]
    description: str = ""
    login: str = ADMIN_LOGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A one-time login of a panel user. Never written to a file."""

    KEYS: ClassVar = ("token", "login")

    id: int
    token: str
    login: str
    ip_address: str
    started: datetime


Record = Customer | Webspace | Site | Plan | DnsRecord | Mailname | Certificate | SecretKey | Session
