"""Changes to a domain that is ours: each reads first, changes only what differs, and remembers what is now ordered."""

from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.contacts import REGISTRANT, ensure_contacts, others
from provisioner.workflows.domains.hosts import ensure_hosts
from provisioner.workflows.domains.ordered import Ordered, hosts_of, records_of
from provisioner.workflows.domains.protection import unprotected
from provisioner.workflows.domains.seen import HOLD, REGISTRY_TRANSFER_LOCK, TRANSFER_LOCK, Seen, look_at_ours
from provisioner.workflows.domains.standing import as_seen
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

LOCK: Final = (TRANSFER_LOCK,)
ON_HOLD: Final = (HOLD,)


@workflow("domain.set-nameservers", port=Registrar)
def set_nameservers(op: Operation, registrar: Registrar) -> ServiceChange:
    """Make the missing hosts, then these the name servers."""
    seen = look_at_ours(op, registrar)
    hosts = hosts_of(op.inputs["nameservers"])
    ensure_hosts(op, registrar, hosts)

    def change() -> None:
        op.step("nameservers", registrar.change_nameservers, seen.domain, hosts)

    unprotected(op, registrar, seen, change)
    names = {"nameservers": [host.name for host in hosts]}
    return as_seen(op, seen, attributes={"nameservers": list(op.inputs["nameservers"])}, also=names)


@workflow("domain.set-contacts", port=Registrar)
def set_contacts(op: Operation, registrar: Registrar) -> ServiceChange:
    """Make the missing contacts, then these the domain's; roles that are not named stay.

    Where the registry keeps no contacts, they are kept here alone.
    """
    seen = look_at_ours(op, registrar)
    ordered = Ordered.of(op)
    contacts = {**ordered.contacts, **op.inputs["contacts"]}
    handles = ensure_contacts(op, registrar, ordered.contacts_for_registry(contacts))

    def change() -> None:
        registrant = handles.get(REGISTRANT, "")
        op.step("contacts", registrar.change_contacts, seen.domain, registrant, others(handles))

    if handles:
        unprotected(op, registrar, seen, change)
    return as_seen(op, seen, attributes={"contacts": contacts})


@workflow("domain.set-dnssec", port=Registrar)
def set_dnssec(op: Operation, registrar: Registrar) -> ServiceChange:
    """Make these the records of the delegation; none leaves the domain unsigned."""
    seen = look_at_ours(op, registrar)
    records = records_of(op.inputs["records"])

    def change() -> None:
        op.step("dnssec", registrar.change_dnssec, seen.domain, records)

    unprotected(op, registrar, seen, change)
    return as_seen(op, seen, attributes={"dnssec": list(op.inputs["records"])})


@workflow("domain.lock", port=Registrar)
def lock_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Lock against transfers."""
    seen = look_at_ours(op, registrar)
    _set_statuses(op, registrar, seen, "lock", add=LOCK)
    return as_seen(op, seen, attributes={"lock": True}, also={"locked": True})


@workflow("domain.unlock", port=Registrar)
def unlock_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Unlock for a transfer. Raises Rejected `locked_by_registry`: that only the registry can lift."""
    seen = look_at_ours(op, registrar)
    if REGISTRY_TRANSFER_LOCK in seen.statuses:
        told = f"the registry itself has locked {seen.domain} against transfers; only it can unlock it"
        raise Rejected("locked_by_registry", told)
    _set_statuses(op, registrar, seen, "unlock", remove=LOCK)
    return as_seen(op, seen, attributes={"lock": False}, also={"locked": False})


@workflow("domain.suspend", port=Registrar)
def suspend_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Take the domain out of the zone."""
    seen = look_at_ours(op, registrar)
    _set_statuses(op, registrar, seen, "suspend", add=ON_HOLD)
    return as_seen(op, seen, ServiceStatus.SUSPENDED, suspended_by=op.actor_role or "system")


@workflow("domain.resume", port=Registrar)
def resume_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Put the domain back into the zone."""
    seen = look_at_ours(op, registrar)
    _set_statuses(op, registrar, seen, "resume", remove=ON_HOLD)
    return as_seen(op, seen, ServiceStatus.ACTIVE)


def _set_statuses(
    op: Operation,
    registrar: Registrar,
    seen: Seen,
    step: str,
    *,
    add: tuple[str, ...] = (),
    remove: tuple[str, ...] = (),
) -> None:
    def change() -> None:
        op.step(step, registrar.change_statuses, seen.domain, add, remove)

    unprotected(op, registrar, seen, change)
