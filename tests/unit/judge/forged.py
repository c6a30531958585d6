"""A small history in which the promise was kept, and the means to forge it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.support.judge.acceptance import meaning
from tests.support.judge.history import History, Row

Rows = list[dict[str, Any]]


def at(second: float) -> str:
    """A time in the history."""
    return f"2026-01-01T00:00:{second:09.6f}+00:00"


PLACE = {
    "id": "place-1",
    "source": "shop",
    "type": "order.place.v1",
    "actorid": "ada",
    "data": {"order_id": "o1", "items": [{"item_id": "1"}]},
}
SUSPEND = {"id": "suspend-1", "source": "shop", "type": "service.suspend.v1", "data": {"service_id": "s1"}}


def _operation(position: int, workflow: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"op{position}",
        "position": position,
        "workflow": workflow,
        "state": "succeeded",
        "resource": "service:s1",
        "order_id": None,
        "item_id": None,
        "service_id": "s1",
        "customer_id": "c1",
        "correlation_id": None,
        "fence": 1,
        "due_at": None,
        "deadline": at(59),
        "reason": None,
        "attention": None,
        "ended_at": at(9),
        **changes,
    }


def _transition(version: int, source: str, target: str) -> dict[str, Any]:
    return {"order_id": "o1", "version": version, "source": source, "target": target, "message_id": None}


def inbox_row(message: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a message that was accepted."""
    return {
        "source": message["source"],
        "message_id": message["id"],
        "body_hash": meaning(message),
        "outcome": "accepted",
    }


def step(operation: str, name: str, begun: float, **changes: Any) -> dict[str, Any]:
    return {
        "operation_id": operation,
        "name": name,
        "state": "done",
        "result": {"ref": "r", "data": {}, "warnings": []},
        "fence": 1,
        "started_at": at(begun),
        "updated_at": at(begun + 0.5),
        **changes,
    }


def effect(seq: int, operation: str, reference: str, **details: str) -> dict[str, Any]:
    return {"seq": seq, "operation": operation, "reference": reference, "details": details}


def _event(number: int, stream: str, sequence: int, kind: str, **data: Any) -> dict[str, Any]:
    subject = stream.partition("/")[2]
    return {"id": f"e{number}", "type": kind, "subject": subject, "sequence": sequence, "data": data}


def told(number: int, stream: str, sequence: int, kind: str = "message.rejected.v1", **data: Any) -> dict[str, Any]:
    """A row of the outbox."""
    event = _event(number, stream, sequence, kind, **data)
    return {
        "id": number,
        "event_id": event["id"],
        "subject": stream,
        "sequence": sequence,
        "body": json.dumps(event),
    }


_TOLD = [
    ("order/o1", "order.status-changed.v1", {"status": "provisioning_started"}),
    ("service/s1", "service.status-changed.v1", {"status": "active"}),
    ("order/o1", "item.status-changed.v1", {"status": "succeeded"}),
    ("order/o1", "order.status-changed.v1", {"status": "provisioning_finished"}),
    ("order/o1", "order.status-changed.v1", {"status": "completed"}),
    ("service/s1", "service.status-changed.v1", {"status": "suspended"}),
]


