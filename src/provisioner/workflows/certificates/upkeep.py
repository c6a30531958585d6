"""Looking after a certificate: renewed in time, watched where its owner renews it, and seen where the panel does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from provisioner.kernel.spread import share
from provisioner.orders.certificates import AUTHORITY, CUSTOMER, PANEL, CertificateFacts, renew_at
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import parties, serving
from provisioner.workflows.certificates.obtaining import WORKER, source_now
from provisioner.workflows.certificates.ordered import Current, Ordered
from provisioner.workflows.certificates.problems import (
    EXPIRED,
    EXPIRES_SOON,
    NO_PROBLEM,
    NOT_SERVED,
)
from provisioner.workflows.certificates.standing import (
    DAY,
    HOUR,
    UPKEEP,
    WARNING_DAYS,
    earliest,
    found_on_panel,
    install_next,
    next_look,
    next_try,
    next_warning,
    next_week,
    tomorrow,
)
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

ENDED: Final = (ServiceStatus.CANCELLED, ServiceStatus.FAILED)


@workflow(UPKEEP)
def keep_up(op: Operation) -> ServiceChange:
    """Start what is due, tell what is to be told, and say when to look again.

    A renewal is an operation of its own. Until it has succeeded, it is started again each day, in the end each week.
    """
    current = Current.of(op)
    standing = op.write_down("standing", _standing(op))
    if standing["hosting_is_going"] and not standing["ended"]:
        reason = "the web hosting that the certificate is for is cancelled"
        return ServiceChange(ServiceStatus.CANCELLED, upkeep=NEVER, reason=reason, wakes=True)
    is_removed = not standing.get("is_wanted", True) and current is not None and current.source == AUTHORITY
    if standing["ended"] or is_removed:
        return ServiceChange(None, upkeep=NEVER)
    if current is None:
        return _begin_anew(op)
    if current.source == PANEL:
        return _look_again(op, current)
    if current.source == CUSTOMER or not Ordered.of(op).auto_renew:
        return _watch(op, current)
    return _renew_when_due(op, current)


def _standing(op: Operation) -> dict[str, bool]:
    return {
        "ended": op.service.status in ENDED,
        "hosting_is_going": parties.hosting_is_gone(op),
        "is_wanted": _is_wanted(op),
    }


# -- not there yet


def _begin_anew(op: Operation) -> ServiceChange:
    """What could not be issued because the hosting was suspended is issued when that is back.

    An issue that ends otherwise makes the service active or failed, whatever else is its last problem by now.
    """
    if op.service.status is not ServiceStatus.PROVISIONING or "method" not in op.service.attributes:
        return ServiceChange(None, upkeep=NEVER)
    if op.parent.status is ServiceStatus.SUSPENDED:
        return ServiceChange(None, upkeep=next_week(op))
    op.follow_up("certificate.issue", resource=f"service:{op.service.service_id}", key=Ordered.of(op).key)
    return ServiceChange(None, upkeep=NEVER)


# -- renewed here


def _renew_when_due(op: Operation, current: Current) -> ServiceChange:
    window = _window(op, current)
    plan, look_again = _plan(op, current, window), _look_at_window(op, window)
    at = datetime.fromisoformat(plan["renew_at"])
    is_due = bool(op.service.data.get("revoked")) or at <= op.now
    if is_due:
        _renew(op, current)
    _install_if_missing(op, current, automatic=True)
    again = next_try(op, current.facts) if is_due else earliest((look_again, Upkeep(at, UPKEEP)))
    return ServiceChange(None, data=plan, upkeep=again)


def _renew(op: Operation, current: Current) -> None:
    """Only this one: a message may have asked for the same in the meantime."""
    of_service, key = f"service:{op.service.service_id}", Ordered.of(op).key
    op.follow_up("certificate.renew", resource=of_service, key=key, fingerprint=current.facts.fingerprint)


def _look_at_window(op: Operation, window: Mapping[str, Any]) -> Upkeep:
    """When the authority is to be asked again: as it says, but once a day, and not more often than each hour."""
    if not window.get("look_again"):
        return tomorrow(op)
    at = datetime.fromisoformat(window["look_again"])
    return Upkeep(min(max(at, op.now + HOUR), op.now + DAY), UPKEEP)


def _plan(op: Operation, current: Current, window: Mapping[str, Any]) -> dict[str, Any]:
    """When it is renewed: at a time within the authority's window that is chosen once, else in its last third."""
    if not window.get("start") or not window.get("end"):
        return {"window": None, "renew_at": renew_at(current.facts, op.service.service_id).isoformat()}
    named = f"{window['start']}/{window['end']}"
    if op.service.data.get("window") == named and op.service.data.get("renew_at"):
        return {"window": named, "renew_at": op.service.data["renew_at"]}
    start, end = datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])
    return {"window": named, "renew_at": (start + (end - start) * share(current.facts.fingerprint)).isoformat()}


