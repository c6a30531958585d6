"""Renewing a domain, once: from a date of expiry that was written down to one that is verified."""

from datetime import date
from typing import Final

from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Registrar, Renewal
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains import prices
from provisioner.workflows.domains.dates import day, is_years_later, years_later
from provisioner.workflows.domains.decisions import REGISTRY_DECIDES, RENEWAL
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.registration import LOOK_EVERY
from provisioner.workflows.domains.seen import Seen, look_at_ours
from provisioner.workflows.domains.standing import as_seen, paid_until
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

MOST_YEARS_AHEAD: Final = 10
"""Years from today to which a domain can be renewed (RFC 5731 §3.2.3 leaves it to the registry; 10 nearly everywhere).

The registry itself refuses what goes beyond its own limit.
"""


@workflow("domain.renew", port=Registrar)
def renew_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Renew by the years asked for, counted from the date up to which the domain was paid for.

    A repetition with the same `current_expiry` is refused: that date has passed on. What the registry has renewed by
    itself is taken for the renewal, and not bought again. What it decides against later ends in its words.
    """
    seen = look_at_ours(op, registrar)
    base = _base(op, seen)
    years = _years_missing(op, base, seen)
    if years == 0:
        return as_seen(op, seen, paid=True)
    _check_limit(op, seen, years)
    renewal = _renewal(op, registrar, seen, years)
    refused, lapsed = RENEWAL.refusal(op), RENEWAL.lapsed(op)
    op.step("renew", registrar.renew, renewal, foreseen=REGISTRY_DECIDES, unless=refused, lapsed=lapsed)
    return as_seen(op, _verified(op, registrar, renewal), paid=True)


def _base(op: Operation, seen: Seen) -> date:
    """From when on it is renewed. Raises Rejected `expiry_unexpected` when the message meant another date."""
    if not seen.expires_at:
        raise Rejected("expiry_unknown", f"the registry does not say when {seen.domain} expires")
    paid, shown = day(paid_until(op.service.data, seen, Ordered.of(op))), day(seen.expires_at)
    asked = op.inputs.get("current_expiry")
    if asked is None:
        return paid
    if day(str(asked)) not in (paid, shown):
        told = f"{seen.domain} expires on {shown}, and not on {asked}; it may have been renewed already"
        raise Rejected("expiry_unexpected", told, fields=("/current_expiry",))
    return day(str(asked))


def _years_missing(op: Operation, base: date, seen: Seen) -> int:
    """By how many years the registry's date is short of what was asked for."""
    shown, years = day(seen.expires_at), int(op.inputs.get("years", 1))
    for ahead in range(years + 1):
        if is_years_later(base, ahead, shown):
            return years - ahead
    told = f"{seen.domain} expires on {shown}, which is no full years after {base}"
    raise Rejected("expiry_unexpected", told)


def _check_limit(op: Operation, seen: Seen, years: int) -> None:
    """How many years one command may ask for was checked when it came; this is how far ahead they may lead."""
    most = Ordered.of(op).rules.number("max_years_ahead", MOST_YEARS_AHEAD)
    target = years_later(day(seen.expires_at), years)
    if target > years_later(seen.looked_at.date(), most):
        told = f"{seen.domain} would be registered until {target}, more than {most} years ahead"
        raise Rejected("too_many_years", told, fields=("/years",))


def _renewal(op: Operation, registrar: Registrar, seen: Seen, years: int) -> Renewal:
    quoted = prices.quote(op, registrar, seen.domain, "renew", years)
    current = day(seen.expires_at)
    return Renewal(
        domain=seen.domain,
        current_expiry=current.isoformat(),
        target_expiry=years_later(current, years).isoformat(),
        years=years,
        max_price=prices.agreed(quoted, prices.cap_of(op, quoted, Ordered.of(op).max_price)),
    )


def _verified(op: Operation, registrar: Registrar, renewal: Renewal) -> Seen:
    """The domain with its new date. Any other date is refused; as money was spent, an operator then decides."""

    def check(domain: str) -> Done | None:
        shown = registrar.look(domain)
        return _checked(renewal, shown)

    reason = f"the registry does not show the renewal of {renewal.domain} yet"
    shown = op.wait_until("verify", check, renewal.domain, every=LOOK_EVERY, reason=reason)
    return Seen.from_look(renewal.domain, shown.data)


def _checked(renewal: Renewal, shown: Done) -> Done | None:
    seen, current = Seen.from_look(renewal.domain, shown.data), date.fromisoformat(renewal.current_expiry)
    if not seen.ours:
        raise Rejected("not_ours", f"{renewal.domain} was renewed, and is not at this registrar any more")
    expires = day(seen.expires_at)
    if expires == current:
        return None
    if not is_years_later(current, renewal.years, expires):
        told = f"{renewal.domain} was renewed to {renewal.target_expiry}, and the registry shows {expires}"
        raise Rejected("expiry_unexpected", told)
    return shown
