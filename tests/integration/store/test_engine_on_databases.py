"""The engine's scenarios on the real journals."""

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Pending
from provisioner.workflows.journal import CustomerRecord, KeyKind, NewCertificate, ServiceChange, ServiceRecord
from provisioner.workflows.memory import NewOperation
from provisioner.workflows.operation import Operation
from tests.integration.store.harness import StoreHarness
from tests.support.engine.certificates import KEY, signed_by_itself
from tests.support.engine.harness import JournalHarness
from tests.support.engine.waits import _wait_for_approval
from tests.support.engine.world import World
from tests.support.engine_scenarios import EngineScenarios
from tests.support.stores import Stage


class OnDatabase(EngineScenarios):
    def test_an_event_that_came_before_is_not_waited_for(self, world: World) -> None:
        # The database looks for an event when it knows its key, at the pause: the operation is due again at once.
        world.define(_wait_for_approval)
        world.accept()
        world.harness.deliver_event("approval/7", {"by": "Grace"})
        world.run_one()
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED

    def test_an_operation_without_a_vendor_account_is_held(self, world: World) -> None:
        # With an account that fits, the store would give it to the operation.
        assert isinstance(world.harness, StoreHarness)
        world.harness.forget_accounts()
        super().test_an_operation_without_a_vendor_account_is_held(world)

    def test_what_is_held_for_its_services_account_goes_on_when_one_is_added(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.step("here", op.at("panel-1").put, "a")
            op.step("there", op.at(op.service.vendor_account).put, "b")

        world.define(run, port=None)
        _accept_on_an_unplaced_service(world)
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "no_vendor_account")
        world.harness.add_taker("authority-1", "certificate")
        world.run_all()
        assert (world.state(), world.standing().account) == (OperationState.SUCCEEDED, "authority-1")

    def test_an_account_that_came_just_before_the_pause_is_found(self, world: World) -> None:
        def run(op: Operation) -> None:
            if op.service.vendor_account is None:
                world.harness.add_taker("authority-1", "certificate")
            op.step("there", op.at(op.service.vendor_account).put, "b")

        world.define(run, port=None)
        _accept_on_an_unplaced_service(world)
        world.run_all()
        assert (world.state(), world.standing().account) == (OperationState.SUCCEEDED, "authority-1")

    def test_patience_lasts_as_long_as_the_same_wait_whatever_its_looks_tell(self, world: World) -> None:
        looks = (Pending(3600, f"look {number}") for number in range(3))

        def run(op: Operation) -> None:
            op.wait_until("there", lambda: next(looks), every=60, reason="it is not there", foreseen=86_400)

        world.define(run, port=None)
        world.accept(deadline=600)
        assert isinstance(world.harness, StoreHarness)
        for _ in range(3):
            world.run_one()
            assert world.harness.patience("op-1") is not None
            world.harness.let_pass(3700)

    def test_a_key_rests_sealed(self, world: World) -> None:
        def run(op: Operation) -> ServiceChange:
            op.follow_up("hosting.next", resource="beside:s-1", key=KeyKind.EC)
            new = NewCertificate(signed_by_itself("example.com"), "authority")
            return op.service_is(ServiceStatus.ACTIVE, certificate=new)

        world.define(run, port=None)
        world.accept(secret=KEY)
        world.run_all()
        assert isinstance(world.harness, StoreHarness)
        sealed = world.harness.sealed_values()
        assert len(sealed) == 3
        assert not [value for value in sealed if b"PRIVATE KEY" in value]


class TestEngineOnSqlite(OnDatabase):
    @pytest.fixture
    def harness(self, sqlite_stage: Stage) -> JournalHarness:
        return StoreHarness(sqlite_stage)


class TestEngineOnPostgresql(OnDatabase):
    @pytest.fixture
    def harness(self, postgres_stage: Stage) -> JournalHarness:
        return StoreHarness(postgres_stage)


def _accept_on_an_unplaced_service(world: World) -> None:
    """An operation at an account of another product than its service's."""
    unplaced = ServiceRecord("s-1", "certificate", ServiceStatus.PROVISIONING)
    customer = CustomerRecord("customer-1")
    world.harness.accept(
        NewOperation(
            "op-1", "hosting.create", "service:s-1", vendor_account="panel-1", customer=customer, service=unplaced
        )
    )
