"""C1: what an accepted message must have come to, for each type of message."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.support.judge.history import History, Row
from tests.support.judge.verdict import Finding, Wrong

COMMANDS: Final = ("service.", "domain.", "certificate.")
RETRIED: Final = ("provisioning_failed", "provisioning_started")
CLOSED: Final = ("provisioning_failed", "completed_with_errors")
KEPT_AS_GIVEN: Final = ("plan", "login", "text")
"""Corrections that stand in an item as they came."""
REWRITTEN: Final = ("phone", "fax")
"""Fields of a contact that are kept in another form."""

Messages = Sequence[Row]
Rule = Callable[[History, Row], Iterator[Finding]]


def judge(history: History, accepted: Messages) -> Iterator[Finding]:
    """Breaches of C1 by the accepted messages, each once."""
    for message in accepted:
        rule = rule_of(message["type"])
        if rule is None:
            yield _lost(f"the judge does not know what an accepted {message['type']} comes to")
        else:
            yield from rule(history, message)
    yield from _tries(history, _of_type(accepted, "order.retry.v1"))
    yield from _corrections(history, _of_type(accepted, "order.retry.v1"))
    yield from _notes(history, accepted)
    yield from _contacts(history, accepted)


def rule_of(kind: str) -> Rule | None:
    """The rule for one message of this type, None for a type that nobody has thought of."""
    return RULES.get(kind) or (_commanded if kind.startswith(COMMANDS) else None)


def _lost(words: str) -> Finding:
    return Finding("C1", Wrong.LOST, words)


def _doubled(words: str) -> Finding:
    return Finding("C1", Wrong.DOUBLED, words)


def _of_type(accepted: Messages, *kinds: str) -> list[Row]:
    return [message for message in accepted if message["type"] in kinds]


# -- orders


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
    return sum((row["source"], row["target"]) == RETRIED for row in transitions)


def _moves(history: History, message: Row, move: tuple[str, str]) -> list[Row]:
    """The transitions that an order made for this message."""
    rows = history.rows_of("order_transitions", "order_id", message["data"]["order_id"])
    return [row for row in rows if row["message_id"] == message["id"] and (row["source"], row["target"]) == move]


def _retried(history: History, message: Row) -> Iterator[Finding]:
    yield from _moved(history, message, RETRIED)


def _closed(history: History, message: Row) -> Iterator[Finding]:
    yield from _moved(history, message, CLOSED)


def _moved(history: History, message: Row, move: tuple[str, str]) -> Iterator[Finding]:
    moves = len(_moves(history, message, move))
    name = f"{message['type']} {message['id']} of order {message['data']['order_id']}"
    if not moves:
        yield _lost(f"{name} was accepted, and the order did not move to {move[1]} for it")
    if moves > 1:
        yield _doubled(f"{name} moved the order {moves}x")


def _tries(history: History, retries: Messages) -> Iterator[Finding]:
    """Each retry gave an operation to every item that it named, and to one item at least."""
    asked = Counter((retry["data"]["order_id"], item) for retry in retries for item in _named(retry))
    for (order_id, item_id), times in asked.items():
        rows = history.rows_of("operations", "order_id", order_id)
        made = sum(row["item_id"] == item_id for row in rows)
        if made < 1 + times:
            yield _lost(f"item {item_id} of order {order_id} has {made} operations for 1 order and {times} retries")
    for order_id, times in Counter(retry["data"]["order_id"] for retry in retries).items():
        made = len({row["id"] for row in history.rows_of("operations", "order_id", order_id) if row["item_id"]})
        items = len(history.rows_of("order_items", "order_id", order_id))
        if made < items + times:
            yield _lost(f"order {order_id} has {made} operations for {items} items and {times} retries")


def _named(retry: Row) -> set[str]:
    return {*(retry["data"].get("item_ids") or ()), *(retry["data"].get("corrections") or ())}


def _corrections(history: History, retries: Messages) -> Iterator[Finding]:
    """What a retry corrected stands so in the item, unless a later retry corrected it again."""
    last: dict[tuple[str, str, str], Any] = {}
    for retry in sorted(retries, key=lambda each: _version(history, each)):
        for item_id, correction in (retry["data"].get("corrections") or {}).items():
            given = {name: correction[name] for name in KEPT_AS_GIVEN if correction.get(name) is not None}
            last.update({(retry["data"]["order_id"], item_id, name): value for name, value in given.items()})
    for (order_id, item_id, name), value in last.items():
        rows = history.rows_of("order_items", "order_id", order_id)
        if not any(row["item_id"] == item_id and row["attributes"].get(name) == value for row in rows):
            yield _lost(f"item {item_id} of order {order_id} has not the {name} that an accepted retry gave it")


def _version(history: History, retry: Row) -> int:
    return max((row["version"] for row in _moves(history, retry, RETRIED)), default=0)


def _noted(_history: History, _message: Row) -> Iterator[Finding]:
    """Notes are counted all together: two may say the same."""
    return iter(())


def _notes(history: History, accepted: Messages) -> Iterator[Finding]:
    """Every note that was accepted stands with its order, once."""
    wanted = Counter(_note(message) for message in _of_type(accepted, "order.note.v1", "order.place.v1"))
    kept = Counter((row["subject_id"], row["author"], row["text"]) for row in history.table("notes"))
    for note, times in wanted.items():
        order_id, _author, text = note
        if text is not None and kept[note] != times:
            wrong = _lost if kept[note] < times else _doubled
            yield wrong(f"order {order_id} has a note {kept[note]}x that was accepted {times}x")


def _note(message: Row) -> tuple[str, str, str | None]:
    data = message["data"]
    text = data.get("text") if message["type"] == "order.note.v1" else data.get("note")
    return data["order_id"], message["actorid"], text


# -- services


def _commanded_service(message: Row) -> str | None:
    """The service that a command is for; of a certificate's, `service_id` is the hosting that it is for."""
    found: str | None = message["data"].get("certificate_id") or message["data"].get("service_id")
    return found


