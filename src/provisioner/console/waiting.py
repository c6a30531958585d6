"""Telling why: from the rows of an operation, a service or an order to one line for people. Pure; times are UTC.

waits: step subscription: connection refused — since 12:03:11 (2 min), next look in 14 s, gives up in 23 h
held: step buy: it is unknown whether it took effect — … an operator must act: provisioner operations resolve …
behind operation 7 (hosting.create, waiting) on the same resource
vendor account plesk-1 is parked: the licence expired — an operator must act: provisioner servers resume plesk-1
"""

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from provisioner.orders.statuses import OperationState, OrderStatus, ServiceStatus
from provisioner.store.query_operations import ENDED
from provisioner.store.query_records import AccountRecord, OperationRecord, OrderDetails, ServiceDetails

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_FEW: Final = 2  # so many of a unit are still told in the smaller one

# Which of several open operations is told: the one that needs people, then the one that waits longest.
_TOLD_FIRST: Final = (
    OperationState.HELD,
    OperationState.UNCERTAIN,
    OperationState.COMPENSATING,
    OperationState.WAITING,
    OperationState.RUNNING,
    OperationState.READY,
)

# What an operator does about an operation that is held, by the code under which it was told.
_REMEDY: Final[dict[str, str]] = {
    "outcome_unknown": "provisioner operations resolve {id} --happened REF, or --did-not-happen",
    "no_vendor_account": "provisioner servers add",
}
_RELEASE: Final = "provisioner operations release {id}"


# -- one operation


def operation_line(operation: OperationRecord, now: datetime) -> str:
    """What an operation waits for, since when, when the next look is, and when it gives up."""
    rules: tuple[Callable[[OperationRecord, datetime], str | None], ...] = (
        _ended,
        _held,
        _behind,
        _requiring,
        _running,
        _without_account,
    )
    return next((told for rule in rules if (told := rule(operation, now)) is not None), _scheduled(operation, now))


def _ended(operation: OperationRecord, now: datetime) -> str | None:
    if operation.state not in ENDED:
        return None
    told = f"{operation.state} at {clock(operation.ended_at or operation.since, now)}"
    return f"{told}: {operation.reason}" if operation.reason else told


def _held(operation: OperationRecord, now: datetime) -> str | None:
    if operation.state != OperationState.HELD:
        return None
    remedy = _REMEDY.get(operation.attention or "", _RELEASE).format(id=shlex.quote(operation.id))
    return f"held: {_reason(operation)} — {_since(operation, now)}; an operator must act: {remedy}"


def _behind(operation: OperationRecord, _now: datetime) -> str | None:
    ahead = operation.ahead
    if ahead is None:
        return None
    place = "service" if operation.resource.startswith("service:") else "resource"
    return f"behind operation {ahead.id} ({ahead.workflow}, {ahead.state}) on the same {place}"


def _requiring(operation: OperationRecord, _now: datetime) -> str | None:
    if not operation.unmet:
        return None
    needed = ", ".join(f"item {each.item_id or each.id} ({each.state})" for each in operation.unmet)
    return f"waits for what it requires: {needed}"


def _running(operation: OperationRecord, now: datetime) -> str | None:
    if operation.state != OperationState.RUNNING:
        return None
    if operation.due_at is not None and operation.due_at <= now:
        silent = f"its worker {operation.lease_owner} has given no sign of life"
        return f"at work: {silent}; its lease ended {ago(operation.due_at, now)}, and another worker takes over"
    step = next((each for each in reversed(operation.steps) if each.state == "intended"), None)
    if step is None:
        return f"at work: taken by {operation.lease_owner}, no call under way"
    return f"at work: step {step.name}, attempt {step.attempts}, since {_clock_and_age(step.updated_at, now)}"


def _without_account(operation: OperationRecord, now: datetime) -> str | None:
    name = operation.vendor_account
    if name is None:
        return None
    if operation.account is None:
        return f"there is no vendor account {name} any more — an operator must act: provisioner servers add {name}"
    obstacle = account_obstacle(operation.account, now)
    if obstacle is None:
        return None
    reason = operation.reason
    before = f"waits: {reason} — {_since(operation, now)}; " if reason and reason != operation.account.reason else ""
    return f"{before}{obstacle}"


def account_obstacle(account: AccountRecord, now: datetime) -> str | None:
    """Why no operation is taken from a vendor account now; None when nothing is in the way."""
    name, why = shlex.quote(account.name), f": {account.reason}" if account.reason else ""
    if account.state == "parked":
        resume = f"provisioner servers resume {name}"
        return f"vendor account {account.name} is parked{why} — an operator must act: {resume}"
    if account.state == "draining":
        return f"vendor account {account.name} is drained{why}; it goes on with: provisioner servers resume {name}"
    if account.broken_until is not None and account.broken_until > now:
        until = f"until {clock(account.broken_until, now)} (in {span(account.broken_until, now)})"
        told = f"after {account.failures} failures in a row"
        return f"vendor account {account.name} is left alone {until} {told}: its circuit breaker is open"
    return None


