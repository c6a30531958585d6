"""The reference page of all statuses, written from the tables."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from provisioner.orders.statuses import (
    ENDED_ITEMS,
    ENDED_OPERATIONS,
    ORDER_TRANSITIONS,
    SERVICE_TRANSITIONS,
    ItemStatus,
    OperationState,
    OrderStatus,
    ServiceStatus,
    Transition,
    rollup_word,
    section,
)
from provisioner.orders.supersession import POINTLESS_AFTER, ROLE_RANK

ORDER_MEANINGS: Final[Mapping[OrderStatus, str]] = {
    OrderStatus.DRAFT: "The storefront's: put aside before it was ordered.",
    OrderStatus.STARTED: "The storefront's: in the cart, or just placed.",
    OrderStatus.SCHEDULED: "The storefront's: to be placed at a later time.",
    OrderStatus.DELETED: "The storefront's: taken out of the cart; it was never placed.",
    OrderStatus.PROVISIONING_STARTED: "Accepted; at least one item is at work or waits.",
    OrderStatus.PROVISIONING_FAILED: "Nothing was provisioned, and the order can be corrected, tried again or closed.",
    OrderStatus.PROVISIONING_FINISHED: "Every item is there; what follows from it is being done.",
    OrderStatus.COMPLETED: "Closed; everything that was ordered is there.",
    OrderStatus.COMPLETED_WITH_ERRORS: "Closed; something was refused for good, or an operator closed it.",
}
ITEM_MEANINGS: Final[Mapping[ItemStatus, str]] = {
    ItemStatus.STARTED: "At work, or next in turn.",
    ItemStatus.WAITING: "The vendor is waited for.",
    ItemStatus.UNKNOWN: "It is unknown whether a call took effect; it is being looked up.",
    ItemStatus.SUCCEEDED: "It is there.",
    ItemStatus.FAILED: "It is not there; the error says why and which fields could be corrected.",
    ItemStatus.CANCELLED: "A newer command made it pointless.",
}
SERVICE_MEANINGS: Final[Mapping[ServiceStatus, str]] = {
    ServiceStatus.ORDERED: "Accepted, not begun.",
    ServiceStatus.PROVISIONING: "Being made.",
    ServiceStatus.ACTIVE: "In use.",
    ServiceStatus.SUSPENDED: "Switched off; it is recorded by which role.",
    ServiceStatus.CANCELLING: "Being removed, or removed at the end of the term.",
    ServiceStatus.CANCELLED: "Removed.",
    ServiceStatus.FAILED: "It could not be made.",
}
SERVICE_EVENT_MEANINGS: Final[Mapping[str, str]] = {
    "transferred_away": "The registry shows the domain at another registrar.",
    "deleted_elsewhere": "The registry does not have the domain any more, or has it registered anew by somebody else.",
    "let_go": "Automatic renewal is off and the term is over: it is deleted while its renewal can be taken back;"
    " where there is no time for that, in the last days of the term.",
    "not_deleted": "Its deletion was refused, and the registry shows it as before: it is looked after again.",
    "not_deleted_on_hold": "The same of a domain that is out of the zone.",
}
"""What a worker finds out or does by itself."""
OPERATION_MEANINGS: Final[Mapping[OperationState, str]] = {
    OperationState.READY: "It can be claimed by a worker.",
    OperationState.RUNNING: "A worker holds its lease.",
    OperationState.WAITING: "It goes on when it is due: a retry, a vendor that is still working, a time, an event.",
    OperationState.UNCERTAIN: "It is unknown whether a step took effect; the next look-up is due.",
    OperationState.HELD: "An operator has to decide; no time wakes it.",
    OperationState.COMPENSATING: "It was refused for good; finished steps are being undone.",
    OperationState.SUCCEEDED: "Done.",
    OperationState.FAILED: "Refused for good, or given up at its deadline; there was nothing to undo.",
    OperationState.COMPENSATED: "The same, and everything that was done has been undone.",
    OperationState.SUPERSEDED: "A newer command made it pointless; what was done has been undone.",
    OperationState.CANCELLED: "It never ran: an operation that it required did not succeed.",
}

_INTRODUCTION: Final = """\
<!-- Written from provisioner.orders by `python -m tools.docs`; a test says when it is stale. -->
# Statuses

