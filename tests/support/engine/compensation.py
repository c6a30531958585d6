"""Scenarios: undoing after a refusal, deadlines, and commands that make an operation pointless."""

from dataclasses import replace

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import (
    FINE,
    NOT_THERE,
    Vendor,
    crash,
    down,
    lost,
    misconfigured,
    pending,
    refused,
)
from tests.support.engine.world import World


def three_with_undo(op: Operation, vendor: Vendor) -> None:
    """Two steps that can be undone, each in its own way, and one that the scenarios refuse."""
    op.step("first", vendor.put, "x", undo=vendor.remove)
    op.step("second", vendor.make, "x", undo=vendor.destroy)
    op.step("third", vendor.order, "x")


def bought_then(op: Operation, vendor: Vendor) -> None:
    """Money is spent before the step that the scenarios refuse."""
    op.step("first", vendor.put, "x", undo=vendor.remove)
    op.step("buy", vendor.buy, "x")
    op.step("then", vendor.make, "x")


class CompensationScenarios:
    def test_after_a_refusal_finished_steps_are_undone_in_reverse(self, world: World) -> None:
        _refuse_third(world)
        world.run_all()
        assert world.vendor.calls[-2:] == ["destroy make:x", "remove put:x"]
        assert world.vendor.there == []
        assert (world.state(), world.error_code()) == (OperationState.COMPENSATED, "refused")

    def test_each_undo_is_journalled_like_a_step(self, world: World) -> None:
        _refuse_third(world)
        world.run_all()
        assert world.summaries[3:] == [
            "third=failed > intend undo:second",
            "undo:second=done > intend undo:first",
            "undo:first=done > end",
        ]

    def test_without_anything_to_undo_the_operation_has_failed(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("put", refused())
        world.accept()
        world.run_all()
        assert world.state() is OperationState.FAILED

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("commit", [4, 5, 6])
    def test_a_crash_at_any_commit_of_the_undoing_undoes_everything_once(
        self, world: World, commit: int, moment: str
    ) -> None:
        _refuse_third(world)
        world.journal.crash_at = (commit, moment)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    @pytest.mark.parametrize("took_effect", [False, True])
    @pytest.mark.parametrize("method", ["remove", "destroy"])
    def test_a_crash_in_an_undo_is_gone_on_from(self, world: World, method: str, *, took_effect: bool) -> None:
        _refuse_third(world)
        world.vendor.will(method, crash(took_effect=took_effect))
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    def test_while_an_undo_waits_the_operation_is_compensating(self, world: World) -> None:
        _refuse_third(world)
        world.vendor.will("destroy", down())
        world.run_one()
        assert world.state() is OperationState.COMPENSATING
        world.run_all()
        assert world.state() is OperationState.COMPENSATED

    def test_an_undo_whose_answer_was_lost_is_looked_up(self, world: World) -> None:
        _refuse_third(world)
        world.vendor.will("destroy", lost(took_effect=True))
        world.run_all()
        assert world.vendor.calls[-3:] == ["destroy make:x", "find_destroyed make:x", "remove put:x"]

    def test_what_became_uncertain_is_resolved_before_anything_is_undone(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("order", refused())
        world.accept()
        world.run_all()
        assert world.vendor.there == []

    def test_an_undo_that_is_refused_waits_for_an_operator(self, world: World) -> None:
        _refuse_third(world)
        world.vendor.will("destroy", refused("in_use"))
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "undo_refused")
        assert "undoing step second was refused: the vendor says in_use" in world.standing().reason
        assert world.vendor.there == ["put:x", "make:x"]

    def test_a_refused_undo_is_tried_again_when_an_operator_releases_it(self, world: World) -> None:
        _refuse_third(world)
        world.vendor.will("destroy", refused("in_use"))
        world.run_all()
        world.harness.release("op-1")
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    def test_undoing_stops_at_a_boundary_when_the_worker_shuts_down(self, world: World) -> None:
        _refuse_third(world)
        world.vendor.will("destroy", FINE.while_(lambda: _stop(world)))
        world.run_one()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATING, ["put:x"])
        world.stopping = False
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    # -- money

    @pytest.mark.parametrize("method", ["put", "buy"])
    def test_before_money_is_spent_a_refusal_is_undone(self, world: World, method: str) -> None:
        world.define(bought_then)
        world.vendor.will(method, refused())
        world.accept()
        world.run_all()
        assert world.vendor.there == []

    def test_after_money_was_spent_nothing_is_undone_without_an_operator(self, world: World) -> None:
        world.define(bought_then)
        world.vendor.will("make", refused())
        world.accept()
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "money_spent")
        assert world.vendor.there == ["put:x", "buy:x"]

    def test_spent_money_is_told_even_when_there_is_nothing_to_undo(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("buy", vendor.buy, "x")
            op.step("then", vendor.make, "x")

        world.define(run)
        world.vendor.will("make", refused())
        world.accept()
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "money_spent")

    def test_after_money_was_spent_the_refused_step_is_tried_again_when_an_operator_releases_it(
        self, world: World
    ) -> None:
        world.define(bought_then)
        world.vendor.will("make", refused())
        world.accept()
        world.run_all()
        world.harness.release("op-1")
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        assert world.vendor.calls.count("buy x") == 1


