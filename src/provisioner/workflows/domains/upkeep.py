"""Looking after a domain: what the registry says counts; what is due is renewed, what is unwanted is let go."""

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.registrar import Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.dates import day, moment
from provisioner.workflows.domains.missed import is_certain, look_again
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.seen import DELETED, HOLD, TRANSFERRED_AWAY, Seen, known_roid, look
from provisioner.workflows.domains.standing import (
    UPKEEP,
    as_seen,
    gone,
    is_beyond_recall,
    is_renewed,
    is_to_be_let_go,
    paid_until,
    renewal_is_due,
    renewed_unasked,
)
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

ENDED = (ServiceStatus.CANCELLED, ServiceStatus.FAILED)


@workflow(UPKEEP, port=Registrar)
def keep_up(op: Operation, registrar: Registrar) -> ServiceChange:
    """Look, write down what has changed, start what is due, and say when to look again.

    A domain that is not shown as ours is looked at twice, hours apart, before its service ends, unless it was `told`.
    A renewal is an operation of its own. Until it has succeeded, it is started again each day. One by the registry that
    nobody wanted, and that stays, is told to an operator by an upkeep that fails: Rejected `renewed_unasked`.
    """
    if "renewed_until" in op.inputs:
        raise renewed_unasked(Ordered.of(op).domain, str(op.inputs["renewed_until"]))
    if op.service.status in ENDED or op.service.ref is None:
        return op.service_is(None, upkeep=NEVER)
    seen = look(op, registrar)
    if seen.status(known_roid(op)) in (DELETED, TRANSFERRED_AWAY):
        return gone(op, seen) if is_certain(op, seen) else look_again(op, seen)
    if op.service.status is ServiceStatus.CANCELLING:
        return _still_here(op, seen)
    ordered = Ordered.of(op)
    until = paid_until(op.service.data, seen, ordered)
    _start_what_is_due(op, ordered, seen, until)
    return as_seen(op, seen, paid=is_beyond_recall(ordered, seen, until))


def _still_here(op: Operation, seen: Seen) -> ServiceChange:
    """A domain that was to be deleted. Upkeep waits for a deletion; so one that is not leaving was not deleted."""
    if seen.is_leaving:
        return as_seen(op, seen)
    if HOLD in seen.statuses:
        return as_seen(op, seen, ServiceStatus.SUSPENDED, suspended_by=op.service.suspended_by or "system")
    return as_seen(op, seen, ServiceStatus.ACTIVE)


def _start_what_is_due(op: Operation, ordered: Ordered, seen: Seen, until: str) -> None:
    resource = f"service:{op.service.service_id}"
    if renewal_is_due(ordered, seen):
        op.follow_up("domain.renew", resource=resource, years=1, current_expiry=day(seen.expires_at).isoformat())
    elif is_beyond_recall(ordered, seen, until):
        apart = f"unasked-renewal:{op.service.service_id}"
        op.follow_up(UPKEEP, resource=apart, renewed_until=day(seen.expires_at).isoformat())
    elif is_to_be_let_go(ordered, seen, until, op.service.data) and not op.later_workflows:
        term = day(until).isoformat()
        op.follow_up("domain.cancel", resource=resource, reason=_why_let_go(seen, until), term=term)


def _why_let_go(seen: Seen, until: str) -> str:
    if is_renewed(seen, until) or moment(until) <= seen.looked_at:
        return "automatic renewal is off, and the term is over"
    told = "the registry would then renew by itself, and leave no time to take that back"
    return f"automatic renewal is off, and the term ends on {day(until)}; {told}"


@workflow("domain.set-auto-renew")
def set_auto_renew(op: Operation) -> ServiceChange:
    """Keep the wish; the domain is looked after at once, as renewing or letting it go may be due."""
    wish = {"auto_renew": bool(op.inputs["auto_renew"])}
    return op.service_is(None, upkeep=Upkeep(op.now, UPKEEP), attributes=wish)
