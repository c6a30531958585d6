"""The certificates of one website's other services, as an installation that follows by itself is told of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.orders.certificates import OTHER_IN_USE, PANEL
from provisioner.orders.statuses import ServiceStatus


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another service's certificate: the newest, and the one that was installed last, by their fingerprints.

    `is_live`: the service goes on, and the certificate was not revoked. `is_installed`: it was installed after all
    others. `not_after` is the newest one's.
    """

    fingerprints: tuple[str, ...]
    names: tuple[str, ...]
    source: str
    not_after: datetime
    is_installed: bool
    is_live: bool

    @classmethod
    def of(cls, status: ServiceStatus, data: Mapping[str, Any]) -> "Sibling | None":
        """That of a service; None where nothing was ever installed from here."""
        if not data.get("fingerprint") or data.get("source") == PANEL:
            return None
        return cls(
            tuple(dict.fromkeys(filter(None, (data["fingerprint"], data.get("installed_fingerprint"))))),
            tuple(data["names"]),
            str(data.get("source")),
            datetime.fromisoformat(data["not_after"]),
            is_installed=bool(data.get("installed")),
            is_live=status is ServiceStatus.ACTIVE and not data.get("revoked"),
        )

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Sibling":
        """The one that `as_json` wrote."""
        return cls(
            tuple(facts["fingerprints"]),
            tuple(facts["names"]),
            facts["source"],
            datetime.fromisoformat(facts["not_after"]),
            is_installed=facts["is_installed"],
            is_live=facts["is_live"],
        )

    def as_json(self) -> dict[str, Any]:
        """As an operation's inputs have it."""
        return {
            "fingerprints": list(self.fingerprints),
            "names": list(self.names),
            "source": self.source,
            "not_after": self.not_after.isoformat(),
            "is_installed": self.is_installed,
            "is_live": self.is_live,
        }

    def is_used_at(self, now: datetime) -> bool:
        """Whether the website uses it, as far as is known here."""
        return self.is_live and self.is_installed and self.not_after > now


def needs_siblings(workflow: str, inputs: Mapping[str, Any]) -> bool:
    """Whether an operation is to know what else is at its website."""
    return workflow == "certificate.install" and bool(inputs.get("automatic"))


def told_of(
    workflow: str, inputs: Mapping[str, Any], others: Sequence[tuple[ServiceStatus, Mapping[str, Any]]]
) -> dict[str, Any]:
    """What an operation is given of its website's other services as they are when it is claimed."""
    if not others or not needs_siblings(workflow, inputs):
        return {}
    found = [Sibling.of(status, data) for status, data in others]
    return {"siblings": [each.as_json() for each in found if each is not None]}


def displaced(status: ServiceStatus, data: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """What a service keeps when a certificate of another is installed under this name; None when nothing changes."""
    if status is not ServiceStatus.ACTIVE or not data.get("installed") or data.get("installed_as") in (None, name):
        return None
    told = "the website uses a certificate that was installed after this one"
    return {"installed": False, OTHER_IN_USE: True, "problem": told, "problem_code": OTHER_IN_USE}
