"""Commands to services: in order, never two at once, the newest wins, and a higher role's word stands."""

from datetime import datetime
from functools import partial

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected, Unavailable
from provisioner.workflows.journal import Ending, ServiceChange
from tests.support.stores import Stage, after, hosting, together


@pytest.fixture
def active(stage: Stage) -> Stage:
    """Service s-1 is active."""
    stage.add_account()
    stage.shop.place()
    stage.work()
    stage.panel.effects.clear()
    return stage


def states(stage: Stage, service_id: str = "s-1") -> list[tuple[str, str]]:
    """Workflow and state of a service's operations after its creation, in order of acceptance."""
    rows = stage.rows("operations", order="position", service_id=service_id)
    return [(row["workflow"], row["state"]) for row in rows if row["workflow"] != "hosting.create"]


class TestLifecycle:
    def test_suspend_and_resume(self, active: Stage) -> None:
        active.shop.suspend()
        active.work()
        assert (active.row("services")["status"], active.row("services")["suspended_by"]) == ("suspended", "admin")
        active.shop.resume()
        active.work()
        assert (active.row("services")["status"], active.row("services")["suspended_by"]) == ("active", None)

    def test_each_change_is_told_with_its_reason(self, active: Stage) -> None:
        active.shop.suspend()
        active.work()
        last = active.events("service/s-1")[-1]["data"]
        assert (last["status"], last["previous"], last["reason"], last["suspended_by"]) == (
            "suspended",
            "active",
            "unpaid",
            "admin",
        )

    def test_periods_follow_one_another_without_a_gap(self, active: Stage) -> None:
        active.shop.suspend()
        active.let_pass(60)
        active.work()
        periods = active.rows("service_periods")
        assert [period["status"] for period in periods] == ["provisioning", "active", "suspended"]
        assert [period["ended_at"] for period in periods] == [*(p["started_at"] for p in periods[1:]), None]

    def test_a_cancelled_service_says_so_at_once_and_is_then_removed(self, active: Stage) -> None:
        active.shop.cancel()
        assert active.row("services")["status"] == "cancelling"
        active.work()
        assert active.row("services")["status"] == "cancelled"
        assert active.panel.effects == ["remove sg-s-1"]

    def test_a_cancelled_service_takes_no_command(self, active: Stage) -> None:
        active.shop.cancel()
        active.work()
        outcomes = {active.shop.suspend().outcome, active.shop.resume().outcome, active.shop.cancel().outcome}
        assert outcomes == {"rejected"}

    def test_a_command_to_an_unknown_service_is_put_aside(self, active: Stage) -> None:
        assert active.shop.suspend("s-9").detail.partition(":")[0] == "unknown_service"

    def test_a_command_of_the_other_environment_changes_nothing(self, active: Stage) -> None:
        assert active.shop.suspend(environment="sandbox").detail.partition(":")[0] == "wrong_environment"

    def test_the_same_command_message_twice_is_one_operation(self, active: Stage) -> None:
        message = active.shop.message("service.suspend.v1", {"service_id": "s-1", "reason": "unpaid"})
        receipts = together(*[lambda: active.shop.send(message)] * 6)
        assert sorted(receipt.outcome for receipt in receipts) == ["accepted"] + ["duplicate"] * 5
        assert len(states(active)) == 1

    def test_every_command_counts_a_generation(self, active: Stage) -> None:
        active.shop.suspend()
        active.shop.resume()
        assert active.row("services")["generation"] == 3
        assert [row["generation"] for row in active.rows("operations", order="position")] == [1, 2, 3]