An order has items; an item becomes one operation; a service is what the customer owns afterwards. A status changes only
by an event that the tables below allow; anything else is refused with the code `invalid_transition` and the events that
would be allowed.
"""

_ROLL_UP: Final = """\
### How an order's status follows from its items

While any item is at work the order is `provisioning_started`. When all of them have ended:

| Items | Event | The order becomes |
|---|---|---|
| none failed | `all_succeeded`, then `follow_ups_done` | `provisioning_finished`, then `completed` |
| some failed, some succeeded | `partly_succeeded` | `completed_with_errors` |
| none succeeded, and some failure can be corrected or tried again | `nothing_succeeded` | `provisioning_failed` |
| none succeeded, and every failure is final | `refused_for_good` | `completed_with_errors` |

A cancelled item counts neither as failed nor as succeeded.
"""

_SUPERSESSION: Final = """\
### Commands that make an operation pointless

An operation that waits, or has not begun, ends as `superseded` when one of these is accepted after it for the same
service. A step whose outcome is unknown is resolved first, and what was done is undone.

| Operation | Made pointless by |
|---|---|
"""


def reference() -> str:
    """The whole page, in Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_orders(),
            *_items(),
            *_services(),
            *_operations(),
        ]
    )


def diagram(transitions: Iterable[Transition], *, end: Iterable[StrEnum]) -> str:
    """A mermaid state diagram of a table; `end` are the statuses that nothing leaves."""
    moves = [f"    {move.source} --> {move.target}: {move.event}" for move in transitions]
    ends = [f"    {status} --> [*]" for status in end]
    return "\n".join(["```mermaid", "stateDiagram-v2", *moves, *ends, "```", ""])


def _orders() -> Iterator[str]:
    yield "## Orders\n"
    yield "| Status | Meaning | View | In notifications |\n|---|---|---|---|"
    for status, meaning in ORDER_MEANINGS.items():
        yield f"| `{status}` | {meaning} | {section(status)} | {rollup_word(status)} |"
    yield "\n" + diagram(ORDER_TRANSITIONS, end=_final(ORDER_TRANSITIONS, OrderStatus))
    yield _table(ORDER_TRANSITIONS)
    yield _ROLL_UP


def _items() -> Iterator[str]:
    yield "## Order items\n"
    yield "| Status | Meaning | Ended |\n|---|---|---|"
    for status, meaning in ITEM_MEANINGS.items():
        yield f"| `{status}` | {meaning} | {'yes' if status in ENDED_ITEMS else ''} |"
    yield ""


def _services() -> Iterator[str]:
    yield "## Services\n"
    yield "| Status | Meaning |\n|---|---|"
    for status, meaning in SERVICE_MEANINGS.items():
        yield f"| `{status}` | {meaning} |"
    yield "\n" + diagram(SERVICE_TRANSITIONS, end=_final(SERVICE_TRANSITIONS, ServiceStatus))
    yield _table(SERVICE_TRANSITIONS)
    yield "| What the worker finds out or does by itself | Meaning |\n|---|---|"
    for event, meaning in SERVICE_EVENT_MEANINGS.items():
        yield f"| `{event}` | {meaning} |"
    yield ""
    ranks = ", ".join(f"`{role}` {rank}" for role, rank in ROLE_RANK.items())
    yield f"A suspension is lifted by its own role or a higher one: {ranks}; any other role ranks 0.\n"


def _operations() -> Iterator[str]:
    yield "## Operations\n"
    yield "| State | Meaning | Ended |\n|---|---|---|"
    for state, meaning in OPERATION_MEANINGS.items():
        yield f"| `{state}` | {meaning} | {'yes' if state in ENDED_OPERATIONS else ''} |"
    rows = [f"| `{name}` | {', '.join(f'`{verb}`' for verb in sorted(verbs))} |" for name, verbs in _pointless()]
    yield "\n" + _SUPERSESSION + "\n".join(rows) + "\n"


def _pointless() -> list[tuple[str, frozenset[str]]]:
    return sorted(POINTLESS_AFTER.items())


def _final(transitions: Iterable[Transition], statuses: type[StrEnum]) -> list[StrEnum]:
    left = {move.source for move in transitions}
    return [status for status in statuses if status not in left]


def _table(transitions: Iterable[Transition]) -> str:
    rows = [f"| `{move.source}` | `{move.event}` | `{move.target}` | {move.actor} |" for move in transitions]
    return "\n".join(["| From | Event | To | Who |", "|---|---|---|---|", *rows, ""])
