"""C1: every message that was accepted came to something, once; every order and operation has an end or an operator."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from tests.support.judge.history import History, Row, moment
from tests.support.judge.verdict import Finding, Wrong

COMMANDS: Final = ("service.", "domain.", "certificate.")
ORDER_ENDS: Final = frozenset({"completed", "completed_with_errors", "provisioning_failed"})
OPERATION_ENDS: Final = frozenset({"succeeded", "failed", "compensated", "superseded", "cancelled"})
LONGER_THAN_A_RETRY: Final = timedelta(minutes=1)
ITEM_AFTER: Final = {
    "succeeded": ("succeeded",),
    "failed": ("failed",),
    "compensated": ("failed",),
    "superseded": ("cancelled",),
    "cancelled": ("cancelled", "failed"),
}


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C1."""
    yield from _messages(history)
    yield from _accepted_messages(history)
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


def _messages(history: History) -> Iterator[Finding]:
    """What the broker confirmed is in the inbox or in quarantine."""
    known = {(row["source"], row["message_id"]) for row in history.table("inbox")}
    aside = {row["fingerprint"] for row in history.table("quarantine")}
    told = {_fingerprint(body) for body in history.published}
    understood = {
        _fingerprint(body)
        for body in history.published
        for message in History("", 0, [body]).messages()
        if (message.get("source"), message.get("id")) in known
    }
    for missing in sorted(told - aside - understood):
        yield _lost(f"the published message with SHA-256 {missing} is neither in the inbox nor in quarantine")


def _fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode("latin-1")).hexdigest()


def _accepted_messages(history: History) -> Iterator[Finding]:
    """An accepted message has written what it means, once."""
    accepted = {(row["source"], row["message_id"]) for row in history.table("inbox") if row["outcome"] == "accepted"}
    seen = set()
    for message in history.messages():
        key = (message.get("source"), message.get("id"))
        if key not in accepted or key in seen:
            continue
        seen.add(key)
        if message["type"] == "order.place.v1":
            yield from _placed(history, message)
        elif message["type"].startswith(COMMANDS) and _commanded_service(message):
            yield from _commanded(history, message)


def _placed(history: History, message: Row) -> Iterator[Finding]:
    order_id = message["data"]["order_id"]
    if not history.rows_of("orders", "id", order_id):
        yield _lost(f"order {order_id} was accepted and is not there")
        return
    items = {row["item_id"] for row in history.rows_of("order_items", "order_id", order_id)}
    operations = Counter(row["item_id"] for row in history.rows_of("operations", "order_id", order_id))
    retries = _retries(history, order_id)
    for item in message["data"]["items"]:
        name = f"item {item['item_id']} of order {order_id}"
        if item["item_id"] not in items or not operations[item["item_id"]]:
            yield _lost(f"{name} was accepted and is not there, or has no operation")
        if operations[item["item_id"]] > 1 + retries:
            yield _doubled(f"{name} has {operations[item['item_id']]} operations for 1 order and {retries} retries")


def _retries(history: History, order_id: str) -> int:
    transitions = history.rows_of("order_transitions", "order_id", order_id)
    return sum((row["source"], row["target"]) == ("provisioning_failed", "provisioning_started") for row in transitions)


def _commanded_service(message: Row) -> str | None:
    """The service that a command is for; of a certificate's, `service_id` is the hosting that it is for."""
    found: str | None = message["data"].get("certificate_id") or message["data"].get("service_id")
    return found


def _commanded(history: History, message: Row) -> Iterator[Finding]:
    """A command is one operation, besides those that follow from it."""
    correlation = message.get("correlationid") or message["id"]
    service_id = _commanded_service(message)
    made = [
        row["id"]
        for row in history.rows_of("operations", "correlation_id", correlation)
        if row["service_id"] == service_id and "/" not in row["id"]
    ]
    if not made:
        yield _lost(f"{message['type']} of service {service_id} was accepted and has no operation")
    if len(made) > 1:
        yield _doubled(f"{message['type']} of service {service_id} has the operations {', '.join(made)}")


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
        if before["target"] != after["source"]:
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
    """A time that was chosen, by us or by a vendor, not one of another try: those are seconds away in a test."""
    if operation["state"] not in ("waiting", "uncertain") or operation["due_at"] is None:
        return False
    at_least = timedelta() if operation["deadline"] is None else LONGER_THAN_A_RETRY
    return moment(operation["due_at"]) > moment(history.taken_at) + at_least


def _ahead(history: History, operation: Row) -> Iterator[Row]:
    requirements = history.rows_of("operation_requirements", "operation_id", operation["id"])
    earlier = history.rows_of("operations", "resource", operation["resource"])
    yield from (other for other in earlier if other["position"] < operation["position"])
    yield from (other for each in requirements for other in history.rows_of("operations", "id", each["required_id"]))
