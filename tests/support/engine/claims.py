"""Scenarios: who may run what, and when. The engine has no part in them; the journal's store has."""

import pytest

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.journal import Due, Ending, Intent, LeaseLost, Pause, ServiceChange
from tests.support.engine.world import World

WAITING_A_MINUTE = Pause(OperationState.WAITING, "the vendor is down", Due(seconds=60))
SUCCEEDED = Ending(OperationState.SUCCEEDED)


class ClaimScenarios:
    def test_what_is_accepted_is_due_at_once(self, world: World) -> None:
        world.accept()
        assert world.claim().operation_id == "op-1"

    def test_what_is_claimed_is_not_claimed_twice(self, world: World) -> None:
        world.accept()
        world.claim()
        assert world.harness.claim_due() is None

    def test_the_same_operation_accepted_again_is_one(self, world: World) -> None:
        world.accept()
        world.accept()
        world.harness.journal.end(world.claim(), SUCCEEDED)
        assert world.harness.claim_due() is None

    def test_a_claim_tells_what_was_asked(self, world: World) -> None:
        world.accept(domain="example.com")
        claim = world.claim()
        assert (claim.workflow, claim.inputs) == ("hosting.create", {"domain": "example.com"})
        assert claim.customer is not None
        assert claim.customer.profile["name"] == "Example Customer"
        assert claim.service is not None
        assert claim.service.attributes == {"domain": "example.com", "plan": "Silver"}

    def test_an_expired_lease_can_be_claimed_under_a_higher_fence(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.harness.let_pass(world.harness.lease_seconds + 1)
        assert world.claim().fence > claim.fence

    def test_every_claim_has_a_higher_fence(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.harness.journal.pause(claim, WAITING_A_MINUTE)
        world.harness.let_pass(61)
        assert world.claim().fence > claim.fence

    def test_under_a_stale_fence_no_intent_is_written(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.lose_lease(claim)
        with pytest.raises(LeaseLost):
            world.harness.journal.intend(claim, Intent("space", "checkable", 1), ())
        assert world.standing().steps == {}

    def test_under_a_stale_fence_nothing_is_paused(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.lose_lease(claim)
        with pytest.raises(LeaseLost):
            world.harness.journal.pause(claim, WAITING_A_MINUTE)
        assert world.state() is OperationState.RUNNING

    def test_under_a_stale_fence_nothing_ends(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.lose_lease(claim)
        with pytest.raises(LeaseLost):
            world.harness.journal.end(claim, SUCCEEDED)
        assert world.state() is OperationState.RUNNING

    def test_after_a_pause_the_claim_is_over(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.harness.journal.pause(claim, WAITING_A_MINUTE)
        with pytest.raises(LeaseLost):
            world.harness.journal.end(claim, SUCCEEDED)

    def test_after_its_end_an_operation_cannot_end_again(self, world: World) -> None:
        world.accept()
        claim = world.claim()
        world.harness.journal.end(claim, SUCCEEDED)
        with pytest.raises(LeaseLost):
            world.harness.journal.end(claim, Ending(OperationState.FAILED))
        assert world.state() is OperationState.SUCCEEDED

    def test_what_waits_is_not_due_before_its_time(self, world: World) -> None:
        world.accept()
        world.harness.journal.pause(world.claim(), WAITING_A_MINUTE)
        world.harness.let_pass(50)
        assert world.harness.claim_due() is None
        world.harness.let_pass(11)
        assert world.claim().operation_id == "op-1"

    # -- one resource, one operation

    def test_of_a_resource_one_operation_runs_at_a_time(self, world: World) -> None:
        world.accept("op-1")
        world.accept("op-2", workflow="hosting.suspend")
        world.claim()
        assert world.harness.claim_due() is None

    def test_operations_of_a_resource_run_in_order_of_acceptance(self, world: World) -> None:
        world.accept("op-1", workflow="hosting.suspend")
        world.accept("op-2", workflow="hosting.rename")
        world.harness.journal.pause(world.claim(), WAITING_A_MINUTE)
        assert world.harness.claim_due() is None
        world.harness.let_pass(61)
        world.harness.journal.end(world.claim(), SUCCEEDED)
        assert world.claim().operation_id == "op-2"

    def test_other_resources_do_not_wait(self, world: World) -> None:
        world.accept("op-1", resource="service:s-1")
        world.accept("op-2", resource="service:s-2")
        assert {world.claim().operation_id, world.claim().operation_id} == {"op-1", "op-2"}

    def test_a_claim_names_the_open_operations_behind_it(self, world: World) -> None:
        world.accept("op-1")
        world.accept("op-2", workflow="hosting.suspend")
        world.accept("op-3", workflow="hosting.rename", resource="service:s-2")
        claims = {claim.operation_id: claim for claim in (world.claim(), world.claim())}
        assert claims["op-1"].later_workflows == ("hosting.suspend",)
        assert claims["op-3"].later_workflows == ()

    def test_a_later_operation_sees_what_the_earlier_made_of_the_service(self, world: World) -> None:
        world.accept("op-1")
        world.accept("op-2", workflow="hosting.suspend")
        made = ServiceChange(ServiceStatus.ACTIVE, "guid-1", {"id": 7})
        world.harness.journal.end(world.claim(), Ending(OperationState.SUCCEEDED, service=made))
        service = world.claim().service
        assert service is not None
        assert (service.status, service.ref, service.data) == (ServiceStatus.ACTIVE, "guid-1", {"id": 7})

    def test_a_change_of_status_alone_keeps_what_the_vendor_made(self, world: World) -> None:
        world.accept("op-1")
        made = ServiceChange(ServiceStatus.ACTIVE, "guid-1", {"id": 7})
        world.harness.journal.end(world.claim(), Ending(OperationState.SUCCEEDED, service=made))
        world.accept("op-2", workflow="hosting.suspend")
        suspended = ServiceChange(ServiceStatus.SUSPENDED, suspended_by="reseller")
        world.harness.journal.end(world.claim(), Ending(OperationState.SUCCEEDED, service=suspended))
        service = world.harness.service("s-1")
        assert (service.ref, service.data, service.suspended_by) == ("guid-1", {"id": 7}, "reseller")

    def test_who_resumes_a_service_clears_who_suspended_it(self, world: World) -> None:
        world.accept("op-1", workflow="hosting.suspend")
        suspended = ServiceChange(ServiceStatus.SUSPENDED, suspended_by="reseller")
        world.harness.journal.end(world.claim(), Ending(OperationState.SUCCEEDED, service=suspended))
        world.accept("op-2", workflow="hosting.resume")
        resumed = ServiceChange(ServiceStatus.ACTIVE)
        world.harness.journal.end(world.claim(), Ending(OperationState.SUCCEEDED, service=resumed))
        assert world.harness.service("s-1").suspended_by is None

    # -- deadlines, and what an operator does

    def test_a_claim_tells_whether_the_deadline_has_passed(self, world: World) -> None:
        world.accept(deadline=100)
        claim = world.claim()
        world.harness.journal.pause(claim, WAITING_A_MINUTE)
        world.harness.let_pass(101)
        assert [claim.past_deadline, world.claim().past_deadline] == [False, True]

    def test_what_is_held_is_not_claimed_however_long_it_takes(self, world: World) -> None:
        _hold(world)
        world.harness.let_pass(30 * 86_400)
        assert world.harness.claim_due() is None

    def test_what_is_released_is_due_at_once(self, world: World) -> None:
        _hold(world)
        world.harness.release("op-1")
        assert world.claim().operation_id == "op-1"

    def test_only_what_is_held_can_be_released(self, world: World) -> None:
        world.accept()
        with pytest.raises(RefusedError, match="held"):
            world.harness.release("op-1")

    def test_what_does_not_exist_cannot_be_released(self, world: World) -> None:
        with pytest.raises(NotFoundError):
            world.harness.release("op-9")

    def test_only_an_unknown_outcome_can_be_resolved(self, world: World) -> None:
        _hold(world)
        with pytest.raises(RefusedError, match="no step with an unknown outcome"):
            world.harness.resolve("op-1", happened_ref="guid-1")


def _hold(world: World) -> None:
    world.accept()
    world.harness.journal.pause(
        world.claim(), Pause(OperationState.HELD, "somebody must look", Due(), attention="outcome_unknown")
    )
