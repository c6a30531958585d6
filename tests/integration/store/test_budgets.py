"""What an account allows is kept by all processes together, on each database."""

from datetime import timedelta
from itertools import pairwise

import pytest

from provisioner.store.budgets import StoreBudget
from tests.support.stores import ACCOUNT, Stage, together


@pytest.fixture
def budget(stage: Stage) -> StoreBudget:
    """The budget of one account."""
    return StoreBudget(stage.store.database, ACCOUNT)


def another(stage: Stage, account: str = ACCOUNT) -> StoreBudget:
    """A budget as another process sees it."""
    return StoreBudget(stage.another().database, account)


# -- sessions


def test_an_opened_account_brings_its_budget(stage: Stage) -> None:
    stage.add_account()
    account, _ = stage.store.accounts.open(ACCOUNT)
    assert account.budget is not None
    assert account.budget.take_session(1, 60) is not None
    assert another(stage).take_session(1, 60) is None


def test_there_are_as_many_sessions_as_the_account_allows(budget: StoreBudget) -> None:
    tickets = [budget.take_session(2, 60) for _ in range(3)]
    assert [ticket is not None for ticket in tickets] == [True, True, False]


def test_processes_that_ask_at_once_get_no_more_sessions_than_allowed(stage: Stage) -> None:
    budgets = [another(stage) for _ in range(4)]
    calls = [lambda budget=budget: budget.take_session(3, 60) for budget in budgets * 2]
    tickets = [ticket for ticket in together(*calls) if ticket is not None]
    assert len(set(tickets)) == len(tickets) == 3


def test_a_session_given_back_is_free_for_others(stage: Stage, budget: StoreBudget) -> None:
    ticket = budget.take_session(1, 60) or ""
    budget.give_session_back(ticket)
    budget.give_session_back(ticket)
    assert another(stage).take_session(1, 60) is not None


def test_the_session_of_a_dead_process_is_free_when_its_time_is_over(stage: Stage, budget: StoreBudget) -> None:
    budget.take_session(1, 60)
    stage.let_pass(61)
    assert another(stage).take_session(1, 60) is not None


def test_a_ticket_that_is_kept_stays_good(stage: Stage, budget: StoreBudget) -> None:
    ticket = budget.take_session(1, 60) or ""
    stage.let_pass(50)
    assert budget.keep_session(ticket, 60)
    stage.let_pass(50)
    assert another(stage).take_session(1, 60) is None


def test_a_ticket_that_ran_out_cannot_be_kept(stage: Stage, budget: StoreBudget) -> None:
    ticket = budget.take_session(1, 60) or ""
    stage.let_pass(61)
    assert not budget.keep_session(ticket, 60)


def test_a_late_owner_cannot_give_back_the_session_of_its_successor(stage: Stage, budget: StoreBudget) -> None:
    late = budget.take_session(1, 60) or ""
    stage.let_pass(61)
    another(stage).take_session(1, 60)
    budget.give_session_back(late)
    assert budget.take_session(1, 60) is None


def test_sessions_that_were_allowed_before_count_when_less_is_allowed(budget: StoreBudget) -> None:
    tickets = [budget.take_session(3, 60) or "" for _ in range(3)]
    budget.give_session_back(tickets[0])
    assert budget.take_session(2, 60) is None


def test_each_account_has_sessions_of_its_own(stage: Stage, budget: StoreBudget) -> None:
    budget.take_session(1, 60)
    assert another(stage, "panel-2").take_session(1, 60) is not None


# -- turns


@pytest.mark.parametrize(("per_second", "most"), [(1, 1), (2.5, 2), (10, 10), (0.5, 1)])
def test_no_second_has_more_turns_than_allowed_even_if_each_is_used_late(
    sqlite_stage: Stage, per_second: float, most: int
) -> None:
    budget = StoreBudget(sqlite_stage.store.database, ACCOUNT)
    turns = [budget.turn("command", per_second) for _ in range(60)]
    late_and_prompt = zip(turns, turns[most:], strict=False)
    assert all(prompt - (late + 0.19) >= 1.0 for late, prompt in late_and_prompt)


def test_the_first_turn_is_now(budget: StoreBudget) -> None:
    assert budget.turn("command", 1) == 0.0


def test_turns_are_apart(budget: StoreBudget) -> None:
    waits = [budget.turn("command", 0.001) for _ in range(4)]
    assert all(later > sooner + 1000 for sooner, later in pairwise(waits))


def test_time_without_commands_is_not_saved_up(stage: Stage, budget: StoreBudget) -> None:
    budget.turn("command", 0.1)
    stage.let_pass(3600)
    assert budget.turn("command", 0.1) == 0.0
    assert budget.turn("command", 0.1) > 9.0


def test_no_turn_is_given_to_two_processes(stage: Stage) -> None:
    start = stage.now()
    budgets = [another(stage) for _ in range(4)]
    together(*[lambda budget=budget: [budget.turn("command", 1) for _ in range(10)] for budget in budgets])
    assert stage.row("account_turns")["next_at"] >= start + timedelta(seconds=40)


def test_each_kind_of_command_has_turns_of_its_own(budget: StoreBudget) -> None:
    budget.turn("command", 0.01)
    assert budget.turn("check", 0.01) == 0.0


def test_a_rate_of_nothing_is_a_mistake(budget: StoreBudget) -> None:
    with pytest.raises(ValueError, match="0 commands"):
        budget.turn("command", 0)
