import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.workflows.backoff import Waits


class Highest:
    """Jitter that always draws the upper bound."""

    def uniform(self, a: float, b: float, /) -> float:
        return max(a, b)


class Lowest:
    """Jitter that always draws the lower bound."""

    def uniform(self, a: float, b: float, /) -> float:
        return min(a, b)


def test_the_ceiling_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [Waits().retry(attempt, Highest()) for attempt in range(1, 9)]
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]


def test_a_wait_may_be_as_short_as_a_second_however_many_attempts_there_were() -> None:
    assert [Waits().retry(attempt, Lowest()) for attempt in (1, 5, 50)] == [1, 1, 1]


def test_waits_of_less_than_a_second_are_possible_when_they_are_asked_for() -> None:
    assert Waits(first=0.1, most=0.1).retry(1, Lowest()) == pytest.approx(0.05)


@given(st.integers(1, 10**9), st.integers())
def test_every_wait_is_within_its_bounds(attempt: int, seed: int) -> None:
    waits = Waits()
    wait = waits.retry(attempt, random.Random(seed))  # noqa: S311 - jitter is no secret
    assert 1.0 <= wait <= min(waits.most, waits.first * 2.0 ** min(attempt - 1, 100))


def test_look_ups_wait_longer_and_longer_and_then_the_same() -> None:
    assert [Waits().lookup(looks) for looks in range(7)] == [2, 5, 10, 30, 60, 60, 60]
