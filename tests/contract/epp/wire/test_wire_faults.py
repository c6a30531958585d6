"""What goes wrong between a command and its reply: what is told, and that the session is not used again."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from adapters.epp import commands
from adapters.epp.commands import Command
from provisioner.kernel import crash
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import RegistrarContact
from tests.contract.epp.wire.conftest import Opened
from tests.contract.epp.wire.scripted import (
    EPP,
    Act,
    Registry,
    Request,
    drip,
    framed,
    greeting,
    hang_up,
    raw,
    registry,
    reply,
    response,
    server_context,
    silence,
    then_hang_up,
)

INFO = commands.domain_info("example.test")
DELETE = commands.domain_delete("example.test")
HEADER = 4
MEBIBYTE = 1 << 20
MORE_THAN_BUFFERS = 6 * MEBIBYTE
BOMB = '<!DOCTYPE epp [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def half_of_the_reply(channel: ssl.SSLSocket, request: Request) -> None:
    whole = framed(response(request))
    channel.sendall(whole[: len(whole) // 2])
    hang_up(channel, request)


def deeply_nested(channel: ssl.SSLSocket, request: Request) -> None:
    deep = "<a>" * 10_000 + "</a>" * 10_000
    channel.sendall(framed(response(request, inner=f"<extension>{deep}</extension>")))


def behind_a_doctype(channel: ssl.SSLSocket, request: Request) -> None:
    channel.sendall(framed(BOMB + response(request, message="&b;")))


def in_latin_1(channel: ssl.SSLSocket, request: Request) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + response(request, message="fermé")
    channel.sendall(framed(text.encode("latin-1")))


def behind_a_bare_doctype(channel: ssl.SSLSocket, request: Request) -> None:
    channel.sendall(framed("<!DOCTYPE epp>" + response(request)))


def of_length(length: int) -> Act:
    """A reply as good as any, in so many bytes with its header."""

    def act(channel: ssl.SSLSocket, request: Request) -> None:
        missing = length - HEADER - len(response(request, message="").encode())
        channel.sendall(framed(response(request, message="m" * missing)))

    return act


BROKEN: dict[str, Act] = {
    "closed after the command": hang_up,
    "closed in the reply": half_of_the_reply,
    "no reply": silence,
    "a reply that drips": drip,
    "a length of 4": raw(struct.pack("!I", 4)),
    "a length of 0": raw(struct.pack("!I", 0)),
    "a length of 4 GiB": raw(b"\xff\xff\xff\xff"),
    "a length above 1 MiB": raw(struct.pack("!I", MEBIBYTE + 1)),
    "HTTP": raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "not UTF-8": in_latin_1,
    "not XML": raw(framed("<epp><response>")),
    "an empty document": raw(framed(" ")),
    "not EPP": raw(framed("<html><body>busy</body></html>")),
    "a DOCTYPE with entities": behind_a_doctype,
    "a DOCTYPE alone": behind_a_bare_doctype,
    "a whole reply above 1 MiB": of_length(MEBIBYTE + 1),
    "nested too deep": deeply_nested,
    "no result": raw(framed(f"<epp {EPP}><response/></epp>")),
    "a strange code": reply(9999),
    "another command's reply": reply(cl_trid="PRV-other"),
    "a success without transaction id": reply(cl_trid=""),
    "a greeting": raw(framed(greeting())),
    "a number that is none": reply(
        inner='<extension><secDNS:infData xmlns:secDNS="urn:ietf:params:xml:ns:secDNS-1.1"><secDNS:dsData>'
        "<secDNS:keyTag>many</secDNS:keyTag></secDNS:dsData></secDNS:infData></extension>"
        '<resData><d:infData xmlns:d="urn:ietf:params:xml:ns:domain-1.0"><d:name>a.test</d:name></d:infData></resData>'
    ),
}


def patience(act: Act) -> str:
    """The seconds for a reply, and for a greeting and a login: few where they pass before the command is given up."""
    return "2" if act in (silence, drip) else "5"


@pytest.mark.parametrize("act", BROKEN.values(), ids=BROKEN.keys())
def test_a_change_without_a_usable_reply_is_uncertain_and_sent_once(server: Registry, opened: Opened, act: Act) -> None:
    server.script(act)
    with opened(server, command_seconds=patience(act)) as sessions, pytest.raises(Uncertain):
        sessions.send(DELETE)
    assert len(server.of("delete")) == 1


@pytest.mark.parametrize("act", BROKEN.values(), ids=BROKEN.keys())
def test_a_query_without_a_usable_reply_may_be_asked_again(server: Registry, opened: Opened, act: Act) -> None:
    server.script(act)
    with opened(server, command_seconds=patience(act)) as sessions, pytest.raises(Unavailable):
        sessions.send(INFO)


@pytest.mark.parametrize("act", BROKEN.values(), ids=BROKEN.keys())
def test_after_a_broken_exchange_the_next_command_has_a_session_of_its_own(
    server: Registry, opened: Opened, act: Act
) -> None:
    server.script(act)
    with opened(server, command_seconds=patience(act)) as sessions:
        with pytest.raises(Unavailable):
            sessions.send(INFO)
        assert sessions.send(DELETE).succeeded
    first, second = server.of("info")[0], server.of("delete")[0]
    assert first.session != second.session


def test_a_change_of_which_a_part_was_sent_is_uncertain(server: Registry, opened: Opened) -> None:
    over = threading.Event()

    def deaf(channel: ssl.SSLSocket, request: Request) -> None:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reply()(channel, request)
        over.wait(30)

    server.script(deaf)
    large = RegistrarContact("PHANDLE1", "x" * MORE_THAN_BUFFERS, "a@example.com", "+46.1", ("x",), "y", "SE")
    with opened(server) as sessions:
        sessions.send(INFO)
        with pytest.raises(Uncertain):
            sessions.send(commands.contact_create(large, Secret("a-code")))
    over.set()
    assert server.of("create") == []


def test_no_message_repeats_what_a_broken_server_said(server: Registry, opened: Opened) -> None:
    server.script(raw(framed("<html>the secret of the house</html>")))
    with opened(server) as sessions, pytest.raises(Unavailable) as raised:
        sessions.send(INFO)
    assert "secret of the house" not in str(raised.value)


def test_a_failure_without_transaction_id_is_an_answer(server: Registry, opened: Opened) -> None:
    server.script(reply(2001, cl_trid=""))
    with opened(server) as sessions:
        assert sessions.send(DELETE).code == 2001


def test_a_server_that_closes_with_its_reply_has_answered(server: Registry, opened: Opened) -> None:
    server.script(then_hang_up(reply(2500)))
    with opened(server) as sessions:
        assert sessions.send(DELETE).code == 2500


def test_what_nobody_asked_for_ends_the_session_before_the_next_command(server: Registry, opened: Opened) -> None:
    def twice(channel: ssl.SSLSocket, request: Request) -> None:
        channel.sendall(framed(response(request)) * 2)

    server.script(twice)
    with opened(server) as sessions:
        sessions.send(INFO)
        assert sessions.send(DELETE).succeeded
    assert server.of("info")[0].session != server.of("delete")[0].session


@pytest.mark.parametrize("length", [MEBIBYTE, 70_000])
def test_a_long_reply_is_read_up_to_one_mebibyte(server: Registry, opened: Opened, length: int) -> None:
    server.script(of_length(length))
    with opened(server) as sessions:
        assert sessions.send(INFO).message.startswith("mmm")


@pytest.mark.parametrize(
    "command",
    [
        commands.domain_update("example.test"),
        commands.domain_info("nul\x00.test"),
        commands.domain_info("half\ud800.test"),
        commands.domain_check(()),
    ],
    ids=["changes nothing", "NUL", "half a surrogate pair", "no names"],
)
def test_a_command_that_cannot_be_written_is_rejected_and_not_sent(
    server: Registry, opened: Opened, command: Command
) -> None:
    with opened(server) as sessions:
        with pytest.raises(Rejected) as raised:
            sessions.send(command)
        assert sessions.send(INFO).succeeded
    assert raised.value.code == "command_invalid"
    assert server.verbs() == ["login", "info", "logout"]


@pytest.mark.parametrize(
    "greets",
    [
        framed(f'<epp {EPP}><response><result code="2500"><msg>full</msg></result></response></epp>'),
        framed("<html/>"),
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["a reply", "HTML", "SSH"],
)
def test_a_first_frame_that_is_no_greeting_means_no_session(
    certificate: trustme.LeafCert, opened: Opened, greets: bytes
) -> None:
    with (
        registry(server_context(certificate), lambda channel: channel.sendall(greets)) as server,
        opened(server) as sessions,
        pytest.raises(Unavailable),
    ):
        sessions.send(DELETE)
    assert server.requests == []


def test_a_greeting_that_does_not_come_means_no_session(certificate: trustme.LeafCert, opened: Opened) -> None:
    def say_nothing(channel: ssl.SSLSocket) -> None:
        channel.recv(1)

    with (
        registry(server_context(certificate), say_nothing) as server,
        opened(server, command_seconds="0.3") as sessions,
        pytest.raises(Unavailable) as raised,
    ):
        sessions.send(DELETE)
    assert raised.value.code == "no_answer"


def test_a_lost_login_leaves_the_command_unsent(server: Registry, opened: Opened) -> None:
    server.logins.append(hang_up)
    with opened(server) as sessions, pytest.raises(Unavailable):
        sessions.send(DELETE)
    assert server.of("delete") == []


@contextmanager
def _points() -> Iterator[list[str]]:
    passed: list[str] = []
    with crash.listening(lambda _scope, point: passed.append(point)):
        yield passed


@pytest.mark.parametrize(
    ("command", "act", "points"),
    [
        (DELETE, reply(), ["request_sent", "response_received"]),
        (DELETE, reply(2304), ["request_sent", "response_received"]),
        (INFO, reply(), []),
    ],
    ids=["a change", "a refused change", "a query"],
)
def test_changes_pass_the_crash_points_of_the_wire(
    server: Registry, opened: Opened, command: Command, act: Act, points: list[str]
) -> None:
    server.script(act)
    with opened(server) as sessions, _points() as passed:
        sessions.send(command)
    assert passed == points


def test_a_change_without_reply_passes_the_first_crash_point_only(server: Registry, opened: Opened) -> None:
    server.script(hang_up)
    with opened(server) as sessions, _points() as passed, pytest.raises(Uncertain):
        sessions.send(DELETE)
    assert passed == ["request_sent"]


def test_a_thread_that_is_stopped_in_an_exchange_leaves_no_reply_to_the_next(server: Registry, opened: Opened) -> None:
    def stop(_scope: str, _point: str) -> None:
        raise KeyboardInterrupt

    with opened(server) as sessions:
        with crash.listening(stop), pytest.raises(KeyboardInterrupt):
            sessions.send(DELETE)
        assert sessions.send(INFO).succeeded
    assert server.of("delete")[0].session != server.of("info")[0].session
