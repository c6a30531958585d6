"""The wire, on the `acme` library: the one place that touches what is private in it, and that mends what it lacks.

The library, up to 5.9 at least:

1. loses the HTTP status and Retry-After of an error: here every error is a `Problem`, which keeps both;
2. tries again once after a refused nonce: here `NONCE_ATTEMPTS` times;
3. knows no code for newer types of problems: here a type's own last part counts;
4. raises on any status 409 before it reads the body: here it is a problem like others;
5. has no call to read an order by its URL, and none for `replaces` (RFC 9773 section 5): `Wire.post` without a
   message reads, and `NewOrder` has the field.

It also writes signed requests to its log, which is silenced here, and fails on an answer without a nonce, although
that answer is good. A `Wire` serves one thread at a time.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import requests
from acme import client, errors, messages
from cryptography import x509
from josepy import json_util
from josepy.errors import DeserializationError
from josepy.interfaces import JSONDeSerializable

from adapters.acme import problems, redaction
from adapters.acme.problems import Problem
from adapters.acme.settings import Settings
from provisioner.kernel import crash
from provisioner.kernel.clock import Clock
from provisioner.ports import exchange

NONCE_ATTEMPTS: Final = 6
"""The first one and five more."""
BAD_NONCE: Final = "badNonce"
USER_AGENT: Final = "provisioner"
MOST_BYTES: Final = 1 << 20

logging.getLogger(client.__name__).setLevel(logging.WARNING)  # at DEBUG it writes signed messages and nonces


class UnreadableAnswer(Exception):
    """The answer cannot be understood; says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: JSON (None for other bodies), the text, and the headers that matter. Times in seconds."""

    body: Any
    text: str
    status: int
    location: str = ""
    retry_after: float | None = None
    alternates: tuple[str, ...] = ()


class NewOrder(messages.NewOrder):
    """A new order that may say which certificate it replaces (RFC 9773 section 5)."""

    replaces: str = json_util.field("replaces", omitempty=True, default="")


class Look(JSONDeSerializable):
    """The empty message that tells the authority to look at a challenge (RFC 8555 section 7.5.1)."""

    def to_partial_json(self) -> dict[str, str]:
        """Nothing, in braces; without a message the request would only read."""
        return {}

    @classmethod
    def from_json(cls, _jobj: Any) -> Self:
        """The same again."""
        return cls()


class Wire(client.ClientNetwork):
    """Signed requests, one at a time. Without `account_url` the key itself is sent, as a new account needs."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(key=settings.key.private, alg=settings.key.algorithm)
        self.session.trust_env = False  # no proxies, and no logins from a .netrc
        self._trust = settings.ca_file or True
        self._timeouts = (settings.connect_seconds, settings.command_seconds)
        self._clock = clock
        self._changes = False
        self._text = ""

    def ask(self, url: str) -> Answer:
        """An unsigned GET. Raises Problem, UnreadableAnswer and requests.RequestException."""
        return self._answer(self._send_request("GET", url))

    def send(self, url: str, message: JSONDeSerializable | None, *, nonce_url: str, account_url: str = "") -> Answer:
        """A signed POST; without a message it only reads (RFC 8555 section 6.3). Raises as `ask`."""
        self.account = messages.RegistrationResource(uri=account_url) if account_url else None
        self._changes = message is not None
        try:
            return self._answer(self.post(url, message, new_nonce_url=nonce_url))
        except (errors.Error, DeserializationError) as error:
            raise UnreadableAnswer(type(error).__name__) from None  # not quoted: it may be a nonce

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """The library's, with more patience for refused nonces."""
        for _ in range(NONCE_ATTEMPTS - 1):
            try:
                return self._post_once(*args, **kwargs)
            except Problem as problem:
                if problem.kind != BAD_NONCE:
                    raise
                self._nonces.clear()  # those that were kept are as old, or older
        return self._post_once(*args, **kwargs)

    def close(self) -> None:
        """Give back the connections."""
        self.session.close()

    @classmethod
    def _check_response(cls, response: requests.Response, content_type: str | None = None) -> requests.Response:
        """Nothing more to check: `_send_request` has looked at what came, whatever it was called."""
        del content_type
        return response

    def _add_nonce(self, response: requests.Response) -> None:
        """Keep the next nonce. An answer without one is as good; the next request then asks for one."""
        if self.REPLAY_NONCE_HEADER in response.headers:
            super()._add_nonce(response)

    def _get_nonce(self, url: str, new_nonce_url: str) -> str:
        del url  # the library's way for authorities that have no newNonce
        if not self._nonces:
            self._add_nonce(self.head(new_nonce_url))
        if not self._nonces:
            raise errors.ClientError("the authority gave no nonce")
        return self._nonces.pop()

    def _send_request(self, method: str, url: str, *_args: Any, **kwargs: Any) -> requests.Response:
        """One request and its answer, recorded without secrets. `data` is the signed message. Raises Problem."""
        signed: str = kwargs.get("data", "")
        answer = ""
        try:
            response = self._exchanged(method, url, signed, kwargs.get("headers", {}))
            answer = redaction.shown_response(response, self._text)
        finally:
            exchange.record(redaction.shown_request(method, url, signed), answer)
        if signed and self._changes:
            crash.point("response_received")
        return self._checked(response)

    def _exchanged(self, method: str, url: str, signed: str, headers: Mapping[str, str]) -> requests.Response:
        with self.session.request(
            method,
            url,
            data=self._body(signed),
            headers={"User-Agent": USER_AGENT, "Accept-Language": "en", **headers},
            timeout=self._timeouts,
            verify=self._trust,
            allow_redirects=method == "GET",
            stream=True,
        ) as response:
            self._text = self._read(response)
        return response

    def _body(self, signed: str) -> "bytes | _Body | None":
        if not signed:
            return None
        return _Body(signed) if self._changes else signed.encode()

    def _read(self, response: requests.Response) -> str:
        """The body. Raises when it is too long, or when it drips for longer than a whole answer may take."""
        deadline = self._clock.monotonic() + self._timeouts[1]
        body = bytearray()
        for chunk in response.iter_content(65_536):
            body += chunk
            if len(body) > MOST_BYTES:
                raise UnreadableAnswer(f"more than {MOST_BYTES} bytes")
            if self._clock.monotonic() > deadline:
                raise requests.ReadTimeout("the answer drips")
        return body.decode("utf-8", "replace")

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.ok and not response.is_redirect:
            return response
        raise Problem(problems.read(_json(self._text)), response.status_code, self._wait(response))

    def _answer(self, response: requests.Response) -> Answer:
        return Answer(
            body=_json(self._text),
            text=self._text,
            status=response.status_code,
            location=response.headers.get("Location", ""),
            retry_after=self._wait(response),
            alternates=tuple(_alternates(response)),
        )

    def _wait(self, response: requests.Response) -> float | None:
        return problems.retry_after(response.headers.get("Retry-After"), self._clock.now())


class _Body:
    """A signed change that passes a crash point when its last byte was handed to the connection."""

    def __init__(self, signed: str) -> None:
        self._bytes = signed.encode()

    def __len__(self) -> int:
        return len(self._bytes)

    def __iter__(self) -> Iterator[bytes]:
        yield self._bytes
        crash.point("request_sent")


def renewal_path(leaf: x509.Certificate) -> str:
    """The certificate's identifier for renewal information (RFC 9773 section 4.1); empty when it can have none."""
    try:
        return client._renewal_info_path_component(leaf)  # noqa: SLF001 - the library has it, and tests it
    except (x509.ExtensionNotFound, ValueError, TypeError):
        return ""


def _alternates(response: requests.Response) -> Iterator[str]:
    """The URLs of other chains. `response.links` keeps one of each relation alone."""
    for link in requests.utils.parse_header_links(response.headers.get("Link", "")):
        if link.get("rel") == "alternate" and "url" in link:
            yield requests.compat.urljoin(response.url, link["url"])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
