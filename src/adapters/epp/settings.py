"""What a registrar account must say, checked before anything is sent. Described in docs/reference/adapters/epp.md."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from adapters.epp.identifiers import LONGEST_PREFIX
from adapters.epp.templates import Template, TemplateError
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import Host

SETTINGS: Final = (
    "host",
    "port",
    "ca_file",
    "fingerprint",
    "client_certificate",
    "max_sessions",
    "commands_per_second",
    "checks_per_second",
    "idle_close_seconds",
    "session_max_age_seconds",
    "connect_seconds",
    "command_seconds",
    "host_model",
    "data_model",
    "extensions",
    "currency",
    "restore_report",
    "transfer_years",
    "nameservers",
    "cltrid_prefix",
    "language",
    "registrar_id",
    "look_again_seconds",
    "pending_look_seconds",
    "contact_create_extension",
    "contact_update_extension",
)
CREDENTIALS: Final = ("username", "password", "client_key")

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_HOST: Final = re.compile(r"[A-Za-z0-9:.%_-]{1,253}")
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_PREFIX: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_PREFIX - 1}}}")
_LONGEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Settings:
    """One account, checked; no secrets in it. Times are in seconds.

    `registrar_id` is empty where it is the login. `look_again_seconds` lie between looks at a
    transfer that others decide, `pending_look_seconds` at what the registry decides; its message comes sooner.
    `fingerprint` is 64 hexadecimal digits, or empty. `extensions` None means: all that we speak of those that the
    server announces. A rate of 0 per second means: as fast as it goes.
    """

    account: str
    host: str
    username: str
    port: int = 700
    ca_file: str = ""
    fingerprint: str = ""
    client_certificate: str = ""
    max_sessions: int = 2
    commands_per_second: float = 10.0
    checks_per_second: float = 5.0
    idle_close_seconds: float = 60.0
    session_max_age_seconds: float = 3600.0
    connect_seconds: float = 10.0
    command_seconds: float = 60.0
    host_model: Literal["objects", "attributes"] = "objects"
    data_model: Literal["thick", "thin"] = "thick"
    extensions: tuple[str, ...] | None = None
    currency: str = "EUR"
    restore_report: bool = True
    transfer_years: int = 1
    nameservers: tuple[Host, ...] = ()
    cltrid_prefix: str = "PRV"
    language: str = "en"
    registrar_id: str = ""
    look_again_seconds: float = 14_400.0
    pending_look_seconds: float = 900.0
    contact_create_extension: Template | None = None
    contact_update_extension: Template | None = None

    @property
    def sponsor(self) -> str:
        """By what the registry knows what is ours (clID)."""
        return self.registrar_id or self.username

    @property
    def contact_namespaces(self) -> frozenset[str]:
        """The URIs of what is sent with contacts beyond RFC 5733."""
        given = filter(None, (self.contact_create_extension, self.contact_update_extension))
        return frozenset[str]().union(*(template.namespaces for template in given))


def read(account: VendorAccount) -> Settings:
    """The account's settings. Raises SettingsError with one sentence that names the fault."""
    try:
        _refuse_unknown("setting", account.settings, SETTINGS)
        _refuse_unknown("credential", account.credentials, CREDENTIALS)
        _check_credentials(account.credentials)
        settings = _read(account.name, _Texts(account.settings), account.credentials["username"].reveal())
        _check_trust(settings, account.credentials)
    except _Wrong as wrong:
        raise SettingsError(f"EPP account {account.name!r}: {wrong}") from None
    return settings


