"""A domain as the registry showed it, and what that means for the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Registrar
from provisioner.workflows.domains.dates import moment
from provisioner.workflows.operation import Operation

ACTIVE: Final = "active"
EXPIRED: Final = "expired_grace"
REDEMPTION: Final = "redemption"
TRANSFERRED_AWAY: Final = "transferred_away"
DELETED: Final = "deleted"

TRANSFER_LOCK: Final = "clientTransferProhibited"
UPDATE_LOCK: Final = "clientUpdateProhibited"
DELETE_LOCK: Final = "clientDeleteProhibited"
REGISTRY_TRANSFER_LOCK: Final = "serverTransferProhibited"
REGISTRY_DELETE_LOCK: Final = "serverDeleteProhibited"
HOLD: Final = "clientHold"

_PENDING_DELETE: Final = "pendingDelete"
_LEAVING: Final = frozenset({"redemptionPeriod", "pendingRestore", _PENDING_DELETE})


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a domain. Times are the registry's, verbatim; empty where it did not say.

    `nameservers` are those that the domain names, `hosts` the host objects that lie within it.
    """

    domain: str
    exists: bool
    ours: bool
    roid: str
    registrant: str
    nameservers: tuple[str, ...]
    hosts: tuple[str, ...]
    statuses: frozenset[str]
    grace: frozenset[str]
    created_at: str
    expires_at: str
    transferred_at: str
    looked_at: datetime

    @classmethod
    def from_look(cls, domain: str, look: Mapping[str, Any]) -> "Seen":
        """Read what the port's `look` told."""
        return cls(
            domain,
            bool(look["exists"]),
            bool(look["ours"]),
            look.get("roid") or "",
            look.get("registrant") or "",
            tuple(look.get("nameservers") or ()),
            tuple(look.get("hosts") or ()),
            frozenset(look.get("statuses") or ()),
            frozenset(look.get("grace_statuses") or ()),
            look.get("created_at") or "",
            look.get("expires_at") or "",
            look.get("transferred_at") or "",
            moment(look["looked_at"]),
        )

    @property
    def is_leaving(self) -> bool:
        """Whether it was deleted, and can only be restored."""
        return bool(self.statuses & _LEAVING or self.grace & _LEAVING)

    @property
    def is_to_be_purged(self) -> bool:
        """Whether its redemption is over (RFC 3915 §2): nothing brings it back."""
        return _PENDING_DELETE in self.grace and not self.grace & {"redemptionPeriod", "pendingRestore"}

    @property
    def is_locked(self) -> bool:
        """Whether a transfer is refused, by us or by the registry."""
        return bool(self.statuses & {TRANSFER_LOCK, REGISTRY_TRANSFER_LOCK})

    def status(self, known_roid: str | None = None) -> str:
        """The domain's status for the service. With another `roid` than ours it was deleted and registered anew."""
        if not self.exists or (known_roid and self.roid and self.roid != known_roid):
            return DELETED
        if not self.ours:
            return TRANSFERRED_AWAY
        if self.is_leaving:
            return REDEMPTION
        return EXPIRED if self.expires_at and moment(self.expires_at) <= self.looked_at else ACTIVE

    def facts(self, *, known_roid: str | None = None) -> dict[str, Any]:
        """What the service keeps of it."""
        status = self.status(known_roid)
        if status in (DELETED, TRANSFERRED_AWAY):
            return {"domain_status": status}
        return {
            "roid": self.roid,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "domain_status": status,
            "nameservers": list(self.nameservers),
            "statuses": sorted(self.statuses),
            "locked": self.is_locked,
        }


def look(op: Operation, registrar: Registrar, step: str = "look") -> Seen:
    """Look once, and remember it."""
    domain = str(op.service.attributes["domain"])
    return Seen.from_look(domain, op.step(step, registrar.look, domain).data)


def look_at_ours(op: Operation, registrar: Registrar, step: str = "look") -> Seen:
    """Look once. Raises Rejected `nothing_there`, `not_ours` or `in_redemption` for what cannot be changed."""
    if op.service.ref is None:
        raise Rejected("nothing_there", "this domain was never registered or transferred for this service")
    seen = look(op, registrar, step)
    status = seen.status(known_roid(op))
    if status in (DELETED, TRANSFERRED_AWAY):
        raise Rejected("not_ours", f"{seen.domain} is not at this registrar any more: {status.replace('_', ' ')}")
    if status == REDEMPTION:
        raise Rejected("in_redemption", f"{seen.domain} was deleted; it has to be restored first")
    return seen


def known_roid(op: Operation) -> str | None:
    """The registry's identifier of the domain that this service has."""
    return op.service.data.get("roid")


def found(seen: Seen, look_data: Mapping[str, Any]) -> Done:
    """A look as the result of a wait."""
    return Done(seen.domain, look_data)
