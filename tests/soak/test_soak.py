"""A small soak in every run of the tests. Its seed is new each time and printed; SOAK_SEED repeats one.

`make soak` runs the same for hours, and `make soak DOORBELLS=no` without a single doorbell.
"""

import os
import secrets
import shutil

import pytest

from tests.soak.soak import Outcome, Plan, soak
from tests.soak.strikes import COUNTS, plan

ORDERS = 200
FEWEST_FAULTS = 10
FEWEST_KINDS = 5


@pytest.fixture(scope="module")
def seed() -> int:
    chosen = int(os.environ.get("SOAK_SEED") or secrets.randbelow(2**31))
    print(f"soak with seed {chosen}; repeat it with SOAK_SEED={chosen}")  # noqa: T201 - shown when the test fails
    return chosen


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("doorbells", [True, False], ids=["with doorbells", "every doorbell dropped"])
def test_the_promise_is_kept_while_a_nemesis_strikes(seed: int, *, doorbells: bool) -> None:
    outcome = soak(Plan(seed, ORDERS if doorbells else ORDERS // 4, doorbells=doorbells))
    assert outcome.good, outcome.story()
    shutil.rmtree(outcome.folder)
    _check_that_it_was_one(outcome)
    assert doorbells or outcome.figures["doorbells_lost"] > 0


def _check_that_it_was_one(outcome: Outcome) -> None:
    assert sum(outcome.faults.values()) >= FEWEST_FAULTS
    assert len(outcome.faults) >= FEWEST_KINDS


def test_a_seed_gives_the_same_strikes_again() -> None:
    assert plan(7, 1000) == plan(7, 1000)
    assert plan(7, 1000) != plan(8, 1000)


def test_even_a_small_soak_has_every_kind_of_fault() -> None:
    assert {strike.kind for strike in plan(7, 50)} == COUNTS.keys()
