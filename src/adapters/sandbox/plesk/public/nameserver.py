"""A DNS server on UDP and TCP, on the same port of 127.0.0.1 (RFC 1035 section 4.2, RFC 7766, RFC 6891)."""

import logging
import socketserver
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode

from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.plesk.damage import BEFORE_EFFECT
from adapters.sandbox.plesk.public.answering import Answering, text_of
from adapters.sandbox.plesk.public.doors import Doors
from adapters.sandbox.serving import LOOPBACK, LoopbackListener

OPERATION: Final = "dns.query"
PLAIN_SIZE: Final = 512
LENGTH_BYTES: Final = 2
LARGEST: Final = 65535
IDLE_SECONDS: Final = 10.0
_ATTEMPTS: Final = 20
_log = logging.getLogger(__name__)


class Responder:
    """From a question in bytes to an answer in bytes, with what is planned to go wrong in between."""

    def __init__(self, answering: Answering, faults: FaultPlan, closing: threading.Event) -> None:
        self._answering = answering
        self._faults = faults
        self._closing = closing

    def respond(self, content: bytes, *, most: int = 0) -> bytes:
        """The answer, cut to `most` bytes unless the client says that it takes more; empty for none at all."""
        try:
            question = dns.message.from_wire(content)
        except dns.exception.DNSException:
            return b""
        rule = self._faults.take(OPERATION, [text_of(each.name) for each in question.question])
        if rule is not None and rule.fault in BEFORE_EFFECT:
            return b""
        reply = self._answering.answer(question)
        self._misbehave(reply, rule)
        size = most and max(most, min(question.payload, LARGEST))
        return _bytes_of(reply, size or LARGEST)

    def _misbehave(self, reply: dns.message.Message, rule: Rule | None) -> None:
        told = self._answering.elsewhere.misbehaviour(text_of(reply.question[0].name)) if reply.question else None
        if told is not None:
            self._closing.wait(told.seconds)
            if told.rcode:
                _refuse(reply, dns.rcode.from_text(told.rcode))
        if rule is not None and rule.fault is Fault.DELAY:
            self._closing.wait(rule.seconds)
        if rule is not None and rule.fault is Fault.REFUSE:
            _refuse(reply, dns.rcode.Rcode(rule.code))


class Nameserver:
    """Both servers on one port."""

    def __init__(self, answering: Answering, faults: FaultPlan, port: int) -> None:
        self._closing = threading.Event()
        responder = Responder(answering, faults, self._closing)
        self._streams, self._datagrams = _pair(responder, port)

    @property
    def port(self) -> int:
        """The port that both listen on."""
        return self._streams.port

    def watched_by(self, doors: Doors) -> None:
        """Hand over both doors."""
        doors.watch(self._streams.socket, self._streams.admit)
        doors.watch(self._datagrams.socket, self._datagrams.handle_request)

    def stop(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        self._closing.set()
        self._streams.stop()
        self._datagrams.server_close()


class _Datagrams(socketserver.ThreadingUDPServer):
    """Each question has a thread, because an answer may be late on purpose."""

    daemon_threads = True
    max_packet_size = LARGEST
    timeout = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A fault of the simulator is logged."""
        del request
        _log.error("a simulator failed while answering %s", client_address, exc_info=sys.exc_info()[1])


class _Datagram(socketserver.BaseRequestHandler):
    """One question."""

    def __init__(self, responder: Responder, *arguments: Any) -> None:
        self._responder = responder
        super().__init__(*arguments)

    def handle(self) -> None:
        """Answer it, or stay silent."""
        content, door = self.request
        if answer := self._responder.respond(content, most=PLAIN_SIZE):
            with suppress(OSError):  # the simulator has stopped meanwhile
                door.sendto(answer, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    """One connection; each message has its length before it."""

    timeout = IDLE_SECONDS

    def __init__(self, responder: Responder, *arguments: Any) -> None:
        self._responder = responder
        super().__init__(*arguments)

    def handle(self) -> None:
        """Answer until the client leaves."""
        while len(head := self.rfile.read(LENGTH_BYTES)) == LENGTH_BYTES:
            answer = self._responder.respond(self.rfile.read(int.from_bytes(head)))
            if not answer:
                return
            self.wfile.write(len(answer).to_bytes(2) + answer)


def _pair(responder: Responder, port: int) -> tuple[LoopbackListener, _Datagrams]:
    """Two servers with one number. A free one for streams may be taken for datagrams: then another is tried."""
    for attempt in range(1, _ATTEMPTS + 1):
        streams = LoopbackListener(partial(_Stream, responder), port, scheme="dns")
        try:
            return streams, _Datagrams((LOOPBACK, streams.port), partial(_Datagram, responder))
        except OSError:
            streams.stop()
            if port or attempt == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt either returns or raises")


def _refuse(reply: dns.message.Message, rcode: dns.rcode.Rcode) -> None:
    reply.set_rcode(rcode)
    reply.flags &= ~dns.flags.AA
    for section in (reply.answer, reply.authority, reply.additional):
        section.clear()


def _bytes_of(reply: dns.message.Message, size: int) -> bytes:
    """The wire form; what does not fit is left out, and the client told to come by TCP."""
    try:
        return reply.to_wire(max_size=size)
    except dns.exception.TooBig:
        _refuse(reply, reply.rcode())
        reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=size)
