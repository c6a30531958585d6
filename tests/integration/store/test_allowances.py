"""What a vendor allows in a span of time is counted over all processes, on each database."""

import pytest

from provisioner.store.allowances import StoreAllowance
from tests.support.stores import ACCOUNT, Stage, together

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def allowance(stage: Stage) -> StoreAllowance:
    """What one account may spend."""
    return StoreAllowance(stage.store.database, ACCOUNT)


def another(stage: Stage, account: str = ACCOUNT) -> StoreAllowance:
    """The same as another process sees it."""
    return StoreAllowance(stage.another().database, account)


def spend(allowance: StoreAllowance, once: str, *, kind: str = "orders", subject: str = "all", most: int = 2) -> float:
    """Spend one of `most` in an hour."""
    return allowance.spend(kind, subject, once=once, most=most, seconds=HOUR)


def test_an_opened_account_brings_its_allowance(stage: Stage) -> None:
    stage.add_account()
    account, _ = stage.store.accounts.open(ACCOUNT)
    assert account.allowance is not None
    assert account.allowance.spend("orders", "all", once="a", most=1, seconds=HOUR) == 0.0
    assert spend(another(stage), "b", most=1) > 0.0


def test_as_many_are_spent_as_are_allowed(allowance: StoreAllowance) -> None:
    assert [spend(allowance, once) > 0.0 for once in "abc"] == [False, False, True]


def test_who_must_wait_is_told_for_how_long(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a")
    stage.let_pass(600)
    spend(allowance, "b")
    assert 2990 < spend(allowance, "c") <= 3000


def test_a_wait_that_is_kept_is_long_enough(stage: Stage, allowance: StoreAllowance) -> None:
    for once in "ab":
        spend(allowance, once)
    stage.let_pass(spend(allowance, "c") + 0.001)
    assert spend(allowance, "c") == 0.0


def test_the_window_slides(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a")
    stage.let_pass(HOUR / 2)
    spend(allowance, "b")
    stage.let_pass(HOUR / 2 + 1)
    assert [spend(allowance, once) > 0.0 for once in "cd"] == [False, True]


def test_a_wait_is_as_long_as_less_is_allowed_than_before(stage: Stage, allowance: StoreAllowance) -> None:
    for once in "abc":
        spend(allowance, once, most=3)
        stage.let_pass(60)
    assert spend(allowance, "d", most=1) > HOUR - 61


def test_the_same_is_spent_once(allowance: StoreAllowance) -> None:
    assert [spend(allowance, "a", most=1) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_what_was_refused_was_not_spent(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a", most=1)
    spend(allowance, "b", most=1)
    stage.let_pass(HOUR + 1)
    assert spend(allowance, "c", most=1) == 0.0


def test_each_account_kind_and_subject_is_counted_by_itself(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a", most=1)
    assert spend(another(stage, "ca-2"), "b", most=1) == 0.0
    assert spend(allowance, "c", most=1, kind="failures") == 0.0
    assert spend(allowance, "d", most=1, subject="example.com") == 0.0


def test_processes_that_spend_at_once_spend_no_more_than_allowed(live_stage: Stage) -> None:
    allowances = [another(live_stage) for _ in range(2)]
    calls = [
        lambda allowance=allowance, once=f"{first}-{number}": spend(allowance, once, most=5)
        for first, allowance in enumerate(allowances)
        for number in range(5)
    ]
    assert together(*calls).count(0.0) == live_stage.count("allowances") == 5


def test_processes_that_spend_the_same_at_once_spend_it_once(live_stage: Stage) -> None:
    allowances = [another(live_stage) for _ in range(2)]
    calls = [lambda allowance=allowance: spend(allowance, "the same") for allowance in allowances * 2]
    assert (together(*calls), live_stage.count("allowances")) == ([0.0] * 4, 1)


def test_long_texts_are_told_apart(allowance: StoreAllowance) -> None:
    names = ",".join(f"name-{number}.example.com" for number in range(100))
    assert spend(allowance, names, kind=names, subject=names, most=1) == 0.0
    assert spend(allowance, f"{names}!", kind=names, subject=names, most=1) > 0.0
    assert spend(allowance, f"{names}!", kind=names, subject=f"{names}!", most=1) == 0.0


def test_to_ask_for_room_spends_nothing(allowance: StoreAllowance) -> None:
    asked = [allowance.room("orders", "all", once=once, most=1, seconds=HOUR) for once in "ab"]
    assert (asked, spend(allowance, "c", most=1)) == ([0.0, 0.0], 0.0)


def test_room_is_there_when_it_can_be_spent(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a", most=1)
    stage.let_pass(600)
    waits = [allowance.room("orders", "all", once=once, most=1, seconds=HOUR) for once in "ab"]
    assert (waits[0], 2990 < waits[1] <= 3000) == (0.0, True)


def test_what_is_given_back_can_be_spent_again(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a", most=1)
    another(stage).give_back("orders", "all", once="a")
    assert spend(allowance, "b", most=1) == 0.0


def test_what_is_given_back_again_is_given_back_once(allowance: StoreAllowance) -> None:
    for once in "ab":
        spend(allowance, once)
    for _ in range(2):
        allowance.give_back("orders", "all", once="a")
    assert [spend(allowance, once) > 0.0 for once in "cd"] == [False, True]


def test_nothing_else_is_given_back(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a", most=1)
    allowance.give_back("orders", "all", once="b")
    allowance.give_back("failures", "all", once="a")
    allowance.give_back("orders", "example.com", once="a")
    another(stage, "ca-2").give_back("orders", "all", once="a")
    assert spend(allowance, "c", most=1) > 0.0


def test_what_has_a_long_name_is_given_back_too(allowance: StoreAllowance) -> None:
    names = ",".join(f"name-{number}.example.com" for number in range(100))
    spend(allowance, names, kind=names, subject=names, most=1)
    allowance.give_back(names, names, once=names)
    assert spend(allowance, "another", kind=names, subject=names, most=1) == 0.0


@pytest.mark.parametrize(("most", "seconds"), [(0, HOUR), (1, 30 * DAY)])
def test_what_cannot_be_counted_is_a_mistake(allowance: StoreAllowance, most: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot be counted"):
        allowance.spend("orders", "all", once="a", most=most, seconds=seconds)


def test_what_was_spent_more_than_eight_days_ago_is_forgotten(stage: Stage, allowance: StoreAllowance) -> None:
    spend(allowance, "a")
    stage.let_pass(2 * DAY)
    spend(allowance, "b")
    stage.let_pass(6 * DAY + 1)
    stage.store.housekeeping.forget(90)
    assert [row["once"] for row in stage.rows("allowances")] == ["b"]
