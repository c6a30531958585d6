"""SIGKILL at the boundaries of every step, of intake and of relay: run again to the end, nothing is lost or doubled.

Each run draws its cells anew and prints the seed; CRASH_SEED=… draws the same again, CRASH_CELLS=… as many as wanted.
`make crash-matrix` runs all of them.
"""

import os
import random
from typing import Final

import pytest

from provisioner.workflows.definition import WORKFLOWS
from tests.faults.crash.attempt import failures
from tests.faults.crash.call_sites import call_sites
from tests.faults.crash.cells import SENT_POINTS, boundaries, family_of, matrix, named_in_the_code
from tests.faults.crash.dry_run import Course
from tests.faults.crash.matrix import courses as dry_courses
from tests.faults.crash.volleys import sample, struck
from tests.faults.measuring import Measured

# What a workflow could undo and never does: no scenario can pass it. Who adds an undo that can run adds a scenario.
NEVER_UNDONE: Final = {"hosting.remove_subscription": "nothing can fail after the subscription is made"}
# Calls that no scenario makes. `tests/unit/workflows/certificates` and the simulation make them.
NEVER_MADE: Final = {"obtaining.py 'terms'": "upkeep asks it of what a panel obtains, a day after that at the earliest"}
# Steps that find done, in every scenario, what they would send.
NEVER_SENT: Final = {"contact.update/update": "`contact` has written it; with an update extension it is sent again"}
CELLS: Final = int(os.environ.get("CRASH_CELLS", "40"))


@pytest.fixture(scope="module")
def courses() -> tuple[Course, ...]:
    return dry_courses()


def test_every_registered_workflow_has_a_scenario(courses: tuple[Course, ...]) -> None:
    assert set().union(*(course.workflows for course in courses)) == set(WORKFLOWS)


def test_every_call_of_a_step_is_made_in_a_scenario_or_has_a_reason(courses: tuple[Course, ...]) -> None:
    lines = set[tuple[str, int]]().union(*(course.lines for course in courses))
    assert {site.known_as: str(site) for site in call_sites() if not site.was_run(lines)}.keys() == NEVER_MADE.keys()


def test_every_undo_that_no_scenario_passes_has_a_reason() -> None:
    assert {site.undo for site in call_sites() if site.undo} == set(NEVER_UNDONE)


def test_every_boundary_is_covered_by_a_cell(courses: tuple[Course, ...]) -> None:
    covered = {cell.passing.boundary for cell in matrix(courses)}
    assert boundaries(courses) - covered == {(step, point) for step in NEVER_SENT for point in SENT_POINTS}


def test_every_point_that_the_code_names_is_covered_by_a_cell(courses: tuple[Course, ...]) -> None:
    covered = {(family_of(cell.passing.scope), cell.passing.point) for cell in matrix(courses)}
    assert named_in_the_code() == covered


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_sample_of_the_matrix_is_survived(courses: tuple[Course, ...], measured: Measured) -> None:
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(2**31)))
    results = struck(sample(matrix(courses), CELLS, seed), lanes=3)
    kills = sum(result.kills for result in results)
    measured(seed=seed, runs=len(results), kills=kills)
    told = [f"{result.name}: {result.verdict}; kills: {result.kills}" for result in failures(results)]
    assert not told, "\n".join([*told, f"the same cells again: CRASH_SEED={seed} CRASH_CELLS={CELLS}"])
    assert kills >= CELLS
