"""A TLS server on loopback that speaks EPP by a script: one act for each command but logins and logouts.

It keeps what it was sent. It knows no registry's rules; the simulator does.
"""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import trustme

EPP: Final = 'xmlns="urn:ietf:params:xml:ns:epp-1.0"'
EXTENSIONS: Final = (
    "urn:ietf:params:xml:ns:secDNS-1.1",
    "urn:ietf:params:xml:ns:rgp-1.0",
    "urn:ietf:params:xml:ns:epp:fee-1.0",
)
LOGIN_SECURITY: Final = "urn:ietf:params:xml:ns:epp:loginSec-1.0"


@dataclass(frozen=True, slots=True)
class Request:
    """One frame that came. `session` counts connections from 1."""

    xml: str
    session: int

    @property
    def verb(self) -> str:
        found = re.search(r"<command><(\w+)", self.xml)
        return found[1] if found else "hello"

    @property
    def cl_trid(self) -> str:
        found = re.search(r"<clTRID>([^<]*)</clTRID>", self.xml)
        return found[1] if found else ""


class HangUp(Exception):
    """The server closes the connection now."""


Act = Callable[[ssl.SSLSocket, Request], None]


def greeting(extensions: tuple[str, ...] = EXTENSIONS, languages: tuple[str, ...] = ("en",)) -> str:
    langs = "".join(f"<lang>{each}</lang>" for each in languages)
    uris = "".join(f"<extURI>{each}</extURI>" for each in extensions)
    objects = "".join(f"<objURI>urn:ietf:params:xml:ns:{each}-1.0</objURI>" for each in ("domain", "contact", "host"))
    return (
        f"<epp {EPP}><greeting><svID>scripted</svID><svDate>2026-01-01T00:00:00Z</svDate><svcMenu>"
        f"<version>1.0</version>{langs}{objects}<svcExtension>{uris}</svcExtension></svcMenu>"
        "<dcp><access><all/></access><statement><purpose><prov/></purpose><recipient><ours/></recipient>"
        "<retention><stated/></retention></statement></dcp></greeting></epp>"
    )


def response(
    request: Request, code: int = 1000, *, message: str = "done", inner: str = "", cl_trid: str | None = None
) -> str:
    echoed = request.cl_trid if cl_trid is None else cl_trid
    trid = f"<clTRID>{echoed}</clTRID>" if echoed else ""
    return (
        f'<epp {EPP}><response><result code="{code}"><msg>{message}</msg></result>{inner}'
        f"<trID>{trid}<svTRID>sv-1</svTRID></trID></response></epp>"
    )


def framed(xml: str | bytes) -> bytes:
    body = xml.encode() if isinstance(xml, str) else xml
    return struct.pack("!I", len(body) + 4) + body


def reply(code: int = 1000, *, message: str = "done", inner: str = "", cl_trid: str | None = None) -> Act:
    def act(channel: ssl.SSLSocket, request: Request) -> None:
        channel.sendall(framed(response(request, code, message=message, inner=inner, cl_trid=cl_trid)))

    return act


def raw(data: bytes) -> Act:
    return lambda channel, _request: channel.sendall(data)


def hang_up(_channel: ssl.SSLSocket, _request: Request) -> None:
    raise HangUp


def then_hang_up(act: Act) -> Act:
    def both(channel: ssl.SSLSocket, request: Request) -> None:
        act(channel, request)
        raise HangUp

    return both


def silence(channel: ssl.SSLSocket, _request: Request) -> None:
    """Say nothing until the other side goes away."""
    with contextlib.suppress(OSError):
        channel.recv(1)
    raise HangUp


def drip(channel: ssl.SSLSocket, request: Request) -> None:
    """Send the right reply, a byte at a time, each sooner than any single read would give up."""
    for byte in framed(response(request)):
        channel.sendall(bytes([byte]))
        threading.Event().wait(0.05)


@dataclass
class Registry:
    """`acts` are taken in order; when none is left every command succeeds. `logins` likewise for logins."""

    context: ssl.SSLContext
    greets: Callable[[ssl.SSLSocket], None]
    listener: socket.socket
    acts: deque[Act] = field(default_factory=deque)
    logins: deque[Act] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    connections: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _channels: set[ssl.SSLSocket] = field(default_factory=set)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def script(self, *acts: Act) -> None:
        self.acts.extend(acts)

    def verbs(self) -> list[str]:
        return [request.verb for request in self.requests]

    def of(self, verb: str) -> list[Request]:
        return [request for request in self.requests if request.verb == verb]

    def cut_all(self) -> None:
        """Close every open connection, as a server does that is restarted."""
        with self._lock:
            for channel in self._channels:
                with contextlib.suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # closing the listener ends this
            while True:
                connection, _ = self.listener.accept()
                thread = threading.Thread(target=self._session, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join(timeout=10)

    def _session(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with contextlib.suppress(OSError, HangUp), connection:
            channel = self.context.wrap_socket(connection, server_side=True)
            with channel, self._counted(channel) as number:
                self.greets(channel)
                while True:
                    self._command(channel, Request(_read(channel), number))

    @contextlib.contextmanager
    def _counted(self, channel: ssl.SSLSocket) -> Iterator[int]:
        with self._lock:
            self.connections += 1
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
            self._channels.add(channel)
            number = self.connections
        try:
            yield number
        finally:
            with self._lock:
                self.open_now -= 1
                self._channels.discard(channel)

    def _command(self, channel: ssl.SSLSocket, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            act = self._act(request)
        act(channel, request)

    def _act(self, request: Request) -> Act:
        if request.verb == "login":
            return self.logins.popleft() if self.logins else reply()
        if request.verb == "logout":
            return then_hang_up(reply(1500))
        return self.acts.popleft() if self.acts else reply()


def _read(channel: ssl.SSLSocket) -> str:
    (length,) = struct.unpack("!I", _take(channel, 4))
    return _take(channel, length - 4).decode()


def _take(channel: ssl.SSLSocket, count: int) -> bytes:
    taken = b""
    while len(taken) < count:
        piece = channel.recv(count - len(taken))
        if not piece:
            raise HangUp
        taken += piece
    return taken


def server_context(certificate: trustme.LeafCert, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """TLS as a registry has it; with `clients`, only for those whom this authority knows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def registry(
    context: ssl.SSLContext, greets: str | bytes | Callable[[ssl.SSLSocket], None] = "", address: str = "127.0.0.1"
) -> Iterator[Registry]:
    """A running server. `greets`: another greeting, or what to do instead of one."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family)
    server = Registry(context, greets if callable(greets) else _says(greets or greeting()), listener)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=10)


def _says(greets: str | bytes) -> Callable[[ssl.SSLSocket], None]:
    return lambda channel: channel.sendall(framed(greets))
