"""A simulated registry, and what happens at it behind the adapter's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from adapters.epp import EppRegistrar, commands, open_adapter
from adapters.epp.commands import Command
from adapters.epp.sessions import Sessions
from adapters.epp.settings import read
from adapters.sandbox.epp import RunningRegistry, seed, start_simulator
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import RegistrarContact, TransferRequest

US = seed.FIRST
FAST = {"commands_per_second": "0", "checks_per_second": "0"}


def account(simulator: RunningRegistry, **settings: str) -> VendorAccount:
    """The first registrar's account, without any limit of its own on the rate."""
    given = {**simulator.settings, **FAST, **settings}
    return VendorAccount("simulated", "epp", settings=given, credentials=simulator.credentials)


@contextmanager
def opened(account: VendorAccount) -> Iterator[EppRegistrar]:
    registrar = open_adapter(account, SystemClock())
    try:
        yield registrar
    finally:
        registrar.close()


@contextmanager
def running() -> Iterator["EppWorld"]:
    with start_simulator() as simulator:
        world = EppWorld(simulator)
        try:
            yield world
        finally:
            world.close()


class EppWorld:
    """Acts as the other registrar, with a session of its own, and as the registry."""

    zone = "test"
    currency = "EUR"

    def __init__(self, simulator: RunningRegistry) -> None:
        self.simulator = simulator
        other = replace(account(simulator), name="other", credentials=simulator.other_credentials)
        self._other = Sessions(read(other), other, SystemClock(), None)

    def close(self) -> None:
        self._other.close()

    def effects(self, operation: str = "", reference: str = "") -> int:
        found = self.simulator.ledger.effects(operation=operation, reference=reference)
        return len([effect for effect in found if effect.account == US])

    def adjust(self, **changes: object) -> None:
        self.simulator.simulator.adjust(changes)

    def foreign_contact(self, handle: str) -> None:
        contact = RegistrarContact(handle, "Them", "them@other.example", "+1.5550100", ("1 Way",), "Springfield", "US")
        self._do(commands.contact_create(contact, Secret("never-used-1234567")))

    def foreign_domain(self, domain: str) -> Secret:
        prefix, _, zone = domain.partition(".")
        self.adjust(domains=[{"prefix": prefix, "zone": zone}])
        return Secret(seed.AUTH_CODE)

    def other_asks_for(self, domain: str, auth_code: Secret) -> None:
        self._do(commands.domain_transfer_request(TransferRequest(domain, auth_code, "")))

    def other_answers(self, domain: str, answer: str) -> None:
        made = commands.domain_transfer_approve if answer == "approve" else commands.domain_transfer_reject
        self._do(made(domain))

    def registry_sets(self, domain: str, status: str) -> None:
        self.adjust(interventions=[{"domain": domain, "add": [status]}])

    def days_pass(self, days: int) -> None:
        self.adjust(advance_seconds=timedelta(days=days).total_seconds())

    def years_on(self, domain: str) -> int:
        registry = self.simulator.simulator.registry
        with registry.busy():
            found = registry.domains.get(domain)
            return -1 if found is None else round((found.expires_at - registry.clock.now()).days / 365.25)

    def _do(self, command: Command) -> None:
        reply = self._other.send(command)
        assert reply.succeeded, f"{command.name}: {reply.code} {reply.message}"