class TestOrderAndSupersession:
    def test_a_stale_suspension_is_superseded_with_a_record(self, active: Stage) -> None:
        active.shop.suspend()
        active.shop.resume()
        active.work()
        assert states(active) == [("hosting.suspend", "superseded"), ("hosting.resume", "succeeded")]
        assert active.panel.effects == ["resume sg-s-1"]
        assert active.operation(workflow="hosting.suspend")["error"]["code"] == "superseded"

    def test_commands_run_in_the_order_in_which_they_were_accepted(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place()
        stage.shop.suspend()
        assert [claim.workflow for claim in stage.take()] == ["hosting.create"]

    def test_a_create_that_waits_yields_to_a_cancellation_at_once(self, stage: Stage) -> None:
        stage.add_account()
        _is_down(stage, "create_subscription")
        stage.shop.place()
        stage.work()
        assert stage.row("operations")["state"] == "waiting"
        stage.shop.cancel()
        stage.work()
        assert stage.operation()["state"] == "superseded"
        assert stage.operation(workflow="hosting.cancel")["state"] == "succeeded"
        assert (stage.row("services")["status"], stage.row("order_items")["status"]) == ("cancelled", "cancelled")

    def test_a_create_at_work_looks_at_once_whether_a_cancellation_came(self, stage: Stage) -> None:
        stage.add_account()
        _is_down(stage, "create_subscription")
        stage.shop.place()
        claim = stage.claim()
        stage.shop.cancel()
        stage.engine().run(claim)
        stage.work()
        assert stage.row("services")["status"] == "cancelled"

    def test_a_create_that_waits_is_not_hurried_by_a_suspension(self, stage: Stage) -> None:
        stage.add_account()
        _is_down(stage, "create_subscription")
        stage.shop.place()
        stage.work()
        stage.shop.suspend()
        assert stage.take() == []

    @pytest.mark.parametrize("good", [True, False])
    def test_a_create_that_ends_while_it_is_cancelled_does_not_bring_the_service_back(
        self, stage: Stage, *, good: bool
    ) -> None:
        stage.add_account()
        if not good:
            stage.panel.before = _refuse
        stage.shop.place()
        claim = stage.claim()
        stage.shop.cancel()
        stage.engine().run(claim)
        assert stage.row("services")["status"] == "cancelling"
        stage.panel.before = lambda *_: None
        stage.work()
        assert stage.told("service/s-1") == ["cancelling", "cancelled"]
        assert stage.panel.subscriptions == {}

    def test_a_cancellation_and_a_good_end_at_the_same_moment(self, stage: Stage) -> None:
        stage.add_account(concurrency=20)
        for number in range(10):
            stage.shop.place(f"o-{number}")
        for claim in stage.take():
            results = together(partial(stage.engine().run, claim), partial(stage.shop.cancel, claim.resource[8:]))
            assert not [result for result in results if isinstance(result, Exception)]
        stage.work()
        assert {row["status"] for row in stage.rows("services")} == {"cancelled"}
        assert stage.panel.subscriptions == {}


class TestEndOfTerm:
    def test_a_cancellation_at_the_end_of_the_term_blocks_nothing_until_then(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=30))
        active.work()
        active.shop.suspend()
        active.work()
        assert active.row("services")["status"] == "suspended"

    def test_it_fires_at_its_time(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=30))
        active.work()
        active.let_pass(29 * 86_400)
        assert active.work() == []
        active.let_pass(86_401)
        active.work()
        assert active.row("services")["status"] == "cancelled"

    def test_what_it_starts_has_a_deadline(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=1))
        active.let_pass(86_401)
        active.engine().run(active.claim())
        assert active.operation(workflow="hosting.cancel")["deadline"] is not None

    def test_another_end_takes_the_place_of_the_first(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=30))
        active.work()
        active.shop.cancel(at=_in(active, days=10))
        active.work()
        active.let_pass(11 * 86_400)
        active.work()
        assert active.row("services")["status"] == "cancelled"
        assert [state for _, state in states(active)] == ["superseded", "succeeded", "succeeded"]

    def test_a_later_end_takes_the_place_of_the_first(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=10))
        active.shop.cancel(at=_in(active, days=30))
        active.work()
        active.let_pass(11 * 86_400)
        active.work()
        assert active.row("services")["status"] == "active"

    def test_after_an_immediate_cancellation_nothing_waits_for_the_end(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, days=10))
        active.work()
        active.shop.cancel()
        active.work()
        assert active.sql("SELECT count(*) FROM operations WHERE ended_at IS NULL") == [(0,)]
        assert active.told("service/s-1") == ["active", "cancelling", "cancelled"]

    def test_it_wakes_a_suspension_that_waits(self, active: Stage) -> None:
        active.shop.cancel(at=_in(active, seconds=100))
        active.work()
        _is_down(active, "suspend")
        active.shop.suspend()
        active.work()
        active.let_pass(101)
        active.sql("UPDATE operations SET due_at = :later WHERE workflow = 'hosting.suspend'", later=_stored(active))
        active.work()
        assert active.row("services")["status"] == "cancelled"


