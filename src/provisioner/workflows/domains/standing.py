"""What becomes of the service when a domain was seen: its data, and when it is looked after next.

Two dates are kept: `expires_at` is the registry's, verbatim; `paid_until` is that up to which the domain was bought for
its owner. They differ when a registry has renewed by itself what its owner does not want any longer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.kernel.spread import share
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.domains.dates import day, moment
from provisioner.workflows.domains.ordered import Ordered, Rules
from provisioner.workflows.domains.seen import DELETED, EXPIRED, REDEMPTION, TRANSFERRED_AWAY, Seen, known_roid
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

UPKEEP: Final = "domain.upkeep"
SOON: Final = timedelta(hours=6)
TOMORROW: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
TOLERANCE: Final = timedelta(days=1)
"""How much earlier than by our clock a registry may renew by itself."""
AUTO_RENEWED: Final = "autoRenewPeriod"
SAFETY_DAYS: Final = 3
"""So many days before the end of the registry's grace period an unwanted domain is let go at the latest.

Where the grace period has no more, it is so many days before the end of the term.
"""
EARLY_SPREAD_DAYS: Final = 1
"""Over so many days those are spread that are let go before the end of a term that their owners have paid."""
RESTORED_AT: Final = "restored_at"
MISSED: Final = "missed"
"""In the service's data: the `status` with which a look first did not show the domain as ours, and `since` when."""


def as_seen(
    op: Operation,
    seen: Seen,
    status: ServiceStatus | None = None,
    *,
    paid: bool = False,
    attributes: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
    suspended_by: str | None = None,
) -> ServiceChange:
    """The service after a look. `paid`: this operation has bought what the registry shows."""
    ordered = Ordered({**op.service.attributes, **(attributes or {})})
    until = seen.expires_at if paid else paid_until(op.service.data, seen, ordered)
    facts = {**seen.facts(known_roid=known_roid(op)), "paid_until": until, "auto_renew": ordered.auto_renew}
    return ServiceChange(
        status,
        seen.domain,
        {**facts, **_found_again(op, seen), **(also or {})},
        suspended_by,
        upkeep=next_upkeep(ordered, seen, until, known_roid(op)),
        attributes=attributes,
    )


def _found_again(op: Operation, seen: Seen) -> dict[str, None]:
    """What is forgotten when the domain is ours after all. While a transfer is pending it may be leaving still."""
    is_known = op.service.data.get(MISSED) is not None
    return {MISSED: None} if is_known and seen.ours and "pendingTransfer" not in seen.statuses else {}


def gone(op: Operation, seen: Seen) -> ServiceChange:
    """The service of a domain that is not here any more."""
    status = seen.status(known_roid(op))
    words = {
        TRANSFERRED_AWAY: f"{seen.domain} was transferred to another registrar",
        DELETED: f"{seen.domain} was deleted at the registry",
    }
    return ServiceChange(
        ServiceStatus.CANCELLED,
        data={"domain_status": status, "reason": words[status]},
        upkeep=NEVER,
        reason=words[status],
        wakes=True,
    )


def paid_until(kept: Mapping[str, Any], seen: Seen, ordered: Ordered) -> str:
    """Up to when the owner has the domain: what the registry shows, unless the registry itself has renewed unasked."""
    before = str(kept.get("paid_until") or kept.get("expires_at") or "")
    if not before or not is_unwanted(ordered):
        return seen.expires_at
    if not is_renewed(seen, before):
        return seen.expires_at or before
    by_registry = moment(before) - TOLERANCE <= seen.looked_at or AUTO_RENEWED in seen.grace
    return before if by_registry else seen.expires_at


def is_unwanted(ordered: Ordered) -> bool:
    """Whether its owner does not want it renewed where the registry renews by itself."""
    return not ordered.auto_renew and ordered.rules.registry_auto_renews


def is_renewed(seen: Seen, until: str) -> bool:
    """Whether the registry shows a later end than this."""
    return bool(seen.expires_at) and day(seen.expires_at) > day(until)


def can_be_taken_back(seen: Seen, until: str, rules: Rules) -> bool:
    """Whether a deletion takes a renewal by the registry back."""
    grace = _grace_days(rules)
    in_grace = grace > 0 and seen.looked_at < moment(until) + timedelta(days=grace)
    return in_grace or AUTO_RENEWED in seen.grace


def is_beyond_recall(ordered: Ordered, seen: Seen, until: str) -> bool:
    """Whether the registry has renewed for good what its owner does not want."""
    if not is_unwanted(ordered) or not until or seen.is_leaving:
        return False
    return is_renewed(seen, until) and not can_be_taken_back(seen, until, ordered.rules)


