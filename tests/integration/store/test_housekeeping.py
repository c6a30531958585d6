"""What the scheduler looks after: telling of what waits too long, forgetting what is old, counting."""

import threading
from collections.abc import Sequence

import pytest

from provisioner.ports.outcomes import Rejected, Unavailable, Uncertain
from provisioner.runner.scheduler import Scheduler
from provisioner.store.housekeeping import Pulse
from provisioner.store.quarantine import Reject
from tests.support.stores import Stage, after, together

HOUR, DAY = 3600, 86_400


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """An order that waits for a panel that is down."""
    stage.add_account()
    stage.panel.before = _down
    stage.shop.place()
    stage.work()
    return stage


class TestLate:
    def test_what_waits_for_an_hour_is_told(self, waiting: Stage) -> None:
        waiting.let_pass(HOUR + 1)
        assert waiting.store.housekeeping.tell_late() == 1
        told = waiting.events("order/o-1")[-1]["data"]
        assert (told["reason"], "the panel is down" in told["detail"]) == ("waits_long", True)

    def test_before_that_it_is_not(self, waiting: Stage) -> None:
        waiting.let_pass(HOUR - 60)
        assert waiting.store.housekeeping.tell_late() == 0

    def test_it_is_told_once(self, waiting: Stage) -> None:
        waiting.let_pass(HOUR + 1)
        together(*[waiting.store.housekeeping.tell_late] * 3)
        waiting.work()
        waiting.let_pass(HOUR + 1)
        waiting.store.housekeeping.tell_late()
        assert waiting.count("outbox", type="operation.needs-attention.v1") == 1

    def test_it_is_told_again_when_it_waits_for_something_else(self, waiting: Stage) -> None:
        waiting.let_pass(HOUR + 1)
        waiting.store.housekeeping.tell_late()
        waiting.panel.before = _subscriptions_down
        waiting.work()
        waiting.let_pass(HOUR + 1)
        waiting.store.housekeeping.tell_late()
        assert waiting.count("outbox", type="operation.needs-attention.v1") == 2

    def test_an_end_of_term_that_is_far_away_is_not_late(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place()
        stage.work()
        stage.shop.cancel(at=after(stage.now(), days=30))
        stage.work()
        stage.let_pass(2 * DAY)
        assert stage.store.housekeeping.tell_late() == 0

    def test_what_an_end_of_term_started_is_late_like_anything_else(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place()
        stage.work()
        stage.shop.cancel(at=after(stage.now(), days=1))
        stage.panel.before = _down
        stage.let_pass(DAY + 1)
        stage.work()
        stage.let_pass(HOUR + 1)
        assert stage.store.housekeeping.tell_late() == 1


class TestForgetting:
    def test_old_inbox_rows_and_published_events_go(self, waiting: Stage) -> None:
        relay = waiting.store.outbox("relay-1")
        relay.mark_published([event.id for event in relay.pending(1)])
        waiting.let_pass(91 * DAY)
        waiting.store.housekeeping.forget(90)
        assert (waiting.count("inbox"), waiting.count("outbox")) == (0, 1)

    def test_younger_ones_stay(self, waiting: Stage) -> None:
        waiting.let_pass(89 * DAY)
        waiting.store.housekeeping.forget(90)
        assert (waiting.count("inbox"), waiting.count("outbox")) == (1, 2)

    def test_quarantine_never_goes(self, stage: Stage) -> None:
        stage.store.quarantine.keep(b"{", "orders", Reject("not_json", "The body is not JSON."))
        stage.let_pass(1000 * DAY)
        stage.store.housekeeping.forget(1)
        assert stage.count("quarantine") == 1

    def test_a_delivered_event_goes_unless_it_is_waited_for(self, waiting: Stage) -> None:
        waiting.store.operations.deliver("approval/1", {})
        waiting.store.operations.deliver("approval/2", {})
        waiting.sql("UPDATE operations SET event_key = 'approval/1'")
        waiting.let_pass(91 * DAY)
        waiting.store.housekeeping.forget(90)
        assert [row["key"] for row in waiting.rows("delivered_events")] == ["approval/1"]


class TestPulse:
    def test_an_empty_store(self, stage: Stage) -> None:
        assert stage.store.housekeeping.pulse() == Pulse(0, 0, 0, 0, 0)

    def test_it_counts_what_needs_somebody(self, stage: Stage) -> None:
        stage.add_account(concurrency=5)
        stage.panel.before = _lost
        stage.shop.place("o-1")
        stage.work()
        stage.shop.place("o-2", environment="sandbox")
        stage.work()
        stage.shop.place("o-3")
        stage.shop.intake.receive(b"{", "orders")
        unpublished = stage.count("outbox")
        assert stage.store.housekeeping.pulse() == Pulse(1, 1, 1, unpublished, 1)

    def test_what_is_due_is_listed_oldest_first(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place("o-1")
        stage.let_pass(1)
        stage.shop.place("o-2")
        wanted = [row["id"] for row in stage.rows("operations", order="position")]
        assert stage.store.housekeeping.due_operations(10) == wanted
        assert stage.store.housekeeping.due_operations(1) == wanted[:1]


class TestScheduler:
    def test_it_rings_for_what_is_due(self, waiting: Stage) -> None:
        rung: list[str] = []
        scheduler = _scheduler(waiting, rung)
        scheduler.turn()
        assert rung == []
        waiting.let_pass(900)
        scheduler.turn()
        assert rung == [waiting.row("operations")["id"]]

    def test_it_tells_of_what_is_late_each_minute(self, waiting: Stage) -> None:
        scheduler = _scheduler(waiting, [])
        scheduler.turn()
        waiting.let_pass(HOUR + 1)
        scheduler.turn()
        assert waiting.count("outbox", type="operation.needs-attention.v1") == 1

    def test_it_ends_when_it_is_stopped(self, stage: Stage) -> None:
        stop = threading.Event()
        stop.set()
        _scheduler(stage, []).run(stop)
        assert stop.is_set()


def _scheduler(stage: Stage, rung: list[str]) -> Scheduler:
    def ring(ids: Sequence[str]) -> None:
        rung.extend(ids)

    return Scheduler(stage.store, ring, stage.opening.clock, sweep_seconds=0.01, retention_days=90)


def _down(operation: str, _subject: str) -> None:
    if operation != "find_subscription":
        raise Unavailable("down", "the panel is down")


def _subscriptions_down(operation: str, _subject: str) -> None:
    if operation == "create_subscription":
        raise Unavailable("down", "the panel is down")


def _lost(operation: str, _subject: str) -> None:
    if operation == "create_subscription":
        raise Uncertain("timeout", "no answer came")
    if operation == "never":
        raise Rejected("never", "never")
