"""Registering a domain. A name is bought once: what is unclear afterwards waits for an operator."""

from collections.abc import Mapping
from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Host, Price, Registrar, Registration
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains import prices
from provisioner.workflows.domains.contacts import REGISTRANT, ensure_contacts, others
from provisioner.workflows.domains.decisions import REGISTRATION, REGISTRY_DECIDES
from provisioner.workflows.domains.hosts import ensure_hosts, is_within
from provisioner.workflows.domains.ordered import Ordered, own_auth_code
from provisioner.workflows.domains.seen import TRANSFER_LOCK, Seen, look
from provisioner.workflows.domains.standing import as_seen
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

LOOK_EVERY: Final = 300.0


@workflow("domain.register", port=Registrar)
def register_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Buy the domain for no more than was agreed, see that it is as ordered, and lock it."""
    ordered = Ordered.of(op)
    price = _agreed_price(op, registrar, ordered)
    handles = ensure_contacts(op, registrar, ordered.contacts_for_registry(ordered.contacts))
    first, later = _split(ordered)
    ensure_hosts(op, registrar, ordered.hosts, first)
    wanted = _registration(op, ordered, handles, first, price)
    refused = REGISTRATION.refusal(op)
    made = op.step("register", registrar.register, wanted, foreseen=REGISTRY_DECIDES, unless=refused)
    seen = _verified(op, registrar, wanted, made)
    if later:
        ensure_hosts(op, registrar, ordered.hosts, later)
        op.step("nameservers", registrar.change_nameservers, ordered.domain, ordered.hosts)
    if ordered.lock:
        op.step("lock", registrar.change_statuses, ordered.domain, (TRANSFER_LOCK,), ())
    also = {"nameservers": [host.name for host in ordered.hosts], "locked": ordered.lock or seen.is_locked}
    return as_seen(op, seen, ServiceStatus.ACTIVE, paid=True, also=also)


def _agreed_price(op: Operation, registrar: Registrar, ordered: Ordered) -> Price | None:
    """The price, if the domain is to be had for it; one that is ours already is looked at by the registration."""
    quoted = prices.quote(op, registrar, ordered.domain, "create", ordered.years)
    if not quoted.data.get("available", True):
        seen = look(op, registrar, "look-at-taken")
        if not seen.ours:
            code, reason = "domain_taken" if seen.exists else "name_not_allowed", quoted.data.get("reason") or "in use"
            raise Rejected(code, f"{ordered.domain} cannot be registered: {reason}", fields=("/domain",))
    return prices.agreed(quoted, ordered.max_price)


def _split(ordered: Ordered) -> tuple[tuple[Host, ...], tuple[Host, ...]]:
    """The name servers to register with; and those that can only be made within the registered domain."""
    if not ordered.rules.hosts_are_objects:
        return ordered.hosts, ()
    within = tuple(host for host in ordered.hosts if is_within(host, ordered.domain))
    return tuple(host for host in ordered.hosts if host not in within), within


def _registration(
    op: Operation, ordered: Ordered, handles: Mapping[str, str], hosts: tuple[Host, ...], price: Price | None
) -> Registration:
    return Registration(
        domain=ordered.domain,
        years=ordered.years,
        registrant=handles.get(REGISTRANT, ""),
        contacts=others(handles),
        hosts=hosts,
        auth_code=own_auth_code(op),
        max_price=price,
        dnssec=ordered.dnssec,
        since=(op.service.accepted_at or op.accepted_at).isoformat(),
    )


def _verified(op: Operation, registrar: Registrar, wanted: Registration, made: Done) -> Seen:
    """The domain as the registry shows it. A difference is refused; as money was spent, an operator then decides."""

    def check(domain: str) -> Done | None:
        shown = registrar.look(domain)
        return None if not shown.data["exists"] else _checked(wanted, made, shown)

    reason = "the registry does not show the registered domain yet"
    shown = op.wait_until("verify", check, wanted.domain, every=LOOK_EVERY, reason=reason)
    return Seen.from_look(wanted.domain, shown.data)


def _checked(wanted: Registration, made: Done, shown: Done) -> Done:
    seen = Seen.from_look(wanted.domain, shown.data)
    roid = made.data.get("roid") or ""
    if not seen.ours:
        raise Rejected("not_ours", f"{seen.domain} was registered, and the registry shows it as another's")
    if roid and seen.roid and seen.roid != roid:
        raise Rejected("not_as_ordered", f"{seen.domain} was registered as {roid}, and the registry shows {seen.roid}")
    if seen.registrant and wanted.registrant and seen.registrant != wanted.registrant:
        told = f"its registrant is {seen.registrant}, and {wanted.registrant} was ordered"
        raise Rejected("not_as_ordered", f"{seen.domain} was registered, and {told}")
    return shown
