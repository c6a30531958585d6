"""A registrar account at the simulated registry, on each database: what it decides by hand, tells and lets pass."""

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
RENEWED = "name1.com"
ME = "worker-1"
HOUR = 3600
DAY = 24 * HOUR


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

    def decide_renewal(self, *, approved: bool) -> None:
        """The registry decides about the renewal."""
        self.simulator.simulator.adjust({"renewals": [{"domain": RENEWED, "approved": approved}]})

    def decide_restore(self, *, approved: bool) -> None:
        """The registry decides about the request or the report of a restore."""
        self.simulator.simulator.adjust({"restores": [{"domain": RENEWED, "approved": approved}]})

    def pass_at_registry(self, seconds: float) -> None:
        """The registry's clock moves on."""
        self.simulator.simulator.adjust({"advance_seconds": seconds})

    def look_after(self) -> None:
        """The domain is looked after when the time for that has come."""
        self.desk.stage.let_pass(400 * DAY)
        assert self.desk.stage.store.upkeep.start_due()
        self.desk.work()

    def hear(self) -> None:
        """The registry's message comes; the operation goes on."""
        assert self.poll() is not None
        self.desk.work()

    def look(self) -> None:
        """No message comes; the operation looks when the time for that has come."""
        self.desk.stage.let_pass(12 * HOUR)
        self.desk.work()

    def count(self, effect: str) -> int:
        """How often our account did something, by the registry's ledger."""
        return len(self.simulator.ledger.effects(operation=effect))

    def operation(self, workflow: str = "domain.register") -> tuple[str, str]:
        """State and error code of the operation."""
        row = self.desk.stage.row("operations", workflow=workflow)
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
