"""Scenarios: waiting that holds no thread, and operations that start others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.ports.outcomes import Pending
from provisioner.workflows.journal import StepState
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import FINE, NOT_THERE, Answer, Vendor, down, lost, misconfigured, refused
from tests.support.engine.world import World


def wait_then(op: Operation, vendor: Vendor) -> None:
    """A step that can be undone, a wait, and a step."""
    op.step("before", vendor.put, "before", undo=vendor.remove)
    ready = op.wait_until("ready", vendor.is_ready, "x", every=300, reason="the zone is not signed yet")
    op.step("after", vendor.put, ready.ref)


class WaitScenarios:
    def test_a_wait_looks_again_at_its_interval_and_tells_its_reason(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", NOT_THERE)
        world.accept()
        world.run_one()
        assert (world.state(), world.standing().reason) == (OperationState.WAITING, "the zone is not signed yet")
        assert 240 < world.due_in() <= 300

    def test_a_wait_ends_when_its_check_finds_and_returns_what_it_found(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", NOT_THERE, NOT_THERE)
        world.accept()
        world.run_all()
        assert world.vendor.there == ["put:before", "put:ready:x"]

    def test_a_finished_wait_is_not_checked_again(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("put", FINE, down())
        world.accept()
        world.run_all()
        assert world.vendor.calls.count("is_ready x") == 1

    def test_a_wait_ends_at_the_deadline_and_what_was_made_is_undone(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", *[NOT_THERE] * 100)
        world.accept(deadline=1000)
        world.run_all()
        error = world.standing().error
        assert error is not None
        assert (error.code, error.final, error.message) == (
            "deadline_exceeded",
            False,
            "gave up: the zone is not signed yet",
        )
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    def test_a_wait_that_was_given_up_stays_so_while_its_operation_is_undone(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", NOT_THERE, NOT_THERE)
        world.vendor.will("remove", lost(took_effect=True))
        world.accept(deadline=100)
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.COMPENSATED, [])

    @pytest.mark.parametrize("trouble", [down(), lost(took_effect=False)])
    def test_a_check_that_does_not_come_through_is_made_again(self, world: World, trouble: Answer) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", trouble)
        world.accept()
        world.run_one()
        assert (world.state(), world.step_state("ready")) == (OperationState.WAITING, StepState.PENDING)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_check_at_a_misconfigured_account_parks_it(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", misconfigured())
        world.accept()
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.WAITING, "account_misconfigured")

    def test_a_check_that_is_refused_for_good_ends_the_operation(self, world: World) -> None:
        world.define(wait_then)
        world.vendor.will("is_ready", refused("zone_removed"))
        world.accept()
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.COMPENSATED, "zone_removed")

    # -- until a time

    def test_a_sleep_ends_at_its_time(self, world: World) -> None:
        _define_sleep(world, 3600)
        world.accept()
        world.run_one()
        assert 3500 < world.due_in() <= 3600
        world.run_all()
        assert world.vendor.there == ["put:awake"]

    def test_woken_early_a_sleep_sleeps_on(self, world: World) -> None:
        _define_sleep(world, 3600)
        world.accept()
        world.run_one()
        world.harness.let_pass(3601)
        claim = world.claim()
        world.run(replace(claim, now=claim.now - timedelta(seconds=60)))
        assert (world.state(), world.vendor.calls) == (OperationState.WAITING, [])

    def test_a_sleep_that_ended_is_not_slept_again(self, world: World) -> None:
        _define_sleep(world, 3600)
        world.vendor.will("put", down())
        world.accept()
        world.run_all()
        assert [summary for summary in world.summaries if "nap" in summary] == [
            "nap=pending > pause",
            "nap=done > intend wake",
        ]

    # -- for an event

    def test_an_event_wakes_who_waits_for_it_and_brings_its_data(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.accept()
        world.run_all()
        assert world.state() is OperationState.WAITING
        world.harness.deliver_event("approval/7", {"by": "Grace"})
        world.run_all()
        assert world.vendor.there == ["put:approved by Grace"]

    def test_an_event_that_came_before_is_not_waited_for(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.accept()
        world.harness.deliver_event("approval/7", {"by": "Grace"})
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED

    def test_an_event_that_comes_while_its_operation_runs_is_not_missed(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.accept()
        claim = world.claim()
        world.harness.deliver_event("approval/7", {"by": "Grace"})
        world.run(claim)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_another_event_wakes_nobody(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.accept()
        world.run_one()
        world.harness.deliver_event("approval/8", {"by": "Grace"})
        assert world.run_one() is None

    def test_an_event_that_came_is_remembered_with_its_data(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.vendor.will("put", down())
        world.accept()
        world.harness.deliver_event("approval/7", {"by": "Grace"})
        world.run_one()
        world.harness.deliver_event("approval/7", {"by": "somebody else"})
        world.run_all()
        assert world.vendor.there == ["put:approved by Grace"]

    def test_waiting_for_an_event_ends_at_the_deadline(self, world: World) -> None:
        world.define(_wait_for_approval)
        world.accept(deadline=600)
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.FAILED, "deadline_exceeded")

    # -- any wait

    @pytest.mark.parametrize("kind", ["check", "time", "event"])
    def test_a_wait_yields_at_once_to_a_command_that_makes_it_pointless(self, world: World, kind: str) -> None:
        world.define(_waiting_by(kind, world))
        world.vendor.will("is_ready", *[NOT_THERE] * 100)
        world.accept()
        world.run_one()
        world.accept("op-2", workflow="hosting.cancel")
        world.run_one()
        assert world.state() is OperationState.SUPERSEDED

    @pytest.mark.parametrize("kind", ["check", "time", "event"])
    def test_a_wait_is_not_begun_by_a_worker_that_shuts_down(self, world: World, kind: str) -> None:
        world.define(_waiting_by(kind, world))
        world.stopping = True
        world.accept()
        world.run_one()
        assert (world.state(), world.vendor.calls) == (OperationState.READY, [])

    # -- operations that follow

    def test_a_follow_up_is_an_operation_of_its_own(self, world: World) -> None:
        _define_follow_up(world)
        world.accept()
        world.run_all()
        assert world.state("op-1/certificate.issue") is OperationState.SUCCEEDED
        assert world.vendor.there == ["put:site", "put:example.com"]

    def test_a_follow_up_does_not_hold_up_who_asked_for_it(self, world: World) -> None:
        _define_follow_up(world)
        world.accept()
        world.run_one()
        assert world.state() is OperationState.SUCCEEDED
        assert world.state("op-1/certificate.issue") is OperationState.READY

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_a_follow_up_starts_once_when_the_end_is_replayed(self, world: World, moment: str) -> None:
        _define_follow_up(world)
        world.journal.crash_at = (2, moment)
        world.accept()
        world.run_all()
        assert world.vendor.calls.count("put example.com") == 1

    def test_nothing_follows_from_an_operation_that_failed(self, world: World) -> None:
        _define_follow_up(world)
        world.vendor.will("put", refused())
        world.accept()
        world.run_all()
        with pytest.raises(KeyError):
            world.standing("op-1/certificate.issue")

    def test_two_follow_ups_of_one_workflow_are_refused(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.follow_up("certificate.issue", resource="certificate:a.example", domain="a.example")
            op.follow_up("certificate.issue", resource="certificate:b.example", domain="b.example")

        world.define(run, port=None)
        world.accept()
        with pytest.raises(TypeError, match=r"two follow-ups certificate\.issue"):
            world.run_one()


def _define_sleep(world: World, seconds: float) -> None:
    when = world.harness.now() + timedelta(seconds=seconds)

    def run(op: Operation, vendor: Vendor) -> None:
        op.sleep_until("nap", when, reason="the renewal is in an hour")
        op.step("wake", vendor.put, "awake")

    world.define(run)


def _waiting_by(kind: str, world: World) -> Callable[[Operation, Vendor], None]:
    later = world.harness.now() + timedelta(days=30)

    def run(op: Operation, vendor: Vendor) -> None:
        match kind:
            case "check":
                op.wait_until("wait", vendor.is_ready, "x", every=3600, reason="it is not ready")
            case "time":
                op.sleep_until("wait", later, reason="it is not time yet")
            case "event":
                op.wait_for_event("wait", "approval/7", reason="somebody has to approve it")

    return run


def _wait_for_approval(op: Operation, vendor: Vendor) -> None:
    approval = op.wait_for_event("approval", "approval/7", reason="somebody has to approve it")
    op.step("approved", vendor.put, f"approved by {approval['by']}")


def _define_follow_up(world: World) -> None:
    def issue(op: Operation, vendor: Vendor) -> None:
        op.step("issue", vendor.put, op.inputs["domain"])

    def run(op: Operation, vendor: Vendor) -> None:
        op.step("site", vendor.put, "site")
        op.follow_up("certificate.issue", resource="certificate:example.com", domain="example.com")

    world.define(run)
    world.define(issue, name="certificate.issue")


class LookScenarios:
    def test_a_look_may_give_a_reason_and_a_time_of_its_own(self, world: World) -> None:
        world.define(_wait_with(Pending(1800, "www leads elsewhere")), port=None)
        world.accept()
        world.run_one()
        assert (world.state(), world.standing().reason) == (OperationState.WAITING, "www leads elsewhere")
        assert 1700 < world.due_in() <= 1800

    def test_a_look_that_finds_nothing_waits_as_was_said_before(self, world: World) -> None:
        world.define(_wait_with(Pending(1800, "www leads elsewhere"), None), port=None)
        world.accept()
        world.run_one()
        world.run_within(1800)
        assert world.standing().reason == "it is not there"
        assert world.due_in() < 62

    def test_a_wait_that_was_foreseen_lasts_until_then(self, world: World) -> None:
        changing = [Pending(3600, f"look {number}") for number in range(100)]
        world.define(_wait_with(*changing, foreseen=86_400), port=None)
        world.accept(deadline=600)
        world.run_one()
        world.run_within(86_000)
        assert (world.state(), world.standing().attention) == (OperationState.WAITING, None)
        world.run_all()
        assert (world.state(), world.error_code()) == (OperationState.FAILED, "deadline_exceeded")

    def test_what_was_foreseen_counts_also_when_the_first_look_does_not_come_through(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.wait_until("there", vendor.is_ready, "x", every=60, reason="it is not there", foreseen=86_400)

        world.define(run)
        world.vendor.will("is_ready", down())
        world.accept(deadline=600)
        world.harness.let_pass(700)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED


def _wait_with(*found: Pending | None, foreseen: float | None = None) -> Callable[[Operation], None]:
    """A workflow that waits, and whose looks find these one after the other."""
    looks = iter(found)

    def run(op: Operation) -> None:
        op.wait_until("there", lambda: next(looks), every=60, reason="it is not there", foreseen=foreseen)

    return run
