"""HTTP on loopback for simulators: keep-alive, TLS, body caps, and answers that may go wrong on purpose."""

import logging
import os
import select
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from functools import partial
from http.server import BaseHTTPRequestHandler
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, Final, Protocol

from adapters.sandbox.tls import Identity

LOOPBACK: Final = "127.0.0.1"
MAX_BODY: Final = 1024 * 1024
MAX_DRAIN: Final = 64 * MAX_BODY
MAX_HOLD: Final = 3600.0
DRIP_PIECES: Final = 20
IDLE_SECONDS: Final = 65.0
_POLL: Final = 0.02
_log = logging.getLogger(__name__)


class Delivery(StrEnum):
    """How an answer leaves: whole; never (the client is left waiting); cut off in the body; in slow drips."""

    WHOLE = "whole"
    NEVER = "never"
    RESET = "reset"
    DRIP = "drip"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer. `seconds`: how long NEVER waits (0: until the client leaves) and DRIP takes."""

    body: bytes
    status: int = 200
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. `body` is None when it is larger than the cap, or is not framed as HTTP asks."""

    method: str
    path: str
    headers: Message
    body: bytes | None
    peer: str


class Connection(Protocol):
    """What an application may do with the client's connection while it makes up its answer."""

    def wait(self, seconds: float) -> None:
        """Let time pass, whether or not the client is still there. Raises ConnectionError when the server stops."""
        ...

    def wait_until_gone(self, seconds: float = MAX_HOLD) -> None:
        """Wait until the client has left, at most so long. Raises ConnectionError when the server stops."""
        ...


class Application(Protocol):
    """Whatever answers requests."""

    def answer(self, request: HttpRequest, connection: Connection) -> Reply:
        """The answer to one request; called from several threads."""
        ...


class LoopbackListener(ThreadingTCPServer):
    """A server on 127.0.0.1 with a thread for each connection; `stop()` ends them all."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, handler: Callable[..., BaseRequestHandler], port: int, identity: Identity | None = None, scheme: str = ""
    ) -> None:
        self.closing = threading.Event()
        self._identity = identity
        self._scheme = scheme
        self._open: set[Any] = set()
        self._changed = threading.Condition()
        self._serves_itself = False
        super().__init__((LOOPBACK, port), handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"{self._scheme}://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Serve on a background thread."""
        self._serves_itself = True
        threading.Thread(target=partial(self.serve_forever, _POLL), name=f"serve {self.url}", daemon=True).start()

    def admit(self) -> None:
        """Take the client that waits at the door, when another thread watches it instead of `start()`'s own."""
        self.timeout = 0
        self.handle_request()

    def stop(self) -> None:
        """Stop listening, end every connection, and wait a moment for their threads. Safe to call twice."""
        if self.closing.is_set():
            return
        self.closing.set()
        if self._serves_itself:
            self.shutdown()
        self.server_close()
        self.hang_up()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, timeout=2)

    def hang_up(self) -> int:
        """End every connection that is open now; gives how many there were."""
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            return len(self._open)

    def get_request(self) -> tuple[Any, Any]:
        """Accept; the TLS handshake is left to the connection's own thread, so that nobody can hold up the others."""
        accepted, address = super().get_request()
        if self._identity is not None:
            accepted = self._identity.context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with self._changed:
            self._open.add(accepted)
        return accepted, address

    def shutdown_request(self, request: Any) -> None:
        """End one connection."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is a fault of the simulator and is logged."""
        del request
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            _log.error("a simulator failed while serving %s", client_address, exc_info=error)


class LoopbackServer(LoopbackListener):
    """An HTTP server on 127.0.0.1."""

    def __init__(self, application: Application, port: int, identity: Identity | None = None, banner: str = "") -> None:
        self.banner = banner
        super().__init__(partial(_Exchange, application), port, identity, "https" if identity else "http")


class _Exchange(BaseHTTPRequestHandler):
    """Reads requests and delivers replies, for one connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: LoopbackServer

    def __init__(self, application: Application, *arguments: Any) -> None:
        self._application = application
        super().__init__(*arguments)

    def version_string(self) -> str:
        """The value of the Server header."""
        return self.server.banner

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: the ledger is the record, and request lines may carry secrets."""

    def _serve(self) -> None:
        request = HttpRequest(self.command, self.path, self.headers, self._body(), self.client_address[0])
        self._deliver(self._application.answer(request, self))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class's names

    # Connection

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        if self.server.closing.wait(seconds):
            raise ConnectionAbortedError("the simulator stops")

    def wait_until_gone(self, seconds: float = MAX_HOLD) -> None:
        """Wait until the client has left, at most so long."""
        self.close_connection = True
        rounds = int(seconds / _POLL) + 1
        for _ in range(rounds):
            if is_gone(self.connection):
                return
            self.wait(_POLL)

    # bodies

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            pieces = self._chunks()
        else:
            pieces = self._pieces(self.headers.get("Content-Length", "0"))
        collected, total = bytearray(), 0
        try:
            for piece in pieces:
                total += len(piece)
                collected += piece if total <= MAX_BODY else b""
        except ValueError:
            total = MAX_DRAIN
        if total > MAX_BODY:
            self.close_connection = True
            return None
        return bytes(collected)

    def _pieces(self, length: str) -> Iterator[bytes]:
        remaining = _size(length, 10)
        while remaining and (piece := self.rfile.read(min(remaining, 65536))):
            remaining -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := self.rfile.readline(64).split(b";")[0].strip():
            if not int(size, 16):
                while self.rfile.readline(1024).strip():
                    pass
                return
            yield from self._pieces(str(_size(size.decode(), 16)))
            self.rfile.readline(2)

    # deliveries

    def _deliver(self, reply: Reply) -> None:
        if reply.delivery is Delivery.NEVER:
            self.wait_until_gone(reply.seconds or MAX_HOLD)
            return
        self._head(reply)
        if self.command == "HEAD":
            return
        if reply.delivery is Delivery.RESET:
            self.wfile.write(reply.body[: max(len(reply.body) // 2, 1)])
            self.close_connection = True
            reset(self.connection)
        elif reply.delivery is Delivery.DRIP:
            self._drip(reply)
        else:
            self.wfile.write(reply.body)

    def _head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _drip(self, reply: Reply) -> None:
        size = len(reply.body) // DRIP_PIECES + 1
        for start in range(0, len(reply.body), size):
            self.wfile.write(reply.body[start : start + size])
            self.wait(reply.seconds / DRIP_PIECES)


def is_gone(connection: socket.socket) -> bool:
    """True when the other side has closed. Reads what it finds, so the connection cannot be used after this."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    timeout = connection.gettimeout()
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(timeout)


def reset(connection: socket.socket) -> None:
    """Cut a connection off with a TCP reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _size(text: str, base: int) -> int:
    """A length from the wire. Raises ValueError when it is none, or larger than anybody is willing to read."""
    size = int(text, base)
    if not 0 <= size <= MAX_DRAIN:
        raise ValueError(f"not a length: {text}")
    return size
