"""What a domain's statuses forbid (RFC 5731 §2.3, RFC 3915 §3.1). Pure."""

from enum import StrEnum
from typing import Final

from adapters.epp.replies import DomainData
from provisioner.ports.outcomes import Failure, Occupied, Rejected

PENDING_CREATE: Final = "pendingCreate"
PENDING_DELETE: Final = "pendingDelete"
PENDING_RENEW: Final = "pendingRenew"
PENDING_TRANSFER: Final = "pendingTransfer"
PENDING_UPDATE: Final = "pendingUpdate"
REDEMPTION: Final = "redemptionPeriod"
PENDING_RESTORE: Final = "pendingRestore"
UPDATE_LOCK: Final = "clientUpdateProhibited"

_UNDER_WAY: Final = (PENDING_CREATE, PENDING_RENEW, PENDING_TRANSFER, PENDING_UPDATE)


class Change(StrEnum):
    """What may be prohibited by a status of ours or the registry's."""

    UPDATE = "Update"
    DELETE = "Delete"
    RENEW = "Renew"
    TRANSFER = "Transfer"


def obstacle(data: DomainData, change: Change) -> Failure | None:
    """Why a change would be refused now, or None. Occupied: something is under way and will end.

    Rejected codes: `locked_by_registry`, `pending_delete`, `update_prohibited` and so on.
    """
    theirs, ours = f"server{change}Prohibited", f"client{change}Prohibited"
    if theirs in data.statuses:
        return Rejected("locked_by_registry", f"the registry has set {theirs} on {data.name}; only it can lift that")
    if PENDING_DELETE in data.statuses and change is not Change.DELETE:
        return Rejected("pending_delete", f"{data.name} waits for its deletion ({PENDING_DELETE})")
    if ours in data.statuses:
        return Rejected(f"{change.lower()}_prohibited", f"{ours} is set on {data.name}")
    return _under_way(data)


def _under_way(data: DomainData) -> Occupied | None:
    found = [status for status in _UNDER_WAY if status in data.statuses]
    if not found:
        return None
    return Occupied("pending_at_registry", f"{data.name} is {found[0]}; the registry takes no change until it ends")
