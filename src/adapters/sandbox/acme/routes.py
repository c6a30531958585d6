"""Which path leads where."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.sandbox.acme.accounts import Reception
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.certificates import Shelf
from adapters.sandbox.acme.directory import Entrance
from adapters.sandbox.acme.orders import Counter

Handler = Callable[[Call], Answer]


class Signed(StrEnum):
    """How requests to a resource are signed (RFC 8555 section 6.2)."""

    NOT = "not"
    BY_KEY = "jwk"
    BY_ACCOUNT = "kid"
    BY_EITHER = "jwk or kid"


@dataclass(frozen=True, slots=True)
class Route:
    """A resource. `operation` is its name in the fault plan and the access log; `reading` that of POST-as-GET."""

    path: re.Pattern[str]
    operation: str
    handler: Handler
    signed: Signed = Signed.BY_ACCOUNT
    reading: str = ""

    def name(self, call: Call) -> str:
        """The operation that a request is."""
        return self.reading if self.reading and call.is_reading else self.operation


def routes(authority: Authority, reception: Reception, counter: Counter) -> Sequence[Route]:
    """Every resource of an authority."""
    entrance, proofs, shelf = Entrance(authority), counter.proofs, Shelf(authority)
    return (
        Route(_path("/directory"), "directory", entrance.directory, Signed.NOT),
        Route(_path("/terms"), "terms", entrance.terms, Signed.NOT),
        Route(_path("/new-nonce"), "nonce", entrance.nonce, Signed.NOT),
        Route(_path("/new-account"), "account:create", reception.create, Signed.BY_KEY),
        Route(_path("/account/ID"), "account:update", reception.change, reading="account:read"),
        Route(_path("/account/ID/orders"), "account:orders", reception.orders),
        Route(_path("/key-change"), "account:key-change", reception.change_key),
        Route(_path("/new-order"), "order:create", counter.create),
        Route(_path("/order/ID"), "order:read", counter.page),
        Route(_path("/order/ID/finalize"), "order:finalize", counter.finalize),
        Route(_path("/authorization/ID"), "authorization:deactivate", proofs.page, reading="authorization:read"),
        Route(_path("/challenge/ID/ID"), "challenge:answer", proofs.challenge, reading="challenge:read"),
        Route(_path("/certificate/ID(?:/([0-9]))?"), "certificate:download", shelf.download),
        Route(_path("/revoke-certificate"), "certificate:revoke", shelf.revoke, Signed.BY_EITHER),
        Route(_path("/renewal-info/ID"), "renewal-info", shelf.renewal_info, Signed.NOT),
    )


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("ID", r"([A-Za-z0-9._-]+)"))
