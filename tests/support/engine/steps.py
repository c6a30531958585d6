"""Scenarios: what a step writes down, and what each outcome of its call comes to."""

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Done
from provisioner.workflows.journal import ServiceChange, StepState
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import (
    Answer,
    Crashed,
    Vendor,
    crash,
    down,
    gives,
    lost,
    misconfigured,
    pending,
    refused,
    throttled,
)
from tests.support.engine.world import World


def two_steps(op: Operation, vendor: Vendor) -> ServiceChange:
    """The workflow of most scenarios: an account, and a space that knows the account."""
    account = op.step("account", vendor.put, "account")
    space = op.step("space", vendor.make, f"space of {account.ref}")
    return op.service_is(ServiceStatus.ACTIVE, space)


class StepScenarios:
    def test_a_workflow_runs_to_its_end_and_changes_its_service(self, world: World) -> None:
        world.define(two_steps)
        world.accept()
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        assert world.harness.service("s-1").status is ServiceStatus.ACTIVE
        assert world.harness.service("s-1").ref == "make:space of put:account"

    def test_a_result_and_the_next_intent_are_one_commit(self, world: World) -> None:
        world.define(two_steps)
        world.accept()
        world.run_all()
        assert world.summaries == ["> intend account", "account=done > intend space", "space=done > end"]

    def test_the_intent_is_in_the_journal_while_the_call_is_made(self, world: World) -> None:
        seen: list[StepState | None] = []
        world.vendor.will("make", lost(took_effect=True).while_(lambda: seen.append(world.step_state("space"))))
        world.define(two_steps)
        world.accept()
        world.run_one()
        assert seen == [StepState.INTENDED]

    def test_a_finished_step_returns_its_recorded_result_and_is_not_called_again(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            account = op.step("account", vendor.put, "account")
            op.step("space", vendor.order, f"for {account.data['number']}")

        world.define(run)
        world.vendor.will("put", gives(number=1234))
        world.vendor.will("order", down())
        world.accept()
        world.run_all()
        assert world.vendor.calls == ["put account", "order for 1234", "order for 1234"]

    def test_a_result_that_is_not_json_is_refused_where_it_is_written(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", gives(number={1, 2}))
        world.accept()
        with pytest.raises(TypeError):
            world.run_one()

    def test_warnings_of_all_steps_are_told_once_at_the_end(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("a", vendor.put, "a")
            op.step("b", vendor.put, "b")
            op.step("c", vendor.order, "c")

        world.define(run)
        nearly_full = Done("a", warnings=("the disk is nearly full",))
        world.vendor.will("put", Answer(returns=nearly_full), Answer(returns=nearly_full))
        world.vendor.will("order", down())
        world.accept()
        world.run_all()
        assert world.standing().warnings == ("the disk is nearly full",)

    def test_every_call_is_an_attempt_in_the_journal(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", down())
        world.accept()
        world.run_all()
        told = [(step, attempt.number, attempt.outcome) for step, attempt in world.standing().attempts]
        assert told == [("account", 1, "unavailable"), ("account", 2, "done"), ("space", 1, "done")]

    def test_an_attempt_that_failed_keeps_the_vendors_code_and_words(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", refused("name_taken"))
        world.accept()
        world.run_all()
        (_, attempt), *_ = world.standing().attempts
        assert (attempt.code, attempt.vendor_code, attempt.message) == (
            "name_taken",
            "42",
            "the vendor says name_taken",
        )

    # -- the outcomes

    def test_after_unavailable_the_call_is_made_again_within_the_back_off(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", down())
        world.accept()
        world.run_one()
        assert world.state() is OperationState.WAITING
        assert 0 < world.due_in() <= world.waits.first

    def test_each_failed_attempt_may_wait_twice_as_long_up_to_a_limit(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", *[down()] * 12)
        world.accept()
        for attempt in range(12):
            world.run_one()
            assert 0 < world.due_in() <= min(world.waits.most, world.waits.first * 2**attempt)
            world.harness.let_pass(world.waits.most)

    def test_after_throttled_nothing_is_called_before_the_vendors_time(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", throttled(300))
        world.accept()
        world.run_one()
        assert 240 < world.due_in() <= 301

    def test_a_refusal_ends_the_operation_with_the_vendors_words(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", refused("domain_taken", fields=("/domain",)))
        world.accept()
        world.run_all()
        error = world.standing().error
        assert error is not None
        assert (error.code, error.vendor_code, error.fields) == ("domain_taken", "42", ("/domain",))
        assert world.state() is OperationState.FAILED

    def test_a_refusal_is_final_unless_the_customer_can_correct_something(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", refused(fields=("/domain",)), refused())
        for number in (1, 2):
            world.accept(f"op-{number}", resource=f"service:s-{number}")
        world.run_all()
        assert [_is_final(world, operation_id) for operation_id in ("op-1", "op-2")] == [False, True]

    def test_a_service_that_could_not_be_made_has_failed(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", refused())
        world.accept()
        world.run_all()
        assert world.harness.service("s-1").status is ServiceStatus.FAILED

    def test_a_pending_step_is_looked_at_when_the_vendor_said_and_with_its_reason(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", pending(120))
        world.vendor.will("find_made", down())
        world.accept()
        world.run_one()
        assert 60 < world.due_in() <= 120
        assert world.standing().reason == "the vendor is working on it"

    def test_a_pending_step_is_looked_at_and_never_called_again(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", pending(120))
        world.accept()
        world.run_within(3600)
        assert world.vendor.calls[1:3] == ["make space of put:account", "find_made space of put:account"]
        assert world.vendor.calls.count("make space of put:account") == 1
        assert world.step_state("space") is StepState.PENDING

    def test_a_pending_step_ends_when_the_look_finds_it(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", pending(120))
        world.accept()
        world.run_within(600)
        world.vendor.there.append("make:space of put:account")
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_pending_keyed_step_is_asked_again_under_its_key(self, world: World) -> None:
        world.define(lambda op, vendor: op.step("order", vendor.order, "x") and None)
        world.vendor.will("order", pending(60, took_effect=True), pending(60), pending(60))
        world.accept()
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        assert world.vendor.there == ["order:x"]

    def test_misconfigured_parks_the_account_and_fails_nothing(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", misconfigured())
        world.accept("op-1", resource="service:s-1")
        world.accept("op-2", resource="service:s-2")
        world.run_all()
        assert [world.state(name) for name in ("op-1", "op-2")] == [OperationState.WAITING, OperationState.READY]
        assert world.standing("op-1").attention == "account_misconfigured"
        assert world.vendor.calls == ["put account"]

    def test_a_parked_account_does_not_stop_the_others(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", misconfigured())
        world.accept("op-1", resource="service:s-1", account="panel-1")
        world.accept("op-2", resource="service:s-2", account="panel-2")
        world.run_all()
        assert world.state("op-2") is OperationState.SUCCEEDED

    def test_an_account_that_works_again_finishes_what_was_parked(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", misconfigured())
        world.accept(deadline=3600)
        world.run_all()
        world.harness.let_pass(7200)
        world.harness.resume_account("panel-1")
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_an_account_that_does_not_open_is_parked_too(self, world: World) -> None:
        world.define(two_steps)
        world.locked_out = True
        world.accept()
        world.run_all()
        assert world.state() is OperationState.WAITING
        assert world.standing().attention == "account_misconfigured"

    def test_an_operation_without_a_vendor_account_is_held(self, world: World) -> None:
        world.define(two_steps)
        world.accept(account=None)
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "no_vendor_account")

    def test_a_workflow_without_a_port_needs_no_vendor_account(self, world: World) -> None:
        def run(op: Operation) -> None:
            del op

        world.define(run, port=None)
        world.accept(account=None)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    # -- mistakes in a workflow

    def test_a_call_without_a_declared_effect_is_no_step(self, world: World) -> None:
        world.define(lambda op, vendor: op.step("x", vendor.undeclared, "x") and None)
        world.accept()
        with pytest.raises(TypeError, match="undeclared is not declared idempotent"):
            world.run_one()

    def test_an_undo_without_a_declared_effect_is_refused_before_anything_is_done(self, world: World) -> None:
        world.define(lambda op, vendor: op.step("x", vendor.put, "x", undo=vendor.undeclared) and None)
        world.accept()
        with pytest.raises(TypeError, match="undeclared is not declared idempotent"):
            world.run_one()
        assert world.vendor.calls == []

    def test_two_steps_of_one_name_are_refused(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("space", vendor.put, "a")
            op.step("space", vendor.put, "b")

        world.define(run)
        world.accept()
        with pytest.raises(TypeError, match="two steps called space"):
            world.run_one()

    def test_an_unknown_workflow_is_held(self, world: World) -> None:
        world.accept(workflow="hosting.paint")
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "unknown_workflow")
        assert "hosting.paint" in world.standing().reason

    # -- stopping

    def test_a_graceful_stop_waits_for_the_call_and_stops_before_the_next(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", gives().while_(lambda: _stop(world)))
        world.accept()
        world.run_one()
        assert world.summaries == ["> intend account", "account=done > pause"]
        assert (world.state(), world.vendor.calls) == (OperationState.READY, ["put account"])

    def test_what_was_stopped_goes_on_at_once_elsewhere(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", gives().while_(lambda: _stop(world)))
        world.accept()
        world.run_one()
        world.stopping = False
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED

    def test_the_last_call_of_a_stopped_worker_still_ends_its_operation(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("make", gives().while_(lambda: _stop(world)))
        world.accept()
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_crash_is_no_outcome_and_writes_nothing(self, world: World) -> None:
        world.define(two_steps)
        world.vendor.will("put", crash(took_effect=False))
        world.accept()
        claim = world.claim()
        with pytest.raises(Crashed):
            world.engine.run(claim)
        assert world.summaries == ["> intend account"]


def _is_final(world: World, operation_id: str) -> bool:
    error = world.standing(operation_id).error
    assert error is not None
    return error.final


def _stop(world: World) -> None:
    world.stopping = True
