"""The fault plan strikes what it was told to, as often as it was told to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.sandbox.faults import Fault, FaultPlan, Rule


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


def test_an_empty_plan_strikes_nothing(plan: FaultPlan) -> None:
    assert plan.take("webspace.add") is None


def test_a_rule_strikes_once_and_is_gone(plan: FaultPlan) -> None:
    plan.plan("webspace.add", Fault.SLOW_DRIP)
    struck = [plan.take("webspace.add") is not None for _ in range(2)]
    assert (struck, plan.remaining()) == ([True, False], [])


@pytest.mark.parametrize(
    ("pattern", "operation", "strikes"),
    [
        ("webspace.add", "webspace.add", True),
        ("webspace.add", "webspace.set", False),
        ("webspace.*", "webspace.set", True),
        ("webspace.*", "site.set", False),
        ("*", "site.set", True),
    ],
)
def test_a_rule_names_one_operation_or_many(pattern: str, operation: str, strikes: bool, plan: FaultPlan) -> None:
    plan.plan(pattern, Fault.SLOW_DRIP)
    assert (plan.take(operation) is not None) is strikes


def test_a_rule_with_a_text_waits_for_it(plan: FaultPlan) -> None:
    plan.plan("*", Fault.SLOW_DRIP, match="svc:1")
    assert plan.take("webspace.add", ["svc:2", "b.example"]) is None
    assert plan.take("webspace.add", ["example.com", "svc:1"]) is not None


def test_rules_are_tried_in_the_order_of_their_arrival(plan: FaultPlan) -> None:
    plan.plan("*", Fault.REFUSE, code=1)
    plan.plan("*", Fault.REFUSE, code=2)
    taken = [plan.take("any") for _ in range(2)]
    assert [rule.code for rule in taken if rule is not None] == [1, 2]


def test_what_is_left_is_told(plan: FaultPlan) -> None:
    number = plan.plan("*", Fault.DELAY, seconds=1.5, times=3, skip=1)
    plan.take("any")
    plan.take("any")
    (left,) = plan.remaining()
    assert (left["number"], left["skip"], left["times"], left["fault"]) == (number, 0, 2, "delay")


def test_a_cleared_plan_strikes_nothing(plan: FaultPlan) -> None:
    plan.plan("*", Fault.SLOW_DRIP)
    plan.clear()
    assert plan.take("any") is None


@pytest.mark.parametrize(
    "rule",
    [
        {"operation": "*", "fault": "refuse"},
        {"operation": "*", "fault": "delay"},
        {"operation": "*", "fault": "problems"},
        {"operation": "*", "fault": "unheard_of"},
        {"operation": "", "fault": "slow_drip"},
        {"operation": "*", "fault": "slow_drip", "times": 0},
        {"operation": "*", "fault": "slow_drip", "seconds": -1},
        {"operation": "*", "fault": "slow_drip", "extra": 1},
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)


@given(skip=st.integers(0, 5), times=st.integers(1, 5), requests=st.integers(0, 12))
def test_a_rule_strikes_after_its_skips_and_no_more_than_its_times(skip: int, times: int, requests: int) -> None:
    plan = FaultPlan()
    plan.plan("*", Fault.SLOW_DRIP, skip=skip, times=times)
    struck = [plan.take("any") is not None for _ in range(requests)]
    assert struck == [skip <= number < skip + times for number in range(requests)]
