"""The wire: one packet out, one reply back. Nothing is repeated here; what to do next is the caller's to decide."""

from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from xml.etree.ElementTree import Element

import httpx

from adapters.plesk import errors, redaction, reply, tls
from adapters.plesk.packet import FLAG, Command, Filter, Operation, Packet, Values, build
from adapters.plesk.settings import Settings
from provisioner.kernel import crash
from provisioner.kernel.clock import Clock
from provisioner.ports import exchange

_BODY_WRITTEN: Final = ("http11.send_request_body.complete", "http2.send_request_body.complete")
_SECRET_HEADERS: Final = ("KEY", "HTTP_AUTH_PASSWD")


class Client:
    """Talks to one server. Safe to use from many threads."""

    def __init__(self, settings: Settings, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._url = settings.url
        self._clock = clock
        self._longest = settings.read_timeout
        self._secrets = tuple(settings.headers[name].reveal() for name in _SECRET_HEADERS if name in settings.headers)
        self._http = httpx.Client(
            transport=transport or tls.transport(settings),
            headers=_headers(settings),
            timeout=_timeout(settings),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # each answer offers a session; none is wanted
            follow_redirects=False,
            trust_env=False,
        )

    def call(
        self, operation: Operation, values: Values = FLAG, target: Filter | None = None
    ) -> tuple[reply.Result, ...]:
        """Send one packet and read its results; objects that do not exist are left out.

        Raises the outcomes of `ports.outcomes` and records the exchange, both without secrets.
        """
        packet = build(operation, values, target)
        secrets = (*packet.secrets, *self._secrets)
        answer = ""
        try:
            body = self._post(packet)
            root = _parse(body, operation.command)
            answer = redaction.shown(root, secrets)
        finally:
            exchange.record(redaction.shown(packet.root, secrets), answer)
        return reply.results(root, operation, secrets)

    def make(self, operation: Operation, values: Values) -> reply.Result:
        """Send an `add` and read what it made. An answer without a result leaves it unknown."""
        made = self.call(operation, values)
        if not made:
            raise errors.unreadable("it does not say what was made", operation.command)
        return made[0]

    def close(self) -> None:
        """Give back the connections. Safe to call twice."""
        self._http.close()

    def _post(self, packet: Packet) -> bytes:
        command = packet.operation.command
        try:
            with self._http.stream(
                "POST", self._url, content=packet.body(), extensions=_extensions(command)
            ) as response:
                body = self._body(response, command)
        except httpx.RequestError as error:
            raise errors.from_transport(error, command) from error
        if command is not Command.GET:
            crash.point("response_received")
        failed = errors.from_status(response, command)
        if failed is not None:
            raise failed
        return body

    def _body(self, response: httpx.Response, command: Command) -> bytes:
        """The body as it came. Raises when it is too long, or when it drips for longer than the read timeout."""
        deadline = self._clock.monotonic() + self._longest
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > reply.MOST_BYTES:
                raise errors.unreadable(f"more than {reply.MOST_BYTES} bytes", command)
            if self._clock.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer drips", request=response.request)
        return bytes(body)


def _parse(body: bytes, command: Command) -> Element:
    try:
        return reply.parse(body)
    except reply.UnreadableError as error:
        raise errors.unreadable(str(error), command) from None


def _headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Identity encoding: a compressed answer could be far larger than it looks."""
    fixed = [(b"Content-Type", b"text/xml"), (b"Accept-Encoding", b"identity")]
    return fixed + [(name.encode(), value.reveal().encode()) for name, value in settings.headers.items()]


def _timeout(settings: Settings) -> httpx.Timeout:
    connect, read = settings.connect_timeout, settings.read_timeout
    return httpx.Timeout(connect=connect, read=read, write=connect, pool=connect)


def _extensions(command: Command) -> dict[str, Callable[[str, Mapping[str, Any]], None]]:
    """Let a crash point be passed the moment that a command's last byte was written."""

    def trace(event: str, _details: Mapping[str, Any]) -> None:
        if event in _BODY_WRITTEN:
            crash.point("request_sent")

    return {} if command is Command.GET else {"trace": trace}
