"""The engine's scenarios on the real journals."""

import pytest

from provisioner.orders.statuses import OperationState
from tests.integration.store.harness import StoreHarness
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


class TestEngineOnSqlite(OnDatabase):
    @pytest.fixture
    def harness(self, sqlite_stage: Stage) -> JournalHarness:
        return StoreHarness(sqlite_stage)


class TestEngineOnPostgresql(OnDatabase):
    @pytest.fixture
    def harness(self, postgres_stage: Stage) -> JournalHarness:
        return StoreHarness(postgres_stage)