def good() -> History:
    """One order for one service, provisioned; then the service is suspended."""
    places: dict[str, int] = {}
    heard, outbox = [], []
    for number, (stream, kind, data) in enumerate(_TOLD, start=1):
        places[stream] = places.get(stream, 0) + 1
        outbox.append(told(number, stream, places[stream], kind, **data))
        heard.append(json.loads(outbox[-1]["body"]))
    tables: dict[str, Rows] = {
        "inbox": [inbox_row(message) for message in (PLACE, SUSPEND)],
        "quarantine": [],
        "orders": [{"id": "o1", "status": "completed", "version": 4}],
        "order_items": [
            {
                "order_id": "o1",
                "item_id": "1",
                "product": "hosting",
                "change": "purchase",
                "status": "succeeded",
                "attributes": {},
            }
        ],
        "order_transitions": [
            _transition(1, "started", "provisioning_started"),
            _transition(3, "provisioning_started", "provisioning_finished"),
            _transition(4, "provisioning_finished", "completed"),
        ],
        "services": [
            {"id": "s1", "ownership_mark": "svc:s1", "customer_id": "c1", "status": "suspended", "version": 2}
        ],
        "operations": [
            _operation(1, "hosting.create", order_id="o1", item_id="1", correlation_id="place-1", ended_at=at(4)),
            _operation(2, "hosting.suspend", correlation_id="suspend-1"),
        ],
        "operation_requirements": [],
        "steps": [step("op1", "customer", 1), step("op1", "subscription", 2), step("op2", "suspend", 5)],
        "outbox": outbox,
    }
    return History(
        taken_at=at(30),
        lease_seconds=3.0,
        published=[json.dumps(PLACE), json.dumps(SUSPEND)],
        tables=tables,
        effects=[
            effect(1, "customer.add", "cust:c1"),
            effect(2, "webspace.add", "svc:s1"),
            effect(3, "webspace.set", "svc:s1", status="16"),
        ],
        heard=heard,
        logs={"worker": '{"event": "started"}\n'},
        canaries={"the broker's password": "correct-horse-battery"},
    )


def undone() -> History:
    """One order that was refused at its second step; the first one was undone."""
    history = good()
    tables: dict[str, Rows] = {name: [dict(row) for row in rows] for name, rows in history.tables.items()}
    tables["inbox"] = tables["inbox"][:1]
    tables["orders"] = [{"id": "o1", "status": "completed_with_errors", "version": 0}]
    tables["order_items"] = [{**tables["order_items"][0], "status": "failed"}]
    tables["order_transitions"] = [
        _transition(1, "started", "provisioning_started"),
        _transition(3, "provisioning_started", "completed_with_errors"),
    ]
    tables["services"] = [{**tables["services"][0], "status": "failed", "version": 0}]
    tables["operations"] = [{**tables["operations"][0], "state": "compensated"}]
    tables["steps"] = [
        step("op1", "customer", 1),
        step("op1", "subscription", 2, state="failed", result=None),
        step("op1", "undo:customer", 3),
    ]
    tables["outbox"] = []
    effects = [effect(1, "customer.add", "cust:c1"), effect(2, "customer.del", "cust:c1")]
    return replace(history, published=history.published[:1], tables=tables, effects=effects, heard=[])


def _with(history: History, table: str, rows: Rows) -> History:
    return replace(history, tables={**history.tables, table: rows})


def change(history: History, table: str, where: Mapping[str, Any], **values: Any) -> History:
    """The same history with other values in the rows that fit `where`. Raises AssertionError when none does."""
    rows = [dict(row) for row in history.table(table)]
    fitting = [row for row in rows if where.items() <= row.items()]
    assert fitting, f"no row of {table} has {where}"
    for row in fitting:
        row.update(values)
    return _with(history, table, rows)


def drop(history: History, table: str, **where: Any) -> History:
    """The same history without the rows that fit. Raises AssertionError when none does."""
    rows = [dict(row) for row in history.table(table)]
    kept = [row for row in rows if not where.items() <= row.items()]
    assert len(kept) < len(rows), f"no row of {table} has {where}"
    return _with(history, table, kept)


def add(history: History, table: str, **row: Any) -> History:
    """The same history with one more row."""
    return _with(history, table, [*(dict(row) for row in history.table(table)), row])


def copy_row(history: History, table: str, where: Mapping[str, Any], **values: Any) -> History:
    """The same history with a second row like the one that fits, but for `values`."""
    row = next(row for row in history.table(table) if where.items() <= row.items())
    return add(history, table, **{**row, **values})


def accept(history: History, *messages: Mapping[str, Any]) -> History:
    """The same history with messages that were published and accepted, and came to nothing so far."""
    rows = [*(dict(row) for row in history.table("inbox")), *map(inbox_row, messages)]
    published = [*history.published, *map(json.dumps, messages)]
    return replace(_with(history, "inbox", rows), published=published)


def effects(history: History, *ledger: Row) -> History:
    """The same history with another ledger."""
    return replace(history, effects=ledger)
