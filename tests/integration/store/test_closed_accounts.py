"""What waits at a vendor account that is closed: its time does not count, and somebody is told."""

from datetime import timedelta

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.store.housekeeping import LATE_SECONDS
from provisioner.workflows.journal import AccountFault, Claim, Due, Pause
from tests.support.stores import Stage, hosting, new_account

HOUR, DAY = 3600, 86_400


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """A store with a panel that takes several operations at once."""
    stage.add_account(concurrency=20)
    return stage


class TestTime:
    def test_what_was_ready_has_its_whole_time_after_the_account_is_opened(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        _park(shop, shop.claim())
        shop.shop.place("o-2")
        shop.let_pass(3 * DAY)
        _open(shop)
        assert [claim.past_deadline for claim in shop.take()] == [False, False]

    def test_what_waited_for_something_else_has_it_too(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        shop.shop.place("o-2")
        first, second = shop.take()
        _pause(shop, second)
        _park(shop, first)
        shop.let_pass(3 * DAY)
        _open(shop)
        assert [claim.past_deadline for claim in shop.take()] == [False, False]

    def test_only_the_time_for_which_it_was_closed_is_given(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        shop.let_pass(HOUR)
        _drain(shop)
        shop.let_pass(2 * DAY)
        _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(48, abs=0.1)

    def test_what_came_while_it_was_closed_is_given_the_time_since_then(self, shop: Stage) -> None:
        _drain(shop)
        shop.let_pass(2 * DAY)
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        shop.let_pass(5 * HOUR)
        _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(5, abs=0.1)

    def test_no_time_is_given_twice(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        for _ in range(2):
            _park(shop, shop.claim())
            shop.let_pass(DAY)
            _open(shop)
            _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(48, abs=0.1)

    def test_what_was_released_while_it_was_closed_is_given_no_time_twice(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        _pause(shop, shop.claim(), OperationState.HELD)
        _drain(shop)
        shop.let_pass(DAY)
        shop.store.operations.release(shop.row("operations")["id"], "operator")
        shop.let_pass(DAY)
        _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(48, abs=0.1)

    def test_what_is_held_is_given_its_time_when_it_is_released(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        _pause(shop, shop.claim(), OperationState.HELD)
        _drain(shop)
        shop.let_pass(DAY)
        _open(shop)
        shop.store.operations.release(shop.row("operations")["id"], "operator")
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(24, abs=0.1)

    def test_a_drained_account_that_is_parked_was_closed_from_the_beginning(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        _drain(shop)
        shop.let_pass(DAY)
        shop.store.accounts.set_state("panel-1", "parked", "operator")
        shop.let_pass(DAY)
        _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(48, abs=0.1)

    def test_new_settings_change_nothing_of_it(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        before = shop.row("operations")["deadline"]
        _drain(shop)
        shop.let_pass(DAY)
        shop.store.accounts.add(new_account(concurrency=3), "operator", replace=True)
        _open(shop)
        assert _hours(shop.row("operations")["deadline"] - before) == pytest.approx(24, abs=0.1)

    def test_what_was_at_work_when_its_worker_died_is_given_time(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        shop.claim()
        _drain(shop)
        shop.let_pass(3 * DAY)
        _open(shop)
        assert shop.claim().past_deadline is False


class TestTelling:
    @pytest.mark.parametrize(
        ("state", "words"),
        [("parked", "the vendor account panel-1 is parked: no credit"), ("draining", "panel-1 is drained: no credit")],
    )
    def test_what_lies_at_a_closed_account_for_an_hour_is_told(self, shop: Stage, state: str, words: str) -> None:
        shop.store.accounts.set_state("panel-1", state, "operator", "no credit")
        shop.shop.place("o-1")
        shop.let_pass(HOUR + 1)
        assert shop.store.housekeeping.tell_late() == 1
        told = shop.events("order/o-1")[-1]["data"]
        assert (told["reason"], words in told["detail"]) == ("waits_long", True)

    def test_before_that_it_is_not(self, shop: Stage) -> None:
        _drain(shop)
        shop.shop.place("o-1")
        shop.let_pass(LATE_SECONDS - 60)
        assert shop.store.housekeeping.tell_late() == 0

    def test_an_account_that_was_just_closed_is_no_reason(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        shop.let_pass(2 * HOUR)
        _drain(shop)
        assert shop.store.housekeeping.tell_late() == 0

    def test_it_is_told_once(self, shop: Stage) -> None:
        _drain(shop)
        shop.shop.place("o-1")
        shop.let_pass(HOUR + 1)
        shop.store.housekeeping.tell_late()
        assert shop.store.housekeeping.tell_late() == 0

    def test_it_is_told_again_when_the_account_is_closed_again(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        told = []
        for _ in range(2):
            _drain(shop)
            shop.let_pass(HOUR + 1)
            told.append(shop.store.housekeeping.tell_late())
            _open(shop)
        assert told == [1, 1]

    def test_a_backlog_at_an_open_account_is_told_of_nobody(self, shop: Stage) -> None:
        for number in range(5):
            shop.shop.place(f"o-{number}")
        shop.let_pass(3 * HOUR)
        assert shop.store.housekeeping.tell_late() == 0

    def test_what_waits_behind_another_is_not_told(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        shop.shop.suspend()
        _drain(shop)
        shop.let_pass(HOUR + 1)
        assert shop.store.housekeeping.tell_late() == 1

    def test_other_accounts_have_nothing_to_do_with_it(self, shop: Stage) -> None:
        shop.add_account("panel-2")
        shop.let_pass(3)
        shop.shop.place("o-2", [hosting("s-2", server="panel-2")])
        _drain(shop)
        shop.let_pass(HOUR + 1)
        assert shop.store.housekeeping.tell_late() == 0

    def test_what_waited_before_is_told_with_both_reasons(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        _pause(shop, shop.claim())
        _drain(shop)
        shop.let_pass(HOUR + 1)
        shop.store.housekeeping.tell_late()
        detail = shop.events("order/o-1")[-1]["data"]["detail"]
        assert ("the panel is slow" in detail, "panel-1 is drained" in detail) == (True, True)

    def test_what_was_at_work_when_its_worker_died_is_told(self, shop: Stage) -> None:
        shop.shop.place("o-1")
        shop.claim()
        _drain(shop)
        shop.let_pass(2 * HOUR)
        assert shop.store.housekeeping.tell_late() == 1

    def test_what_lies_behind_an_open_breaker_for_an_hour_is_told(self, shop: Stage) -> None:
        for number in range(6):
            shop.shop.place(f"o-{number}")
        claims = shop.take()[:5]
        for claim in claims:
            _pause(shop, claim, fault=AccountFault.UNAVAILABLE)
        shop.sql("UPDATE operations SET state = 'ready', due_at = since WHERE state = 'running'")
        shop.let_pass(HOUR + 1)
        shop.store.housekeeping.tell_late()
        told = shop.events("order/o-5")[-1]["data"]["detail"]
        assert "the vendor account panel-1 is left alone after 5 failures in a row" in told

    def test_a_breaker_that_opened_just_now_is_no_reason(self, shop: Stage) -> None:
        for number in range(6):
            shop.shop.place(f"o-{number}")
        claims = shop.take()
        for claim in claims:
            _pause(shop, claim, fault=AccountFault.UNAVAILABLE)
        shop.store.accounts.recovered("panel-1")
        shop.shop.place("o-9")
        shop.sql("UPDATE operations SET attention = 'told' WHERE order_id <> 'o-9'")
        shop.let_pass(HOUR + 1)
        for _ in claims[:5]:
            _pause(shop, shop.take()[0], fault=AccountFault.UNAVAILABLE)
        assert shop.store.housekeeping.tell_late() == 0


def _park(stage: Stage, claim: Claim) -> None:
    _pause(stage, claim, fault=AccountFault.MISCONFIGURED, attention="account_misconfigured")


def _pause(
    stage: Stage,
    claim: Claim,
    state: OperationState = OperationState.WAITING,
    *,
    fault: AccountFault | None = None,
    attention: str | None = None,
) -> None:
    pause = Pause(state, "the panel is slow", Due(seconds=0), attention=attention, account_fault=fault)
    stage.store.journal.pause(claim, pause)


def _drain(stage: Stage) -> None:
    stage.store.accounts.set_state("panel-1", "draining", "operator")


def _open(stage: Stage) -> None:
    stage.store.accounts.set_state("panel-1", "open", "operator")


def _hours(span: timedelta) -> float:
    return span.total_seconds() / HOUR
