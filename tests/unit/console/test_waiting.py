"""One line says what is waited for, since when, when the next look is, and when it gives up."""

from datetime import timedelta

import pytest

from provisioner.console import waiting
from provisioner.orders.statuses import OperationState
from provisioner.store.query_records import Ahead, Requirement
from tests.unit.console import rows
from tests.unit.console.rows import NOW, after, before

WAITS = "waits: step subscription: connection refused — since 12:03:11 (2 min), next look in 14 s, gives up in 23 h"


def line(**given: object) -> str:
    return waiting.operation_line(rows.operation(**given), NOW)


def test_a_waiting_operation_tells_reason_beginning_next_look_and_end() -> None:
    assert line() == WAITS


def test_an_unknown_outcome_is_followed_up_without_end() -> None:
    told = line(state="uncertain", reason="step subscription: it is unknown whether it took effect")
    assert told == (
        "waits: step subscription: it is unknown whether it took effect — "
        "since 12:03:11 (2 min), next look in 14 s, does not give up"
    )


def test_undoing_says_that_it_undoes_and_does_not_give_up() -> None:
    told = line(state="compensating", reason="step undo:customer: busy")
    assert told == "undoing: step undo:customer: busy — since 12:03:11 (2 min), next look in 14 s, does not give up"


def test_a_wait_without_deadline_does_not_give_up() -> None:
    assert line(deadline=None).endswith("next look in 14 s, does not give up")


def test_a_passed_deadline_gives_up_at_the_next_look() -> None:
    assert line(deadline=before(seconds=1)).endswith("gives up at the next look")


def test_waiting_for_an_event_names_the_event_instead_of_a_time() -> None:
    told = line(event_key="dns/example.com", reason="waiting for DNS")
    assert told.endswith("goes on when the event dns/example.com comes, gives up in 23 h")


def test_what_began_on_another_day_is_told_with_its_date() -> None:
    assert "since 2026-02-26 12:05:11 (3 days)" in line(since=before(days=3))


@pytest.mark.parametrize(
    ("attention", "remedy"),
    [
        ("outcome_unknown", "provisioner operations resolve op-1 --happened REF, or --did-not-happen"),
        ("no_vendor_account", "provisioner servers add"),
        ("money_spent", "provisioner operations release op-1"),
    ],
)
def test_a_held_operation_says_what_an_operator_must_do(attention: str, remedy: str) -> None:
    told = line(state="held", reason="nobody knows", attention=attention, due_at=None)
    assert told == f"held: nobody knows — since 12:03:11 (2 min); an operator must act: {remedy}"


def test_an_id_in_a_command_is_quoted_for_the_shell() -> None:
    told = line(state="held", id="a b;c", reason="x", due_at=None)
    assert told.endswith("provisioner operations release 'a b;c'")


def test_an_operation_behind_another_names_it() -> None:
    told = line(state="ready", ahead=Ahead("op-0", "hosting.suspend", "waiting"))
    assert told == "behind operation op-0 (hosting.suspend, waiting) on the same service"


def test_an_operation_that_requires_others_names_their_items() -> None:
    told = line(state="ready", unmet=(Requirement("op-2", "2", "waiting"), Requirement("op-3", "3", "ready")))
    assert told == "waits for what it requires: item 2 (waiting), item 3 (ready)"


def test_a_running_operation_names_the_step_under_way() -> None:
    steps = (rows.step("customer"), rows.step("subscription", state="intended", attempts=2))
    told = line(state="running", lease_owner="w-1", steps=steps)
    assert told == "at work: step subscription, attempt 2, since 12:05:01 (10 s)"


def test_a_running_operation_between_steps_names_its_worker() -> None:
    assert line(state="running", lease_owner="w-1") == "at work: taken by w-1, no call under way"


def test_a_lease_that_ended_tells_that_its_worker_is_silent() -> None:
    told = line(state="running", lease_owner="w-1", due_at=before(seconds=3))
    assert told == (
        "at work: its worker w-1 has given no sign of life; its lease ended 3 s ago, and another worker takes over"
    )


def test_a_parked_account_is_told_once_with_its_remedy() -> None:
    parked = rows.account(state="parked", reason="the licence expired")
    told = line(account=parked, reason="the licence expired")
    assert told == (
        "vendor account plesk-1 is parked: the licence expired — "
        "an operator must act: provisioner servers resume plesk-1"
    )


