"""What an account at an authority must say, checked before anything is sent.

Described in docs/reference/adapters/acme.md.
"""

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from adapters.acme.keys import AccountKey, KeyUnusable
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount

SETTINGS: Final = (
    "directory_url",
    "contact",
    "terms_agreed",
    "ca_file",
    "eab_key_id",
    "profile",
    "preferred_chain",
    "resolvers",
    "nameserver_port",
    "connect_seconds",
    "command_seconds",
    "orders_per_3_hours",
    "certificates_per_week_for_a_name_set",
    "validations_per_hour_for_a_name",
)
CREDENTIALS: Final = ("account_key", "eab_hmac_key")

DNS_PORT: Final = 53
LARGEST_PORT: Final = 65_535
_MAIL: Final = re.compile(r"[^\s@,;?&]+@[^\s@,;?&]+")
_PROFILE: Final = re.compile(r"[A-Za-z0-9._-]{0,64}")
_COMMON_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


class Endpoint(NamedTuple):
    """An address and a port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Binding:
    """What ties a new account to one that the authority knows already (RFC 8555 section 7.3.4)."""

    key_id: str
    hmac_key: Secret


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what the authority allows is used at most."""

    orders_per_3_hours: int = 250
    certificates_per_week_for_a_name_set: int = 4
    validations_per_hour_for_a_name: int = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """One account, checked. Times are in seconds; without `resolvers` the machine's are asked."""

    account: str
    directory_url: str
    key: AccountKey
    contact: str = ""
    ca_file: str = ""
    binding: Binding | None = None
    profile: str = ""
    preferred_chain: str = ""
    resolvers: tuple[Endpoint, ...] = ()
    nameserver_port: int = DNS_PORT
    connect_seconds: float = 10.0
    command_seconds: float = 45.0
    limits: Limits = Limits()


def read(account: VendorAccount) -> Settings:
    """The account's settings and credentials. Raises SettingsError with one sentence that names the fault."""
    try:
        _refuse_unknown("setting", account.settings, SETTINGS)
        _refuse_unknown("credential", account.credentials, CREDENTIALS)
        return _read(account.name, _Texts(account.settings), account.credentials)
    except _Wrong as wrong:
        raise SettingsError(f"ACME account {account.name!r}: {wrong}") from None


class _Wrong(Exception):
    """One setting is wrong; says which and why."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """Settings as they were given; each method reads one of a kind. An empty text counts as not given."""

    given: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        return self.given.get(key, "").strip() or default

    def seconds(self, key: str, default: float) -> float:
        try:
            seconds = float(self.text(key, str(default)))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise _Wrong(f"{key} must be a number of seconds above 0")
        return seconds

    def whole(self, key: str, default: int, most: int) -> int:
        text = self.text(key, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise _Wrong(f"{key} must be a whole number from 1 to {most}")
        return int(text)

    def matching(self, key: str, pattern: re.Pattern[str], wanted: str) -> str:
        text = self.text(key)
        if text and not pattern.fullmatch(text):
            raise _Wrong(f"{key} must be {wanted}")
        return text


def _read(name: str, texts: _Texts, credentials: Mapping[str, Secret]) -> Settings:
    if texts.text("terms_agreed") != "yes":
        raise _Wrong("terms_agreed must be yes: read the authority's terms of service, and say so")
    return Settings(
        account=name,
        directory_url=_directory_url(texts.text("directory_url")),
        key=_account_key(credentials.get("account_key", Secret(""))),
        contact=texts.matching("contact", _MAIL, "one mail address"),
        ca_file=_ca_file(texts.text("ca_file")),
        binding=_binding(texts.text("eab_key_id"), credentials.get("eab_hmac_key", Secret(""))),
        profile=texts.matching("profile", _PROFILE, "the name of one of the authority's profiles"),
        preferred_chain=texts.matching(
            "preferred_chain", _COMMON_NAME, "an issuer's common name, of 64 letters at most"
        ),
        resolvers=_resolvers(texts.text("resolvers")),
        nameserver_port=texts.whole("nameserver_port", DNS_PORT, LARGEST_PORT),
        connect_seconds=texts.seconds("connect_seconds", 10),
        command_seconds=texts.seconds("command_seconds", 45),
        limits=_limits(texts),
    )


def _limits(texts: _Texts) -> Limits:
    most = 1_000_000
    return Limits(
        orders_per_3_hours=texts.whole("orders_per_3_hours", 250, most),
        certificates_per_week_for_a_name_set=texts.whole("certificates_per_week_for_a_name_set", 4, most),
        validations_per_hour_for_a_name=texts.whole("validations_per_hour_for_a_name", 4, most),
    )


def _refuse_unknown(kind: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for key in sorted(set(given) - set(known)):
        raise _Wrong(f"unknown {kind} {key!r}; known are {', '.join(known)}")


def _directory_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise _Wrong("directory_url is not a URL") from None
    if parts.scheme != "https" or not parts.hostname:
        raise _Wrong("directory_url must begin with https:// and name a host; ACME is spoken over TLS alone")
    if "@" in parts.netloc or parts.fragment:
        raise _Wrong("directory_url has no login and no fragment; credentials have their own place")
    return text


def _account_key(pem: Secret) -> AccountKey:
    if not pem:
        raise _Wrong("the credential account_key is missing")
    try:
        return AccountKey.read(pem)
    except KeyUnusable as unusable:
        raise _Wrong(f"the credential account_key {unusable}") from None


def _ca_file(text: str) -> str:
    if text and not Path(text).is_file():
        raise _Wrong(f"ca_file {text!r} is not a file that can be read")
    return text


def _binding(key_id: str, hmac_key: Secret) -> Binding | None:
    if bool(key_id) != bool(hmac_key):
        raise _Wrong("the setting eab_key_id and the credential eab_hmac_key are given together, or neither")
    if not key_id:
        return None
    text = hmac_key.reveal().strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise _Wrong("the credential eab_hmac_key is not base64url")
    return Binding(key_id, Secret(text))


def _resolvers(text: str) -> tuple[Endpoint, ...]:
    return tuple(_endpoint(word) for word in re.split(r"[\s,]+", text) if word)


def _endpoint(text: str) -> Endpoint:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`."""
    address, port = text, ""
    if text.startswith("[") or text.count(":") == 1:
        address, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    try:
        host = str(ipaddress.ip_address(address.strip("[]")))
    except ValueError:
        raise _Wrong(f"resolvers: {text!a} is not an IP address, or one with a port") from None
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) <= LARGEST_PORT):
        raise _Wrong(f"resolvers: {text!a} has no port from 1 to {LARGEST_PORT}")
    return Endpoint(host, int(port or DNS_PORT))