class TestRoles:
    @pytest.mark.parametrize(
        ("suspended_by", "resumed_by", "outcome"),
        [
            ("customer", "customer", "accepted"),
            ("customer", "reseller", "accepted"),
            ("reseller", "reseller", "accepted"),
            ("reseller", "customer", "rejected"),
            ("admin", "reseller", "rejected"),
            ("admin", "stranger", "rejected"),
            ("admin", "admin", "accepted"),
        ],
    )
    def test_who_may_lift_whose_suspension(
        self, active: Stage, suspended_by: str, resumed_by: str, outcome: str
    ) -> None:
        active.shop.suspend(actorrole=suspended_by)
        active.work()
        assert active.shop.resume(actorrole=resumed_by).outcome == outcome

    def test_a_suspension_that_is_still_on_its_way_counts(self, active: Stage) -> None:
        active.shop.suspend(actorrole="admin")
        assert active.shop.resume(actorrole="customer").detail.partition(":")[0] == "not_allowed"

    def test_a_lower_role_does_not_take_a_suspension_over(self, active: Stage) -> None:
        active.shop.suspend(actorrole="admin")
        active.work()
        active.shop.suspend(actorrole="customer")
        active.work()
        assert active.row("services")["suspended_by"] == "admin"
        assert active.shop.resume(actorrole="customer").outcome == "rejected"

    def test_a_lower_role_does_not_take_over_a_suspension_on_its_way(self, active: Stage) -> None:
        active.shop.suspend(actorrole="admin")
        active.shop.suspend(actorrole="customer")
        active.work()
        assert active.row("services")["suspended_by"] == "admin"

    def test_a_higher_role_adds_its_own_suspension(self, active: Stage) -> None:
        active.shop.suspend(actorrole="customer")
        active.work()
        active.shop.suspend(actorrole="admin")
        active.work()
        assert active.shop.resume(actorrole="customer").outcome == "rejected"

    def test_who_suspends_anew_after_a_resumption_has_suspended(self, active: Stage) -> None:
        active.shop.suspend(actorrole="admin")
        active.work()
        active.shop.resume(actorrole="admin")
        active.shop.suspend(actorrole="customer")
        active.work()
        assert active.row("services")["suspended_by"] == "customer"


class TestFailure:
    def test_operators_are_told_of_a_command_that_failed(self, active: Stage) -> None:
        active.panel.before = _refuse
        active.shop.suspend()
        active.work()
        event = active.events("service/s-1")[-1]
        assert (event["type"], event["data"]["reason"]) == ("operation.needs-attention.v1", "operation_failed")
        assert event["data"]["detail"] == "the panel says no"

    @pytest.mark.parametrize("command", ["suspend", "cancel"])
    def test_a_command_that_failed_can_be_given_again(self, active: Stage, command: str) -> None:
        active.panel.before = _refuse
        getattr(active.shop, command)()
        active.work()
        active.panel.before = lambda *_: None
        assert getattr(active.shop, command)().outcome == "accepted"
        active.work()
        assert active.row("services")["status"] in ("suspended", "cancelled")

    def test_a_resumption_that_failed_lets_nobody_else_resume(self, active: Stage) -> None:
        active.shop.suspend(actorrole="admin")
        active.work()
        active.panel.before = _refuse
        active.shop.resume(actorrole="admin")
        active.work()
        assert active.row("services")["intended_status"] == "suspended"
        assert active.shop.resume(actorrole="customer").outcome == "rejected"

    def test_a_command_to_a_service_whose_creation_failed_is_told(self, stage: Stage) -> None:
        stage.add_account()
        stage.panel.before = _refuse
        stage.shop.place("o-1", [hosting()])
        stage.shop.suspend()
        stage.work()
        assert states(stage) == [("hosting.suspend", "failed")]
        assert stage.row("services")["intended_status"] == "failed"

    def test_the_sequence_of_a_stream_has_no_gap_after_attention(self, active: Stage) -> None:
        active.panel.before = _refuse
        active.shop.suspend()
        active.work()
        active.panel.before = lambda *_: None
        active.shop.suspend()
        active.work()
        sequences = [row["sequence"] for row in active.rows("outbox", order="id", subject="service/s-1")]
        assert sequences == list(range(1, len(sequences) + 1))

    def test_a_step_that_is_refused_under_a_stale_claim_writes_nothing(self, active: Stage) -> None:
        active.shop.suspend()
        claim = active.claim()
        active.engine().run(claim)
        change = ServiceChange(ServiceStatus.ACTIVE)
        with pytest.raises(Exception, match="taken over"):
            active.store.journal.end(claim, Ending(OperationState.SUCCEEDED, service=change))
        assert active.row("services")["status"] == "suspended"


def _refuse(operation: str, _subject: str) -> None:
    if not operation.startswith(("ensure", "find", "remove-customer")):
        raise Rejected("refused", "the panel says no")


def _is_down(stage: Stage, operation: str) -> None:
    def before(called: str, _subject: str) -> None:
        if called == operation:
            raise Unavailable("down", "the panel is down")

    stage.panel.before = before


def _in(stage: Stage, **delta: float) -> datetime:
    return after(stage.now(), **delta)


def _stored(stage: Stage) -> object:
    later = after(stage.now(), days=1)
    return later if stage.is_postgres else later.isoformat(timespec="microseconds")
