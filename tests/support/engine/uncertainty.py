"""Scenarios: crashes and lost answers, for each effect class, at each boundary."""

from collections.abc import Callable

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.journal import ServiceChange, StepState
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import (
    FINE,
    NOT_THERE,
    Answer,
    Vendor,
    crash,
    down,
    lost,
    misconfigured,
    pending,
    refused,
)
from tests.support.engine.world import World


def one_of_each(op: Operation, vendor: Vendor) -> ServiceChange:
    """A step of each effect class."""
    op.step("put", vendor.put, "x")
    op.step("order", vendor.order, "x")
    op.step("make", vendor.make, "x")
    op.step("send", vendor.send, "x")
    return op.service_is(ServiceStatus.ACTIVE)


ONE_OF_EACH = ["put:x", "order:x", "make:x", "send:x"]


def _only(method: str) -> Callable[[Operation, Vendor], None]:
    def run(op: Operation, vendor: Vendor) -> None:
        op.step("only", getattr(vendor, method), "x")

    return run


def _run_only(world: World, method: str, *answers: Answer, finds: tuple[Answer, ...] = ()) -> None:
    world.define(_only(method))
    world.vendor.will(method, *answers)
    world.vendor.will("find_made", *finds)
    world.accept()
    world.run_all()


def _send_held_ones(world: World) -> None:
    """Be the operator: say truly whether the unsafe step happened."""
    if world.state() is OperationState.HELD:
        world.harness.resolve("op-1", happened_ref="send:x" if "send:x" in world.vendor.there else None)
        world.run_all()