def renewed_unasked(domain: str, renewed_until: str) -> Rejected:
    """What is told of such a renewal."""
    told = f"{domain} was renewed by the registry until {renewed_until} although automatic renewal is off"
    return Rejected("renewed_unasked", f"{told}, and it is too late to take that back; the domain is kept")


def _grace_days(rules: Rules) -> int:
    return rules.number("auto_renew_grace_days", 45)


# -- when to look next


def next_upkeep(ordered: Ordered, seen: Seen, until: str, roid: str | None = None) -> Upkeep:
    """When the domain is looked after next: when it is to be renewed or let go, and within a month in any case."""
    status = seen.status(roid)
    if status in (DELETED, TRANSFERRED_AWAY):
        return NEVER
    if "pendingTransfer" in seen.statuses:
        return Upkeep(seen.looked_at + SOON, UPKEEP)
    if status in (EXPIRED, REDEMPTION):
        return Upkeep(seen.looked_at + TOMORROW, UPKEEP)
    planned = seen.looked_at + MONTH * (1 - share(seen.domain) / 10)
    decision = _decision(ordered, seen, until)
    if decision is not None:
        planned = min(planned, max(decision, seen.looked_at + TOMORROW))
    return Upkeep(planned, UPKEEP)


def _decision(ordered: Ordered, seen: Seen, until: str) -> datetime | None:
    """When there is something to decide."""
    if not seen.expires_at:
        return None
    if ordered.auto_renew:
        return renews_at(ordered.rules, seen)
    if ordered.rules.registry_auto_renews:
        return let_go_at(ordered.rules, seen.domain, until)
    return moment(seen.expires_at)


def renews_at(rules: Rules, seen: Seen) -> datetime:
    """When it is renewed: the safe number of days before its expiry, and earlier by a share of the spread."""
    before = rules.number("renew_days_before", 30) + share(seen.domain) * rules.number("renew_spread_days", 14)
    return moment(seen.expires_at) - timedelta(days=before)


def let_go_at(rules: Rules, domain: str, until: str) -> datetime:
    """When an unwanted domain is deleted, spread alike: late in the grace period after the registry's renewal.

    Where that is too short, it is in the last days of the term, before the registry renews.
    """
    spread = rules.number("renew_spread_days", 14)
    room = _grace_days(rules) - SAFETY_DAYS
    if lets_go_early(rules):
        days = -SAFETY_DAYS - share(domain) * min(spread, EARLY_SPREAD_DAYS)
    else:
        days = room - share(domain) * min(spread, room - 1)
    return moment(until) + timedelta(days=days)


def lets_go_early(rules: Rules) -> bool:
    """Whether the registry's grace period is too short to wait for its renewal and to take that back."""
    return _grace_days(rules) <= SAFETY_DAYS


def renewal_is_due(ordered: Ordered, seen: Seen) -> bool:
    """Whether it is time to renew, and wanted."""
    if not ordered.auto_renew or not seen.expires_at or "pendingTransfer" in seen.statuses:
        return False
    return not seen.is_leaving and renews_at(ordered.rules, seen) <= seen.looked_at


def is_to_be_let_go(ordered: Ordered, seen: Seen, until: str, kept: Mapping[str, Any]) -> bool:
    """Whether it is time to delete what its owner does not want renewed, and that is of use.

    One that its owner has restored or transferred to us after that time is not let go for that term.
    """
    if not is_unwanted(ordered) or not until or not seen.expires_at:
        return False
    if seen.is_leaving or "pendingTransfer" in seen.statuses:
        return False
    at = let_go_at(ordered.rules, seen.domain, until)
    if seen.looked_at < at or _came_after(at, seen, kept):
        return False
    if is_renewed(seen, until):
        return can_be_taken_back(seen, until, ordered.rules)
    return lets_go_early(ordered.rules)


def _came_after(at: datetime, seen: Seen, kept: Mapping[str, Any]) -> bool:
    came = (str(kept.get(RESTORED_AT) or ""), seen.transferred_at)
    return any(moment(text) >= at for text in came if text)


def check_unwanted(op: Operation, seen: Seen) -> None:
    """What is cancelled because its `term` ends must be unwanted still; much may have happened since upkeep looked.

    Raises Rejected `renewed_unasked` when it comes too late, and `not_let_go` when the domain is to be kept.
    """
    if "term" not in op.inputs:
        return
    ordered = Ordered.of(op)
    until = paid_until(op.service.data, seen, ordered)
    if is_beyond_recall(ordered, seen, until):
        raise renewed_unasked(seen.domain, day(seen.expires_at).isoformat())
    if not is_to_be_let_go(ordered, seen, until, op.service.data):
        told = f"{seen.domain} is not let go at the end of its term, {op.inputs['term']}"
        raise Rejected("not_let_go", f"{told}: it has been renewed meanwhile, or is to be")
