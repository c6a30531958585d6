"""Frames on a connection (RFC 5734 §4), whole, or damaged on purpose."""

import socket
import struct
import time
from collections.abc import Callable
from typing import Final

from adapters.sandbox.serving import DRIP_PIECES, MAX_HOLD, is_gone, reset

MAX_FRAME: Final = 1024 * 1024
HEADER: Final = 4
_POLL: Final = 0.02
_SEND_SECONDS: Final = 60.0


class Ended(Exception):
    """The connection is over; the text says why."""


class Wire:
    """One client's connection. `wait` lets time pass and ends with ConnectionError when the simulator stops."""

    def __init__(self, connection: socket.socket, wait: Callable[[float], None]) -> None:
        self._connection = connection
        self._wait = wait

    def receive(self, seconds: float) -> bytes:
        """The next frame, which must be whole within this time. Raises Ended."""
        deadline = time.monotonic() + seconds
        length = int.from_bytes(self._exactly(HEADER, deadline), "big")
        if not HEADER < length <= MAX_FRAME:
            raise Ended(f"a frame of {length} bytes")
        return self._exactly(length - HEADER, deadline)

    def send(self, document: bytes) -> None:
        """Send a document as a frame."""
        self.send_raw(framed(document))

    def send_raw(self, content: bytes) -> None:
        """Send bytes as they are. Raises Ended when the client has left."""
        try:
            self._connection.settimeout(_SEND_SECONDS)
            self._connection.sendall(content)
        except OSError as error:
            raise Ended("the client has left") from error

    def drip(self, content: bytes, seconds: float) -> None:
        """Send bytes in pieces over some time."""
        size = len(content) // DRIP_PIECES + 1
        for start in range(0, len(content), size):
            self.send_raw(content[start : start + size])
            self._wait(seconds / DRIP_PIECES)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._wait(seconds)

    def wait_until_gone(self, seconds: float = 0.0) -> None:
        """Wait until the client has left, at most so long; the connection cannot be used after this."""
        for _ in range(int((seconds or MAX_HOLD) / _POLL) + 1):
            if is_gone(self._connection):
                return
            self._wait(_POLL)

    def cut(self) -> None:
        """End the connection with a TCP reset."""
        reset(self._connection)
        raise Ended("cut by the fault plan")

    def _exactly(self, size: int, deadline: float) -> bytes:
        collected = bytearray()
        while len(collected) < size:
            collected += self._some(size - len(collected), deadline)
        return bytes(collected)

    def _some(self, size: int, deadline: float) -> bytes:
        try:
            self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
            piece = self._connection.recv(size)
        except TimeoutError as error:
            raise Ended("idle") from error
        except OSError as error:
            raise Ended("the client has left") from error
        if not piece:
            raise Ended("the client has left")
        return piece


def framed(document: bytes) -> bytes:
    """A document with its length before it."""
    return struct.pack(">I", len(document) + HEADER) + document
