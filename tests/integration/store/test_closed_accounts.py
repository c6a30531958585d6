"""What waits at a vendor account that is closed: its time does not count."""

from datetime import timedelta

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.journal import AccountFault, Claim, Due, Pause
from tests.support.stores import Stage, new_account

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
