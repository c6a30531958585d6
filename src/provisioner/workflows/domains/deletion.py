"""Deleting a domain. While it can still be restored, its service is on its way out and not yet gone."""

from collections.abc import Iterable
from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import Host, Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.seen import (
    DELETE_LOCK,
    DELETED,
    REDEMPTION,
    TRANSFERRED_AWAY,
    UPDATE_LOCK,
    Seen,
    known_roid,
    look,
)
from provisioner.workflows.domains.standing import TOMORROW, UPKEEP, as_seen, check_unwanted, gone
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

IN_GRACE: Final = "deleted"  # what the port's `delete` calls a domain that was taken back at once


@workflow("domain.delete", port=Registrar)
@workflow("domain.cancel", port=Registrar)
def delete_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Delete the domain, or find that it is gone. What was never made for this service is not touched.

    Raises Rejected `in_use` when another domain uses a host that lies within this one.
    """
    if op.service.ref is None:
        return op.service_is(ServiceStatus.CANCELLED, upkeep=NEVER, wakes=True)
    seen = look(op, registrar)
    status = seen.status(known_roid(op))
    if status in (DELETED, TRANSFERRED_AWAY):
        return gone(op, seen)
    if status == REDEMPTION:
        return as_seen(op, seen, ServiceStatus.CANCELLING)
    check_unwanted(op, seen)
    _lift_locks(op, registrar, seen)
    _remove_hosts(op, registrar, seen)
    done = op.step("delete", registrar.delete, seen.domain, known_roid(op) or seen.roid)
    return _deleted(seen.domain) if done.data.get("state") == IN_GRACE else _in_redemption(op)


def _lift_locks(op: Operation, registrar: Registrar, seen: Seen) -> None:
    """The protection against changes goes alone and first: with it a registry takes no other update."""
    is_locked = DELETE_LOCK in seen.statuses
    if UPDATE_LOCK in seen.statuses and (is_locked or _without_own_hosts(seen) != seen.nameservers):
        op.step("lift-protection", registrar.change_statuses, seen.domain, (), (UPDATE_LOCK,))
    if is_locked:
        op.step("lift-lock", registrar.change_statuses, seen.domain, (), (DELETE_LOCK,))


def _remove_hosts(op: Operation, registrar: Registrar, seen: Seen) -> None:
    """A registry deletes no domain in which hosts lie (RFC 5731 §3.2.2), and no host that a domain names."""
    kept = _without_own_hosts(seen)
    if kept != seen.nameservers:
        op.step("release-nameservers", registrar.change_nameservers, seen.domain, _named(kept))
    removed = set[str]()
    for number, host in enumerate(seen.hosts, start=1):
        try:
            op.step(f"remove-host-{number}", registrar.remove_host, host)
        except Rejected:
            _put_back(op, registrar, seen, removed)
            raise
        removed.add(host)


def _put_back(op: Operation, registrar: Registrar, seen: Seen, removed: set[str]) -> None:
    """The domain stays, and with it the name servers that are still there."""
    left = _named(name for name in seen.nameservers if name not in removed)
    if _without_own_hosts(seen) != seen.nameservers:
        op.step("put-back-nameservers", registrar.change_nameservers, seen.domain, left, in_any_case=True)


def _without_own_hosts(seen: Seen) -> tuple[str, ...]:
    return tuple(name for name in seen.nameservers if name not in seen.hosts)


def _named(names: Iterable[str]) -> tuple[Host, ...]:
    return tuple(Host(name) for name in names)


def _deleted(domain: str) -> ServiceChange:
    data = {"domain_status": DELETED, "reason": f"{domain} was deleted at the registry at once, without redemption"}
    return ServiceChange(ServiceStatus.CANCELLED, data=data, upkeep=NEVER, wakes=True)


def _in_redemption(op: Operation) -> ServiceChange:
    """It can be restored until the registry lets go of it; until then it is looked at each day."""
    data = {"domain_status": REDEMPTION, "deleted_at": op.now.isoformat()}
    upkeep = Upkeep(op.now + TOMORROW, UPKEEP)
    return ServiceChange(ServiceStatus.CANCELLING, data=data, upkeep=upkeep, wakes=True)
