"""What the matrix asks for, on courses that are written down here: nothing is started and nothing killed."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

from tests.faults.crash.attempt import Result
from tests.faults.crash.call_sites import STEPPING, call_sites
from tests.faults.crash.cells import CALL_POINTS, POLL_POINTS, Cell, Victim, boundaries, family_of, matrix
from tests.faults.crash.dry_run import Course, Passing, Step
from tests.faults.crash.lane import RELAY, SCHEDULER, WORKER
from tests.faults.crash.scenarios import BY_NAME
from tests.faults.crash.sweep import Counting, judged
from tests.faults.crash.volleys import MOST, rounds, sample
from tests.support.judge.history import History
from tests.support.judge.verdict import Finding, Verdict, Wrong

READING: Final = "poll/registry-1"
TAKING_IN: Final = ("intake/orders", "intake/lifecycle")
STEP: Final = Step("hosting.create", "subscription", calls=True)


def _course(scopes: Sequence[tuple[str, Sequence[str]]], story: str = "create") -> Course:
    passings = tuple(Passing(scope, point, 1) for scope, points in scopes for point in points)
    return Course(BY_NAME[story], passings, frozenset({STEP.workflow}), frozenset({STEP}), frozenset())


def _whole(story: str = "create") -> Course:
    intake = [(scope, ("before_commit", "after_commit")) for scope in TAKING_IN]
    return _course([*intake, (STEP.scope, CALL_POINTS), (READING, POLL_POINTS)], story)


def _of(cells: Sequence[Cell], victim: Victim, role: str) -> list[str]:
    return [cell.passing.point for cell in cells if (cell.victim, cell.role) == (victim, role)]


# -- call sites


def test_calls_of_steps_are_sought_in_helpers_too() -> None:
    files = {Path(site.file).name for site in call_sites()}
    assert {"order.py", "serving.py", "hosts.py", "prices.py", "protection.py", "hosting.py"} <= files


def test_what_is_written_down_is_a_step() -> None:
    assert "write_down" in STEPPING


# -- boundaries


def test_a_whole_course_leaves_no_boundary_without_a_cell() -> None:
    courses = [_whole()]
    assert boundaries(courses) <= {cell.passing.boundary for cell in matrix(courses)}


def test_without_a_story_that_reads_messages_their_boundaries_are_missing() -> None:
    intake = [(scope, ("before_commit", "after_commit")) for scope in TAKING_IN]
    courses = [_course([*intake, (STEP.scope, CALL_POINTS)])]
    missing = boundaries(courses) - {cell.passing.boundary for cell in matrix(courses)}
    assert missing == {(READING, point) for point in POLL_POINTS}


def test_a_point_of_a_step_does_not_stand_for_one_of_the_reader_of_messages() -> None:
    assert [family_of(scope) for scope in (STEP.scope, READING, TAKING_IN[0], RELAY)] == [
        "step",
        "poll",
        "intake",
        RELAY,
    ]


def test_the_database_is_killed_at_each_boundary_of_the_relay() -> None:
    struck = _of(matrix([_whole()]), Victim.DATABASE, RELAY)
    assert struck == ["before_publish", "after_confirm", "after_mark"]


# -- rounds


def test_every_cell_is_in_one_round_with_others_of_its_kind() -> None:
    cells = matrix([_whole(), _whole("suspend")])
    found = rounds(cells)
    assert sorted(str(cell) for each in found for cell in each) == sorted(map(str, cells))
    kinds = [{(str(cell.scenario), cell.victim, cell.role) for cell in each} for each in found]
    assert all(len(kind) == 1 for kind in kinds)
    assert all(len(each) <= MOST[each[0].victim] for each in found)


def test_a_sample_has_every_victim_and_every_role_whatever_the_seed() -> None:
    cells = matrix([_whole()])
    for seed in range(50):
        drawn = sample(cells, 1, seed)
        assert {each[0].victim for each in drawn} == set(Victim)
        assert {each[0].role for each in drawn} == {WORKER, RELAY, SCHEDULER}


def test_short_rounds_are_drawn_too() -> None:
    cells = matrix([_whole()])
    drawn = {each for seed in range(50) for each in sample(cells, 1, seed)}
    assert drawn == set(rounds(cells))


def test_a_sample_has_as_many_cells_as_were_asked_for_and_none_twice() -> None:
    cells = matrix([_whole()])
    for seed, size in product(range(20), (12, 25, len(cells))):
        drawn = [cell for each in sample(cells, size, seed) for cell in each]
        assert len(set(drawn)) == len(drawn) >= size


# -- the counting runs of the blind sweep


def _result(*findings: Finding) -> Result:
    return Result("create / counted", 0, Verdict(findings), frozenset(), History("2026-01-01T00:00:00+00:00", 1.0))


def test_a_run_that_counted_nothing_is_condemned() -> None:
    told = judged(_result(), Counting()).verdict
    assert [finding.wrong for finding in told.findings] == [Wrong.STUCK]


def test_a_counting_run_that_broke_the_promise_stays_condemned() -> None:
    counting = Counting()
    counting.read("7 write(1, ...\n", [7])
    lost = Finding("C1", Wrong.LOST, "an order")
    assert judged(_result(lost), counting).verdict.findings == [lost]


def test_a_counting_run_is_no_shot_that_missed() -> None:
    counting = Counting()
    counting.read("7 write(1, ...\n7 sendto(3, ...\n9 write(1, ...\n", [7])
    result = judged(_result(), counting)
    assert (result.verdict.good, result.aims) == (True, 0)
    assert dict(counting.counts) == {(0, "write"): 1, (0, "sendto"): 1}
    assert counting.left_out == 1
