"""Each rule of the judge condemns a small forged history, and a good one passes."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.judge.history import History, Row
from tests.support.judge.judge import judge
from tests.support.judge.verdict import Wrong
from tests.unit.judge.forged import add, at, change, copy_row, drop, effect, effects, good, step, told, undone

Forgery = Callable[[], History]

CUSTOMER, SUBSCRIPTION = effect(1, "customer.add", "cust:c1"), effect(2, "webspace.add", "svc:s1")
SUSPENDED = effect(3, "webspace.set", "svc:s1", status="16")
SECRET = "correct-horse-battery"

ACCEPTANCE: dict[str, tuple[Wrong, Forgery]] = {
    "a published message that is nowhere": (Wrong.LOST, lambda: drop(good(), "inbox", message_id="suspend-1")),
    "a published body that is no message and is nowhere": (
        Wrong.LOST,
        lambda: replace(good(), published=[*good().published, "\xff\xfe"]),
    ),
    "an accepted order that is not there": (Wrong.LOST, lambda: drop(good(), "orders", id="o1")),
    "an accepted item without operation": (Wrong.LOST, lambda: drop(good(), "operations", id="op1")),
    "an accepted item with two operations": (
        Wrong.DOUBLED,
        lambda: copy_row(good(), "operations", {"id": "op1"}, id="op3", position=3),
    ),
    "an accepted command without operation": (
        Wrong.LOST,
        lambda: change(good(), "operations", {"id": "op2"}, correlation_id="another"),
    ),
    "an accepted command with two operations": (
        Wrong.DOUBLED,
        lambda: copy_row(good(), "operations", {"id": "op2"}, id="op3", position=3),
    ),
    "an order without end": (
        Wrong.STUCK,
        lambda: change(good(), "orders", {"id": "o1"}, status="provisioning_started"),
    ),
    "an order that left its end": (
        Wrong.DOUBLED,
        lambda: add(good(), "order_transitions", order_id="o1", version=5, source="draft", target="completed"),
    ),
    "an order that is not where it went": (
        Wrong.LOST,
        lambda: change(good(), "orders", {"id": "o1"}, status="completed_with_errors"),
    ),
    "an item that is not what its operation made of it": (
        Wrong.LOST,
        lambda: change(good(), "order_items", {"item_id": "1"}, status="failed"),
    ),
    "an operation that waits for nobody": (
        Wrong.STUCK,
        lambda: change(good(), "operations", {"id": "op2"}, state="waiting", ended_at=None, due_at=at(40)),
    ),
    "an operation that is held in silence": (
        Wrong.STUCK,
        lambda: change(
            good(), "operations", {"id": "op2"}, state="held", ended_at=None, attention="outcome_unknown", reason="why"
        ),
    ),
    "an operation whose planned time is over": (
        Wrong.STUCK,
        lambda: _until_the_end_of_the_term(due_at=at(10)),
    ),
    "an operation that waits for a reason that nobody knows": (Wrong.STUCK, lambda: _for_its_vendor(reason=None)),
    "an operation that waits for ever": (Wrong.STUCK, lambda: _for_its_vendor(deadline=None)),
    "an operation that waits beyond its deadline": (Wrong.STUCK, lambda: _for_its_vendor(deadline=at(59))),
    "the end of a term that says nothing": (Wrong.STUCK, lambda: _until_the_end_of_the_term(reason="")),
    "an ended operation without the time of its end": (
        Wrong.STUCK,
        lambda: change(good(), "operations", {"id": "op2"}, ended_at=None),
    ),
}

SAME_EFFECTS: dict[str, tuple[Wrong, Forgery]] = {
    "a success that no ledger knows": (Wrong.LOST, lambda: effects(good(), SUBSCRIPTION, SUSPENDED)),
    "an effect that nobody asked for": (
        Wrong.DOUBLED,
        lambda: effects(good(), *good().effects, effect(4, "webspace.add", "svc:stranger")),
    ),
    "an effect of a step that failed": (
        Wrong.DOUBLED,
        lambda: effects(undone(), *undone().effects, effect(3, "webspace.add", "svc:s1")),
    ),
    "a change that happened twice": (
        Wrong.DOUBLED,
        lambda: effects(good(), *good().effects, effect(4, "webspace.set", "svc:s1", status="16")),
    ),
    "an active service that does not stand": (
        Wrong.LOST,
        lambda: effects(good(), *good().effects, effect(4, "webspace.del", "svc:s1")),
    ),
    "a cancelled service that still stands": (
        Wrong.LOST,
        lambda: change(good(), "services", {"id": "s1"}, status="cancelled"),
    ),
    "an active service that is switched off": (
        Wrong.LOST,
        lambda: change(good(), "services", {"id": "s1"}, status="active"),
    ),
    "a suspended service that is switched on": (Wrong.LOST, lambda: effects(good(), CUSTOMER, SUBSCRIPTION)),
    "a customer that is gone while a service of his stands": (
        Wrong.LOST,
        lambda: effects(good(), *good().effects, effect(9, "customer.del", "cust:c1")),
    ),
    "a step that the judge does not know": (
        Wrong.LOST,
        lambda: add(good(), "steps", **step("op1", "polish", 3)),
    ),
}

ONCE: dict[str, Forgery] = {
    "something made twice": lambda: effects(good(), *good().effects, effect(4, "webspace.add", "svc:s1")),
    "something removed twice": lambda: effects(undone(), *undone().effects, effect(3, "customer.del", "cust:c1")),
}

COMPENSATION: dict[str, Forgery] = {
    "an undo of what succeeded": lambda: change(undone(), "operations", {"id": "op1"}, state="succeeded"),
    "an undo of what was never done": lambda: drop(undone(), "steps", name="customer"),
    "an undo before the end of what it undoes": lambda: change(
        undone(), "steps", {"name": "undo:customer"}, started_at=at(0)
    ),
    "a step that was not undone": lambda: drop(undone(), "steps", name="undo:customer"),
}

EVENTS: dict[str, tuple[Wrong, Forgery]] = {
    "a gap in a stream": (Wrong.LOST, lambda: drop(good(), "outbox", id=4)),
    "two events with one number": (
        Wrong.DOUBLED,
        lambda: add(
            add(good(), "outbox", **told(7, "message/1", 1)),
            "outbox",
            **told(8, "message/1", 1),
        ),
    ),
    "a version that counts other than the events": (
        Wrong.LOST,
        lambda: change(good(), "orders", {"id": "o1"}, version=5),
    ),
    "an event that was never heard": (Wrong.LOST, lambda: replace(good(), heard=good().heard[:-1])),
    "an event that nobody wrote": (
        Wrong.DOUBLED,
        lambda: replace(good(), heard=[*good().heard, {**good().heard[0], "id": "e99"}]),
    ),
    "an event that came another time with another body": (
        Wrong.DOUBLED,
        lambda: replace(good(), heard=[*good().heard, {**good().heard[0], "data": {"status": "completed"}}]),
    ),
    "an event that overtook another": (
        Wrong.LOST,
        lambda: replace(good(), heard=[good().heard[3], *good().heard[:3], *good().heard[4:]]),
    ),
    "a last word that is not the status": (
        Wrong.LOST,
        lambda: change(good(), "services", {"id": "s1"}, status="active"),
    ),
}


def _lease(operation_id: str, since: str, *, fence: int = 1, seconds: float = 3.0) -> Row:
    return {"operation_id": operation_id, "at": since, "fence": fence, "seconds": seconds}


TOKENS: dict[str, Forgery] = {
    "a write under an old token": lambda: change(
        change(good(), "operations", {"id": "op1"}, fence=2), "steps", {"name": "customer"}, fence=2
    ),
    "a write under an old token, after a newer one was seen": lambda: change(
        replace(good(), leases=[_lease("op2", at(5.2), fence=2)]), "operations", {"id": "op2"}, fence=2
    ),
    "a write under a token that was never given": lambda: change(good(), "steps", {"name": "suspend"}, fence=7),
}

TURNS: dict[str, Forgery] = {
    "an operation that began before the one ahead had ended": lambda: change(
        good(), "operations", {"id": "op1"}, ended_at=at(5.2)
    ),
    "an operation that began while the one ahead waits": lambda: change(
        good(), "operations", {"id": "op1"}, state="waiting", ended_at=None
    ),
    "an operation that began before one that was accepted earlier": lambda: change(
        change(good(), "operations", {"id": "op2"}, position=0), "operations", {"id": "op2"}, ended_at=at(9)
    ),
    "an attempt out of turn": lambda: add(good(), "attempts", operation_id="op2", at=at(2)),
}

LEASES: dict[str, Forgery] = {
    "a lease that was longer than a lease while it ran": lambda: replace(
        good(), leases=[_lease("op1", at(1)), _lease("op2", at(5), seconds=60.0)]
    ),
    "a lease that is longer than a lease": lambda: change(
        good(), "operations", {"id": "op2"}, state="running", due_at=at(50)
    ),
    "a lease that ran out and nobody came": lambda: change(
        good(), "operations", {"id": "op2"}, state="running", due_at=at(1)
    ),
}

LEAKS: dict[str, Forgery] = {
    "a secret in a log": lambda: replace(good(), logs={"worker": f"password={SECRET}"}),
    "a secret in a table": lambda: change(good(), "steps", {"name": "suspend"}, result={"ref": SECRET, "warnings": []}),
    "a secret in bytes of a table": lambda: add(good(), "quarantine", fingerprint="f", body=f"\x00{SECRET}\xff"),
    "a secret in an event": lambda: replace(good(), heard=[*good().heard, {**good().heard[0], "note": SECRET}]),
    "a secret in a body that was left in a queue": lambda: replace(
        good(), left={"dead-letters": ["harmless", f"pw={SECRET}"]}
    ),
    "a secret in a ledger": lambda: effects(good(), *good().effects, effect(4, "session.add", "x", token=SECRET)),
    "a secret in base64": lambda: replace(
        good(), logs={"worker": base64.b64encode(f"user:{SECRET}".encode()).decode()}
    ),
    "a secret in hex": lambda: replace(good(), logs={"worker": SECRET.encode().hex()}),
}


def found(history: History, rule: str) -> set[Wrong]:
    return {finding.wrong for finding in judge(history).findings if finding.rule == rule}


def test_a_history_without_fault_passes() -> None:
    assert judge(good()).findings == []


def test_a_history_with_a_compensation_passes() -> None:
    assert judge(undone()).findings == []


@pytest.mark.parametrize("name", ACCEPTANCE)
def test_c1_condemns(name: str) -> None:
    wrong, forged = ACCEPTANCE[name]
    assert wrong in found(forged(), "C1")


@pytest.mark.parametrize("name", SAME_EFFECTS)
def test_c2_condemns(name: str) -> None:
    wrong, forged = SAME_EFFECTS[name]
    assert wrong in found(forged(), "C2")


@pytest.mark.parametrize("name", ONCE)
def test_c3_condemns(name: str) -> None:
    assert found(ONCE[name](), "C3") == {Wrong.DOUBLED}


@pytest.mark.parametrize("name", COMPENSATION)
def test_c4_condemns(name: str) -> None:
    assert found(COMPENSATION[name](), "C4") == {Wrong.LOST}


@pytest.mark.parametrize("name", EVENTS)
def test_c5_condemns(name: str) -> None:
    wrong, forged = EVENTS[name]
    assert wrong in found(forged(), "C5")


@pytest.mark.parametrize("name", TOKENS)
def test_c6_condemns(name: str) -> None:
    assert found(TOKENS[name](), "C6") == {Wrong.DOUBLED}


@pytest.mark.parametrize("name", TURNS)
def test_c6_condemns_what_is_out_of_turn(name: str) -> None:
    assert found(TURNS[name](), "C6") == {Wrong.DOUBLED}


def test_a_lease_that_was_taken_over_after_the_last_write_passes() -> None:
    seen = [_lease("op2", at(5)), _lease("op2", at(8), fence=2)]
    history = change(replace(good(), leases=seen), "operations", {"id": "op2"}, fence=2)
    assert judge(history).findings == []


def test_operations_of_different_resources_may_run_side_by_side() -> None:
    history = change(good(), "operations", {"id": "op1"}, ended_at=at(8))
    assert found(change(history, "operations", {"id": "op2"}, resource="service:s1:end-of-term"), "C6") == set()


def test_an_operation_may_wait_behind_one_that_has_not_ended() -> None:
    behind = copy_row(good(), "operations", {"id": "op2"}, id="op3", position=3, state="ready", ended_at=None)
    assert found(change(behind, "operations", {"id": "op2"}, state="waiting", ended_at=None), "C6") == set()


@pytest.mark.parametrize("name", LEASES)
def test_c7_condemns(name: str) -> None:
    assert found(LEASES[name](), "C7") == {Wrong.STUCK}


@pytest.mark.parametrize("name", LEAKS)
def test_c8_condemns(name: str) -> None:
    assert found(LEAKS[name](), "C8") == {Wrong.LEAKED}


def test_a_finding_never_quotes_the_secret() -> None:
    assert SECRET not in str(judge(LEAKS["a secret in a log"]()))


def test_a_canary_that_would_be_found_by_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        judge(replace(good(), canaries={"the password": "short"}))


def test_a_change_that_is_idempotent_may_be_made_again_where_that_is_allowed() -> None:
    _, forged = SAME_EFFECTS["a change that happened twice"]
    assert judge(forged(), repeats=True).findings == []


def test_an_operation_that_is_held_and_told_passes() -> None:
    held = change(
        good(), "operations", {"id": "op2"}, state="held", ended_at=None, attention="outcome_unknown", reason="why"
    )
    told = {
        "id": "e9",
        "type": "operation.needs-attention.v1",
        "subject": "s1",
        "sequence": 3,
        "data": {"operation_id": "op2"},
    }
    assert found(replace(held, heard=[*held.heard, told]), "C1") == set()


def _until_the_end_of_the_term(**changes: object) -> History:
    waiting = {"workflow": "service.at-end-of-term", "state": "waiting", "reason": "waiting for the end of the term"}
    never = {"ended_at": None, "deadline": None, "due_at": at(50)}
    return change(good(), "operations", {"id": "op2"}, **waiting | never | changes)


def _for_its_vendor(**changes: object) -> History:
    """An operation that waits for an hour, and may wait for two."""
    times = {"due_at": "2026-01-01T01:00:00+00:00", "deadline": "2026-01-01T02:00:00+00:00", "ended_at": None}
    waiting = {"state": "waiting", "reason": "the vendor said so", **times}
    return change(good(), "operations", {"id": "op2"}, **waiting | changes)


def test_an_operation_that_waits_for_its_vendor_passes() -> None:
    assert found(_for_its_vendor(), "C1") == set()


def test_an_operation_that_waits_for_its_planned_time_passes() -> None:
    assert found(_until_the_end_of_the_term(), "C1") == set()


@pytest.mark.parametrize("state", ["waiting", "uncertain"])
def test_an_operation_behind_one_that_its_vendor_bade_wait_passes(state: str) -> None:
    behind = {"id": "op3", "position": 3, "correlation_id": "upkeep", "state": "ready", "due_at": at(40)}
    history = _for_its_vendor(state=state)
    op2 = next(row for row in history.table("operations") if row["id"] == "op2")
    assert found(add(history, "operations", **{**op2, **behind}), "C1") == set()
    assert found(add(history, "operations", **{**op2, **behind, "resource": "service:s2"}), "C1") == {Wrong.STUCK}


def test_an_event_that_is_heard_twice_passes() -> None:
    assert judge(replace(good(), heard=[*good().heard, good().heard[2]])).findings == []


def test_a_body_in_quarantine_is_not_lost() -> None:
    history = replace(good(), published=[*good().published, "x"])
    sha256_of_x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert found(add(history, "quarantine", fingerprint=sha256_of_x), "C1") == set()


def test_the_verdict_counts_each_way_of_breaking_the_promise() -> None:
    verdict = judge(LEAKS["a secret in a log"]())
    assert verdict.counts() == {"lost": 0, "doubled": 0, "stuck": 0, "leaked_secrets": 1}


def test_a_saved_history_is_judged_like_the_first(tmp_path: Path) -> None:
    history = replace(good(), left={"orders": ["x"]}, leases=[_lease("op1", at(1))])
    history.save(tmp_path / "saved")
    assert History.load(tmp_path / "saved") == history
