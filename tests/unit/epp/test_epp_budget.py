import pytest

from adapters.epp.budget import LATENESS, LocalBudget, Pace
from provisioner.kernel.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def budget(clock: FakeClock) -> LocalBudget:
    return LocalBudget(clock)


def test_there_are_as_many_tickets_as_sessions(budget: LocalBudget) -> None:
    assert None not in {budget.take_session(2, 10), budget.take_session(2, 10)}
    assert budget.take_session(2, 10) is None


def test_a_ticket_that_is_given_back_is_free_again(budget: LocalBudget) -> None:
    ticket = budget.take_session(1, 10)
    assert ticket is not None
    budget.give_session_back(ticket)
    budget.give_session_back(ticket)
    assert budget.take_session(1, 10) is not None


def test_a_ticket_runs_out(budget: LocalBudget, clock: FakeClock) -> None:
    ticket = budget.take_session(1, 10)
    assert ticket is not None
    clock.advance(10)
    assert not budget.keep_session(ticket, 10)
    assert budget.take_session(1, 10) is not None


def test_a_ticket_that_is_kept_does_not_run_out(budget: LocalBudget, clock: FakeClock) -> None:
    ticket = budget.take_session(1, 10)
    assert ticket is not None
    for _ in range(3):
        clock.advance(9)
        assert budget.keep_session(ticket, 10)


def test_turns_are_evenly_spaced(budget: LocalBudget) -> None:
    assert [budget.turn("commands", 10) for _ in range(3)] == pytest.approx(
        [0, (1 + LATENESS) / 10, 2 * (1 + LATENESS) / 10]
    )


def test_kinds_have_turns_of_their_own(budget: LocalBudget) -> None:
    budget.turn("commands", 1)
    assert budget.turn("checks", 1) == 0


def test_turns_that_nobody_took_are_not_saved_up(budget: LocalBudget, clock: FakeClock) -> None:
    budget.turn("commands", 1)
    clock.advance(100)
    assert [budget.turn("commands", 1), budget.turn("commands", 1) > 0] == [0, True]


def test_no_second_has_more_commands_than_allowed_even_when_one_is_late(clock: FakeClock) -> None:
    pace = Pace(LocalBudget(clock), clock, commands_per_second=5, checks_per_second=0)
    sent = []
    for number in range(30):
        pace.wait()
        late = LATENESS if number == 7 else 0.0
        sent.append(clock.monotonic() + late)
    busiest = max(sum(1 for other in sent if start <= other < start + 1) for start in sent)
    assert busiest <= 5


def test_a_check_waits_for_both_turns(clock: FakeClock) -> None:
    pace = Pace(LocalBudget(clock), clock, commands_per_second=100, checks_per_second=1)
    pace.wait(check=True)
    pace.wait(check=True)
    assert clock.monotonic() >= 1


def test_without_a_rate_nobody_waits(clock: FakeClock) -> None:
    pace = Pace(LocalBudget(clock), clock, commands_per_second=0, checks_per_second=0)
    for _ in range(100):
        pace.wait(check=True)
    assert clock.monotonic() == 0
