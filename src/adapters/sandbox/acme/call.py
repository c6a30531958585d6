"""One request in the making: what was asked by whom, and the answer's parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from adapters.sandbox.acme.jws import Envelope, Jwk
from adapters.sandbox.acme.problems import malformed
from adapters.sandbox.acme.records import Account


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in. `base` is where the authority is, without a slash at the end.

    One signed with a `kid` has an `account`, one with a `jwk` its `jwk`; one that is not signed has neither.
    `parts` are the variable parts of the path.
    """

    method: str
    base: str
    path: str
    parts: tuple[str, ...] = ()
    envelope: Envelope | None = None
    account: Account | None = None
    jwk: Jwk | None = None

    @property
    def owner(self) -> Account:
        """The account that signed. Only for resources that ask for one."""
        if self.account is None:
            raise malformed("the request is to be signed with an account's key, named by kid")
        return self.account

    @property
    def is_reading(self) -> bool:
        """True for POST-as-GET."""
        return self.envelope is not None and not self.envelope.content

    def payload(self) -> dict[str, Any]:
        """The request's JSON object. Raises Problem (malformed)."""
        if self.envelope is None:
            raise malformed("the request is not signed")
        return self.envelope.payload()

    def must_only_read(self) -> None:
        """Raises Problem (malformed) unless this is POST-as-GET."""
        if not self.is_reading:
            raise malformed("POST-as-GET has an empty payload")

    def url(self, *parts: str) -> str:
        """The URL of a resource."""
        return "/".join((self.base, *parts))


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: a JSON document, or `content` of another type. `links` are URL and relation."""

    document: Mapping[str, Any] | None = None
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    content_type: str = "application/json"

    def body(self) -> bytes:
        """The bytes of the body."""
        return self.content if self.document is None else json.dumps(self.document).encode()
