"""The workflows of web hosting as they are in production, on a panel that answers with every outcome."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import IllegalTransition, ServiceStatus, next_service_status
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingSubscription
from provisioner.ports.outcomes import Done, Failure, Pending, Rejected, Uncertain
from provisioner.workflows import hosting, scheduled
from provisioner.workflows.journal import CustomerRecord, ServiceRecord
from provisioner.workflows.memory import KeptOperation, NewOperation
from tests.simulation.simulation import CANARY, Simulation
from tests.simulation.vendor import CapriciousVendor, OnItsWay
from tests.support.judge.verdict import Finding, Verdict, Wrong

REGISTERED = (hosting, scheduled)  # by being imported
SERVICES = ("s-1", "s-2", "s-3")
MOST_OPERATIONS = 14
COMMANDS = 0.15
AT_END_OF_TERM = 0.3
LONGEST_TERM = 20_000.0
NOTHING: Mapping[str, Any] = {}


class CapriciousPanel(CapriciousVendor, HostingPanel):
    """Adopts what bears our mark. A late request arrives before the next change that is asked for."""

    def ensure_customer(self, customer: HostingCustomer) -> Done:
        ref = f"customer:{customer.customer_id}"
        return self._adopt(ref) or self._ask(ref, lambda: self.ledger.make_once(ref))  # its login is unique

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        ref = f"customer:{customer.customer_id}"
        return self._look(ref, lambda: self.ledger.there[ref] > 0)

    def create_subscription(self, subscription: HostingSubscription) -> Done:
        ref = _space(subscription.service_id)
        if self._refuses(ref):
            raise Rejected("domain_taken", "the domain is taken", fields=("/domain",))
        return self._adopt(ref) or self._ask(ref, lambda: self.ledger.make(ref))

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        ref = _space(subscription.service_id)
        return self._look(ref, lambda: self.ledger.there[ref] > 0)

    def suspend(self, ref: str) -> Done:
        self.settle()
        return self._ask(ref, lambda: self.switched_off.add(ref))

    def resume(self, ref: str) -> Done:
        self.settle()
        return self._ask(ref, lambda: self.switched_off.discard(ref))

    def remove_subscription(self, ref: str) -> Done:
        self.settle()
        return self._ask(ref, lambda: self.ledger.remove(ref))

    def remove_customer(self, ref: str) -> Done:
        raise NotImplementedError(ref)

    @property
    def switched_off(self) -> set[str]:
        """The subscriptions that are suspended."""
        found: set[str] = self.__dict__.setdefault("_switched_off", set())
        return found

    def _slowly(self, effect: Callable[[], None]) -> None:
        """Others go on, but what they change comes after this: a panel could not tell an old switch from a new one."""
        request = OnItsWay(datetime.max.replace(tzinfo=UTC), effect)
        self._on_its_way.append(request)
        self.meanwhile()
        if request in self._on_its_way:
            self._on_its_way.remove(request)
            effect()

    def _slow_trouble(self, ref: str, effect: Callable[[], None]) -> Done | Pending:
        """Likewise: it is on its way, or lost, before they go on."""
        try:
            return self._trouble(ref, effect)
        finally:
            self.meanwhile()

    def _adopt(self, ref: str) -> Done | None:
        self._arrive()
        return Done(ref) if self.ledger.there[ref] else None

    def _ask(self, ref: str, effect: Callable[[], None]) -> Done:
        answer = self._answer(ref, effect)
        if isinstance(answer, Pending):
            raise TypeError("a panel does its work while we wait")
        return answer

    def _pending(self, ref: str, effect: Callable[[], None]) -> Failure:  # type: ignore[override] # it never is
        del ref
        self._may_arrive(effect)
        return Uncertain("timeout", "no answer came")


class HostingSimulation(Simulation):
    """Three services of one customer are made, and then suspended, resumed and cancelled at any time."""

    panel: CapriciousPanel

    def _new_vendor(self) -> CapriciousVendor:
        self.panel = CapriciousPanel(self.dice, self.clock)
        return self.panel

    def accept_orders(self) -> None:
        """A purchase for each service."""
        self._intended = dict.fromkeys(SERVICES, ServiceStatus.ACTIVE)
        for service_id in SERVICES:
            self._accept_command(service_id, "create")

    def _step(self) -> bool:
        if self.dice.random() < COMMANDS:
            self._command()
        return super()._step()

    def _command(self) -> None:
        service_id, verb = self.dice.choice(SERVICES), self.dice.choice(["suspend", "resume", "cancel"])
        if len(self.memory.operations) >= MOST_OPERATIONS:
            return
        try:
            self._intended[service_id] = next_service_status(self._intended[service_id], verb)
        except IllegalTransition:
            return
        if verb == "cancel" and self.dice.random() < AT_END_OF_TERM:
            self._accept_for_later(service_id)
        else:
            self._accept_command(service_id, verb)

    def _accept_command(self, service_id: str, verb: str) -> None:
        self._accept_for(service_id, f"hosting.{verb}", f"service:{service_id}")

    def _accept_for_later(self, service_id: str) -> None:
        at = self.clock.now() + timedelta(seconds=self.dice.uniform(0, LONGEST_TERM))
        inputs = {"at": at.isoformat(), "workflow": "hosting.cancel"}
        self._accept_for(service_id, "service.at-end-of-term", f"term:{service_id}", inputs)

    def _accept_for(self, service_id: str, workflow: str, resource: str, inputs: Mapping[str, Any] = NOTHING) -> None:
        attributes = {"domain": f"{service_id}.example", "plan": "basic"}
        service = ServiceRecord(service_id, "hosting", ServiceStatus.PROVISIONING, attributes, password=Secret(CANARY))
        self.memory.accept(
            NewOperation(
                f"op-{len(self.memory.operations)}",
                workflow,
                resource,
                inputs,
                vendor_account="panel-1",
                customer=CustomerRecord("c-1", {"name": "Example Customer"}, password=Secret(CANARY)),
                service=service,
            )
        )

    def _settle(self, kept: KeptOperation) -> None:
        raise AssertionError(f"{kept.asked.operation_id} is held ({kept.attention}); a panel can always be asked")


def judge(simulation: HostingSimulation) -> Verdict:
    """All breaches. Whatever is on its way to the vendor has to have arrived."""
    return Verdict([*_made_twice(simulation), *_not_ended(simulation), *_services(simulation), *_leaked(simulation)])


def _made_twice(simulation: HostingSimulation) -> Iterator[Finding]:
    for ref, times in simulation.panel.ledger.made.items():
        if times > 1:
            yield Finding("C3", Wrong.DOUBLED, f"{ref} was made {times} times")


def _not_ended(simulation: HostingSimulation) -> Iterator[Finding]:
    for kept in simulation.open_operations:
        yield Finding("C1", Wrong.STUCK, f"{kept.asked.workflow} {kept.asked.operation_id} is {kept.state}")


def _services(simulation: HostingSimulation) -> Iterator[Finding]:
    """What stands at the panel is what the services say."""
    for service_id, service in simulation.memory.services.items():
        ref = _space(service_id)
        wanted = service.status in (ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED)
        stands, off = simulation.panel.ledger.there[ref], ref in simulation.panel.switched_off
        if stands != wanted or (stands and off != (service.status is ServiceStatus.SUSPENDED)):
            words = f"{service_id} is {service.status}; at the panel it is {'off' if off else 'on'}, {stands} times"
            yield Finding("C2", Wrong.LOST, f"{words}; {_story(simulation, service_id)}")


def _story(simulation: HostingSimulation, service_id: str) -> str:
    kept = [kept for kept in simulation.memory.operations.values() if kept.asked.resource == f"service:{service_id}"]
    return ", ".join(f"{each.asked.workflow} {each.state}" for each in kept)


def _leaked(simulation: HostingSimulation) -> Iterator[Finding]:
    if any(CANARY in repr(commit) for commit in simulation.memory.commits):
        yield Finding("C8", Wrong.LEAKED, "a password was written to the journal")


def _space(service_id: str) -> str:
    return f"space:{service_id}"
