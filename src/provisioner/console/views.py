"""An order, a service, an operation: as sections of text. Pure; times are UTC."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.console import timeline
from provisioner.console.output import Section, moment
from provisioner.console.waiting import operation_line
from provisioner.store.query_records import (
    AttemptRecord,
    EventRecord,
    ItemRecord,
    NoteRecord,
    OperationRecord,
    OrderDetails,
    PeriodRecord,
    QuarantineRecord,
    ServiceDetails,
    TransitionRecord,
)


def order_sections(details: OrderDetails) -> list[Section]:
    """An order: its items, what each operation did, its history, notes and events."""
    return [
        _items(details.items),
        *_operations(details.operations, details.now),
        _transitions(details.transitions),
        _notes(details.notes),
        _events(details.events),
    ]


def service_sections(details: ServiceDetails) -> list[Section]:
    """A service: what is known of it, what each operation did, its periods, notes and events."""
    service = details.service
    facts = {"ordered": service.attributes, "vendor": {"ref": service.ref, **service.data}}
    rows = [(group, name, _text(value)) for group, pairs in facts.items() for name, value in pairs.items()]
    warnings = [("warning", "", warning) for warning in service.warnings]
    return [
        Section("What it is", ("", "name", "value"), [*rows, *warnings]),
        *_operations(details.operations, details.now),
        _periods(details.periods),
        _notes(details.notes),
        _events(details.events),
    ]


def operation_sections(operation: OperationRecord) -> list[Section]:
    """One operation: what it did, and what was sent and answered if that was asked for."""
    return [timeline.section(operation), *map(_exchanges, operation.attempts)]


def quarantine_facts(record: QuarantineRecord) -> Section:
    """A message in quarantine."""
    facts: Mapping[str, Any] = {
        "reason": record.reason,
        "detail": record.detail,
        "at": record.pointer,
        "source": record.source,
        "message id": record.message_id,
        "type": record.type,
        "queue": record.queue,
        "bytes": record.size,
        "times seen": record.times_seen,
        "received": moment(record.received_at),
        "settled": moment(record.settled_at),
    }
    rows = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
    return Section(f"Message {record.id} in quarantine, {record.status}", ("", ""), rows)


def error_text(error: Mapping[str, Any] | None) -> str:
    """`domain_taken (1007): the domain is on this server already; to correct: domain`."""
    if not error:
        return ""
    vendor = f" ({error['vendor_code']})" if error.get("vendor_code") else ""
    fields = ", ".join(str(field).lstrip("/") for field in error.get("fields") or ())
    return f"{error['code']}{vendor}: {error['message']}" + (f"; to correct: {fields}" if fields else "")


def _items(items: Sequence[ItemRecord]) -> Section:
    rows = [
        (
            item.item_id,
            f"{item.product} {item.change}",
            item.service_id or "",
            item.status,
            ", ".join(item.requires),
            "; ".join(filter(None, (error_text(item.error), *item.warnings))),
        )
        for item in items
    ]
    return Section("Items", ("item", "what", "service", "status", "requires", "error and warnings"), rows)


def _operations(operations: Sequence[OperationRecord], now: datetime) -> list[Section]:
    lines = [(each.id, each.workflow, each.state, operation_line(each, now)) for each in operations]
    overview = Section("Operations", ("operation", "workflow", "state", "waits for"), lines)
    return [overview, *(part for each in operations for part in operation_sections(each))]


def _exchanges(attempt: AttemptRecord) -> Section:
    title = f"Step {attempt.step}, attempt {attempt.number}, {attempt.action}: what was sent and answered"
    rows = [(name, each[name]) for each in attempt.exchanges for name in ("request", "response")]
    return Section(title, ("", "text"), rows)


def _transitions(transitions: Sequence[TransitionRecord]) -> Section:
    rows = [(moment(each.at), each.source, each.target, each.actor, each.reason or "") for each in transitions]
    return Section("Status history", ("time", "from", "to", "by", "reason"), rows)


def _periods(periods: Sequence[PeriodRecord]) -> Section:
    rows = [(each.status, moment(each.started_at), moment(each.ended_at), each.reason or "") for each in periods]
    return Section("Periods", ("status", "from", "until", "reason"), rows)


def _notes(notes: Sequence[NoteRecord]) -> Section:
    return Section("Notes", ("time", "by", "note"), [(moment(each.at), each.author, each.text) for each in notes])


def _events(events: Sequence[EventRecord]) -> Section:
    rows = [(str(each.sequence), each.type, moment(each.created_at), _published(each)) for each in events]
    return Section("Events", ("sequence", "type", "written", "published"), rows)


def _published(event: EventRecord) -> str:
    return moment(event.published_at) or "not yet"


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
