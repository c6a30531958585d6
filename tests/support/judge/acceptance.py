"""C1: every message that was accepted came to something, once; every order and operation has an end or an operator."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Final

from tests.support.judge import consequences
from tests.support.judge.history import History, Row, moment
from tests.support.judge.verdict import Finding, Wrong

TRACING: Final = ("traceparent", "tracestate")
ORDER_ENDS: Final = frozenset({"completed", "completed_with_errors", "provisioning_failed"})
FINAL: Final = ORDER_ENDS - {"provisioning_failed"}
OPERATION_ENDS: Final = frozenset({"succeeded", "failed", "compensated", "superseded", "cancelled"})
AT_END_OF_TERM: Final = "service.at-end-of-term"
LONGER_THAN_A_RETRY: Final = timedelta(seconds=20)
ITEM_AFTER: Final = {
    "succeeded": ("succeeded",),
    "failed": ("failed",),
    "compensated": ("failed",),
    "superseded": ("cancelled",),
    "cancelled": ("cancelled", "failed"),
}


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C1."""
    taken_in = _taken_in(history)
    yield from _messages(history, taken_in)
    yield from consequences.judge(history, _accepted(history, taken_in))
    yield from _orders(history)
    yield from _items(history)
    yield from _operations(history)


def _lost(words: str) -> Finding:
    return Finding("C1", Wrong.LOST, words)


def _doubled(words: str) -> Finding:
    return Finding("C1", Wrong.DOUBLED, words)


def _stuck(words: str) -> Finding:
    return Finding("C1", Wrong.STUCK, words)


# -- messages


def _messages(history: History, taken_in: Mapping[str, Row]) -> Iterator[Finding]:
    """What the broker confirmed was taken in, or is in quarantine, as it is: not only another body with its id."""
    aside = {row["fingerprint"] for row in history.table("quarantine")}
    told = {_fingerprint(body) for body in history.published}
    for missing in sorted(told - aside - taken_in.keys()):
        yield _lost(f"the published message with SHA-256 {missing} is neither in the inbox nor in quarantine")


def _taken_in(history: History) -> dict[str, Row]:
    """The inbox row of each published body that was taken in, by its fingerprint."""
    inbox = {(row["source"], row["message_id"], row["body_hash"]): row for row in history.table("inbox")}
    found = {}
    for body in history.published:
        for message in History("", 0, [body]).messages():
            key = str(message.get("source")), str(message.get("id")), meaning(message)
            if key in inbox:
                found[_fingerprint(body)] = inbox[key]
    return found


def _accepted(history: History, taken_in: Mapping[str, Row]) -> list[Row]:
    """The messages that were accepted, each once."""
    found = {}
    for body in history.published:
        row = taken_in.get(_fingerprint(body), {})
        if row.get("outcome") == "accepted":
            found[row["source"], row["message_id"]] = json.loads(body.encode("latin-1"))
    return list(found.values())


def _fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode("latin-1")).hexdigest()


def meaning(message: Row) -> str:
    """SHA-256 of a message without what only traces it, whatever the order of its keys and its spaces."""
    meant = {name: value for name, value in message.items() if name not in TRACING}
    return hashlib.sha256(json.dumps(meant, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# -- orders and items


def _orders(history: History) -> Iterator[Finding]:
    told = _told(history)
    excused = {row["order_id"] for row in history.table("operations") if _is_told(row, told)}
    for order in history.table("orders"):
        yield from _course(history, order)
        if order["status"] not in ORDER_ENDS and order["id"] not in excused:
            yield _stuck(f"order {order['id']} is {order['status']}, and no operator was told")


def _course(history: History, order: Row) -> Iterator[Finding]:
    """The transitions are one way from the beginning to where the order stands; no end is left but by a retry."""
    moves = sorted(history.rows_of("order_transitions", "order_id", order["id"]), key=lambda row: row["version"])
    for before, after in pairwise(moves):
        if before["target"] != after["source"] or before["target"] in FINAL:
            yield _doubled(f"order {order['id']} went to {before['target']} and then left {after['source']}")
    if moves and moves[-1]["target"] != order["status"]:
        yield _lost(f"order {order['id']} went to {moves[-1]['target']} and stands at {order['status']}")


def _items(history: History) -> Iterator[Finding]:
    last = {}
    for operation in sorted(history.table("operations"), key=lambda row: row["position"]):
        last[operation["order_id"], operation["item_id"]] = operation["state"]
    completed = {row["id"] for row in history.table("orders") if row["status"] == "completed"}
    for item in history.table("order_items"):
        name = f"item {item['item_id']} of order {item['order_id']}"
        state = last.get((item["order_id"], item["item_id"]), "missing")
        if state in OPERATION_ENDS and item["status"] not in ITEM_AFTER[state]:
            yield _lost(f"{name} is {item['status']}, although its operation {state}")
        if item["order_id"] in completed and item["status"] not in ("succeeded", "cancelled"):
            yield _lost(f"{name} is {item['status']}, although the order is completed")


# -- operations


def _operations(history: History) -> Iterator[Finding]:
    told = _told(history)
    for operation in history.table("operations"):
        ended = operation["state"] in OPERATION_ENDS
        if ended != (operation["ended_at"] is not None):
            yield _stuck(f"operation {operation['id']} is {operation['state']}, and its end says otherwise")
        if not ended and not _is_excused(history, operation, told):
            yield _stuck(f"operation {operation['id']} is {operation['state']}: {operation['reason']}")


def _is_excused(history: History, operation: Row, told: Collection[str]) -> bool:
    """It waits for an operator who was told, for a planned time, or behind such a one."""
    return any(_is_told(each, told) or _is_planned(history, each) for each in (operation, *_ahead(history, operation)))


def _told(history: History) -> set[str]:
    """The operations of which an operator was told."""
    needy = [event["data"] for event in history.heard if event["type"] == "operation.needs-attention.v1"]
    return {data["operation_id"] for data in needy}


def _is_told(operation: Row, told: Collection[str]) -> bool:
    needy = operation["state"] == "held" and operation["attention"] and operation["reason"]
    return bool(needy) and operation["id"] in told


def _is_planned(history: History, operation: Row) -> bool:
    """A time that was chosen, by us or by a vendor, not one of another try: those are seconds away in a test.

    It says what it waits for. The end of a term alone comes when it comes; any other wait gives up at its deadline.
    """
    if operation["state"] not in ("waiting", "uncertain") or operation["due_at"] is None or not operation["reason"]:
        return False
    due = moment(operation["due_at"])
    if operation["deadline"] is None:
        return bool(operation["workflow"] == AT_END_OF_TERM) and due > moment(history.taken_at)
    return moment(history.taken_at) + LONGER_THAN_A_RETRY < due <= moment(operation["deadline"])


def _ahead(history: History, operation: Row) -> Iterator[Row]:
    requirements = history.rows_of("operation_requirements", "operation_id", operation["id"])
    earlier = history.rows_of("operations", "resource", operation["resource"])
    yield from (other for other in earlier if other["position"] < operation["position"])
    yield from (other for each in requirements for other in history.rows_of("operations", "id", each["required_id"]))
