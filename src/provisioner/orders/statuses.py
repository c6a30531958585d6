"""Every status and every legal transition, as data. The diagrams in the docs are drawn from these tables."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from provisioner.kernel.errors import RefusedError


class OrderStatus(StrEnum):
    """Where an order stands. Stored once; the two views of storefronts are derived from it."""

    DRAFT = "draft"
    STARTED = "started"
    SCHEDULED = "scheduled"
    DELETED = "deleted"
    PROVISIONING_STARTED = "provisioning_started"
    PROVISIONING_FAILED = "provisioning_failed"
    PROVISIONING_FINISHED = "provisioning_finished"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"


class ItemStatus(StrEnum):
    """Where one item of an order stands."""

    STARTED = "started"
    WAITING = "waiting_vendor"
    UNKNOWN = "unknown_outcome"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ServiceStatus(StrEnum):
    """Where a service stands."""

    ORDERED = "ordered"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"


class OperationState(StrEnum):
    """Where an operation stands."""

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    UNCERTAIN = "uncertain"
    HELD = "held"
    COMPENSATING = "compensating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    COMPENSATED = "compensated"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


Section = Literal["recent", "historical"]
Rollup = Literal["in_progress", "completed", "completed_with_errors"]

HISTORICAL: Final = frozenset({OrderStatus.COMPLETED, OrderStatus.COMPLETED_WITH_ERRORS})
ENDED_ITEMS: Final = frozenset({ItemStatus.SUCCEEDED, ItemStatus.FAILED, ItemStatus.CANCELLED})
ENDED_OPERATIONS: Final = frozenset(
    {
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.COMPENSATED,
        OperationState.SUPERSEDED,
        OperationState.CANCELLED,
    }
)
OPEN_OPERATIONS: Final = frozenset(OperationState) - ENDED_OPERATIONS


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal move: in status `source`, `event` leads to `target`; `actor` is who may cause it."""

    source: str
    event: str
    target: str
    actor: str


ORDER_TRANSITIONS: Final[tuple[Transition, ...]] = (
    # -- before the worker sees it: the storefront's own moves
    Transition("draft", "continue", "started", "storefront"),
    Transition("draft", "delete", "deleted", "storefront"),
    Transition("started", "delete", "deleted", "storefront"),
    # -- the worker
    Transition("started", "place", "provisioning_started", "worker"),
    Transition("scheduled", "place", "provisioning_started", "worker"),
    Transition("provisioning_started", "all_succeeded", "provisioning_finished", "worker"),
    Transition("provisioning_started", "nothing_succeeded", "provisioning_failed", "worker"),  # open: can be retried
    Transition("provisioning_started", "partly_succeeded", "completed_with_errors", "worker"),
    Transition("provisioning_started", "refused_for_good", "completed_with_errors", "worker"),
    Transition("provisioning_finished", "follow_ups_done", "completed", "worker"),
    Transition("provisioning_finished", "follow_up_failed", "completed_with_errors", "worker"),
    # -- somebody mends a failed order
    Transition("provisioning_failed", "retry", "provisioning_started", "operator or storefront"),
    Transition("provisioning_failed", "close", "completed_with_errors", "operator or storefront"),
)

SERVICE_TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("ordered", "provision", "provisioning", "worker"),
    Transition("provisioning", "activated", "active", "worker"),
    Transition("provisioning", "failed", "failed", "worker"),
    Transition("failed", "provision", "provisioning", "worker"),
    Transition("provisioning", "suspend", "suspended", "storefront"),
    Transition("active", "suspend", "suspended", "storefront"),
    Transition("suspended", "suspend", "suspended", "storefront"),  # a higher role may add its own suspension
    Transition("suspended", "resume", "active", "storefront"),
    Transition("active", "resume", "active", "storefront"),  # nothing to do, and no harm
    Transition("provisioning", "cancel", "cancelling", "storefront"),
    Transition("active", "cancel", "cancelling", "storefront"),
    Transition("suspended", "cancel", "cancelling", "storefront"),
    Transition("failed", "cancel", "cancelling", "storefront"),
    Transition("cancelling", "cancelled", "cancelled", "worker"),
    # -- domains: deleted ones can be restored while they are in redemption, also those that the registry deleted
    Transition("active", "delete", "cancelling", "storefront"),
    Transition("suspended", "delete", "cancelling", "storefront"),
    Transition("cancelling", "restore", "active", "storefront"),
    Transition("active", "restore", "active", "storefront"),
    Transition("suspended", "restore", "suspended", "storefront"),
    # -- domains: what the registry shows, and the end of a term that nobody wants prolonged
    Transition("active", "transferred_away", "cancelled", "worker"),
    Transition("suspended", "transferred_away", "cancelled", "worker"),
    Transition("active", "deleted_elsewhere", "cancelled", "worker"),
    Transition("suspended", "deleted_elsewhere", "cancelled", "worker"),
    Transition("active", "let_go", "cancelling", "worker"),
    Transition("suspended", "let_go", "cancelling", "worker"),
    Transition("cancelling", "not_deleted", "active", "worker"),
    Transition("cancelling", "not_deleted_on_hold", "suspended", "worker"),
    # -- every other command: it is for services that live, and leaves the status as it is
    Transition("provisioning", "change", "provisioning", "storefront"),
    Transition("active", "change", "active", "storefront"),
    Transition("suspended", "change", "suspended", "storefront"),
)


class IllegalTransition(RefusedError):
    """The status does not allow this now."""

    code = "invalid_transition"


def _next(table: tuple[Transition, ...], kind: str, source: str, event: str) -> str:
    allowed = {move.event: move.target for move in table if move.source == source}
    if event not in allowed:
        offered = ", ".join(sorted(allowed)) or "nothing"
        raise IllegalTransition(f"{kind} in status {source} does not allow {event}; it allows {offered}")
    return allowed[event]


def next_order_status(source: OrderStatus, event: str) -> OrderStatus:
    """The status that `event` leads to. Raises IllegalTransition naming what is allowed."""
    return OrderStatus(_next(ORDER_TRANSITIONS, "an order", source, event))


def next_service_status(source: ServiceStatus, event: str) -> ServiceStatus:
    """The status that `event` leads to. Raises IllegalTransition naming what is allowed."""
    return ServiceStatus(_next(SERVICE_TRANSITIONS, "a service", source, event))


def section(status: OrderStatus) -> Section:
    """Recent: the order can still change. Historical: it cannot."""
    return "historical" if status in HISTORICAL else "recent"


def rollup_word(status: OrderStatus) -> Rollup:
    """The word for notifications: in progress, completed, completed with errors."""
    if status is OrderStatus.COMPLETED:
        return "completed"
    return "completed_with_errors" if status is OrderStatus.COMPLETED_WITH_ERRORS else "in_progress"
