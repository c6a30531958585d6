"""Each operation of the port that changes something, ready to be called, with the command that it leads to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from adapters.epp import EppRegistrar
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Pending
from provisioner.ports.registrar import (
    Host,
    Registration,
    RegistryMessage,
    Renewal,
    RestoreReport,
    TransferRequest,
)
from tests.contract.epp.simulated import EppWorld
from tests.contract.registrar_world import (
    AUTH_CODE,
    DS,
    LONG_AGO,
    OTHER_AUTH_CODE,
    new_contact,
    new_name,
    numbers,
    years_later,
)


@dataclass(frozen=True)
class Prepared:
    """`change` is the command that shall take effect once; `find` looks whether it did, where the port has that.

    `most`: how many effects there may be at the end, whatever was lost.
    """

    change: str
    call: Callable[[], Done | Pending | RegistryMessage | None]
    find: Callable[[], Done | Pending | None] | None = None
    most: int = 1


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


def change_auth_code(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    return Prepared("domain:update", lambda: registrar.change_auth_code(domain, Secret(OTHER_AUTH_CODE)), most=2)


def acknowledge(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    message = _message(registrar, world)
    return Prepared("poll:ack", lambda: registrar.acknowledge(message.message_id), most=0)


def quote(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    name = new_name(world)
    return Prepared("domain:check", lambda: registrar.quote(name, "create", 1))


def look(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    return Prepared("domain:info", lambda: registrar.look(domain))


def find_contact(registrar: EppRegistrar, _world: EppWorld) -> Prepared:
    contact = new_contact()
    registrar.ensure_contact(contact)
    return Prepared("contact:info", lambda: registrar.find_contact(contact))


def find_registration(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    wanted = _wanted(registrar, world)
    registrar.register(wanted)
    return Prepared("domain:info", lambda: registrar.find_registration(wanted))


def find_renewal(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _domain(registrar, world)
    expiry = registrar.look(domain).data["expires_at"][:10]
    renewal = Renewal(domain, expiry, years_later(expiry, 1), 1)
    registrar.renew(renewal)
    return Prepared("domain:info", lambda: registrar.find_renewal(renewal))


def find_restore(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    domain = _in_redemption(registrar, world)
    registrar.request_restore(domain, None)
    return Prepared("domain:info", lambda: registrar.find_restore(domain, None))


def find_transfer(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    request = _foreign(world)
    registrar.request_transfer(request)
    return Prepared("domain:transfer-query", lambda: registrar.find_transfer(request))


def next_message(registrar: EppRegistrar, world: EppWorld) -> Prepared:
    _message(registrar, world)
    return Prepared("poll:req", registrar.next_message)


CHANGES: dict[str, tuple[Prepare, ...]] = {
    "ensure_contact": (ensure_contact,),
    "update_contact": (update_contact,),
    "register": (register,),
    "renew": (renew,),
    "delete": (delete,),
    "request_restore": (request_restore,),
    "report_restore": (report_restore,),
    "request_transfer": (request_transfer,),
    "cancel_transfer": (cancel_transfer,),
    "answer_transfer": (approve_transfer, reject_transfer),
    "ensure_host": (ensure_host,),
    "remove_host": (remove_host,),
    "change_nameservers": (change_nameservers,),
    "change_contacts": (change_contacts,),
    "change_dnssec": (change_dnssec,),
    "change_statuses": (change_statuses,),
    "change_auth_code": (change_auth_code,),
    "acknowledge": (acknowledge,),
}
"""What changes something, by the port's operation."""

QUESTIONS: dict[str, tuple[Prepare, ...]] = {
    "quote": (quote,),
    "look": (look,),
    "find_contact": (find_contact,),
    "find_registration": (find_registration,),
    "find_renewal": (find_renewal,),
    "find_restore": (find_restore,),
    "find_transfer": (find_transfer,),
    "next_message": (next_message,),
}
"""What changes nothing."""

EVERY_CHANGE = [prepare for each in CHANGES.values() for prepare in each]
EVERY_QUESTION = [prepare for each in QUESTIONS.values() for prepare in each]
ONCE = [prepare for prepare in EVERY_CHANGE if prepare not in (change_auth_code, acknowledge)]
"""All but `change_auth_code`, which sends what it cannot compare, and `acknowledge`, which leaves no trace."""

NAMED_IN_THE_ANSWER: list[Prepare] = [
    *(ensure_contact, ensure_host, register, renew),
    *(request_transfer, cancel_transfer, approve_transfer, reject_transfer),
]
NOT_NAMED_IN_THE_ANSWER = [prepare for prepare in EVERY_CHANGE if prepare not in NAMED_IN_THE_ANSWER]
"""Updates and deletions are answered without data (RFC 5731 sections 3.2.2 and 3.2.5), so is a restore."""


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


def _message(registrar: EppRegistrar, world: EppWorld) -> RegistryMessage:
    world.adjust(messages=[{"text": "Maintenance."}])
    message = registrar.next_message()
    assert message is not None
    return message
