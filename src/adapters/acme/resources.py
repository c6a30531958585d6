"""What an authority keeps: its directory, orders, authorizations and challenges, read with care.

Read here and not by the library, which refuses a whole order for one status that it does not know (`expired`).
Sources: RFC 8555 sections 7.1.1 to 7.1.5, RFC 9773 sections 4 and 5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from acme import challenges
from josepy.errors import DeserializationError

from adapters.acme import problems
from adapters.acme.keys import AccountKey
from adapters.acme.network import UnreadableAnswer
from adapters.acme.problems import ProblemDocument
from provisioner.ports.certificates import Challenge, Method

PENDING: Final = "pending"
READY: Final = "ready"
PROCESSING: Final = "processing"
VALID: Final = "valid"
INVALID: Final = "invalid"

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KINDS: Final = {
    Method.HTTP: challenges.HTTP01,
    Method.DNS: challenges.DNS01,
}


@dataclass(frozen=True, slots=True)
class Directory:
    """Where an authority takes which request, and what it says of itself. Without `renewal_info` it has none."""

    new_nonce: str
    new_account: str
    new_order: str
    revoke_certificate: str
    renewal_info: str = ""
    terms: str = ""
    caa_identities: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. `replaces` is what the authority has taken over of what we asked for."""

    status: str
    authorizations: tuple[str, ...]
    finalize: str
    certificate: str = ""
    expires: datetime | None = None
    replaces: str = ""
    error: ProblemDocument | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """One name of an order, with `*.` for a wildcard; `error` says why it failed, if it did."""

    name: str
    status: str
    challenges: tuple[Challenge, ...]
    error: ProblemDocument | None = None


def read_directory(body: Any) -> Directory:
    """A directory. Raises UnreadableAnswer."""
    found = _object(body, "directory")
    meta = _mapping(found.get("meta"))
    return Directory(
        new_nonce=_url(found, "newNonce"),
        new_account=_url(found, "newAccount"),
        new_order=_url(found, "newOrder"),
        revoke_certificate=_url(found, "revokeCert"),
        renewal_info=_text(found.get("renewalInfo")),
        terms=_text(meta.get("termsOfService")),
        caa_identities=tuple(name.lower() for name in _texts(meta.get("caaIdentities"))),
        profiles=tuple(_mapping(meta.get("profiles"))),
    )


def read_order(body: Any) -> Order:
    """An order. Raises UnreadableAnswer."""
    found = _object(body, "order")
    return Order(
        status=_text(found.get("status")),
        authorizations=_texts(found.get("authorizations")),
        finalize=_url(found, "finalize"),
        certificate=_text(found.get("certificate")),
        expires=moment(found.get("expires")),
        replaces=_text(found.get("replaces")),
        error=problems.read(found["error"]) if found.get("error") else None,
    )


def read_authorization(body: Any, key: AccountKey) -> Authorization:
    """An authorization, its challenges with what is to be shown for them. Raises UnreadableAnswer."""
    found = _object(body, "authorization")
    domain = _text(_object(found.get("identifier"), "identifier").get("value")).lower()
    if not domain:
        raise UnreadableAnswer("an authorization names nothing")
    offered = [entry for entry in found.get("challenges") or () if isinstance(entry, Mapping)]
    name = f"*.{domain}" if found.get("wildcard") is True else domain
    shown = (_challenge(entry, name, domain, key) for entry in offered)
    return Authorization(
        name=name,
        status=_text(found.get("status")),
        challenges=tuple(challenge for challenge in shown if challenge is not None),
        error=next((problems.read(entry["error"]) for entry in offered if entry.get("error")), None),
    )


def challenge_status(body: Any) -> str:
    """The status of a challenge, which always has one and its URL (RFC 8555 section 8). Raises UnreadableAnswer."""
    found = _object(body, "challenge")
    _url(found, "url")
    return _url(found, "status")


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC; None for anything else."""
    try:
        when = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else None


def _challenge(entry: Mapping[str, Any], name: str, domain: str, key: AccountKey) -> Challenge | None:
    """What is to be shown; None for a kind that we do not speak, such as TLS-ALPN-01."""
    kind, token, url = _text(entry.get("type")), _text(entry.get("token")), _text(entry.get("url"))
    if kind not in list(Method) or not url:
        return None
    method = Method(kind)
    proof = _proof(method, token)
    place = token if method is Method.HTTP else proof.validation_domain_name(domain)
    return Challenge(name=name, method=method, place=place, content=proof.validation(key.private), url=url)


def _proof(method: Method, token: str) -> challenges.KeyAuthorizationChallenge:
    """The library's challenge, which knows what is to be shown."""
    if not _TOKEN.fullmatch(token):  # it becomes the name of a file
        raise UnreadableAnswer("a challenge's token is not base64url")
    try:
        return _KINDS[method].from_json({"type": method.value, "token": token})
    except DeserializationError:
        raise UnreadableAnswer("a challenge's token is too short") from None


def _object(body: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise UnreadableAnswer(f"the {what} is no JSON object")
    return body


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _url(found: Mapping[str, Any], name: str) -> str:
    text = _text(found.get(name))
    if not text:
        raise UnreadableAnswer(f"{name} is missing")
    return text


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
