"""What the authority remembers. Records are never changed in place: a new one is saved over the old.

`key` is the record's own name; `marks` are what it is looked up by besides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from adapters.sandbox.acme.settings import AuthoritySettings

AccountStatus = Literal["valid", "deactivated"]
OrderStatus = Literal["pending", "ready", "processing", "valid", "invalid"]
AuthorizationStatus = Literal["pending", "valid", "invalid", "deactivated", "expired"]
ChallengeStatus = Literal["pending", "processing", "valid", "invalid"]
Method = Literal["http-01", "dns-01"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who orders. `jwk` is its public key, `external` the key identifier that it was bound with."""

    key: str
    jwk: Mapping[str, str]
    thumbprint: str
    created: datetime
    contacts: tuple[str, ...] = ()
    status: AccountStatus = "valid"
    external: str = ""

    @property
    def marks(self) -> frozenset[str]:
        """Its key."""
        return frozenset({f"key:{self.thumbprint}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way to show control of a name."""

    method: Method
    token: str
    status: ChallengeStatus = "pending"
    looked_at: datetime | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """That an account may have certificates for a name. `name` has no `*.`; `wildcard` tells that it was ordered.

    There are several challenges until one of them has decided; then there is that one.
    """

    key: str
    account: str
    name: str
    wildcard: bool
    created: datetime
    expires: datetime
    challenges: tuple[Challenge, ...]
    status: AuthorizationStatus = "pending"

    @property
    def marks(self) -> frozenset[str]:
        """Whose it is, for what; and that it still has to be looked at."""
        if self.status == "valid":
            return frozenset({authorized(self.account, self.name, wildcard=self.wildcard)})
        waits = any(challenge.status == "processing" for challenge in self.challenges)
        return frozenset({"waits"} if waits else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an account has asked for. `csr` (base64url) is there while it is processed, `issue_at` when that ends."""

    key: str
    account: str
    names: tuple[str, ...]
    profile: str
    asked_profile: str
    created: datetime
    expires: datetime
    authorizations: tuple[str, ...]
    status: OrderStatus = "pending"
    replaces: str = ""
    csr: str = ""
    issue_at: datetime | None = None
    certificate: str = ""
    error: Mapping[str, Any] | None = None

    @property
    def marks(self) -> frozenset[str]:
        """Whose it is, and while it is open, for what."""
        if self.status not in ("pending", "ready"):
            return frozenset({f"account:{self.account}"})
        return frozenset({f"account:{self.account}", opened(self.account, self.names)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was issued: `key` is the serial number in hex, `der` base64url. `replaced_by` is an order.

    `window` is a time to renew that was set by hand: start, end, and where the reason is told.
    """

    key: str
    account: str
    order: str
    names: tuple[str, ...]
    der: str
    key_sha256: str
    renewal_id: str
    not_before: datetime
    not_after: datetime
    issued: datetime
    revoked: datetime | None = None
    reason: int = 0
    replaced_by: str = ""
    window: tuple[datetime, datetime, str] | None = None

    @property
    def marks(self) -> frozenset[str]:
        """What its renewal information is found by (RFC 9773 section 4.1)."""
        return frozenset({f"renewal:{self.renewal_id}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What else a restart must find: settings, and how far the clock was moved on."""

    settings: AuthoritySettings
    offset: timedelta = timedelta()
    key: str = "configuration"

    @property
    def marks(self) -> frozenset[str]:
        """None."""
        return frozenset()


def authorized(account: str, name: str, *, wildcard: bool) -> str:
    """The mark of a valid authorisation."""
    return f"authorized:{account}:{'*.' if wildcard else ''}{name}"


def opened(account: str, names: tuple[str, ...]) -> str:
    """The mark of an order that is still open."""
    return f"open:{account}:{','.join(names)}"