def _commanded(history: History, message: Row) -> Iterator[Finding]:
    """A command is one operation, besides those that follow from it."""
    correlation = message.get("correlationid") or message["id"]
    service_id = _commanded_service(message)
    if service_id is None:
        return
    made = [
        row["id"]
        for row in history.rows_of("operations", "correlation_id", correlation)
        if row["service_id"] == service_id and "/" not in row["id"]
    ]
    if not made:
        yield _lost(f"{message['type']} of service {service_id} was accepted and has no operation")
    if len(made) > 1:
        yield _doubled(f"{message['type']} of service {service_id} has the operations {', '.join(made)}")


def _confirmed(history: History, message: Row) -> Iterator[Finding]:
    """A registrant's answer is kept for a transfer of the domain; it is no operation."""
    data = message["data"]
    operations = history.rows_of("operations", "service_id", data["service_id"])
    keys = {f"transfer-confirmation/{row['id']}" for row in operations}
    answers = [row["data"] for row in history.table("delivered_events") if row["key"] in keys]
    if data["confirmed"] not in [answer["confirmed"] for answer in answers]:
        yield _lost(f"the answer {message['id']} to the transfer of {data['service_id']} was accepted and is not kept")


# -- bulks


def _in_bulk(history: History, message: Row) -> Iterator[Finding]:
    """Every line of the file was started, or says what is wrong with it."""
    bulk_id = message["data"]["bulk_id"]
    rows = history.rows_of("bulks", "id", bulk_id)
    if not rows:
        yield _lost(f"bulk {bulk_id} was accepted and is not there")
        return
    lines = history.rows_of("bulk_lines", "bulk_id", bulk_id)
    if rows[0]["sealed_csv"] is not None:
        yield Finding("C1", Wrong.STUCK, f"bulk {bulk_id} stands at line {rows[0]['next_line']}")
    elif len(lines) != rows[0]["total"]:
        yield _lost(f"bulk {bulk_id} has {len(lines)} lines of {rows[0]['total']}")
    for line in lines:
        if not line["error"] and not history.rows_of("operations", "id", line["operation_id"]):
            yield _lost(f"line {line['line']} of bulk {bulk_id} has neither an operation nor an error")


# -- contacts


def _kept_contact(history: History, message: Row) -> Iterator[Finding]:
    contact_id, customer_id = message["data"]["contact"]["contact_id"], message["data"]["customer_id"]
    rows = history.rows_of("contacts", "contact_id", contact_id)
    if not any(row["customer_id"] == customer_id for row in rows):
        yield _lost(f"contact {contact_id} of customer {customer_id} was accepted and is not there")


def _contacts(history: History, accepted: Messages) -> Iterator[Finding]:
    """A contact is one of those that were given for it, and has changed as often as another one was given."""
    given: dict[str, list[Row]] = {}
    for message in accepted:
        for contact in _given(message["data"]):
            seen = given.setdefault(contact["contact_id"], [])
            if _plain(contact) not in seen:
                seen.append(_plain(contact))
    for contact_id, versions in given.items():
        for row in history.rows_of("contacts", "contact_id", contact_id):
            if _plain(row["data"]) not in versions:
                yield _lost(f"contact {contact_id} is none of those that were accepted")
            if row["version"] < len(versions):
                yield _lost(f"contact {contact_id} has version {row['version']}; {len(versions)} were accepted")


def _given(value: Any) -> Iterator[Row]:
    """Every contact that stands as a whole somewhere in a message."""
    if isinstance(value, Mapping):
        if {"contact_id", "country"} <= value.keys():
            yield value
        yield from (found for each in value.values() for found in _given(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in _given(each))


def _plain(contact: Row) -> Row:
    return {name: value for name, value in contact.items() if value is not None and name not in REWRITTEN}


RULES: Final[Mapping[str, Rule]] = {
    "order.place.v1": _placed,
    "order.retry.v1": _retried,
    "order.close.v1": _closed,
    "order.note.v1": _noted,
    "domain.transfer-bulk.v1": _in_bulk,
    "domain.confirm-transfer.v1": _confirmed,
    "contact.create.v1": _kept_contact,
    "contact.update.v1": _kept_contact,
}