class _Wrong(Exception):
    """One setting is wrong; says which and why."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """Settings as they were given; each method reads one of a kind. An empty text counts as not given."""

    given: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        return self.given.get(key, "").strip() or default

    def number(self, key: str, default: float, least: float = 0.0, *, above: bool = True) -> float:
        try:
            number = float(self.text(key, str(default)))
        except ValueError:
            number = math.nan
        if not (least < number < math.inf or (number == least and not above)):
            raise _Wrong(f"{key} must be a number {'above' if above else 'from'} {least:g}")
        return number

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        text = self.text(key, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise _Wrong(f"{key} must be a whole number from {least} to {most}")
        return int(text)

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        text = self.text(key, choices[0])
        if text not in choices:
            raise _Wrong(f"{key} must be {' or '.join(choices)}")
        return text

    def file(self, key: str) -> str:
        text = self.text(key)
        if text and not Path(text).is_file():
            raise _Wrong(f"{key} {text!r} is not a file that can be read")
        return text

    def matching(self, key: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        text = self.text(key, default)
        if not pattern.fullmatch(text):
            raise _Wrong(f"{key} must be {wanted}")
        return text


def _read(account: str, texts: _Texts, username: str) -> Settings:
    return Settings(
        account=account,
        username=username,
        host=texts.matching("host", "", _HOST, "the name or address of the registry's server"),
        port=texts.whole("port", 700, 1, _LONGEST_PORT),
        ca_file=texts.file("ca_file"),
        fingerprint=_fingerprint(texts.text("fingerprint")),
        client_certificate=texts.file("client_certificate"),
        max_sessions=texts.whole("max_sessions", 2, 1, 1_000),
        commands_per_second=texts.number("commands_per_second", 10, above=False),
        checks_per_second=texts.number("checks_per_second", 5, above=False),
        idle_close_seconds=texts.number("idle_close_seconds", 60),
        session_max_age_seconds=texts.number("session_max_age_seconds", 3_600),
        connect_seconds=texts.number("connect_seconds", 10),
        command_seconds=texts.number("command_seconds", 60),
        host_model=cast("Literal['objects', 'attributes']", texts.one_of("host_model", ("objects", "attributes"))),
        data_model=cast("Literal['thick', 'thin']", texts.one_of("data_model", ("thick", "thin"))),
        extensions=_extensions(texts),
        currency=texts.matching("currency", "EUR", re.compile("[A-Z]{3}"), "an ISO 4217 code such as EUR"),
        restore_report=texts.one_of("restore_report", ("true", "false")) == "true",
        transfer_years=texts.whole("transfer_years", 1, 0, 10),
        nameservers=_nameservers(texts.text("nameservers")),
        cltrid_prefix=_prefix(texts),
        language=texts.matching("language", "en", re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"), "a language tag"),
        registrar_id=texts.text("registrar_id"),
        look_again_seconds=texts.number("look_again_seconds", 14_400),
        pending_look_seconds=texts.number("pending_look_seconds", 900),
        contact_create_extension=_template(texts, "contact_create_extension"),
        contact_update_extension=_template(texts, "contact_update_extension"),
    )


def _refuse_unknown(kind: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for key in sorted(set(given) - set(known)):
        raise _Wrong(f"unknown {kind} {key!r}; known are {', '.join(known)}")


def _check_credentials(credentials: Mapping[str, Secret]) -> None:
    for key in ("username", "password"):
        if not credentials.get(key):
            raise _Wrong(f"the credential {key} is missing")


def _check_trust(settings: Settings, credentials: Mapping[str, Secret]) -> None:
    if settings.fingerprint and settings.ca_file:
        raise _Wrong("fingerprint and ca_file exclude each other; give one of them")
    if credentials.get("client_key") and not settings.client_certificate:
        raise _Wrong("the credential client_key needs the setting client_certificate")


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if digits and not _FINGERPRINT.fullmatch(digits):
        raise _Wrong("fingerprint must be the certificate's SHA-256: 64 hexadecimal digits, colons allowed")
    return digits


def _extensions(texts: _Texts) -> tuple[str, ...] | None:
    """Words apart by commas or spaces; `none` for none at all."""
    text = texts.text("extensions")
    if not text:
        return None
    return () if text == "none" else _words(text)


def _template(texts: _Texts, key: str) -> Template | None:
    text = texts.text(key)
    try:
        return Template.parse(text) if text else None
    except TemplateError as error:
        raise _Wrong(f"{key}: {error}") from None


def _nameservers(text: str) -> tuple[Host, ...]:
    names = tuple(name.lower().rstrip(".") for name in _words(text))
    for name in names:
        if not _NAME.fullmatch(name):
            raise _Wrong(f"nameservers: {name!a} is not a host name")
    return tuple(Host(name) for name in names)


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[\s,]+", text)))


def _prefix(texts: _Texts) -> str:
    wanted = f"1 to {LONGEST_PREFIX} letters, digits, - or _, a letter or digit first"
    return texts.matching("cltrid_prefix", "PRV", _PREFIX, wanted)
