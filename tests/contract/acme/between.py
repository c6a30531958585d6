"""A server between the adapter and Pebble: it hands on, loses answers, and says what Pebble never says."""

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from tests.support.pebble import Pebble

PROBLEM = "urn:ietf:params:acme:error:"
NEW_ORDER = "/order-plz"
NEW_ACCOUNT = "/sign-me-up"
FINALIZE = "/finalize-order/"
ORDER = "/my-order/"
CERTIFICATE = "/certZ/"
CHALLENGE = "/chalZ/"
REVOKE = "/revoke-cert"
DIRECTORY = "/dir"

_KEPT = ("content-type", "location", "replay-nonce", "link", "retry-after")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `status` 0: none, the connection is cut."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, **changes: Any) -> "Reply":
        """The same answer with other fields in its body."""
        return Reply(self.status, json.dumps({**self.json(), **changes}).encode(), self.headers)


@dataclass(frozen=True, slots=True)
class Request:
    """What came in: the signed message is decoded, None where there was none."""

    method: str
    path: str
    raw: bytes

    @property
    def message(self) -> Any:
        payload = json.loads(self.raw)["payload"] if self.raw else ""
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) if payload else None


Change = Callable[[Reply], Reply]


@dataclass(slots=True)
class _Rule:
    path: str
    change: Change
    times: int
    method: str
    writing: bool
    hand_on: bool


def problem(kind: str, status: int, *, detail: str = "as scripted", **headers: str) -> Reply:
    """A problem document."""
    body = {"type": f"{PROBLEM}{kind}", "detail": detail, "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json", **named})


def as_json(body: Any, **headers: str) -> Reply:
    """A success."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json", **named})


class Between:
    """Rules apply to requests whose path begins so, each a number of times, the latest rule first."""

    def __init__(self, pebble: Pebble, folder: Path) -> None:
        self.requests: list[Request] = []
        self.ca_file = folder / "between-ca.pem"
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._upstream = pebble
        self._trust = ssl.create_default_context(cafile=str(pebble.ca_file))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}"

    @property
    def settings(self) -> Mapping[str, str]:
        """What differs from an account at Pebble itself."""
        return {"directory_url": f"{self.url}{DIRECTORY}", "ca_file": str(self.ca_file)}

    def say(self, path: str, reply: Reply, *, times: int = 1, method: str = "POST", writing: bool = True) -> None:
        """Answer so instead of asking Pebble. `writing`: only requests that have a message."""
        self._rules.append(_Rule(path, lambda _asked: reply, times, method, writing, hand_on=False))

    def lose(self, path: str, *, times: int = 1) -> None:
        """Let Pebble do it, and cut the connection instead of answering."""
        self._rules.append(_Rule(path, lambda _answer: Reply(0), times, "POST", writing=True, hand_on=True))

    def change(self, path: str, change: Change, *, times: int = 1_000, method: str = "POST") -> None:
        """Hand on what Pebble says with changes."""
        self._rules.append(_Rule(path, change, times, method, writing=False, hand_on=True))

    def offer(self, **changes: Any) -> None:
        """Have the directory say more."""
        self.change(DIRECTORY, lambda answer: answer.with_json(**changes), method="GET")

    def messages(self, path: str) -> list[Any]:
        """The messages that were sent there."""
        asked = [one for one in self.requests if one.path.startswith(path) and one.method == "POST"]
        return [one.message for one in asked if one.message is not None]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """What a request is answered with."""
        with self._lock:
            self.requests.append(request)
            rule = self._rule(request)
        if rule is not None and not rule.hand_on:
            return rule.change(Reply(0))
        reply = self._hand_on(request, headers)
        return reply if rule is None else rule.change(reply)

    def _rule(self, request: Request) -> _Rule | None:
        for rule in reversed(self._rules):
            fits = rule.times > 0 and rule.method == request.method and request.path.startswith(rule.path)
            if fits and (not rule.writing or request.method != "POST" or request.message is not None):
                rule.times -= 1
                return rule
        return None

    def _hand_on(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """Ask Pebble under our own name, so that the URLs that it makes lead here."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._upstream.port, timeout=30, context=self._trust)
        wanted = {name: headers[name] for name in ("Host", "Content-Type", "User-Agent") if name in headers}
        try:
            connection.request(request.method, request.path, request.raw or None, wanted)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() in _KEPT}
            return Reply(answer.status, answer.read(), kept)
        finally:
            connection.close()


@contextmanager
def between(pebble: Pebble, folder: Path) -> Iterator[Between]:
    server = Between(pebble, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _handler(server: Between) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        wbufsize = 1 << 16  # an answer in one piece: two would wait for each other

        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            reply = server.answer(Request(self.command, self.path, raw), dict(self.headers.items()))
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_POST = do_HEAD = _any  # noqa: N815 - so the library calls them

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    return Handler
