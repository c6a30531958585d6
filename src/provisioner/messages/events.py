"""What the worker tells: cheap builders for the `data` of each event, and the CloudEvent as text.

Nothing is validated here, because it runs with every change of status; tests compare it with `event_contracts`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

LONGEST_WORDS: Final = 2_000
MOST_ENTRIES: Final = 100

Data = dict[str, Any]
Section = Literal["recent", "historical"]
Rollup = Literal["in_progress", "completed", "completed_with_errors"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. Events of one `subject` are published in order."""

    type: str
    subject: str
    data: Data


def order_status_changed(
    order_id: str,
    *,
    status: str,
    previous: str | None,
    section: Section,
    rollup: Rollup,
    reason: str | None,
    attempt: int,
    error: Mapping[str, Any] | None,
) -> Event:
    """An order has another status. `attempt` counts from 1; `error` is {code, message, vendor_code, fields}."""
    data = {
        "order_id": order_id,
        "status": status,
        "previous": previous,
        "section": section,
        "rollup": rollup,
        "reason": _words(reason),
        "attempt": attempt,
        "error": _problem(error),
    }
    return Event("order.status-changed.v1", order_id, data)


def item_status_changed(
    order_id: str,
    item_id: str,
    *,
    service_id: str | None,
    product: str,
    status: str,
    previous: str | None,
    error: Mapping[str, Any] | None,
    warnings: Iterable[str],
) -> Event:
    """An item of an order has another status. The subject is the order, so that its events stay in order."""
    data = {
        "order_id": order_id,
        "item_id": item_id,
        "service_id": service_id,
        "product": product,
        "status": status,
        "previous": previous,
        "error": _problem(error),
        "warnings": [warning[:LONGEST_WORDS] for warning in warnings][:MOST_ENTRIES],
    }
    return Event("item.status-changed.v1", order_id, data)


def service_status_changed(
    service_id: str,
    *,
    product: str,
    status: str,
    previous: str | None,
    reason: str | None,
    customer_id: str,
    suspended_by: str | None,
) -> Event:
    """A service has another status. `suspended_by` is the role that suspended it, while it is suspended."""
    data = {
        "service_id": service_id,
        "product": product,
        "status": status,
        "previous": previous,
        "reason": _words(reason),
        "customer_id": customer_id,
        "suspended_by": suspended_by,
    }
    return Event("service.status-changed.v1", service_id, data)


def message_rejected(
    *,
    message_id: str | None,
    source: str | None,
    message_type: str | None,
    reason: str,
    detail: str,
    pointer: str | None,
    quarantine_id: str | None,
) -> Event:
    """A message was not accepted. The subject is its id, or its place in quarantine when it had none."""
    data = {
        "message_id": message_id,
        "source": source,
        "message_type": message_type,
        "reason": reason,
        "detail": _words(detail),
        "pointer": pointer,
        "quarantine_id": quarantine_id,
    }
    return Event("message.rejected.v1", message_id or quarantine_id or "unknown", data)


def operation_needs_attention(
    operation_id: str,
    *,
    subject: str,
    workflow: str,
    order_id: str | None,
    item_id: str | None,
    service_id: str | None,
    reason: str,
    detail: str,
    vendor_account: str | None,
    since: datetime,
) -> Event:
    """An operation waits for an operator. `reason` is a code, `detail` says it in words, `since` is aware."""
    data = {
        "operation_id": operation_id,
        "workflow": workflow,
        "order_id": order_id,
        "item_id": item_id,
        "service_id": service_id,
        "reason": reason,
        "detail": _words(detail),
        "vendor_account": vendor_account,
        "since": _moment(since),
    }
    return Event("operation.needs-attention.v1", subject, data)


def account_needs_attention(
    vendor_account: str, *, adapter: str, product: str, reason: str, detail: str, since: datetime
) -> Event:
    """A vendor account waits for an operator. `reason` is a code, `detail` says it in words, `since` is aware."""
    data = {
        "vendor_account": vendor_account,
        "adapter": adapter,
        "product": product,
        "reason": reason,
        "detail": _words(detail),
        "since": _moment(since),
    }
    return Event("vendor-account.needs-attention.v1", vendor_account, data)


def encode(
    event: Event,
    *,
    id: str,  # noqa: A002 - the name that CloudEvents gives it
    source: str,
    time: datetime,
    sequence: int,
    environment: str,
    correlation_id: str | None,
) -> str:
    """The event as a CloudEvent in JSON, structured mode. `time` must be aware; `sequence` grows per subject.

    NUL characters and half surrogates, which neither databases nor readers take, are replaced.
    """
    document = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": _moment(time),
        "datacontenttype": "application/json",
        "environment": environment,
        "sequence": sequence,
        "data": event.data,
    }
    if correlation_id is not None:
        document["correlationid"] = correlation_id
    text = _json(document)
    return text if text.isascii() and "\\u0000" not in text else _json(_clean(document))


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _json(document: Data) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _clean(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_clean(element) for element in value]
    return value


def _words(text: str | None) -> str | None:
    return None if text is None else text[:LONGEST_WORDS]


def _problem(error: Mapping[str, Any] | None) -> Data | None:
    if error is None:
        return None
    return {
        "code": error["code"],
        "message": error["message"][:LONGEST_WORDS],
        "vendor_code": error.get("vendor_code"),
        "fields": list(error.get("fields", ()))[:MOST_ENTRIES],
    }


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time in an event must be aware")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
