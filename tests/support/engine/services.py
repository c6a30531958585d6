"""Scenarios: facts that are written down, long waits that were foreseen, and operations that concern one service."""

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import FINE, Answer, Vendor, crash, down, pending, refused
from tests.support.engine.world import World

FIVE_DAYS = 5 * 86_400.0


class FactScenarios:
    def test_a_fact_that_was_written_down_stays_as_it_was_first(self, world: World) -> None:
        seen: list[int] = []

        def run(op: Operation, vendor: Vendor) -> None:
            seen.append(op.write_down("number", {"is": len(seen)})["is"])
            op.step("use", vendor.put, "x")

        world.define(run)
        world.vendor.will("put", down(), down())
        world.accept()
        world.run_all()
        assert seen == [0, 0, 0]

    def test_a_fact_is_committed_before_anything_is_done_with_it(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.write_down("number", {"is": 1})
            op.step("use", vendor.put, "x")

        world.define(run)
        world.accept()
        world.run_all()
        assert world.summaries[0] == "number=done > intend use"

    @pytest.mark.parametrize("answer", [FINE, refused()])
    def test_what_is_kept_is_in_the_services_data_whatever_comes_of_the_operation(
        self, world: World, answer: Answer
    ) -> None:
        def run(op: Operation, vendor: Vendor) -> ServiceChange:
            op.keep(left=["a"], found="in vain")
            op.keep(left=[*op.kept["left"], "b"])
            op.step("use", vendor.put, "x")
            return ServiceChange(None, data={"found": "x"})

        world.define(run)
        world.vendor.will("put", answer)
        world.accept()
        world.run_all()
        data = world.harness.service("s-1").data
        assert (data["left"], data["found"]) == (["a", "b"], "in vain")

    def test_what_must_be_made_is_made_although_a_newer_command_came(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("open", vendor.put, "open")
            try:
                op.step("change", vendor.put, "change")
            finally:
                op.step("close", vendor.put, "close", in_any_case=True)

        world.define(run)
        world.vendor.will("put", FINE, down())
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_one()
        assert (world.state(), world.vendor.there) == (OperationState.SUPERSEDED, ["put:open", "put:close"])

    def test_what_has_cost_money_is_finished_before_a_newer_command(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("buy", vendor.buy, "x")
            op.step("use", vendor.put, "x")

        world.define(run)
        world.vendor.will("put", down())
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_one()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["buy:x", "put:x"])


class ForeseenScenarios:
    def test_a_wait_that_was_foreseen_puts_the_deadline_off(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("ask", vendor.make, "x", foreseen=FIVE_DAYS)
            op.step("use", vendor.put, "x")

        world.define(run)
        world.vendor.will("make", pending(7200, took_effect=True))
        world.vendor.will("put", down())
        world.accept(deadline=3600)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_wait_that_lasts_longer_than_was_foreseen_is_told(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("ask", vendor.make, "x", foreseen=7200)

        world.define(run)
        world.vendor.will("make", pending(5000))
        world.vendor.will("find_made", *[pending(5000)] * 3)
        world.accept(deadline=3600)
        world.run_one()
        world.run_within(5100)
        assert world.standing().attention is None
        world.run_within(5100)
        assert (world.state(), world.standing().attention) == (OperationState.WAITING, "past_deadline")

    def test_an_event_is_waited_for_as_long_as_was_foreseen(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.wait_for_event("answer", "answer/1", reason="somebody has to answer", foreseen=FIVE_DAYS)

        world.define(run, port=None)
        world.accept(deadline=3600)
        world.run_one()
        world.run_within(FIVE_DAYS - 3600)
        assert world.state() is OperationState.WAITING
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.FAILED, "deadline_exceeded")

    def test_after_a_sleep_there_is_time_left(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            start = op.write_down("start", {"at": op.now.timestamp()})["at"]
            op.sleep_until("nap", op.now.fromtimestamp(start + FIVE_DAYS, op.now.tzinfo), reason="later")
            op.step("wake", vendor.put, "x")

        world.define(run)
        world.vendor.will("put", down(), down())
        world.accept(deadline=3600)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_wait_for_an_event_can_be_ended_by_a_refusal(self, world: World) -> None:
        refusals = [None, Rejected("given_up", "it is not wanted any more")]

        def run(op: Operation) -> None:
            op.wait_for_event("answer", "answer/1", reason="somebody has to answer", unless=refusals.pop(0))

        world.define(run, port=None)
        world.accept(deadline=60)
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.FAILED, "given_up")


class ServiceScenarios:
    def test_what_the_vendor_made_is_added_to_what_is_known(self, world: World) -> None:
        def run(op: Operation) -> ServiceChange:
            return ServiceChange(ServiceStatus.ACTIVE, data={op.id: "here"}, attributes={"plan": op.id})

        world.define(run, port=None)
        world.accept()
        world.run_all()
        world.accept("op-2")
        world.run_all()
        service = world.harness.service("s-1")
        assert service.data == {"op-1": "here", "op-2": "here"}
        assert service.attributes == {"domain": "example.com", "plan": "op-2"}

    def test_without_a_status_the_service_keeps_the_one_that_it_has_at_the_end(self, world: World) -> None:
        def suspend(_op: Operation) -> ServiceChange:
            return ServiceChange(ServiceStatus.SUSPENDED, suspended_by="reseller")

        def beside(_op: Operation) -> ServiceChange:
            return ServiceChange(None, data={"seen": True})

        world.define(suspend, port=None)
        world.define(beside, name="hosting.resume", port=None)
        world.accept()
        world.accept("op-2", workflow="hosting.resume", resource="beside:s-1")
        suspending, looking = world.claim(), world.claim()
        world.run(suspending)
        world.run(looking)
        service = world.harness.service("s-1")
        assert (service.status, service.suspended_by) == (ServiceStatus.SUSPENDED, "reseller")
        assert service.data == {"seen": True}

    def test_what_fails_beside_the_making_of_a_service_does_not_make_it_fail(self, world: World) -> None:
        def run(_op: Operation) -> None:
            raise Rejected("nothing_to_cancel", "there is nothing to cancel")

        world.define(run, port=None)
        world.accept(resource="beside:s-1")
        world.run_all()
        assert (world.state(), world.harness.service("s-1").status) == (
            OperationState.FAILED,
            ServiceStatus.PROVISIONING,
        )

    @pytest.mark.parametrize("while_running", [False, True])
    def test_an_operation_wakes_the_others_of_its_service(self, world: World, *, while_running: bool) -> None:
        def waits(op: Operation, vendor: Vendor) -> None:
            op.step("ask", vendor.make, "x")

        def wakes(_op: Operation) -> ServiceChange:
            return ServiceChange(None, wakes=True)

        world.define(waits)
        world.define(wakes, name="hosting.resume", port=None)
        world.vendor.will("make", pending(FIVE_DAYS, took_effect=True))
        world.accept()
        world.accept("op-2", workflow="hosting.resume", resource="beside:s-1")
        first, second = world.claim(), world.claim()
        for claim in (second, first) if while_running else (first, second):
            world.run(claim)
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_follow_up_knows_its_service(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.resume", resource="beside:s-1")

        def follow(op: Operation, vendor: Vendor) -> None:
            op.step("look", vendor.put, op.service.service_id)

        world.define(run, port=None)
        world.define(follow, name="hosting.resume")
        world.vendor.will("put", crash(took_effect=False))
        world.accept()
        world.run_all()
        assert world.vendor.there == ["put:s-1"]