class UncertaintyScenarios:
    # -- crashes

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("commit", [1, 2, 3, 4, 5])
    def test_a_crash_at_any_commit_leaves_each_effect_once(self, world: World, commit: int, moment: str) -> None:
        world.define(one_of_each)
        world.journal.crash_at = (commit, moment)
        world.accept()
        world.run_all()
        _send_held_ones(world)
        assert world.state() is OperationState.SUCCEEDED
        assert world.vendor.there == ONE_OF_EACH

    @pytest.mark.parametrize("took_effect", [False, True])
    @pytest.mark.parametrize("method", ["put", "order", "make", "send"])
    def test_a_crash_in_any_call_leaves_each_effect_once(self, world: World, method: str, *, took_effect: bool) -> None:
        world.define(one_of_each)
        world.vendor.will(method, crash(took_effect=took_effect))
        world.accept()
        world.run_all()
        _send_held_ones(world)
        assert world.state() is OperationState.SUCCEEDED
        assert world.vendor.there == ONE_OF_EACH

    def test_after_a_crash_an_idempotent_step_is_repeated(self, world: World) -> None:
        _run_only(world, "put", crash(took_effect=True))
        assert world.vendor.calls == ["put x", "put x"]

    def test_after_a_crash_a_keyed_step_is_repeated_under_its_key(self, world: World) -> None:
        _run_only(world, "order", crash(took_effect=True))
        assert world.vendor.calls == ["order x", "order x"]

    def test_after_a_crash_a_checkable_step_that_happened_is_found_and_adopted(self, world: World) -> None:
        _run_only(world, "make", crash(took_effect=True))
        assert world.vendor.calls == ["make x", "find_made x"]
        assert world.state() is OperationState.SUCCEEDED

    def test_after_a_crash_a_checkable_step_that_did_not_happen_is_looked_for_before_it_is_repeated(
        self, world: World
    ) -> None:
        _run_only(world, "make", crash(took_effect=False))
        assert world.vendor.calls == ["make x", *["find_made x"] * len(world.waits.lookups), "make x"]
        assert world.vendor.there == ["make:x"]

    def test_after_a_crash_an_unsafe_step_waits_for_an_operator(self, world: World) -> None:
        _run_only(world, "send", crash(took_effect=True))
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "outcome_unknown")
        assert world.vendor.calls == ["send x"]

    # -- lost answers

    def test_a_lost_answer_makes_the_step_and_the_operation_uncertain(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", lost(took_effect=True))
        world.accept()
        world.run_one()
        assert (world.state(), world.step_state("only")) == (OperationState.UNCERTAIN, StepState.UNCERTAIN)
        assert "it is unknown whether it took effect" in world.standing().reason

    def test_a_step_that_happened_after_all_is_adopted(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=True))
        assert world.vendor.calls == ["make x", "find_made x"]
        assert world.vendor.there == ["make:x"]

    def test_look_ups_wait_longer_each_time(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", lost(took_effect=False))
        world.accept()
        waits = []
        for _ in world.waits.lookups:
            world.run_one()
            waits.append(world.due_in())
            world.harness.let_pass(world.due_in() + 0.01)
        assert waits == pytest.approx(world.waits.lookups, abs=1)

    def test_a_step_that_shows_up_late_is_adopted_and_not_repeated(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=True), finds=(NOT_THERE, NOT_THERE, NOT_THERE))
        assert world.vendor.there == ["make:x"]
        assert world.vendor.calls.count("make x") == 1

    def test_every_look_up_is_an_attempt_in_the_journal(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=True), finds=(NOT_THERE, down()))
        told = [(attempt.action, attempt.outcome) for _, attempt in world.standing().attempts]
        assert told == [
            ("call", "uncertain"),
            ("look-up", "not_found"),
            ("look-up", "unavailable"),
            ("look-up", "found"),
        ]

    def test_an_unsafe_step_whose_answer_was_lost_waits_for_an_operator(self, world: World) -> None:
        _run_only(world, "send", lost(took_effect=False))
        assert world.state() is OperationState.HELD
        assert world.vendor.calls == ["send x"]

    def test_an_unsafe_step_known_not_to_have_been_executed_is_made_again(self, world: World) -> None:
        _run_only(world, "send", down())
        assert world.vendor.there == ["send:x"]

    def test_an_idempotent_step_that_stays_uncertain_is_repeated_more_and_more_slowly(self, world: World) -> None:
        world.define(_only("put"))
        world.vendor.will("put", *[lost(took_effect=False)] * 40)
        world.accept()
        world.run_within(3600)
        assert len(world.vendor.calls) < 25

    def test_a_look_up_that_does_not_come_through_leaves_the_step_uncertain(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("find_made", *[down()] * 20)
        world.accept()
        world.run_within(120)
        assert world.state() is OperationState.UNCERTAIN
        assert world.vendor.calls.count("make x") == 1

    def test_look_ups_at_a_vendor_that_is_down_wait_longer_each_time(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", lost(took_effect=True))
        world.vendor.will("find_made", *[down()] * 1000)
        world.accept()
        world.run_within(3600)
        assert world.vendor.calls.count("find_made x") < 25

    def test_a_look_up_that_is_refused_waits_for_an_operator(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=True), finds=(refused("forbidden"),))
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "outcome_unknown")
        assert "the vendor says forbidden" in world.standing().reason

    def test_a_look_up_at_a_misconfigured_account_parks_it(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=True), finds=(misconfigured(),))
        assert (world.state(), world.standing().attention) == (OperationState.UNCERTAIN, "account_misconfigured")
        world.harness.resume_account("panel-1")
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_look_up_that_finds_it_accepted_makes_the_step_pending_and_it_is_not_repeated(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", crash(took_effect=False))
        world.vendor.will("find_made", pending(600), *[NOT_THERE] * 20)
        world.accept()
        world.run_within(7200)
        assert (world.step_state("only"), world.state()) == (StepState.PENDING, OperationState.WAITING)
        assert world.vendor.calls.count("make x") == 1

    def test_a_pending_step_whose_look_failed_is_still_not_repeated(self, world: World) -> None:
        world.define(_only("make"))
        world.vendor.will("make", pending(60))
        world.vendor.will("find_made", *[NOT_THERE] * 10, down())
        world.accept()
        world.run_within(7200)
        assert world.vendor.calls.count("make x") == 1
        assert world.step_state("only") is StepState.PENDING

    def test_a_pending_step_that_the_vendor_refuses_later_has_failed(self, world: World) -> None:
        _run_only(world, "make", pending(60), finds=(NOT_THERE, refused("not_eligible")))
        assert (world.state(), world.error_code()) == (OperationState.FAILED, "not_eligible")

    def test_a_repeated_step_that_is_not_executed_stays_as_uncertain_as_it_was(self, world: World) -> None:
        world.define(_only("put"))
        world.vendor.will("put", lost(took_effect=True), down())
        world.accept(deadline=1)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_before_each_repetition_of_a_checkable_step_comes_a_look(self, world: World) -> None:
        _run_only(world, "make", lost(took_effect=False), down())
        looks = len(world.waits.lookups)
        assert world.vendor.calls == ["make x", *["find_made x"] * looks, "make x", "find_made x", "make x"]

    # -- an operator's verdict

    def test_a_held_step_that_happened_returns_what_the_operator_says(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> ServiceChange:
            return op.service_is(ServiceStatus.ACTIVE, op.step("only", vendor.send, "x"))

        world.define(run)
        world.vendor.will("send", crash(took_effect=True))
        world.accept()
        world.run_all()
        world.harness.resolve("op-1", happened_ref="letter-7")
        world.run_all()
        assert world.harness.service("s-1").ref == "letter-7"
        assert world.vendor.calls == ["send x"]

    def test_a_held_step_that_did_not_happen_is_made_again(self, world: World) -> None:
        _run_only(world, "send", crash(took_effect=False))
        world.harness.resolve("op-1", happened_ref=None)
        world.run_all()
        assert world.vendor.there == ["send:x"]
        assert world.state() is OperationState.SUCCEEDED

    def test_a_released_operation_without_a_verdict_is_held_again(self, world: World) -> None:
        _run_only(world, "send", crash(took_effect=True))
        world.harness.release("op-1")
        world.run_all()
        assert world.state() is OperationState.HELD
        assert world.vendor.calls == ["send x"]

    # -- zombies

    def test_a_zombie_cannot_write_its_result(self, world: World) -> None:
        world.define(_only("make"))
        world.accept()
        claim = world.claim()
        world.vendor.will("make", FINE.while_(lambda: world.lose_lease(claim)))
        assert world.is_refused(claim)
        assert world.step_state("only") is StepState.INTENDED

    def test_a_zombie_makes_no_further_call(self, world: World) -> None:
        world.define(one_of_each)
        world.accept()
        claim = world.claim()
        world.vendor.will("put", FINE.while_(lambda: world.lose_lease(claim)))
        assert world.is_refused(claim)
        assert world.vendor.calls == ["put x"]

    def test_who_took_over_from_a_zombie_finishes_with_each_effect_once(self, world: World) -> None:
        world.define(one_of_each)
        world.accept()
        claim = world.claim()
        world.vendor.will("make", FINE.while_(lambda: world.run(world.lose_lease(claim))))
        assert world.is_refused(claim)
        world.run_all()
        assert world.vendor.there == ONE_OF_EACH
