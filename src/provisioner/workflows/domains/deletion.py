"""Deleting a domain. While it can still be restored, its service is on its way out and not yet gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import Host, Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.seen import (
    DELETE_LOCK,
    DELETED,
    REDEMPTION,
    REGISTRY_DELETE_LOCK,
    TRANSFERRED_AWAY,
    UPDATE_LOCK,
    Seen,
    known_roid,
    look,
)
from provisioner.workflows.domains.standing import TOMORROW, UPKEEP, as_seen, check_unwanted, gone
from provisioner.workflows.journal import NEVER, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation
from provisioner.workflows.recorder import Superseded

IN_GRACE: Final = "deleted"  # what the port's `delete` calls a domain that was taken back at once


@dataclass(slots=True)
class Taken:
    """What was taken from a domain so that it can be deleted. `nameservers` are those that lie within it."""

    locks: list[str] = field(default_factory=list)
    nameservers: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)


@workflow("domain.delete", port=Registrar)
@workflow("domain.cancel", port=Registrar)
def delete_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Delete the domain, or find that it is gone. What was never made for this service is not touched.

    Raises Rejected `in_use` when another domain uses a host that lies within this one, and `locked_by_registry`. After
    a refusal the domain is as it was before.
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
    if REGISTRY_DELETE_LOCK in seen.statuses:
        told = f"the registry has set {REGISTRY_DELETE_LOCK} on {seen.domain}; only it can lift that"
        raise Rejected("locked_by_registry", told)
    taken = Taken()
    with _given_back(op, registrar, seen, taken):
        _lift_locks(op, registrar, seen, taken)
        _remove_hosts(op, registrar, seen, taken)
        done = op.step("delete", registrar.delete, seen.domain, known_roid(op) or seen.roid)
    return _deleted(seen.domain) if done.data.get("state") == IN_GRACE else _in_redemption(op)


def _lift_locks(op: Operation, registrar: Registrar, seen: Seen, taken: Taken) -> None:
    """The protection against changes goes alone and first: with it a registry takes no other update."""
    is_locked = DELETE_LOCK in seen.statuses
    if UPDATE_LOCK in seen.statuses and (is_locked or _own(seen)):
        op.step("lift-protection", registrar.change_statuses, seen.domain, (), (UPDATE_LOCK,))
        taken.locks.append(UPDATE_LOCK)
    if is_locked:
        op.step("lift-lock", registrar.change_statuses, seen.domain, (), (DELETE_LOCK,))
        taken.locks.append(DELETE_LOCK)


def _remove_hosts(op: Operation, registrar: Registrar, seen: Seen, taken: Taken) -> None:
    """A registry deletes no domain in which hosts lie (RFC 5731 §3.2.2), and no host that a domain names."""
    if own := _own(seen):
        kept = tuple(Host(name) for name in seen.nameservers if name not in own)
        op.step("release-nameservers", registrar.change_nameservers, seen.domain, kept)
        taken.nameservers.extend(own)
    for number, host in enumerate(seen.hosts, start=1):
        op.step(f"remove-host-{number}", registrar.remove_host, host)
        taken.hosts.append(host)


def _own(seen: Seen) -> tuple[str, ...]:
    return tuple(name for name in seen.nameservers if name in seen.hosts)


@contextmanager
def _given_back(op: Operation, registrar: Registrar, seen: Seen, taken: Taken) -> Iterator[None]:
    """After a refusal the domain stays, and gets back what was taken; the refusal names what it does not get.

    Raises Rejected `not_given_back` then for a deletion that was called off: as superseded it would be told to nobody.
    """
    try:
        yield
    except Rejected as refused:
        lost: list[str] = []
        _make_hosts_again(op, registrar, taken, lost)
        _put_back(op, registrar, seen, taken, lost)
        if lost:
            refused.message += f"; what could not be given back: {', '.join(dict.fromkeys(lost))}"
        if lost and isinstance(refused, Superseded):
            raise Rejected("not_given_back", refused.message) from refused
        raise


def _make_hosts_again(op: Operation, registrar: Registrar, taken: Taken, lost: list[str]) -> None:
    """With the addresses that were ordered; one without any would be of no use."""
    ordered = {host.name: host for host in Ordered.of(op).hosts if host.addresses}
    lost.extend(name for name in taken.hosts if name not in ordered)
    for number, name in enumerate(taken.hosts, start=1):
        if name in ordered:
            with _noted(lost, name):
                op.step(f"host-{number}", registrar.ensure_host, ordered[name], in_any_case=True)


def _put_back(op: Operation, registrar: Registrar, seen: Seen, taken: Taken, lost: list[str]) -> None:
    if taken.nameservers:
        left = tuple(Host(name) for name in seen.nameservers if name not in lost)
        with _noted(lost, *taken.nameservers):
            op.step("put-back-nameservers", registrar.change_nameservers, seen.domain, left, in_any_case=True)
    if taken.locks:
        with _noted(lost, *taken.locks):
            op.step("set-protection", registrar.change_statuses, seen.domain, tuple(taken.locks), (), in_any_case=True)


@contextmanager
def _noted(lost: list[str], *names: str) -> Iterator[None]:
    """What is refused is noted, so that the rest is put back all the same."""
    try:
        yield
    except Rejected:
        lost.extend(names)


def _deleted(domain: str) -> ServiceChange:
    data = {"domain_status": DELETED, "reason": f"{domain} was deleted at the registry at once, without redemption"}
    return ServiceChange(ServiceStatus.CANCELLED, data=data, upkeep=NEVER, wakes=True)


def _in_redemption(op: Operation) -> ServiceChange:
    """It can be restored until the registry lets go of it; until then it is looked at each day."""
    data = {"domain_status": REDEMPTION, "deleted_at": op.now.isoformat()}
    upkeep = Upkeep(op.now + TOMORROW, UPKEEP)
    return ServiceChange(ServiceStatus.CANCELLING, data=data, upkeep=upkeep, wakes=True)
