"""What becomes of the service when a domain was seen: its data, and when it is looked after next.

Two dates are kept: `expires_at` is the registry's, verbatim; `paid_until` is that up to which the domain was bought for
its owner. They differ when a registry has renewed by itself what its owner does not want any longer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.kernel.spread import share
from provisioner.orders.statuses import ServiceStatus
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
"""So many days before the end of the registry's grace period an unwanted domain is let go at the latest."""


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
        {**facts, **(also or {})},
        suspended_by,
        upkeep=next_upkeep(ordered, seen, until, known_roid(op)),
        attributes=attributes,
    )


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
    if not before or ordered.auto_renew or not ordered.rules.registry_auto_renews:
        return seen.expires_at
    around_expiry = moment(before) - TOLERANCE <= seen.looked_at < grace_ends(before, ordered.rules)
    return before if around_expiry or AUTO_RENEWED in seen.grace else seen.expires_at


def grace_ends(until: str, rules: Rules) -> datetime:
    """When a renewal by the registry can no longer be taken back."""
    return moment(until) + timedelta(days=rules.number("auto_renew_grace_days", 45))


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
    """When an unwanted domain that the registry has renewed is deleted: late in the grace period, spread alike."""
    spread = share(domain) * rules.number("renew_spread_days", 14)
    days = rules.number("auto_renew_grace_days", 45) - SAFETY_DAYS - spread
    return moment(until) + timedelta(days=max(days, 1.0))


def renewal_is_due(ordered: Ordered, seen: Seen) -> bool:
    """Whether it is time to renew, and wanted."""
    if not ordered.auto_renew or not seen.expires_at or "pendingTransfer" in seen.statuses:
        return False
    return not seen.is_leaving and renews_at(ordered.rules, seen) <= seen.looked_at


def is_to_be_let_go(ordered: Ordered, seen: Seen, until: str) -> bool:
    """Whether the registry has renewed what its owner does not want, and it is time to delete that."""
    if ordered.auto_renew or not ordered.rules.registry_auto_renews or not until or seen.is_leaving:
        return False
    renewed_unasked = bool(seen.expires_at) and day(seen.expires_at) > day(until)
    due = let_go_at(ordered.rules, seen.domain, until) <= seen.looked_at < grace_ends(until, ordered.rules)
    return renewed_unasked and due and "pendingTransfer" not in seen.statuses