class DeadlineScenarios:
    def test_a_deadline_ends_the_waiting_for_what_is_known_not_executed(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", *[down()] * 100)
        world.accept(deadline=600)
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.COMPENSATED, "deadline_exceeded")
        assert world.vendor.there == []

    def test_what_a_deadline_ended_can_be_tried_again(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("put", *[down()] * 100)
        world.accept(deadline=600)
        world.run_all()
        error = world.standing().error
        assert error is not None
        assert (error.final, error.message) == (False, "step first: gave up at its deadline; last: the vendor is down")

    def test_a_vendor_that_is_back_when_the_deadline_has_passed_still_does_it(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("put", down())
        world.accept(deadline=1)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_an_uncertain_step_is_looked_up_beyond_the_deadline(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("find_made", *[down()] * 1000)
        world.accept(deadline=60)
        world.run_within(1200)
        assert world.state() is OperationState.UNCERTAIN
        world.vendor.recovers()
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:x", "make:x", "order:x"])

    def test_somebody_is_told_of_what_the_deadline_cannot_end(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("find_made", *[down()] * 1000)
        world.accept(deadline=60)
        world.run_within(1200)
        assert world.standing().attention == "past_deadline"

    def test_an_idempotent_step_that_was_uncertain_is_never_given_up(self, world: World) -> None:
        world.define(lambda op, vendor: op.step("first", vendor.put, "x") and None)
        world.vendor.will("put", lost(took_effect=True), *[down()] * 10)
        world.accept(deadline=1)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:x"])

    def test_a_pending_step_is_looked_at_beyond_the_deadline(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", pending(60, took_effect=True))
        world.vendor.will("find_made", *[NOT_THERE] * 10)
        world.accept(deadline=120)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:x", "make:x", "order:x"])

    def test_undoing_has_no_deadline(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("make", *[down()] * 100)
        world.vendor.will("remove", *[down()] * 10)
        world.accept(deadline=600)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    def test_a_misconfigured_account_fails_nothing_even_after_the_deadline(self, world: World) -> None:
        world.define(three_with_undo)
        world.vendor.will("put", misconfigured(), misconfigured())
        world.accept(deadline=60)
        for _ in range(2):
            world.run_all()
            assert world.state() is OperationState.WAITING
            world.harness.let_pass(3600)
            world.harness.resume_account("panel-1")
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED


class SupersessionScenarios:
    def test_a_waiting_operation_yields_at_once_to_a_command_that_makes_it_pointless(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.vendor.will("make", *[down()] * 100)
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_one()
        assert world.state() is OperationState.SUPERSEDED

    def test_what_it_had_made_is_undone_before_the_newer_command_runs(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.vendor.will("make", *[down()] * 100)
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_all()
        assert world.vendor.calls == ["put x", "make x", "remove put:x", "put cancelled"]
        assert world.state("op-2") is OperationState.SUCCEEDED

    def test_the_record_of_a_superseded_operation_names_the_newer_command(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.accept()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_all()
        error = world.standing().error
        assert error is not None
        assert (error.code, error.message) == ("superseded", "a newer command (hosting.cancel) made this pointless")

    def test_a_running_operation_yields_at_its_next_run(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        cancel = FINE.while_(lambda: world.accept("op-2", workflow="hosting.cancel"))
        world.vendor.will("put", cancel)
        world.vendor.will("make", *[down()] * 100)
        world.accept()
        world.run_one()
        assert world.due_in() <= 0
        world.run_all()
        assert world.state() is OperationState.SUPERSEDED

    def test_an_uncertain_step_is_resolved_before_its_operation_yields(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("find_made", NOT_THERE)
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_all()
        assert world.vendor.there == ["put:cancelled"]
        assert world.state() is OperationState.SUPERSEDED

    def test_an_uncertain_step_is_not_hurried_by_a_newer_command(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.vendor.will("make", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        assert world.due_in() > 0

    def test_undoing_goes_on_even_when_the_newer_command_is_gone(self, world: World) -> None:
        world.define(three_with_undo)
        _define_cancel(world)
        world.vendor.will("make", down())
        world.vendor.will("remove", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_one()
        world.harness.let_pass(world.due_in() + 0.01)
        world.run(replace(world.claim(), later_workflows=()))
        assert (world.state(), world.vendor.there) == (OperationState.SUPERSEDED, [])

    def test_a_command_that_matters_to_nobody_hurries_nobody(self, world: World) -> None:
        world.define(three_with_undo)
        world.define(three_with_undo, name="hosting.suspend")
        world.vendor.will("put", down())
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.suspend")
        assert world.due_in() > 0

    def test_a_superseded_suspension_makes_no_call(self, world: World) -> None:
        world.define(three_with_undo, name="hosting.suspend")
        _define_cancel(world)
        world.accept(workflow="hosting.suspend")
        world.accept("op-2", workflow="hosting.cancel")
        world.run_all()
        assert world.vendor.calls == ["put cancelled"]


def _refuse_third(world: World) -> None:
    world.define(three_with_undo)
    world.vendor.will("order", refused(), refused())
    world.accept()


def _define_cancel(world: World) -> None:
    def cancel(op: Operation, vendor: Vendor) -> None:
        op.step("cancel", vendor.put, "cancelled")

    world.define(cancel, name="hosting.cancel")


def _stop(world: World) -> None:
    world.stopping = True