def _window(op: Operation, current: Current) -> Mapping[str, Any]:
    """What the authority says; one that cannot say has no wish."""
    try:
        return op.step("window", parties.authority(op).renewal_window, current.chain).data
    except Rejected:
        return {}


# -- renewed by its owner


def _watch(op: Operation, current: Current) -> ServiceChange:
    """Its owner is told in time, and told again; nothing is renewed."""
    _install_if_missing(op, current, automatic=_was_installed(op, current))
    warned = next_warning(op, current.facts)
    again = earliest((tomorrow(op), warned)) if _is_missing(op, current) else warned
    told = None if _is_not_over(op, current) else _warning(current.facts, op.now)
    return ServiceChange(None, data=told, upkeep=again)


def _is_not_over(op: Operation, current: Current) -> bool:
    """Whether what has kept it from being installed stays the problem until it is, or it has expired."""
    return _is_missing(op, current) and op.service.data.get("problem_code") not in (None, EXPIRES_SOON, EXPIRED)


def _warning(facts: CertificateFacts, now: datetime) -> Mapping[str, Any]:
    if facts.not_after <= now:
        return {"problem": "this certificate has expired; please upload a new one", "problem_code": EXPIRED}
    if facts.not_after - now > max(WARNING_DAYS) * DAY:
        return NO_PROBLEM
    told = f"this certificate expires on {facts.not_after:%Y-%m-%d}; please upload the one that follows it"
    return {"problem": told, "problem_code": EXPIRES_SOON}


# -- renewed by the panel


def _look_again(op: Operation, current: Current) -> ServiceChange:
    served = serving.look(op, "served")
    if served.get("fingerprint", current.facts.fingerprint) != current.facts.fingerprint:
        return found_on_panel(op, None, served)
    if "chain" not in served:
        told = {"problem": f"the website serves no valid certificate: {served['reason']}", "problem_code": NOT_SERVED}
        return ServiceChange(None, data=told, upkeep=_take_over(op, current) or tomorrow(op))
    if renew_at(current.facts, op.service.service_id) > op.now or (again := _take_over(op, current)) is None:
        return ServiceChange(None, data=NO_PROBLEM, upkeep=next_look(op, current.facts))
    there = {"installed_fingerprint": current.facts.fingerprint}  # so that ours takes its place
    return ServiceChange(None, data={**NO_PROBLEM, **there}, upkeep=again)


def _take_over(op: Operation, current: Current) -> Upkeep | None:
    """Renew here what the panel does not renew any more; when to try again, None where that is not ours to do."""
    if source_now(op) != WORKER or not Ordered.of(op).auto_renew:
        return None
    _renew(op, current)
    return next_try(op, current.facts)


# -- installed


def _install_if_missing(op: Operation, current: Current, *, automatic: bool) -> None:
    """An installation that failed, or that spared another certificate, is begun again; so is one that made room."""
    if _is_missing(op, current) and parties.hosting_is_made(op):
        install_next(op, automatic=automatic)


def _is_missing(op: Operation, current: Current) -> bool:
    is_over = op.service.data.get("revoked") or current.facts.not_after <= op.now
    return _is_wanted(op) and not op.service.data.get("installed") and not is_over


def _was_installed(op: Operation, current: Current) -> bool:
    """Whether it was in use before another took its place."""
    return op.service.data.get("installed_fingerprint") == current.facts.fingerprint


def _is_wanted(op: Operation) -> bool:
    """Of one from the authority: whether it was not removed."""
    return bool(op.service.data.get("install", True))
