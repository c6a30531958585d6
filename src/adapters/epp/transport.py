"""Frames over TLS (RFC 5734): four bytes of length, which count themselves, then the XML.

Any trouble closes the connection for good: after half a frame nobody knows where the next one begins. Every trouble
says what is known of the frame that was being sent.

    WireError              sent: was it?
    ├── ConnectFailed      no connection, or no TLS: nothing was sent
    │   └── NotTrusted     … since one side does not trust the other
    ├── Closed             the other side hung up
    ├── TooSlow            the deadline passed
    └── Garbled            what came is no frame
"""

import contextlib
import enum
import socket
import ssl
import struct
from collections.abc import Iterator
from typing import Final

from adapters.epp.settings import Settings
from adapters.epp.tls import Trust
from provisioner.kernel.clock import Clock

MOST_BYTES: Final = 1 << 20
BEGINNING_BYTES: Final = 1 << 16
_HEADER: Final = struct.Struct("!I")
_ABOUT_US: Final = ("CERTIFICATE", "HANDSHAKE_FAILURE", "UNKNOWN_CA", "ACCESS_DENIED")
_LEAST_SECONDS: Final = 0.001  # 0 would mean: do not wait at all


class Sent(enum.Enum):
    """What is known of the frame that was to be sent last."""

    NO = "not sent"
    MAYBE = "perhaps sent"
    YES = "sent"


class WireError(Exception):
    """The connection is of no more use."""

    def __init__(self, message: str, sent: Sent) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectFailed(WireError):
    """There is no connection."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Sent.NO)


class NotTrusted(ConnectFailed):
    """The server's certificate is not trusted, or the server does not trust ours."""


class Closed(WireError):
    """The other side closed the connection."""


class TooSlow(WireError):
    """The deadline passed before the whole frame had come or gone."""


class Garbled(WireError):
    """What came is no frame of EPP. `came`: the frame, or its beginning, where there is one."""

    def __init__(self, message: str, sent: Sent, came: bytes = b"") -> None:
        super().__init__(message, sent)
        self.came = came


class Connection:
    """One connection. For one thread at a time; of no more use after any WireError."""

    def __init__(self, channel: ssl.SSLSocket, clock: Clock) -> None:
        self._channel = channel
        self._clock = clock
        self._sent = Sent.NO

    @classmethod
    def open(cls, settings: Settings, trust: Trust, clock: Clock) -> "Connection":
        """Connect over IPv4 or IPv6, all within `connect_seconds`. Raises ConnectFailed, NotTrusted."""
        deadline = clock.monotonic() + settings.connect_seconds
        with _connecting(settings):
            context = trust.context()
            raw = _reached(settings, clock, deadline)
            return cls(_secured(raw, deadline - clock.monotonic(), settings.host, context), clock)

    def write(self, frame: bytes, deadline: float) -> None:
        """Send one frame before the deadline (of the monotonic clock). Raises Closed, TooSlow."""
        self._sent = Sent.MAYBE
        left = memoryview(_HEADER.pack(len(frame) + _HEADER.size) + frame)
        with self._closing_on_trouble():
            while left:
                self._set_timeout(deadline)
                left = left[self._channel.send(left) :]
        self._sent = Sent.YES

    def read(self, deadline: float, *, begin: bool = False) -> bytes:
        """The next frame, all of it before the deadline. Raises Closed, TooSlow, Garbled.

        `begin`: of a frame that is too long Garbled has the beginning.
        """
        with self._closing_on_trouble():
            (length,) = _HEADER.unpack(self._take(_HEADER.size, deadline))
            if not _HEADER.size < length <= MOST_BYTES:
                came = self._take(BEGINNING_BYTES, deadline) if begin and length > MOST_BYTES else b""
                raise Garbled(f"a frame of {length} bytes was announced", self._sent, came)
            frame = self._take(length - _HEADER.size, deadline)
        self._sent = Sent.NO  # nothing is outstanding any more
        return frame

    def idle(self) -> bool:
        """True when the other side has neither hung up nor sent what nobody asked for."""
        try:
            self._channel.settimeout(0)
            self._channel.recv(1)
        except ssl.SSLWantReadError:
            return True
        except (OSError, ValueError):
            return False
        return False

    def close(self) -> None:
        """Hang up. Safe to call twice."""
        with contextlib.suppress(OSError):
            self._channel.close()

    def _take(self, count: int, deadline: float) -> bytes:
        taken = bytearray()
        while len(taken) < count:
            self._set_timeout(deadline)
            piece = self._channel.recv(count - len(taken))
            if not piece:
                raise Closed("the server closed the connection", self._sent)
            taken += piece
        return bytes(taken)

    def _set_timeout(self, deadline: float) -> None:
        self._channel.settimeout(_left(self._clock, deadline))

    @contextlib.contextmanager
    def _closing_on_trouble(self) -> Iterator[None]:
        try:
            yield
        except WireError:
            self.close()
            raise
        except TimeoutError:
            self.close()
            raise TooSlow("no whole answer in time", self._sent) from None
        except OSError as error:
            self.close()
            raise _broken(error, self._sent) from error


@contextlib.contextmanager
def _connecting(settings: Settings) -> Iterator[None]:
    where = f"{settings.host} port {settings.port}"
    try:
        yield
    except TimeoutError:
        raise ConnectFailed(f"{where}: no TLS connection within {settings.connect_seconds:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise NotTrusted(f"{where}: the server's certificate is not trusted: {_told(error)}") from error
    except ssl.SSLError as error:
        raise _of_tls(error, where) from error
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"{where}: {error}") from error


def _reached(settings: Settings, clock: Clock, deadline: float) -> socket.socket:
    """A socket to the first address that answers; the deadline is for all of them. Raises OSError."""
    failed: OSError = OSError("the name has no address")
    for family, kind, protocol, _name, address in socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM
    ):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(_left(clock, deadline))
            raw.connect(address)
        except OSError as error:
            raw.close()
            failed = error
        else:
            return raw
    raise failed


def _secured(raw: socket.socket, seconds: float, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """The socket after its handshake."""
    try:
        raw.settimeout(max(seconds, _LEAST_SECONDS))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return context.wrap_socket(raw, server_hostname=host)
    except OSError:
        raw.close()
        raise


def _left(clock: Clock, deadline: float) -> float:
    left = deadline - clock.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _broken(error: OSError, sent: Sent) -> WireError:
    """In TLS 1.3 the refusal of our certificate comes after the handshake, in place of the greeting."""
    if sent is Sent.NO and isinstance(error, ssl.SSLError) and _refuses_us(error):
        return NotTrusted(f"the server refuses our certificate, or misses one: {_told(error)}")
    return Closed(f"the connection broke: {_told(error)}", sent)


def _of_tls(error: ssl.SSLError, where: str) -> ConnectFailed:
    if _refuses_us(error):
        return NotTrusted(f"{where}: the server refuses our certificate, or misses one: {_told(error)}")
    return ConnectFailed(f"{where}: no TLS: {_told(error)}")


def _refuses_us(error: ssl.SSLError) -> bool:
    """Whether the server's alert is about our certificate. OpenSSL's servers tell one that is missing by the second."""
    reason = error.reason or ""
    return "ALERT" in reason and any(word in reason for word in _ABOUT_US)


def _told(error: OSError) -> str:
    return getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
