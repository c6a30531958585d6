"""An FTP server with TLS on loopback: one client at a time; it keeps what it was sent, and refuses when told to."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

import trustme

FIXED = {
    "USER": "331 password, please",
    "PASS": "230 welcome",
    "PBSZ": "200 ok",
    "PROT": "200 ok",
    "TYPE": "200 ok",
    "PWD": '257 "/" is the current directory',
    "MKD": '257 "folder" made',
    "QUIT": "221 goodbye",
}


@dataclass
class FileServer:
    """`replies` stand in for what it would do: a text by verb. `in_clear` and `protected` are the commands it got."""

    context: ssl.SSLContext
    replies: dict[str, bytes] = field(default_factory=dict)
    greeting: bytes = b"220 ready"
    spoils: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    in_clear: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    data: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):  # closing the listener ends this
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(10)
                with suppress(OSError), connection:
                    self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        connection.sendall(self.greeting + b"\r\n")
        with connection.makefile("rb") as lines:
            command = lines.readline().decode().strip()
        self.in_clear.append(command)
        connection.sendall(self.replies.get("AUTH", b"234 go ahead") + b"\r\n")
        if "AUTH" not in self.replies:
            with self.context.wrap_socket(connection, server_side=True) as control, control.makefile("rb") as lines:
                self._converse(control, lines)

    def _converse(self, control: ssl.SSLSocket, lines: IO[bytes]) -> None:
        folder = ""
        for line in lines:
            verb, _, argument = line.decode().strip().partition(" ")
            self.protected.append(f"{verb} {argument}".strip())
            if verb == "CWD":
                folder = "" if argument == "/" else f"{folder}/{argument}".strip("/")
            path = f"{folder}/{argument}".strip("/")
            for reply in self._answers(verb, path):
                control.sendall(reply + b"\r\n")

    def _answers(self, verb: str, path: str) -> Iterator[bytes]:
        if verb in self.replies:
            yield self.replies[verb]
        elif verb == "PASV":
            port = int(self.data.getsockname()[1])
            yield f"227 (127,0,0,1,{port // 256},{port % 256})".encode()
        elif verb in ("STOR", "RETR"):
            yield from self._transfer(verb, path)
        elif verb == "DELE":
            yield b"250 gone" if self.files.pop(path, None) is not None else b"550 no such file"
        else:
            yield FIXED.get(verb, "250 ok").encode()

    def _transfer(self, verb: str, path: str) -> Iterator[bytes]:
        accepted, _ = self.data.accept()
        if verb == "RETR" and path not in self.files:
            accepted.close()
            yield b"550 no such file"
            return
        yield b"150 here it comes"
        with self.context.wrap_socket(accepted, server_side=True) as data:
            self.resumed.append(bool(data.session_reused))
            if verb == "STOR":
                received = _all(data)
                self.files[path] = b"spoilt" if self.spoils else received
            else:
                data.sendall(self.files[path])
            data.unwrap()
        yield b"226 done"


def _all(data: ssl.SSLSocket) -> bytes:
    received = b""
    while chunk := data.recv(65536):
        received += chunk
    return received


@contextmanager
def serving(certificate: trustme.LeafCert, *, greeting: bytes = b"220 ready", **replies: bytes) -> Iterator[FileServer]:
    """The server while the block runs; `replies` by verb."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    server = FileServer(context, replies, greeting)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        for each in (server.listener, server.data):
            each.close()
        thread.join(timeout=20)