def test_an_account_that_is_drained_comes_after_the_reason_of_the_operation() -> None:
    told = line(account=rows.account(state="draining"))
    assert told == (
        "waits: step subscription: connection refused — since 12:03:11 (2 min); "
        "vendor account plesk-1 is drained; it goes on with: provisioner servers resume plesk-1"
    )


def test_an_open_circuit_breaker_says_until_when() -> None:
    broken = rows.account(failures=5, broken_until=after(seconds=20))
    assert line(account=broken, reason=None) == (
        "vendor account plesk-1 is left alone until 12:05:31 (in 20 s) after 5 failures in a row: "
        "its circuit breaker is open"
    )


def test_a_circuit_breaker_whose_time_is_over_is_in_nobodys_way() -> None:
    assert line(account=rows.account(failures=5, broken_until=before(seconds=1))) == WAITS


def test_an_account_that_is_gone_is_told() -> None:
    assert line(account=None).startswith("there is no vendor account plesk-1 any more")


def test_what_is_due_waits_for_a_free_worker() -> None:
    told = line(state="ready", reason=None, due_at=before(seconds=4))
    assert told == "due since 12:05:07 (4 s): the next free worker takes it"


def test_what_is_due_on_a_busy_account_waits_for_a_slot() -> None:
    told = line(state="ready", reason=None, due_at=before(seconds=4), account=rows.account(running=2))
    assert told == "due since 12:05:07 (4 s): all 2 slots of vendor account plesk-1 are taken"


def test_an_ended_operation_says_how_and_when() -> None:
    told = line(state="failed", reason="the domain is taken", ended_at=before(seconds=1))
    assert told == "failed at 12:05:10: the domain is taken"


@pytest.mark.parametrize("state", OperationState)
def test_every_state_has_a_line(state: OperationState) -> None:
    assert len(line(state=state.value, ended_at=NOW)) > len(state.value)


# -- orders and services


def test_an_order_tells_the_operation_that_needs_people_first() -> None:
    held = rows.operation(id="op-2", state="held", item_id="2", reason="nobody knows")
    details = rows.order("provisioning_started", rows.operation(), held, items=(rows.item("1"), rows.item("2")))
    assert waiting.order_line(details) == (
        "item 2 held: nobody knows — since 12:03:11 (2 min); an operator must act: "
        "provisioner operations release op-2 (and 1 other operation)"
    )


def test_an_order_of_one_item_does_not_name_it() -> None:
    assert waiting.order_line(rows.order("provisioning_started", rows.operation())) == WAITS


def test_a_completed_order_says_how_long_it_took() -> None:
    assert waiting.order_line(rows.order("completed")) == "completed at 12:03:11, after 60 s"


def test_a_failed_order_says_which_field_to_correct() -> None:
    error = {"code": "domain_taken", "message": "the domain is taken", "fields": ["/domain"]}
    details = rows.order("provisioning_failed", items=(rows.item("1", status="failed", error=error),), error=error)
    assert waiting.order_line(details) == (
        "failed: the domain is taken — somebody must act: "
        "provisioner orders retry o-1 --correct 1 domain VALUE, or provisioner orders close o-1"
    )


def test_an_order_closed_with_errors_says_why() -> None:
    told = waiting.order_line(rows.order("completed_with_errors", error={"message": "prohibited"}))
    assert told == "closed with errors at 12:03:11: prohibited"


def test_a_service_that_waits_tells_its_first_open_operation() -> None:
    resume = rows.operation(id="op-2", workflow="hosting.resume", state="ready")
    suspend = rows.operation(workflow="hosting.suspend")
    assert waiting.service_line(rows.service("active", suspend, resume)) == (
        f"hosting.suspend {WAITS} (and 1 other operation)"
    )


def test_a_quiet_service_says_since_when_by_whom_and_why() -> None:
    details = rows.service("suspended", suspended_by="reseller", reason="The invoice is overdue.")
    assert waiting.service_line(details) == (
        "suspended since 2026-02-26 12:05:11 (3 days), by reseller: The invoice is overdue.; nothing is waited for"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "0.2 s"),
        (1, "1 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_800, "2 days"),
    ],
)
def test_a_span_is_told_in_the_largest_unit_of_which_there_are_two(seconds: float, words: str) -> None:
    assert waiting.span(NOW, NOW + timedelta(seconds=seconds)) == words
