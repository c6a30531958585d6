"""A registry that decides about registrations by hand: its message ends what waits. Everything is the product's own."""

from collections.abc import Iterator

import pytest

from adapters.epp import EppRegistrar, open_adapter
from adapters.sandbox.epp import RunningRegistry, start_simulator
from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import RegistryMessage
from tests.integration.store.estate import REGISTRAR
from tests.integration.store.registrars import DomainStage
from tests.support.stores import Stage

NAME = "pending-name1.com"
ME = "worker-1"


class DecidingRegistry:
    """A registrar account at the simulated registry, on one of the databases."""

    def __init__(self, desk: DomainStage, simulator: RunningRegistry, adapter: EppRegistrar) -> None:
        self.desk = desk
        self.simulator = simulator
        self.adapter = adapter

    def decide(self, *, approved: bool) -> None:
        """The registry decides, and puts it into the queue."""
        self.simulator.simulator.adjust({"registrations": [{"domain": NAME, "approved": approved}]})

    def poll(self) -> RegistryMessage | None:
        """Take one message from the queue, as the poll consumer does."""
        told = self.adapter.next_message()
        if told is not None:
            assert self.desk.stage.store.polls.lease(REGISTRAR, ME, 300)
            self.desk.stage.store.polls.keep(REGISTRAR, ME, told)
            self.adapter.acknowledge(told.message_id)
        return told

    def operation(self) -> tuple[str, str]:
        """State and error code of the registration."""
        row = self.desk.stage.row("operations", workflow="domain.register")
        return row["state"], (row["error"] or {}).get("code", "")


@pytest.fixture
def deciding(stage: Stage) -> Iterator[DecidingRegistry]:
    with start_simulator() as simulator:
        settings = {**simulator.settings, "commands_per_second": "0", "checks_per_second": "0"}
        account = VendorAccount(REGISTRAR, "epp", settings=settings, credentials=simulator.credentials)
        adapter = open_adapter(account, SystemClock())
        desk = DomainStage(stage)
        desk.adapter = adapter
        try:
            yield DecidingRegistry(desk, simulator, adapter)
        finally:
            adapter.close()


def test_a_registration_that_is_refused_ends_when_the_message_comes(deciding: DecidingRegistry) -> None:
    deciding.desk.order(domain=NAME)
    deciding.desk.work()
    assert deciding.operation() == ("waiting", "")
    deciding.decide(approved=False)
    assert deciding.poll() is not None
    deciding.desk.work()
    assert deciding.operation() == ("failed", "registration_refused")
    assert deciding.desk.service()["status"] == "failed"


def test_a_registration_that_is_approved_goes_on_when_the_message_comes(deciding: DecidingRegistry) -> None:
    deciding.desk.order(domain=NAME)
    deciding.desk.work()
    deciding.decide(approved=True)
    assert deciding.poll() is not None
    deciding.desk.work()
    assert deciding.operation() == ("succeeded", "")
    assert len(deciding.simulator.ledger.effects(operation="domain:create")) == 1
