"""Each operation of the port that changes something, ready to be called, with the command that it leads to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from adapters.epp import EppRegistrar
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Pending
from provisioner.ports.registrar import Host, Registration, Renewal, RestoreReport, TransferRequest
from tests.contract.epp.simulated import EppWorld
from tests.contract.registrar_world import AUTH_CODE, DS, LONG_AGO, new_contact, new_name, numbers, years_later


@dataclass(frozen=True)
class Prepared:
    """`change` is the command that shall take effect once; `find` looks whether it did, where the port has that."""

    change: str
    call: Callable[[], Done | Pending | None]
    find: Callable[[], Done | Pending | None] | None = None


Prepare = Callable[[EppRegistrar, EppWorld], Prepared]


def ensure_contact(registrar: EppRegistrar, _world: EppWorld) -> Prepared:
    contact = new_contact()
    return Prepared(
        "contact:create", lambda: registrar.ensure_contact(contact), lambda: registrar.find_contact(contact)
    )


def update_contact(registrar: EppRegistrar, _world: EppWorld) -> Prepared:
    contact = new_contact()
    registrar.ensure_contact(contact)
    return Prepared("contact:update", lambda: registrar.update_contact(replace(contact, city="Lund")))


def ensure_host(registrar: EppRegistrar, _world: EppWorld) -> Prepared:
    host = Host(f"ns1.panel-{next(numbers)}.example")
    return Prepared("host:create", lambda: registrar.ensure_host(host))


def remove_host(registrar: EppRegistrar, _world: EppWorld) -> Prepared:
    host = Host(f"ns1.panel-{next(numbers)}.example")
    registrar.ensure_host(host)
    return Prepared("host:delete", lambda: registrar.remove_host(host.name))


def register(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    wanted = _wanted(registrar, world)
    return Prepared("domain:create", lambda: registrar.register(wanted), lambda: registrar.find_registration(wanted))


def renew(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    expiry = registrar.look(domain).data["expires_at"][:10]
    renewal = Renewal(domain, expiry, years_later(expiry, 1), 1)
    return Prepared("domain:renew", lambda: registrar.renew(renewal), lambda: registrar.find_renewal(renewal))


def delete(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    roid = registrar.look(domain).data["roid"]
    return Prepared("domain:delete", lambda: registrar.delete(domain, roid))


def request_restore(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _in_redemption(registrar, world)
    return Prepared(
        "domain:restore",
        lambda: registrar.request_restore(domain, None),
        lambda: registrar.find_restore(domain, None),
    )


def report_restore(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _in_redemption(registrar, world)
    registrar.request_restore(domain, None)
    report = RestoreReport(domain, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    return Prepared("domain:restore-report", lambda: registrar.report_restore(report))


def request_transfer(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    request = _foreign(world)
    return Prepared(
        "domain:transfer-request",
        lambda: registrar.request_transfer(request),
        lambda: registrar.find_transfer(request),
    )


def cancel_transfer(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    request = _foreign(world)
    registrar.request_transfer(request)
    return Prepared("domain:transfer-cancel", lambda: registrar.cancel_transfer(request.domain))


def approve_transfer(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _wanted_by_another(registrar, world)
    return Prepared("domain:transfer-approve", lambda: registrar.answer_transfer(domain, "approve"))


def reject_transfer(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _wanted_by_another(registrar, world)
    return Prepared("domain:transfer-reject", lambda: registrar.answer_transfer(domain, "reject"))


def change_nameservers(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain, host = _domain(registrar, world), Host(f"ns1.panel-{next(numbers)}.example")
    registrar.ensure_host(host)
    return Prepared("domain:update", lambda: registrar.change_nameservers(domain, (host,)))


def change_contacts(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain, handle = _domain(registrar, world), registrar.ensure_contact(new_contact()).ref
    return Prepared("domain:update", lambda: registrar.change_contacts(domain, handle, {"admin": handle}))


def change_dnssec(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    return Prepared("domain:update", lambda: registrar.change_dnssec(domain, (DS,)))


def change_statuses(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    return Prepared("domain:update", lambda: registrar.change_statuses(domain, ("clientHold",), ()))


ONCE: list[Prepare] = [
    *(ensure_contact, update_contact, ensure_host, register, renew, delete, request_restore, report_restore),
    *(request_transfer, cancel_transfer, approve_transfer, reject_transfer, remove_host),
    *(change_nameservers, change_contacts, change_dnssec, change_statuses),
]
"""All but `change_auth_code`, which sends what it cannot compare, and `acknowledge`, which leaves no trace."""

SPENDING: list[Prepare] = [register, renew, request_transfer, request_restore]


def _wanted(registrar: EppRegistrar, world: EppWorld) -> Registration:
    handle = registrar.ensure_contact(new_contact()).ref
    roles: dict[str, Any] = {"admin": handle, "tech": handle}
    return Registration(new_name(world), 1, handle, roles, (), Secret(AUTH_CODE))


def _domain(registrar: EppRegistrar, world: EppWorld) -> str:
    return registrar.register(_wanted(registrar, world)).ref


def _in_redemption(registrar: EppRegistrar, world: EppWorld) -> str:
    domain = _domain(registrar, world)
    world.days_pass(30)
    registrar.delete(domain, registrar.look(domain).data["roid"])
    return domain


def _foreign(world: EppWorld) -> TransferRequest:
    name = new_name(world)
    return TransferRequest(name, world.foreign_domain(name), since=LONG_AGO)


def _wanted_by_another(registrar: EppRegistrar, world: EppWorld) -> str:
    domain = _domain(registrar, world)
    world.days_pass(90)
    world.other_asks_for(domain, Secret(AUTH_CODE))
    return domain
