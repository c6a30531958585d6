"""What queries return: plain records, detached from the database, without anything that is sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Error = Mapping[str, Any]
"""An item's or an operation's error: `code`, `message`, `vendor_code`, `fields`, `final`."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A vendor account. `running`: its slots in use now; `open`: its operations that have not ended."""

    name: str
    adapter: str
    product: str
    environment: str
    settings: Mapping[str, str]
    version: int
    concurrency: int
    state: str
    reason: str | None
    failures: int
    broken_until: datetime | None
    updated_at: datetime
    running: int
    open: int


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the journal. `looks` counts look-ups since its outcome became unknown."""

    operation_id: str
    name: str
    state: str
    effect_class: str | None
    attempts: int
    looks: int
    error: Error | None
    started_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One call or look-up. `exchanges`: redacted requests and responses, empty unless they were asked for."""

    operation_id: str
    step: str
    number: int
    action: str
    outcome: str
    code: str | None
    vendor_code: str | None
    message: str | None
    milliseconds: float
    at: datetime
    exchanges: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ahead:
    """The operation on the same resource that goes first."""

    id: str
    workflow: str
    state: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """An operation that must succeed first."""

    id: str
    item_id: str | None
    state: str


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation with what it waits for. `account` is None when it has none or its account is gone."""

    id: str
    position: int
    resource: str
    workflow: str
    state: str
    order_id: str | None
    item_id: str | None
    service_id: str | None
    customer_id: str | None
    vendor_account: str | None
    environment: str
    generation: int
    actor_role: str | None
    fence: int
    lease_owner: str | None
    due_at: datetime | None
    deadline: datetime | None
    reason: str | None
    since: datetime
    event_key: str | None
    attention: str | None
    error: Error | None
    created_at: datetime
    ended_at: datetime | None
    ahead: Ahead | None = None
    unmet: tuple[Requirement, ...] = ()
    account: AccountRecord | None = None
    steps: tuple[StepRecord, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One item of an order."""

    item_id: str
    position: int
    product: str
    change: str
    service_id: str | None
    status: str
    attributes: Mapping[str, Any]
    requires: tuple[str, ...]
    error: Error | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TransitionRecord:
    """One line of an order's history."""

    version: int
    source: str
    target: str
    actor: str
    reason: str | None
    message_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodRecord:
    """One line of a service's history; `ended_at` is None for the period that runs."""

    version: int
    status: str
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A note by a person."""

    id: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of the outbox; `published_at` is None until the broker confirmed it."""

    event_id: str
    type: str
    sequence: int
    created_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order without its parts. `waits_for`: the reason of its first operation that waits, if any gives one."""

    id: str
    customer_id: str
    environment: str
    status: str
    version: int
    attempt: int
    item_count: int
    requested_changes: tuple[str, ...]
    created_by: Mapping[str, Any]
    correlation_id: str | None
    error: Error | None
    placed_at: datetime
    updated_at: datetime
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order with everything that belongs to it. `now` is the database's clock."""

    now: datetime
    order: OrderRecord
    items: tuple[ItemRecord, ...]
    operations: tuple[OperationRecord, ...]
    transitions: tuple[TransitionRecord, ...]
    notes: tuple[NoteRecord, ...]
    events: tuple[EventRecord, ...]


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service without its parts. `ref` and `data` are the vendor's; `name` is the domain, of one.

    `upkeep_at` is when `upkeep_workflow` is started next.
    """

    id: str
    customer_id: str
    order_id: str | None
    environment: str
    product: str
    status: str
    intended_status: str
    version: int
    generation: int
    suspended_by: str | None
    vendor_account: str | None
    ref: str | None
    attributes: Mapping[str, Any]
    data: Mapping[str, Any]
    warnings: tuple[str, ...]
    revealed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    upkeep_at: datetime | None = None
    upkeep_workflow: str | None = None
    bulk_id: str | None = None


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact of a customer. `data` has the fields of the message."""

    contact_id: str
    customer_id: str
    data: Mapping[str, Any]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """A service with everything that belongs to it. `now` is the database's clock."""

    now: datetime
    service: ServiceRecord
    periods: tuple[PeriodRecord, ...]
    operations: tuple[OperationRecord, ...]
    notes: tuple[NoteRecord, ...]
    events: tuple[EventRecord, ...]


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """A message that was put aside, without its body. `status`: open, replayed or discarded."""

    id: str
    queue: str
    source: str | None
    message_id: str | None
    type: str | None
    reason: str
    detail: str
    pointer: str | None
    size: int
    times_seen: int
    status: str
    received_at: datetime
    settled_at: datetime | None
