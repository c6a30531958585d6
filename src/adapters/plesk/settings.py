"""What a Plesk account must say, checked before anything is sent. Described in docs/reference/adapters/plesk.md."""

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import httpx

from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import Method

AGENT_PATH: Final = "/enterprise/control/agent.php"
SETTINGS: Final = (
    "endpoint",
    "fingerprint",
    "ca_file",
    "role",
    "connect_timeout",
    "read_timeout",
    "ip_address",
    "nameservers",  # for domains that are ordered with hosting; nothing for the adapter itself
    "certificates",
    "challenge_methods",
    "dns_is_ours",
    "ftp_port",
    "tls_port",
)
SOURCES: Final = ("worker", "panel", "none")
"""Who issues certificates: we do, the panel does by itself, or nobody shall."""

HIGHEST_PORT: Final = 65535
CREDENTIALS: Final = ("login", "password", "secret_key")

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_NO_HEADER: Final = re.compile(r"[\x00-\x1f\x7f]|^ | $")


class Role(IntEnum):
    """Whose credentials these are. The value is the flag that suspending sets in a subscription's status."""

    ADMIN = 16
    RESELLER = 32


_USUAL_SOURCE: Final[Mapping[Role, str]] = {Role.ADMIN: "worker", Role.RESELLER: "none"}
"""Plesk lets administrators only handle certificates."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One account, checked. Times are in seconds; `fingerprint` is 64 hexadecimal digits, or empty."""

    account: str
    url: httpx.URL
    headers: Mapping[str, Secret]
    role: Role = Role.ADMIN
    fingerprint: str = ""
    ca_file: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 300.0
    ip_address: str = ""
    certificates: str = "worker"
    challenge_methods: tuple[Method, ...] = (Method.HTTP, Method.DNS)
    dns_is_ours: bool = True
    ftp_port: int = 21
    tls_port: int = 443


def read(account: VendorAccount) -> Settings:
    """The account's settings and credentials. Raises SettingsError with one sentence that names the fault."""
    try:
        _refuse_unknown("setting", account.settings, SETTINGS)
        _refuse_unknown("credential", account.credentials, CREDENTIALS)
        return _read(account.name, account.settings, account.credentials)
    except _Wrong as wrong:
        raise SettingsError(f"Plesk account {account.name!r}: {wrong}") from None


class _Wrong(Exception):
    """One setting is wrong; says which and why."""


def _read(name: str, settings: Mapping[str, str], credentials: Mapping[str, Secret]) -> Settings:
    fingerprint, ca_file = _fingerprint(settings.get("fingerprint", "")), _ca_file(settings.get("ca_file", ""))
    if fingerprint and ca_file:
        raise _Wrong("fingerprint and ca_file exclude each other; give one of them")
    role = _role(settings.get("role", "admin"))
    return Settings(
        account=name,
        url=_url(settings.get("endpoint", "")),
        headers=_headers(credentials),
        role=role,
        fingerprint=fingerprint,
        ca_file=ca_file,
        connect_timeout=_seconds("connect_timeout", settings.get("connect_timeout", "10")),
        read_timeout=_seconds("read_timeout", settings.get("read_timeout", "300")),
        ip_address=_ip_address(settings.get("ip_address", "")),
        certificates=_one_of("certificates", settings.get("certificates", _USUAL_SOURCE[role]), SOURCES),
        challenge_methods=_methods(settings.get("challenge_methods", "http-01,dns-01")),
        dns_is_ours=_one_of("dns_is_ours", settings.get("dns_is_ours", "yes"), ("yes", "no")) == "yes",
        ftp_port=_port("ftp_port", settings.get("ftp_port", "21")),
        tls_port=_port("tls_port", settings.get("tls_port", "443")),
    )


def _refuse_unknown(kind: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for key in sorted(set(given) - set(known)):
        raise _Wrong(f"unknown {kind} {key!r}; known are {', '.join(known)}")


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        url.host.encode("idna")  # what the resolver does; it would fail there with a traceback
    except (httpx.InvalidURL, UnicodeError):
        raise _Wrong("endpoint is not a URL; it looks like https://panel.example.com:8443") from None
    if url.scheme != "https" or not url.host:
        raise _Wrong("endpoint must begin with https:// and name a host, like https://panel.example.com:8443")
    if url.userinfo or url.query or url.fragment or url.path not in ("", "/", AGENT_PATH):
        raise _Wrong("endpoint is a scheme, a host and a port only; credentials have their own place")
    return url.copy_with(path=AGENT_PATH)


def _headers(credentials: Mapping[str, Secret]) -> Mapping[str, Secret]:
    given = {key for key, value in credentials.items() if value}
    if "secret_key" in given:  # the narrower of the two: it may be bound to our address and withdrawn by itself
        return {"KEY": _header_value("secret_key", credentials)}
    if given >= {"login", "password"}:
        return {
            "HTTP_AUTH_LOGIN": _header_value("login", credentials),
            "HTTP_AUTH_PASSWD": _header_value("password", credentials),
        }
    raise _Wrong("credentials are either secret_key, or login and password")


def _header_value(key: str, credentials: Mapping[str, Secret]) -> Secret:
    if _NO_HEADER.search(credentials[key].reveal()):
        raise _Wrong(f"the credential {key} holds a control character, or a space at its beginning or end")
    return credentials[key]


def _role(text: str) -> Role:
    if text not in ("admin", "reseller"):
        raise _Wrong("role must be admin or reseller")
    return Role[text.upper()]


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if digits and not _FINGERPRINT.fullmatch(digits):
        raise _Wrong("fingerprint must be the certificate's SHA-256: 64 hexadecimal digits, colons allowed")
    return digits


def _ca_file(text: str) -> str:
    if text and not Path(text).is_file():
        raise _Wrong(f"ca_file {text!r} is not a file that can be read")
    return text


def _seconds(key: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _Wrong(f"{key} must be a number of seconds above 0")
    return seconds


def _ip_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise _Wrong(f"ip_address {text!r} is not an IP address") from None


def _one_of(key: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise _Wrong(f"{key} must be {', '.join(known[:-1])} or {known[-1]}")
    return text


def _methods(text: str) -> tuple[Method, ...]:
    """The methods in the order written, each once. Empty: none is to be used."""
    try:
        return tuple(dict.fromkeys(Method(each.strip()) for each in text.split(",") if each.strip()))
    except ValueError:
        raise _Wrong("challenge_methods are http-01 and dns-01, with a comma between them") from None


def _port(key: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST_PORT):
        raise _Wrong(f"{key} must be a port number, 1 to {HIGHEST_PORT}")
    return int(text)
