"""Whatever type of message was accepted: a history in which nothing came of it is condemned."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioner.messages.catalogue import INCOMING
from provisioner.messages.envelope import decode
from tests.support.domains import contact
from tests.support.judge.acceptance import meaning
from tests.support.judge.consequences import rule_of
from tests.support.judge.history import History
from tests.support.judge.judge import judge
from tests.support.judge.verdict import Wrong
from tests.support.production import hosting_order
from tests.unit.judge.forged import PLACE, accept, add, at, change, copy_row, drop, good, inbox_row, undone

Forgery = Callable[[], History]


def _message(kind: str, message_id: str, **data: Any) -> dict[str, Any]:
    return {"id": message_id, "source": "shop", "type": kind, "actorid": "ada", "data": data}


RETRY = _message("order.retry.v1", "retry-1", order_id="o1", corrections={"1": {"plan": "basic"}})
CLOSE = _message("order.close.v1", "close-1", order_id="o1", reason="not wanted any more")
NOTE = _message("order.note.v1", "note-1", order_id="o1", text="call before noon")
BULK = _message("domain.transfer-bulk.v1", "bulk-1", bulk_id="b1")
ANSWER = _message("domain.confirm-transfer.v1", "answer-1", service_id="s1", confirmed=True)
OWNER, MOVED = contact("owner"), {**contact("owner"), "city": "Hamburg"}
CREATE = _message("contact.create.v1", "create-1", customer_id="c1", contact=OWNER)
UPDATE = _message("contact.update.v1", "update-1", customer_id="c1", contact=MOVED)


def _moved(history: History, version: int, source: str, target: str, message_id: str | None = None) -> History:
    row = {"order_id": "o1", "version": version, "source": source, "target": target, "message_id": message_id}
    return add(history, "order_transitions", **row)


def _failed() -> History:
    """An order that failed and can be tried again."""
    history = change(undone(), "orders", {"id": "o1"}, status="provisioning_failed")
    history = drop(history, "order_transitions", version=3)
    return _moved(history, 3, "provisioning_started", "provisioning_failed")


def _retried(**item: Any) -> History:
    """The same order, tried again with another plan, and completed."""
    history = change(good(), "order_items", {"item_id": "1"}, attributes={"plan": "basic"}, **item)
    history = change(history, "operations", {"id": "op1"}, state="compensated", ended_at=at(2.5))
    history = copy_row(history, "operations", {"id": "op1"}, id="op3", position=3, state="succeeded")
    history = replace(history, tables={**history.tables, "order_transitions": []})
    history = _moved(history, 1, "started", "provisioning_started")
    history = _moved(history, 2, "provisioning_started", "provisioning_failed")
    history = _moved(history, 3, "provisioning_failed", "provisioning_started", "retry-1")
    return accept(_moved(history, 4, "provisioning_started", "completed"), RETRY)


def _closed() -> History:
    history = change(_failed(), "orders", {"id": "o1"}, status="completed_with_errors")
    return accept(_moved(history, 4, "provisioning_failed", "completed_with_errors", "close-1"), CLOSE)


def _noted() -> History:
    row = {"subject_kind": "order", "subject_id": "o1", "author": "ada", "text": "call before noon"}
    return add(accept(good(), NOTE), "notes", **row)


def _in_bulk() -> History:
    history = add(accept(good(), BULK), "bulks", id="b1", sealed_csv=None, total=2, next_line=3)
    history = add(history, "bulk_lines", bulk_id="b1", line=1, operation_id="op2", error=None)
    return add(history, "bulk_lines", bulk_id="b1", line=2, operation_id=None, error={"message": "no such domain"})


def _confirmed() -> History:
    row = {"key": "transfer-confirmation/op1", "data": {"confirmed": True}}
    return add(accept(good(), ANSWER), "delivered_events", **row)


def _moved_house() -> History:
    """A contact that was made and then changed."""
    kept = {**MOVED, "phone": "+49.301234567"}
    return add(accept(good(), CREATE, UPDATE), "contacts", contact_id="owner", customer_id="c1", version=2, data=kept)


KEPT: dict[str, Forgery] = {
    "a retry": _retried,
    "a close": _closed,
    "a note": _noted,
    "a bulk": _in_bulk,
    "an answer to a transfer": _confirmed,
    "a contact": _moved_house,
}

FORGED: dict[str, tuple[Wrong, Forgery]] = {
    "a retry that did nothing": (Wrong.LOST, lambda: accept(_failed(), RETRY)),
    "a retry without an operation": (Wrong.LOST, lambda: drop(_retried(), "operations", id="op3")),
    "a retry for which another item was tried": (
        Wrong.LOST,
        lambda: change(_retried(), "operations", {"id": "op3"}, item_id="2"),
    ),
    "a retry whose correction was dropped": (
        Wrong.LOST,
        lambda: change(_retried(), "order_items", {"item_id": "1"}, attributes={"plan": "no-such-plan"}),
    ),
    "a retry that moved its order twice": (
        Wrong.DOUBLED,
        lambda: _moved(_retried(), 5, "provisioning_failed", "provisioning_started", "retry-1"),
    ),
    "a close that did nothing": (Wrong.LOST, lambda: accept(_failed(), CLOSE)),
    "a close that left its order where it was, with a new attempt": (
        Wrong.LOST,
        lambda: change(_closed(), "order_transitions", {"version": 4}, message_id="another"),
    ),
    "a note that is not there": (Wrong.LOST, lambda: accept(good(), NOTE)),
    "a note that is there twice": (
        Wrong.DOUBLED,
        lambda: copy_row(_noted(), "notes", {"subject_id": "o1"}),
    ),
    "a bulk that is not there": (Wrong.LOST, lambda: accept(good(), BULK)),
    "a bulk of which a line is missing": (Wrong.LOST, lambda: drop(_in_bulk(), "bulk_lines", line=2)),
    "a bulk with a line of which nothing came": (
        Wrong.LOST,
        lambda: change(_in_bulk(), "bulk_lines", {"line": 1}, operation_id=None),
    ),
    "a bulk that stands still": (Wrong.STUCK, lambda: change(_in_bulk(), "bulks", {"id": "b1"}, sealed_csv="sealed")),
    "an answer that nobody kept": (Wrong.LOST, lambda: accept(good(), ANSWER)),
    "an answer that was kept as its opposite": (
        Wrong.LOST,
        lambda: change(_confirmed(), "delivered_events", {}, data={"confirmed": False}),
    ),
    "a contact that is not there": (Wrong.LOST, lambda: drop(_moved_house(), "contacts", contact_id="owner")),
    "a contact of another customer": (
        Wrong.LOST,
        lambda: change(_moved_house(), "contacts", {"contact_id": "owner"}, customer_id="c2"),
    ),
    "a contact whose change did nothing": (
        Wrong.LOST,
        lambda: change(_moved_house(), "contacts", {"contact_id": "owner"}, version=1, data=OWNER),
    ),
    "a contact that nobody gave so": (
        Wrong.LOST,
        lambda: change(_moved_house(), "contacts", {"contact_id": "owner"}, data={**OWNER, "city": "Bonn"}),
    ),
    "a message of which the judge knows nothing": (
        Wrong.LOST,
        lambda: accept(good(), _message("moon.land.v1", "moon-1")),
    ),
    "an order that was closed and then tried again": (
        Wrong.DOUBLED,
        lambda: _moved(_closed(), 5, "completed_with_errors", "provisioning_started"),
    ),
}


def found(history: History) -> set[Wrong]:
    return {finding.wrong for finding in judge(history).findings if finding.rule == "C1"}


@pytest.mark.parametrize("name", KEPT)
def test_what_came_of_a_message_passes(name: str) -> None:
    assert found(KEPT[name]()) == set()


@pytest.mark.parametrize("name", FORGED)
def test_a_message_that_came_to_nothing_or_too_much_is_condemned(name: str) -> None:
    wrong, forged = FORGED[name]
    assert wrong in found(forged())


def test_a_retry_that_names_no_item_tries_one_at_least() -> None:
    bare = {**RETRY, "data": {"order_id": "o1"}}
    history = accept(_moved(_failed(), 4, "provisioning_failed", "provisioning_started", "retry-1"), bare)
    assert Wrong.LOST in found(change(history, "orders", {"id": "o1"}, status="provisioning_started"))


@pytest.mark.parametrize("kind", INCOMING)
def test_every_type_of_message_has_a_rule(kind: str) -> None:
    assert rule_of(kind) is not None


# -- one id, two bodies

OTHER = {**PLACE, "data": {"order_id": "o2", "items": []}}


def test_another_body_with_a_known_id_that_is_nowhere_is_lost() -> None:
    history = good()
    assert found(replace(history, published=[*history.published, json.dumps(OTHER)])) == {Wrong.LOST}


def test_another_body_with_a_known_id_in_quarantine_passes() -> None:
    other = json.dumps(OTHER)
    history = replace(good(), published=[other, *good().published])
    fingerprint = hashlib.sha256(other.encode()).hexdigest()
    assert found(add(history, "quarantine", fingerprint=fingerprint)) == set()


def test_the_same_message_in_other_words_passes() -> None:
    again = json.dumps({"traceparent": "00-1", **dict(reversed(PLACE.items()))}, indent=1)
    assert found(replace(good(), published=[*good().published, again])) == set()


def test_a_body_that_was_refused_is_not_asked_for_its_consequence() -> None:
    history = replace(good(), published=[*good().published, json.dumps(NOTE)])
    assert found(add(history, "inbox", **{**inbox_row(NOTE), "outcome": "order_closed"})) == set()


def test_the_judge_and_the_product_agree_on_what_a_body_means() -> None:
    order = {**hosting_order(1), "traceparent": "00-1", "sequence": 1}
    assert meaning(order) == decode(json.dumps(order, ensure_ascii=False).encode()).body_hash
