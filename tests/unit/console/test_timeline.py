"""The timeline tells every attempt, and what has no attempt, in order of time."""

from provisioner.console import timeline
from tests.unit.console import rows
from tests.unit.console.rows import before


def test_attempts_stand_in_the_order_of_time() -> None:
    tried = (rows.attempt("b", at=before(seconds=5)), rows.attempt("a", at=before(seconds=9)))
    assert [entry.step for entry in timeline.entries(rows.operation(attempts=tried))] == ["a", "b"]


def test_an_attempt_tells_its_outcome_codes_and_duration() -> None:
    tried = rows.attempt("a", outcome="rejected", code="domain_taken", vendor_code="1007", milliseconds=2100.0)
    (entry,) = timeline.entries(rows.operation(attempts=(tried,)))
    assert entry.cells() == ("12:05:01.000", "a", "1", "call", "rejected", "domain_taken (1007)", "2.1 s", "")


def test_a_call_under_way_has_no_result_yet() -> None:
    before_it = rows.attempt("a", outcome="unavailable", at=before(seconds=9))
    step = rows.step("a", state="intended", attempts=2, updated_at=before(seconds=1))
    found = timeline.entries(rows.operation(attempts=(before_it,), steps=(step,)))
    assert [(entry.attempt, entry.outcome) for entry in found] == [(1, "unavailable"), (2, "no result yet")]


def test_a_step_that_calls_nobody_is_told_too() -> None:
    step = rows.step("term", state="pending", attempts=0)
    (entry,) = timeline.entries(rows.operation(steps=(step,)))
    assert (entry.step, entry.outcome, entry.cells()[2]) == ("term", "waits", "")


def test_a_step_whose_attempts_are_told_is_not_told_twice() -> None:
    found = timeline.entries(rows.operation(attempts=(rows.attempt("a"),), steps=(rows.step("a"),)))
    assert len(found) == 1


def test_the_title_says_which_operation_it_is() -> None:
    title = timeline.section(rows.operation(state="succeeded")).title
    assert title == "Operation op-1: hosting.create for item 1 on plesk-1, succeeded"
