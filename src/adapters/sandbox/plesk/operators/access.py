"""secret_key, session, and server/create_session: ways in."""

import base64
import binascii
import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import ADMIN_LOGIN, SecretKey, Session
from adapters.sandbox.plesk.refusals import invalid, missing
from adapters.sandbox.plesk.selection import text_of

KeyAct = Callable[[SecretKey, str], Element]


def digest(key: str) -> str:
    """What is kept of a secret key."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(call: Call, request: Element) -> Sequence[Element]:
    """A secret key for one address; it is shown this once."""
    panel, key = call.panel, call.panel.ids.new()
    login = text_of(request, "login", ADMIN_LOGIN)
    if login != ADMIN_LOGIN and not panel.customers.where("login", login):
        raise missing("client does not exist")
    record = SecretKey(
        id=panel.secret_keys.next_id(),
        digest=digest(key),
        ip_addresses=(text_of(request, "ip_address", call.caller.ip_address),),
        description=text_of(request, "description"),
        login=login,
    )
    panel.secret_keys.save(record)
    call.effect(record, record.description, login=login)
    return [answers.ok(answers.leaf("key", key))]


def get_keys(call: Call, request: Element) -> Sequence[Element]:
    """Keys by themselves, or all of them by their hashes."""

    def show(record: SecretKey, key: str) -> Element:
        return answers.ok(
            answers.branch(
                "key_info",
                answers.leaf("key", key),
                answers.leaf("ip_address", ",".join(record.ip_addresses)),
                answers.leaf("description", record.description),
                answers.leaf("login", record.login),
            )
        )

    keys = [(key.text or "").strip() for key in request.findall("filter/key")]
    if not keys:
        return [show(record, record.digest) for record in call.panel.secret_keys.all()] or [answers.ok()]
    return [_key_result(call.panel, key, show) for key in keys]


def delete_keys(call: Call, request: Element) -> Sequence[Element]:
    """Remove keys; without names, all of them."""

    def drop(record: SecretKey, key: str) -> Element:
        call.panel.secret_keys.drop(record)
        call.effect(record, record.description, login=record.login)
        return answers.ok(answers.leaf("key", key))

    keys = [(key.text or "").strip() for key in request.findall("filter/key")]
    if not keys:
        return [drop(record, record.digest) for record in call.panel.secret_keys.all()] or [answers.ok()]
    return [_key_result(call.panel, key, drop) for key in keys]


def _key_result(panel: Panel, key: str, act: KeyAct) -> Element:
    found = panel.secret_keys.where("digest", digest(key)) or panel.secret_keys.where("digest", key)
    if not found:
        return answers.refused(missing("Secret key does not exist"), answers.leaf("key", key))
    return act(found[0], key)


def create_session(call: Call, request: Element) -> Sequence[Element]:
    """A one-time login for a user whose browser has the given address."""
    panel, login = call.panel, text_of(request, "login")
    if login != ADMIN_LOGIN and not panel.customers.where("login", login):
        raise missing("User does not exist")
    asked = request.find("data/user_ip")
    address = call.caller.ip_address if asked is None else _user_address((asked.text or "").strip())
    token = secrets.token_hex(16)
    session = Session(
        id=panel.sessions.next_id(), token=token, login=login, ip_address=address, started=panel.clock.now()
    )
    panel.sessions.save(session)
    call.effect(session, login, login=login, user_ip=address)
    return [answers.ok(answers.leaf("id", token))]


def _user_address(text: str) -> str:
    """An address, plain or in base64, as the documents of different ages say. Raises Refusal (1019)."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        return str(ipaddress.ip_address(base64.b64decode(text, validate=True).decode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise invalid("user_ip is no IP address.") from error


def get_sessions(call: Call, request: Element) -> Sequence[Element]:
    """The sessions that are open."""
    del request
    return [answers.ok(*(_session(each) for each in call.panel.sessions.all()))]


def _session(session: Session) -> Element:
    started = session.started.replace(microsecond=0).isoformat()
    return answers.branch(
        "session",
        answers.leaf("id", session.token),
        answers.leaf("type", "PLESK"),
        answers.leaf("ip-address", session.ip_address),
        answers.leaf("login", session.login),
        answers.leaf("login-time", started),
        answers.leaf("idle", started),
    )


def terminate(call: Call, request: Element) -> Sequence[Element]:
    """End a session."""
    found = call.panel.sessions.where("token", text_of(request, "session-id"))
    if not found:
        raise missing("Session does not exist")
    call.panel.sessions.drop(found[0])
    call.effect(found[0], found[0].login, login=found[0].login)
    return [answers.ok()]


OPERATIONS: Final[Mapping[str, Handler]] = {
    "secret_key.create": create_key,
    "secret_key.get_info": get_keys,
    "secret_key.delete": delete_keys,
    "server.create_session": create_session,
    "session.get": get_sessions,
    "session.terminate": terminate,
}
