"""A registry that decides about registrations and renewals by hand: its message ends what waits.

Everything is the product's own.
"""

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


@pytest.fixture
def renewing(deciding: DecidingRegistry) -> DecidingRegistry:
    """With a renewal that the registry has taken in (1001)."""
    deciding.desk.order()
    deciding.desk.work()
    deciding.simulator.simulator.adjust({"settings": {"renewals_at_once": False}})
    deciding.desk.say("renew", years=1)
    deciding.desk.work()
    assert deciding.operation("domain.renew") == ("waiting", "")
    return deciding


@pytest.mark.parametrize(
    ("approved", "ended"), [(True, ("succeeded", "")), (False, ("failed", "renewal_refused"))], ids=["yes", "no"]
)
def test_a_renewal_ends_as_the_registry_decides_when_the_message_comes(
    renewing: DecidingRegistry, *, approved: bool, ended: tuple[str, str]
) -> None:
    renewing.decide_renewal(approved=approved)
    assert renewing.poll() is not None
    renewing.desk.work()
    assert renewing.operation("domain.renew") == ended
    assert len(renewing.simulator.ledger.effects(operation="domain:renew")) == 1


def test_a_refused_renewal_is_told_in_the_words_of_the_registry(renewing: DecidingRegistry) -> None:
    renewing.decide_renewal(approved=False)
    renewing.poll()
    renewing.desk.work()
    error = renewing.desk.stage.row("operations", workflow="domain.renew")["error"]
    assert error["message"] == f"the registry has refused the renewal of {RENEWED}: Renewal refused."
