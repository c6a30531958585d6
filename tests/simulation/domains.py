"""The workflows of domains as they are in production, at a registry that answers with every outcome."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.journal import ServiceRecord, StepState
from provisioner.workflows.memory import KeptOperation, NewOperation
from tests.simulation.registrar import CapriciousRegistrar
from tests.simulation.simulation import CANARY, Simulation
from tests.simulation.vendor import CapriciousVendor
from tests.support.engine.domains import contact, ordered
from tests.support.engine.registrar import OTHERS, US
from tests.support.judge.verdict import Finding, Verdict, Wrong

SERVICES = ("s-1", "s-2", "s-3")
MOST_OPERATIONS = 20
COMMANDS = 0.15
A_DAY = timedelta(days=1)
PEOPLE = ("ada", "tech", "grace")
THEIR_CODE = "their-code-that-nobody-may-see"
BESIDE = ("transfer-cancel", "transfer-out")
OUR_CODE = "our-code-that-nobody-may-see"
SECRETS = (CANARY, THEIR_CODE, OUR_CODE)
BOUGHT = {
    "domain:create": ("domain.register", "register"),
    "domain:renew": ("domain.renew", "renew"),
    "domain:transfer-request": ("domain.transfer", "request"),
    "domain:restore": ("domain.restore", "request"),
}


class DomainSimulation(Simulation):
    """Three domains are registered or transferred, and then changed, renewed, deleted and restored at any time."""

    registry: CapriciousRegistrar

    def _new_vendor(self) -> CapriciousVendor:
        self.registry = CapriciousRegistrar(self.dice, self.clock)
        return self.registry

    def accept_orders(self) -> None:
        """Each domain is bought, or fetched from another registrar."""
        self.registry.add_grace = self.dice.random() < 0.5
        for service_id in SERVICES:
            if self.dice.random() < 0.5:
                self._ask(service_id, "register")
            else:
                self.registry.have(name_of(service_id), registrar=OTHERS, auth_code=THEIR_CODE)
                self._ask(service_id, "transfer", secret=THEIR_CODE)

    def _step(self) -> bool:
        if self.dice.random() < COMMANDS:
            self._command()
        return super()._step()

    def _command(self) -> None:
        if len(self.memory.operations) >= MOST_OPERATIONS:
            return
        service_id = self.dice.choice(SERVICES)
        inputs: dict[str, dict[str, Any]] = {
            "renew": {"years": 1, **self._known_expiry(service_id)},
            "lock": {},
            "unlock": {},
            "suspend": {},
            "resume": {},
            "upkeep": {},
            "set-nameservers": {"nameservers": [{"name": f"ns{self.dice.randint(1, 9)}.host.example"}]},
            "set-dnssec": {"records": []},
            "delete": {"reason": "not wanted"},
            "restore": {"reason": "a mistake"},
            "transfer-cancel": {"reason": "changed my mind"},
            "cancel": {"reason": "not wanted any more"},
            "set-auto-renew": {"auto_renew": self.dice.random() < 0.5},
            "set-contacts": {"contacts": {"tech": contact(self.dice.choice(PEOPLE))}},
            "auth-code": {},
        }
        verb = self.dice.choice([*sorted(inputs), "contact", "transfer-out"])
        if verb == "contact":
            self._ask_for_contact()
        elif verb == "transfer-out":
            self._ask_for_ours(service_id)
        else:
            self._ask(service_id, verb, secret=OUR_CODE if verb == "auth-code" else None, **inputs[verb])

    def _ask_for_ours(self, service_id: str) -> None:
        """Another registrar asks for a domain of ours, and is refused."""
        there = self.registry.domains.get(name_of(service_id))
        if there is not None and there.registrar == US and not there.grace:
            there.statuses.add("pendingTransfer")
            self._ask(service_id, "transfer-out")

    def _ask_for_contact(self) -> None:
        """Somebody who may be a domain's contact has moved."""
        person = self.dice.choice(PEOPLE)
        self.memory.accept(
            NewOperation(
                f"op-{len(self.memory.operations)}",
                "contact.update",
                f"contact:{person}",
                {"contact": contact(person, city=f"Town {len(self.memory.operations)}")},
                vendor_account="panel-1",
                deadline=self.clock.now() + A_DAY,
            )
        )

    def _known_expiry(self, service_id: str) -> dict[str, str]:
        """The date that a storefront knows, if it knows one: a repetition of it must not buy twice."""
        known = self.memory.services[service_id].data.get("expires_at")
        return {"current_expiry": known[:10]} if known else {}

    def _ask(self, service_id: str, verb: str, *, secret: str | None = None, **inputs: Any) -> None:
        attributes = ordered(domain=name_of(service_id), rules={"transfer_out": "reject"})
        self.memory.accept(
            NewOperation(
                f"op-{len(self.memory.operations)}",
                f"domain.{verb}",
                f"{verb if verb in BESIDE else 'service'}:{service_id}",
                inputs,
                vendor_account="panel-1",
                service=ServiceRecord(
                    service_id, "domain", ServiceStatus.PROVISIONING, attributes, password=Secret(CANARY)
                ),
                deadline=self.clock.now() + A_DAY,
                secret=None if secret is None else Secret(secret),
            )
        )

    def _approve(self) -> None:
        """Losing registrars make up their minds."""
        for name in [name for name, state in self.registry.transfers.items() if state == "pending"]:
            if self.dice.random() < 0.7:
                self.registry.approve(name)
            else:
                self.registry.transfers[name] = "refused"
                self.registry.domains[name].statuses.discard("pendingTransfer")

    def _operators_act(self) -> bool:
        pending = "pending" in self.registry.transfers.values()
        return super()._operators_act() or pending

    def _settle_held(self) -> None:
        for kept in list(self.memory.operations.values()):
            if kept.state is OperationState.HELD:
                self._settle(kept)

    def _settle(self, kept: KeptOperation) -> None:
        if kept.attention != "money_spent":
            raise AssertionError(f"{kept.asked.operation_id} is held ({kept.attention}: {kept.reason})")
        self.memory.release(kept.asked.operation_id)

    def _become_calm(self) -> None:
        super()._become_calm()
        self._approve()