def _scheduled(operation: OperationRecord, now: datetime) -> str:
    if operation.due_at is not None and operation.due_at <= now:
        return _due(operation, now)
    word = "undoing" if operation.state == OperationState.COMPENSATING else "waits"
    parts = (_since(operation, now), _next_look(operation, now), _giving_up(operation, now))
    return f"{word}: {_reason(operation)} — {', '.join(parts)}"


def _due(operation: OperationRecord, now: datetime) -> str:
    account = operation.account
    if account is not None and account.running >= account.concurrency:
        taken = f"all {account.concurrency} slots of vendor account {account.name} are taken"
        return f"due since {_clock_and_age(operation.due_at or now, now)}: {taken}"
    reason = f" ({operation.reason})" if operation.reason else ""
    return f"due since {_clock_and_age(operation.due_at or now, now)}: the next free worker takes it{reason}"


def _reason(operation: OperationRecord) -> str:
    if operation.reason:
        return operation.reason
    return f"event {operation.event_key}" if operation.event_key else "no reason was given"


def _next_look(operation: OperationRecord, now: datetime) -> str:
    if operation.event_key is not None:
        return f"goes on when the event {operation.event_key} comes"
    if operation.due_at is None:
        return "is not looked at by itself"
    return f"next look in {span(operation.due_at, now)}"


def _giving_up(operation: OperationRecord, now: datetime) -> str:
    """An unknown outcome and an undoing are followed up to their end, however long that takes."""
    endless = operation.state in (OperationState.UNCERTAIN, OperationState.COMPENSATING)
    if endless or operation.deadline is None:
        return "does not give up"
    if operation.deadline <= now:
        return "gives up at the next look"
    return f"gives up in {span(operation.deadline, now)}"


# -- an order, a service


def order_line(details: OrderDetails) -> str:
    """Where an order stands, and what it waits for."""
    order, now = details.order, details.now
    match order.status:
        case OrderStatus.COMPLETED:
            return f"completed at {clock(order.updated_at, now)}, after {span(order.updated_at, order.placed_at)}"
        case OrderStatus.COMPLETED_WITH_ERRORS:
            return f"closed with errors at {clock(order.updated_at, now)}{_error(details)}"
        case OrderStatus.PROVISIONING_FAILED:
            return f"failed{_error(details)} — {_after_failure(details)}"
    told = _most_telling(details.operations)
    if told is None:
        return f"{order.status} since {_clock_and_age(order.updated_at, now)}"
    item = f"item {told.item_id} " if len(details.items) > 1 and told.item_id else ""
    return f"{item}{operation_line(told, now)}{_others(details.operations)}"


def service_line(details: ServiceDetails) -> str:
    """Where a service stands, and what it waits for."""
    service, now = details.service, details.now
    told = next((each for each in details.operations if each.state not in ENDED), None)
    if told is not None:
        return f"{told.workflow} {operation_line(told, now)}{_others(details.operations)}"
    since = details.periods[-1].started_at if details.periods else service.updated_at
    by = f", by {service.suspended_by}" if service.status == ServiceStatus.SUSPENDED and service.suspended_by else ""
    why = f": {details.periods[-1].reason}" if details.periods and details.periods[-1].reason else ""
    return f"{service.status} since {_clock_and_age(since, now)}{by}{why}; nothing is waited for"


def _most_telling(operations: Sequence[OperationRecord]) -> OperationRecord | None:
    still_open = [each for each in operations if each.state not in ENDED]
    return min(still_open, key=lambda each: (_TOLD_FIRST.index(OperationState(each.state)), each.since), default=None)


def _others(operations: Sequence[OperationRecord]) -> str:
    count = sum(each.state not in ENDED for each in operations) - 1
    return "" if count < 1 else f" (and {count} other operation{'s' if count > 1 else ''})"


def _error(details: OrderDetails) -> str:
    error = details.order.error
    return f": {error['message']}" if error else ""


def _after_failure(details: OrderDetails) -> str:
    quoted = shlex.quote(details.order.id)
    correctable = [
        (item.item_id, field.lstrip("/"))
        for item in details.items
        if item.error
        for field in item.error.get("fields") or ()
    ]
    correct = f" --correct {shlex.quote(correctable[0][0])} {correctable[0][1]} VALUE" if correctable else ""
    return f"somebody must act: provisioner orders retry {quoted}{correct}, or provisioner orders close {quoted}"


# -- times in words


def _since(operation: OperationRecord, now: datetime) -> str:
    return f"since {_clock_and_age(operation.since, now)}"


def _clock_and_age(at: datetime, now: datetime) -> str:
    return f"{clock(at, now)} ({span(now, at)})"


def ago(at: datetime, now: datetime) -> str:
    """`14 s ago`."""
    return f"{span(now, at)} ago"


def clock(at: datetime, now: datetime) -> str:
    """The time of day, with its date when that is not today's."""
    form = "%H:%M:%S" if at.astimezone(UTC).date() == now.astimezone(UTC).date() else "%Y-%m-%d %H:%M:%S"
    return at.astimezone(UTC).strftime(form)


def span(one: datetime, other: datetime) -> str:
    """The time between two moments, in the largest unit of which there are at least two: `14 s`, `23 h`, `3 days`."""
    seconds = abs((one - other).total_seconds())
    if seconds < 1:
        return f"{seconds:.1f} s"
    for unit, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= _FEW * unit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds)} s"
