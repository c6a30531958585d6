"""Passwords, authorisation codes and keys: nowhere but in the frame to the registry."""

import contextlib
import io
import logging
import ssl

import pytest
import trustme

from adapters.epp import commands
from adapters.epp.commands import Command
from adapters.epp.replies import DomainData, Polled
from provisioner.kernel import log
from provisioner.kernel.secret import Secret
from provisioner.ports import exchange
from provisioner.ports.outcomes import Failure, Uncertain
from tests.contract.epp.wire.conftest import PASSWORD, Opened
from tests.contract.epp.wire.scripted import (
    LOGIN_SECURITY,
    Act,
    Registry,
    Request,
    framed,
    greeting,
    hang_up,
    registry,
    reply,
    response,
    server_context,
)

CODE = "c0de&<>\"'+$ü"
ESCAPED = "c0de&amp;&lt;&gt;\"'+$ü"
DOMAIN = 'xmlns:domain="urn:ietf:params:xml:ns:domain-1.0"'
SET_CODE = commands.domain_update_auth_code("example.test", Secret(CODE))
POLL = commands.poll_request()


def infos(inner: str) -> str:
    return (
        f"<resData><domain:infData {DOMAIN}><domain:name>example.test</domain:name>{inner}</domain:infData></resData>"
    )


SPOKEN: dict[str, tuple[Command, Act]] = {
    "a code that is set": (SET_CODE, reply()),
    "a code that the server quotes": (SET_CODE, reply(2005, message=f"bad value {ESCAPED} given")),
    "a code that the server quotes in CDATA": (SET_CODE, reply(2005, message=f"<![CDATA[bad {CODE}]]>")),
    "a code that the server shows": (
        commands.domain_info("example.test"),
        reply(inner=infos(f"<domain:authInfo><domain:pw>{ESCAPED}</domain:pw></domain:authInfo>")),
    ),
    "a code in CDATA": (
        commands.domain_info("example.test"),
        reply(inner=infos(f"<domain:authInfo><domain:pw roid='R-1'><![CDATA[{CODE}]]></domain:pw></domain:authInfo>")),
    ),
    "a code in an extension of authInfo": (
        commands.domain_info("example.test"),
        reply(inner=infos(f"<domain:authInfo><domain:ext><x>{ESCAPED}</x></domain:ext></domain:authInfo>")),
    ),
    "a code under another prefix": (
        commands.domain_info("example.test"),
        reply(
            inner="<resData><d:infData xmlns:d='urn:ietf:params:xml:ns:domain-1.0'><d:name>example.test</d:name>"
            f"<d:authInfo><d:pw>{ESCAPED}</d:pw></d:authInfo></d:infData></resData>"
        ),
    ),
    "a code and no answer": (SET_CODE, hang_up),
    "a login": (commands.domain_info("example.test"), reply()),
}


@pytest.mark.parametrize(("command", "act"), SPOKEN.values(), ids=SPOKEN.keys())
def test_what_is_recorded_holds_no_secret(server: Registry, opened: Opened, command: Command, act: Act) -> None:
    server.script(act)
    with opened(server) as sessions, exchange.collected() as recorded, contextlib.suppress(Failure):
        sessions.send(command)
    shown = "".join(each.request + each.response for each in recorded)
    assert "c0de" not in shown
    assert "pass&" not in shown
    assert "***" in shown


def test_a_failure_names_no_secret(server: Registry, opened: Opened) -> None:
    server.script(hang_up)
    with opened(server) as sessions, pytest.raises(Uncertain) as raised:
        sessions.send(SET_CODE)
    assert "c0de" not in f"{raised.value!r} {raised.value}"


def test_the_code_reaches_the_registry_as_it_is(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        sessions.send(SET_CODE)
    (update,) = server.of("update")
    assert f"<domain:pw>{ESCAPED}</domain:pw>" in update.xml


def test_a_code_that_the_registry_shows_is_a_secret(server: Registry, opened: Opened) -> None:
    server.script(reply(inner=infos(f"<domain:authInfo><domain:pw>{ESCAPED}</domain:pw></domain:authInfo>")))
    with opened(server) as sessions:
        answer = sessions.send(commands.domain_info("example.test"))
    assert isinstance(answer.data, DomainData)
    assert answer.data.auth_code == Secret(CODE)
    assert "c0de" not in repr(answer)


def test_what_a_reply_quotes_is_hidden_from_the_caller(server: Registry, opened: Opened) -> None:
    quoted = f"<domain:pw {DOMAIN}>{ESCAPED}</domain:pw>"
    inner = f"<extValue><value>{quoted}</value><reason>{ESCAPED} is weak</reason></extValue>"
    server.script(_refusal(inner))
    with opened(server) as sessions:
        answer = sessions.send(SET_CODE)
    (reason,) = answer.reasons
    assert (reason.element, reason.value, reason.text) == ("pw", "***", "*** is weak")


def _refusal(inner: str) -> Act:
    def act(channel: ssl.SSLSocket, request: Request) -> None:
        text = response(request, 2005).replace("</result>", f"{inner}</result>")
        channel.sendall(framed(text))

    return act


def test_the_raw_text_of_a_message_holds_no_secret(server: Registry, opened: Opened) -> None:
    body = infos(f"<domain:authInfo><domain:pw>{ESCAPED}</domain:pw></domain:authInfo>")
    server.script(reply(1301, inner=f'<msgQ count="1" id="7"><qDate>2026-01-01T00:00:00Z</qDate></msgQ>{body}'))
    with opened(server) as sessions:
        answer = sessions.send(POLL)
    assert isinstance(answer.data, Polled)
    assert "c0de" not in answer.data.raw
    assert 'id="7"' in answer.data.raw


def test_both_frames_of_an_exchange_are_recorded(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions, exchange.collected() as recorded:
        sessions.send(commands.domain_delete("example.test"))
    login, delete = recorded
    assert "<clID>registrar-1</clID><pw>***</pw>" in login.request
    assert "<domain:name>example.test</domain:name>" in delete.request
    assert '<result code="1000">' in delete.response


def test_without_an_answer_the_request_is_recorded(server: Registry, opened: Opened) -> None:
    server.script(hang_up)
    with opened(server) as sessions, exchange.collected() as recorded, pytest.raises(Failure):
        sessions.send(commands.domain_delete("example.test"))
    assert recorded[-1].response == ""
    assert "domain:delete" in recorded[-1].request


def test_warnings_of_the_registry_are_logged_without_secrets(certificate: trustme.LeafCert, opened: Opened) -> None:
    ending = 'type="certificate" level="warning" exDate="2027-01-01T00:00:00Z"'
    event = f"<s:event {ending}>expires: pass&amp;w&lt;ord</s:event>"
    warning = f'<extension><s:loginSecData xmlns:s="{LOGIN_SECURITY}">{event}</s:loginSecData></extension>'
    lines = io.StringIO()
    with registry(server_context(certificate), greeting((LOGIN_SECURITY,))) as server, opened(server) as sessions:
        server.logins.append(reply(inner=warning))
        log.configure("info", "json", lines)
        try:
            sessions.send(commands.domain_info("example.test"))
        finally:
            logging.getLogger().handlers.clear()
    assert '"registry.security_event"' in lines.getvalue()
    assert "2027-01-01" in lines.getvalue()
    assert PASSWORD not in lines.getvalue()
