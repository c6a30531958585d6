"""One client's session: what it may do, and how it comes in and goes (RFC 5730 §2.9.1)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.sandbox.epp import codes, replies
from adapters.sandbox.epp.call import Answer
from adapters.sandbox.epp.nodes import NAMESPACES, Node, branch, leaf
from adapters.sandbox.epp.reading import Part, Request
from adapters.sandbox.epp.records import Registrar
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.registry import Registry

LONG_PASSWORD: Final = "[LOGIN-SECURITY]"  # noqa: S105 - RFC 8807's mark for a password that is elsewhere
_MIN_PASSWORD, _MAX_PASSWORD = 6, 16


@dataclass(slots=True)
class Session:
    """A session. `account` is empty before login; `services` are the namespaces that the client chose."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    account: str = ""
    services: frozenset[str] = frozenset()
    failures: int = 0


class Reception:
    """Lets registrars in, and counts who is there."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._inside: dict[str, set[str]] = {}

    def log_in(self, session: Session, request: Request) -> Answer:
        """Let a registrar in. Raises Refusal (2002, 2005, 2100, 2102, 2103, 2200, 2307, 2501, 2502)."""
        if session.account:
            raise Refusal(Code.USE, "The session is logged in already")
        body = request.body
        _check_options(body)
        services = self._services(body)
        account = self._registrar(session, request)
        new = _new_password(request)
        others = self._inside.setdefault(account.id, set())
        if len(others) >= self._registry.settings.max_sessions:
            raise Refusal(Code.SESSION_LIMIT, f"{len(others)} sessions are open")
        others.add(session.id)
        session.account, session.services = account.id, services
        password = codes.hashed(new) if new else account.password
        self._registry.registrars.save(replace(account, failed_logins=0, password=password))
        if new:
            self._registry.ledger.record("login:new-password", account=account.id, reference=account.id)
        return Answer(extensions=_security(account) if account.failed_logins else ())

    def leave(self, session: Session) -> None:
        """The session is over."""
        self._inside.get(session.account, set()).discard(session.id)

    def count(self, account: str) -> int:
        """How many sessions of a registrar are open."""
        return len(self._inside.get(account, ()))

    def _registrar(self, session: Session, request: Request) -> Registrar:
        found = self._registry.registrars.get(request.body.value("clID"))
        if found is not None and codes.matches(_password(request), found.password):
            return found
        if found is not None:
            self._registry.registrars.save(replace(found, failed_logins=found.failed_logins + 1))
        session.failures += 1
        too_often = session.failures >= self._registry.settings.max_failed_logins
        raise Refusal(Code.AUTHENTICATION_CLOSING if too_often else Code.AUTHENTICATION, "Login or password is wrong")

    def _services(self, body: Part) -> frozenset[str]:
        chosen = [part for part in body.walk() if part.name in ("objURI", "extURI")]
        settings = self._registry.settings
        _check_known(chosen, "objURI", replies.object_services(settings), Code.SERVICE)
        _check_known(chosen, "extURI", replies.extension_services(settings), Code.EXTENSION)
        return frozenset(part.text for part in chosen)


def check_services(session: Session, request: Request) -> None:
    """Raises Refusal (2103, 2307) when a command uses what was not chosen at login."""
    prefix = request.body.name.rpartition(":")[0]
    if prefix and NAMESPACES[prefix] not in session.services:
        raise Refusal(Code.SERVICE, f"The {prefix} service was not chosen at login")
    for name, part in request.extensions.items():
        if part.namespace not in session.services:
            raise Refusal(Code.EXTENSION, f"The extension of {name} was not chosen at login")


def _check_known(chosen: Iterable[Part], name: str, known: tuple[str, ...], code: Code) -> None:
    for part in chosen:
        if part.name == name and part.text not in known:
            raise Refusal(code, f"There is no {part.text} here", name, part.text)


def _check_options(body: Part) -> None:
    options = body.find("options")
    version = "" if options is None else options.value("version")
    language = "" if options is None else options.value("lang")
    if version != "1.0":
        raise Refusal(Code.VERSION, "The version is 1.0", "version", version)
    if not language.startswith("en"):
        raise Refusal(Code.OPTION, "The language is en", "lang", language)


def _password(request: Request) -> str:
    security = request.extensions.get("loginSec:loginSec")
    given = request.body.value("pw")
    if given == LONG_PASSWORD and security is not None:
        return security.value("loginSec:pw")
    return _short(given, "pw")


def _new_password(request: Request) -> str:
    security = request.extensions.get("loginSec:loginSec")
    given = request.body.value("newPW")
    if given == LONG_PASSWORD and security is not None:
        return security.value("loginSec:newPW")
    return _short(given, "newPW") if given else ""


def _short(text: str, element: str) -> str:
    if not _MIN_PASSWORD <= len(text) <= _MAX_PASSWORD:
        raise Refusal(Code.SYNTAX, f"{element} has 6 to 16 characters; for more there is loginSec")
    return text


def _security(account: Registrar) -> tuple[Node, ...]:
    event = leaf(
        "loginSec:event",
        "Logins have failed since the last good one",
        type="stat",
        name="failedLogins",
        level="warning",
        value=str(account.failed_logins),
    )
    return (branch("loginSec:loginSecData", event),)
