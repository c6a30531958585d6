"""A TLS server on loopback that answers one fixed reply and keeps what it was sent, byte for byte."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trustme

PROTOS = b"<packet><server><get_protos><result><status>ok</status><protos/></result></get_protos></server></packet>"


def reply(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@dataclass
class Loopback:
    """`received` holds what came after each handshake; nothing when no request was sent."""

    context: ssl.SSLContext
    answers: list[bytes]
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    received: list[bytes] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"https://localhost:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):  # closing the listener ends this
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(10)
                with suppress(OSError), connection:
                    self._answer(self.context.wrap_socket(connection, server_side=True))

    def _answer(self, connection: ssl.SSLSocket) -> None:
        with connection:
            request = _read(connection)
            if request:
                self.received.append(request)
                connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def _read(connection: ssl.SSLSocket) -> bytes:
    """The request up to the end of its packet."""
    request = b""
    while b"</packet>" not in request:
        chunk = connection.recv(65536)
        if not chunk:
            break
        request += chunk
    return request


@contextmanager
def loopback(certificate: trustme.LeafCert, *answers: bytes) -> Iterator[Loopback]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    server = Loopback(context, list(answers) or [reply(PROTOS)])
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(timeout=20)


def fingerprint(certificate: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


def expired(authority: trustme.CA, name: str = "localhost") -> trustme.LeafCert:
    return authority.issue_cert(
        name, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
    )
