"""Looking after a domain: what the registry says counts; what is due is renewed, what is unwanted is let go."""

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.registrar import Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.dates import day
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.seen import DELETED, HOLD, TRANSFERRED_AWAY, Seen, known_roid, look
from provisioner.workflows.domains.standing import (
    UPKEEP,
    as_seen,
    gone,
    is_to_be_let_go,
    paid_until,
    renewal_is_due,
)
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

ENDED = (ServiceStatus.CANCELLED, ServiceStatus.FAILED)


@workflow(UPKEEP, port=Registrar)
def keep_up(op: Operation, registrar: Registrar) -> ServiceChange:
    """Look, write down what has changed, start what is due, and say when to look again.

    A renewal is an operation of its own. Until it has succeeded, it is started again each day.
    """
    if op.service.status in ENDED or op.service.ref is None:
        return op.service_is(None, upkeep=NEVER)
    seen = look(op, registrar)
    if seen.status(known_roid(op)) in (DELETED, TRANSFERRED_AWAY):
        return gone(op, seen)
    if op.service.status is ServiceStatus.CANCELLING:
        return _still_here(op, seen)
    _start_what_is_due(op, seen)
    return as_seen(op, seen)


def _still_here(op: Operation, seen: Seen) -> ServiceChange:
    """A domain that was to be deleted. Upkeep waits for a deletion; so one that is not leaving was not deleted."""
    if seen.is_leaving:
        return as_seen(op, seen)
    if HOLD in seen.statuses:
        return as_seen(op, seen, ServiceStatus.SUSPENDED, suspended_by=op.service.suspended_by or "system")
    return as_seen(op, seen, ServiceStatus.ACTIVE)


def _start_what_is_due(op: Operation, seen: Seen) -> None:
    ordered, resource = Ordered.of(op), f"service:{op.service.service_id}"
    if renewal_is_due(ordered, seen):
        op.follow_up("domain.renew", resource=resource, years=1, current_expiry=day(seen.expires_at).isoformat())
    elif is_to_be_let_go(ordered, seen, paid_until(op.service.data, seen, ordered)):
        reason = "automatic renewal is off, and the term is over"
        op.follow_up("domain.cancel", resource=resource, reason=reason)


@workflow("domain.set-auto-renew")
def set_auto_renew(op: Operation) -> ServiceChange:
    """Keep the wish; the domain is looked after at once, as renewing or letting it go may be due."""
    wish = {"auto_renew": bool(op.inputs["auto_renew"])}
    return op.service_is(None, upkeep=Upkeep(op.now, UPKEEP), attributes=wish)
