"""What the engine's scenarios need of a journal and of the store around it. Each journal has its own harness."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from provisioner.kernel.clock import FakeClock
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.workflows.journal import Attempt, Claim, Journal, ServiceRecord, StepRecord
from provisioner.workflows.memory import MemoryJournal, NewOperation
from provisioner.workflows.memory_services import KeptCertificate


@dataclass(frozen=True)
class Standing:
    """An operation as the journal shows it. `due_in` is in seconds from now, None when no time wakes it."""

    state: OperationState
    reason: str
    attention: str | None
    due_in: float | None
    error: ItemError | None
    warnings: tuple[str, ...]
    steps: Mapping[str, StepRecord]
    attempts: tuple[tuple[str, Attempt], ...]
    account: str | None = None


class JournalHarness(Protocol):
    """One empty journal with the vendor accounts `panel-1` and `panel-2`. Seconds are the journal's own."""

    @property
    def journal(self) -> Journal:
        """The journal under test."""
        ...

    @property
    def lease_seconds(self) -> float:
        """How long a claim holds."""
        ...

    def now(self) -> datetime:
        """The journal's clock."""
        ...

    def let_pass(self, seconds: float) -> None:
        """Let so much time pass, for everything that the journal keeps (a database: move its times back)."""
        ...

    def accept(self, operation: NewOperation) -> None:
        """Accept an operation with its customer and service; due at once."""
        ...

    def claim_due(self) -> Claim | None:
        """Claim what is due."""
        ...

    def next_due_in(self) -> float | None:
        """Seconds until `claim_due` has something, 0 or less when it has; None when time alone changes nothing."""
        ...

    def deliver_event(self, key: str, data: Mapping[str, Any]) -> None:
        """Deliver an event to whoever waits for it, now or later."""
        ...

    def release(self, operation_id: str) -> None:
        """Let a held operation go on."""
        ...

    def resolve(self, operation_id: str, *, happened_ref: str | None) -> str:
        """Record an operator's verdict on the unknown step of a held operation, which goes on; the step's name."""
        ...

    def close_account(self, name: str) -> None:
        """Let nothing more be started at a vendor account."""
        ...

    def resume_account(self, name: str) -> None:
        """Let such a vendor account, or a parked one, work again."""
        ...

    def failures(self, account: str) -> int:
        """How often in a row a vendor account was not available."""
        ...

    def add_taker(self, account: str, product: str) -> None:
        """Add a vendor account that takes the new services of a product."""
        ...

    def standing(self, operation_id: str) -> Standing:
        """How an operation stands. Raises KeyError when there is none."""
        ...

    def service(self, service_id: str) -> ServiceRecord:
        """How a service stands."""
        ...

    def certificate(self, operation_id: str) -> KeptCertificate:
        """How the certificate stands that an operation obtained."""
        ...


class MemoryHarness:
    """The memory journal, with a clock that the scenarios move."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.memory = MemoryJournal(self.clock)
        self.lease_seconds = 15.0

    @property
    def journal(self) -> Journal:
        return self.memory

    def now(self) -> datetime:
        return self.clock.now()

    def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def accept(self, operation: NewOperation) -> None:
        self.memory.accept(operation)

    def claim_due(self) -> Claim | None:
        return self.memory.claim_due()

    def next_due_in(self) -> float | None:
        return self._seconds_until(self.memory.next_due())

    def deliver_event(self, key: str, data: Mapping[str, Any]) -> None:
        self.memory.deliver_event(key, data)

    def release(self, operation_id: str) -> None:
        self.memory.release(operation_id)

    def resolve(self, operation_id: str, *, happened_ref: str | None) -> str:
        return self.memory.resolve(operation_id, happened_ref=happened_ref)

    def close_account(self, name: str) -> None:
        self.memory.parked.add(name)

    def resume_account(self, name: str) -> None:
        self.memory.resume_account(name)

    def failures(self, account: str) -> int:
        return self.memory.failures(account)

    def add_taker(self, account: str, product: str) -> None:
        self.memory.kept.takers[product] = account

    def standing(self, operation_id: str) -> Standing:
        kept = self.memory.operations[operation_id]
        return Standing(
            kept.state,
            kept.reason,
            kept.attention,
            self._seconds_until(kept.due_at),
            kept.error,
            kept.warnings,
            dict(kept.steps),
            tuple(kept.attempts),
            kept.asked.vendor_account,
        )

    def service(self, service_id: str) -> ServiceRecord:
        return self.memory.services[service_id]

    def certificate(self, operation_id: str) -> KeptCertificate:
        return self.memory.kept.certificates[operation_id]

    def _seconds_until(self, at: datetime | None) -> float | None:
        return None if at is None else (at - self.clock.now()).total_seconds()
