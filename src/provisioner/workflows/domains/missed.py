"""A domain that a look does not show as ours any more.

One such answer may be a mistake: of a registry that suspends an account or is behind with its own data, or of a
setting. So it ends no service by itself; the same answer some hours later does, and what was told otherwise too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from provisioner.workflows.domains.dates import moment
from provisioner.workflows.domains.seen import DELETED, TRANSFERRED_AWAY, Seen, known_roid
from provisioner.workflows.domains.standing import MISSED, SOON, UPKEEP
from provisioner.workflows.journal import ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

TOLD: Final = "told"
"""The input of an upkeep with what the registry's message has told: the domain's status."""
_APPROVED: Final = ("clientApproved", "serverApproved")  # RFC 5730 §2.9.3.4
_BY_REGISTRY: Final[Mapping[str, str]] = {  # RFC 8590 §2.1
    "delete": DELETED,
    "autoDelete": DELETED,
    "autoPurge": DELETED,
    "transfer": TRANSFERRED_AWAY,
}


def is_certain(op: Operation, seen: Seen) -> bool:
    """Whether the domain is gone for good: it was told, or a look hours ago has shown the same."""
    status = seen.status(known_roid(op))
    known = _known(op, status)
    if op.inputs.get(TOLD) == status or known.get("told"):
        return True
    return bool(known) and moment(known["since"]) + SOON <= seen.looked_at


def look_again(op: Operation, seen: Seen) -> ServiceChange:
    """The service stays as it is, with a note of when the domain was missed first, and is looked at again soon."""
    status = seen.status(known_roid(op))
    since = str(_known(op, status).get("since") or seen.looked_at.isoformat())
    note = {MISSED: {"status": status, "since": since}}
    return ServiceChange(None, data=note, upkeep=Upkeep(moment(since) + SOON, UPKEEP))


def told_by(kind: str, data: Mapping[str, Any]) -> Mapping[str, str]:
    """What a registry's message gives the upkeep that it starts: whether it has told that the domain is gone."""
    status = None
    if kind == "transfer" and data.get("status") in _APPROVED and data.get("ours") is False:
        status = TRANSFERRED_AWAY
    elif kind == "change":
        status = _BY_REGISTRY.get(str(data.get("operation")))
    return {} if status is None else {TOLD: status}


def leaves(at: datetime) -> Mapping[str, Any]:
    """What a service keeps of a domain that was given to another registrar by ourselves."""
    return {MISSED: {"status": TRANSFERRED_AWAY, "since": at.isoformat(), "told": True}}


def _known(op: Operation, status: str) -> Mapping[str, Any]:
    known: Mapping[str, Any] = op.service.data.get(MISSED) or {}
    return known if known.get("status") == status else {}
