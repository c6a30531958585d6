"""Scenarios: a journal that another version of the workflow wrote."""

from collections.abc import Callable

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import FINE, Vendor, down, lost, refused
from tests.support.engine.world import World

Function = Callable[[Operation, Vendor], None]


def steps(*names: str) -> Function:
    """A workflow of these steps, each with an undo."""

    def run(op: Operation, vendor: Vendor) -> None:
        for name in names:
            op.step(name, vendor.put, name, undo=vendor.remove)

    return run


class VersionScenarios:
    def test_a_step_added_behind_all_that_was_tried_just_runs(self, world: World) -> None:
        _interrupted(world, steps("a", "b", "c"), after=1)
        world.define(steps("a", "b", "new", "c"))
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:b", "put:new", "put:c"])

    def test_a_step_added_before_recorded_ones_holds_the_operation_and_says_which(self, world: World) -> None:
        _interrupted(world, steps("a", "b"), after=1)
        world.define(steps("new", "a", "b"))
        world.run_all()
        _assert_held(world, "step new is not in the journal, which already has a, b after it")
        assert world.vendor.there == ["put:a"]

    def test_a_step_declared_as_added_runs_although_later_ones_are_recorded(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("new", vendor.put, "new", added=True)
            op.step("a", vendor.put, "a")
            op.step("b", vendor.put, "b")

        _interrupted(world, steps("a", "b"), after=1)
        world.define(run)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:new", "put:b"])

    def test_a_removed_step_holds_the_operation_and_says_which(self, world: World) -> None:
        _interrupted(world, steps("a", "b", "c"), after=2)
        world.define(steps("a", "c"))
        world.vendor.calls.clear()
        world.run_all()
        _assert_held(world, "the journal has b, which the workflow no longer reaches")

    def test_a_removed_step_is_noticed_before_the_next_new_one_is_called(self, world: World) -> None:
        _interrupted(world, steps("a", "b"), after=1)
        world.define(steps("a", "c"))
        world.vendor.calls.clear()
        world.run_all()
        _assert_held(world, "step c is not in the journal, which already has b after it")
        assert world.vendor.calls == []

    def test_a_step_declared_as_retired_is_passed_over(self, world: World) -> None:
        _interrupted(world, steps("a", "b", "c"), after=2)
        world.define(steps("a", "c"), retired=("b",))
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:b", "put:c"])

    def test_a_retired_step_does_not_stand_in_the_way_of_new_ones(self, world: World) -> None:
        _interrupted(world, steps("a", "b", "c"), after=2)
        world.define(steps("a", "d"), retired=("b", "c"))
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:b", "put:d"])

    def test_a_retired_step_whose_outcome_is_unknown_holds_the_operation(self, world: World) -> None:
        world.define(steps("a", "b"))
        world.vendor.will("put", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.define(steps("b"), retired=("a",))
        world.run_all()
        _assert_held(world, "a")
        assert world.vendor.calls == ["put a"]

    def test_a_retired_step_that_was_done_is_not_forgotten_when_the_rest_is_undone(self, world: World) -> None:
        _interrupted(world, steps("a", "b", "c"), after=2)
        world.define(steps("b", "c"), retired=("a",))
        world.vendor.will("put", refused())
        world.run_all()
        _assert_held(world, "a")
        assert world.vendor.there == ["put:a", "put:b"]

    def test_a_renamed_step_holds_the_operation_and_says_which(self, world: World) -> None:
        _interrupted(world, steps("a", "b"), after=1)
        world.define(steps("anew", "b"))
        world.vendor.calls.clear()
        world.run_all()
        _assert_held(world, "step anew is not in the journal, which already has a, b after it")
        assert world.vendor.calls == []

    def test_a_step_declared_as_renamed_keeps_its_result(self, world: World) -> None:
        _interrupted(world, steps("a", "b"), after=1)
        world.define(_renamed)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        assert world.vendor.calls.count("put a") == 1

    def test_a_renamed_step_that_was_uncertain_is_resolved_under_its_old_name(self, world: World) -> None:
        world.define(steps("a", "b"))
        world.vendor.will("put", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.define(_renamed)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:b"])
        assert set(world.standing().steps) == {"a", "b"}

    def test_a_step_declared_as_renamed_runs_under_its_new_name_in_new_operations(self, world: World) -> None:
        world.define(_renamed)
        world.accept()
        world.run_all()
        assert set(world.standing().steps) == {"anew", "b"}

    def test_the_undoing_of_a_renamed_step_is_gone_on_with(self, world: World) -> None:
        world.define(steps("a", "b"))
        world.vendor.will("put", FINE, refused())
        world.vendor.will("remove", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.define(_renamed)
        world.run_all()
        assert world.state() is OperationState.COMPENSATED
        assert "undo:anew" not in world.standing().steps

    @pytest.mark.parametrize("order", [("b", "a", "c"), ("c", "a", "b")])
    def test_steps_in_another_order_go_on_when_all_of_them_were_tried(
        self, world: World, order: tuple[str, ...]
    ) -> None:
        _interrupted(world, steps("a", "b", "c"), after=2)
        world.define(steps(*order))
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        assert sorted(world.vendor.there) == ["put:a", "put:b", "put:c"]

    def test_steps_in_another_order_hold_the_operation_when_one_of_them_is_new_to_the_journal(
        self, world: World
    ) -> None:
        _interrupted(world, steps("a", "b", "c"), after=1)
        world.define(steps("c", "a", "b"))
        world.run_all()
        _assert_held(world, "step c is not in the journal, which already has a, b after it")

    def test_a_held_operation_goes_on_when_the_right_version_is_back(self, world: World) -> None:
        _interrupted(world, steps("a", "b"), after=1)
        world.define(steps("anew", "b"))
        world.run_all()
        world.define(steps("a", "b"))
        world.harness.release("op-1")
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:a", "put:b"])

    def test_a_refusal_before_recorded_steps_undoes_nothing_blindly(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("new", vendor.order, "new", added=True)
            op.step("a", vendor.put, "a", undo=vendor.remove)
            op.step("b", vendor.put, "b")

        _interrupted(world, steps("a", "b"), after=1)
        world.define(run)
        world.vendor.will("order", refused())
        world.run_all()
        _assert_held(world, "a, b")
        assert world.vendor.there == ["put:a"]


def _renamed(op: Operation, vendor: Vendor) -> None:
    op.step("anew", vendor.put, "a", was="a", undo=vendor.remove)
    op.step("b", vendor.put, "b")


def _interrupted(world: World, function: Function, *, after: int) -> None:
    """Run until so many steps are done and the next one has been tried once, in vain."""
    world.define(function)
    world.vendor.will("put", *[FINE] * after, down())
    world.accept()
    world.run_one()


def _assert_held(world: World, reason: str) -> None:
    standing = world.standing()
    assert (standing.state, standing.attention) == (OperationState.HELD, "workflow_changed")
    assert reason in standing.reason