def judge(simulation: DomainSimulation) -> Verdict:
    """All breaches. Whatever is on its way to the registry has to have arrived."""
    rules = (_bought, _not_ended, _services, _unanswered, _leaked)
    return Verdict([finding for rule in rules for finding in rule(simulation)])


def _bought(simulation: DomainSimulation) -> Iterator[Finding]:
    """What costs money happened as often as the journal has it done."""
    for effect, (workflow, step) in BOUGHT.items():
        for service_id in SERVICES:
            name = name_of(service_id)
            happened = simulation.registry.effects.count(f"{effect} {name}")
            paid, maybe = _paid(simulation, service_id, workflow, step)
            if not paid <= happened <= paid + maybe:
                wrong = Wrong.DOUBLED if happened > paid else Wrong.LOST
                words = f"{effect} of {name} happened {happened}x, done {paid}x; {_story(simulation, service_id)}"
                yield Finding("C3", wrong, words)


def _paid(simulation: DomainSimulation, service_id: str, workflow: str, step: str) -> tuple[int, int]:
    """In how many operations a purchase is done; and for how many transfers a request ended otherwise."""
    records = [
        kept.steps[step]
        for kept in simulation.memory.operations.values()
        if kept.asked.workflow == workflow and kept.asked.service is not None and step in kept.steps
        if kept.asked.service.service_id == service_id
    ]
    ended = sum(record.state is StepState.FAILED for record in records) if workflow == "domain.transfer" else 0
    return sum(record.state is StepState.DONE for record in records), ended


def _not_ended(simulation: DomainSimulation) -> Iterator[Finding]:
    for kept in simulation.open_operations:
        words = f"{kept.asked.workflow} {kept.asked.operation_id} is {kept.state}: {kept.reason}"
        yield Finding("C1", Wrong.STUCK, words)


def _services(simulation: DomainSimulation) -> Iterator[Finding]:
    """What the registry has is what the services say."""
    for service_id, service in simulation.memory.services.items():
        there = simulation.registry.domains.get(name_of(service_id))
        ours = there is not None and there.registrar == US
        leaving = there is not None and bool(there.grace)
        off = there is not None and "clientHold" in there.statuses
        told = {
            ServiceStatus.ACTIVE: ours and not leaving and not off,
            ServiceStatus.SUSPENDED: ours and not leaving and off,
            ServiceStatus.CANCELLING: ours and leaving,
            ServiceStatus.CANCELLED: not ours,
            ServiceStatus.FAILED: not ours,
        }
        if not told.get(service.status, False):
            words = f"{service_id} is {service.status}; at the registry it is {there}"
            yield Finding("C2", Wrong.LOST, f"{words}; {_story(simulation, service_id)}")


def _unanswered(simulation: DomainSimulation) -> Iterator[Finding]:
    """Another registrar that asked for a domain of ours is told."""
    for name, there in simulation.registry.domains.items():
        if there.registrar == US and "pendingTransfer" in there.statuses:
            yield Finding("C2", Wrong.LOST, f"another registrar asked for {name}, and was not answered")


def _story(simulation: DomainSimulation, service_id: str) -> str:
    kept = [each for each in simulation.memory.operations.values() if each.asked.resource.endswith(service_id)]
    return ", ".join(f"{each.asked.workflow} {each.state} {each.error.code if each.error else ''}" for each in kept)


def _leaked(simulation: DomainSimulation) -> Iterator[Finding]:
    if any(secret in repr(commit) for commit in simulation.memory.commits for secret in SECRETS):
        yield Finding("C8", Wrong.LEAKED, "an authorisation code was written to the journal")


def name_of(service_id: str) -> str:
    """The domain of a service."""
    return f"{service_id}.test"
