"""A small soak in every run of the tests. Its seed is new each time and printed; SOAK_SEED repeats one.

`make soak` runs the same for hours, and `make soak DOORBELLS=no` without a single doorbell.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.soak.__main__ import asked
from tests.soak.soak import Outcome, Plan, soak
from tests.soak.strikes import COUNTS, plan

ROOT = Path(__file__).parents[2]
ORDERS = 200
FEWEST_FAULTS = 10
FEWEST_KINDS = 5


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


PARTITIONS = ("broker_partition", "database_partition")


@pytest.mark.parametrize(
    "wanted",
    [
        Plan(4711, 200),
        Plan(4711, 50, doorbells=False),
        Plan(4711, 50, kinds=()),
        Plan(4711, 20, kinds=PARTITIONS, rate=2.5, partition_seconds=120.0, doorbells=False),
    ],
    ids=["as it is", "no doorbells", "no faults", "everything else"],
)
def test_the_command_that_a_story_names_asks_for_the_same_again(wanted: Plan) -> None:
    again, _keeps = asked(_run_by(wanted.command()))
    assert (again.seed, again.orders, again.doorbells) == (wanted.seed, wanted.orders, wanted.doorbells)
    assert (set(again.kinds), again.rate) == (set(wanted.kinds), wanted.rate)
    assert again.partition_seconds == wanted.partition_seconds


def _run_by(command: str) -> list[str]:
    """The arguments with which `make` would start the soak."""
    make, *arguments = shlex.split(command)
    lines = subprocess.check_output([make, "--dry-run", *arguments], cwd=ROOT, text=True).splitlines()
    return shlex.split(next(line for line in lines if "-m tests.soak " in line).partition("-m tests.soak ")[2])
