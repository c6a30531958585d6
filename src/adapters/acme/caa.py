"""Whether CAA records let an authority issue (RFC 8659)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

CRITICAL: Final = 128
ISSUE: Final = "issue"
ISSUE_WILD: Final = "issuewild"
_UNDERSTOOD: Final = frozenset({ISSUE, ISSUE_WILD, "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"})


@dataclass(frozen=True, slots=True)
class Property:
    """One CAA record (section 4.1)."""

    flags: int
    tag: str
    value: str

    @property
    def issuer(self) -> str:
        """The authority that an issue property names; empty for none at all."""
        return self.value.partition(";")[0].strip().lower()


def allows(records: Iterable[Property], identities: Sequence[str], *, wildcard: bool) -> bool:
    """Whether the relevant records let an authority with these identities issue."""
    properties = tuple(records)
    if any(one.flags & CRITICAL and one.tag.lower() not in _UNDERSTOOD for one in properties):
        return False
    issuers = allowed_issuers(properties, wildcard=wildcard)
    return issuers is None or any(identity.lower() in issuers for identity in identities)


def allowed_issuers(records: Iterable[Property], *, wildcard: bool) -> frozenset[str] | None:
    """Who may issue; None when the records say nothing of it. Wildcards have records of their own, if there are any."""
    properties = tuple(records)
    wild = [one for one in properties if one.tag.lower() == ISSUE_WILD]
    own = [one for one in properties if one.tag.lower() == ISSUE]
    relevant = wild if wildcard and wild else own
    return frozenset(one.issuer for one in relevant if one.issuer) if relevant else None


def climbed(name: str) -> tuple[str, ...]:
    """A name and those above it, in the order in which they are looked at (section 3)."""
    labels = name.removeprefix("*.").rstrip(".").split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))
