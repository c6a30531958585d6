"""A journal on dictionaries, with the rules of the real store: for tests, simulations and trying a workflow out.

Nothing outlives the process and one thread uses it at a time; everything else is as it is in the database: leases,
fencing tokens, one operation at a time for each resource in order of acceptance, and results that are JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.rollup import ItemError
from provisioner.orders.siblings import told_of
from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState
from provisioner.orders.supersession import gives_way, is_pointless
from provisioner.ports.outcomes import Done
from provisioner.workflows.journal import (
    AccountFault,
    Attempt,
    Claim,
    CustomerRecord,
    Due,
    Ending,
    FollowUp,
    Intent,
    LeaseLost,
    Pause,
    ServiceChange,
    ServiceRecord,
    StepOutcome,
    StepRecord,
    StepState,
    Upkeep,
)
from provisioner.workflows.memory_services import KeptServices, as_json

LEASE_SECONDS: Final = 15.0
UNRESOLVED: Final = frozenset({StepState.INTENDED, StepState.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class NewOperation:
    """An operation to be accepted. Two with the same id are one; a service is kept from its first operation on."""

    operation_id: str
    workflow: str
    resource: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    vendor_account: str | None = None
    actor_role: str | None = None
    customer: CustomerRecord | None = None
    service: ServiceRecord | None = None
    order_id: str | None = None
    item_id: str | None = None
    deadline: datetime | None = None
    secret: Secret | None = None
    parent: ServiceRecord | None = None


@dataclass(slots=True)
class KeptOperation:
    """An operation as it stands. `due_at` is the end of the lease while it runs; None: only an event wakes it.

    `woken`: another operation of its service ended with `wakes` while this one ran.
    """

    asked: NewOperation
    position: int
    due_at: datetime | None
    accepted_at: datetime
    state: OperationState = OperationState.READY
    fence: int = 0
    reason: str = ""
    attention: str | None = None
    event_key: str | None = None
    error: ItemError | None = None
    warnings: tuple[str, ...] = ()
    steps: dict[str, StepRecord] = field(default_factory=dict)
    attempts: list[tuple[str, Attempt]] = field(default_factory=list)
    deadline: datetime | None = None
    woken: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state not in ENDED_OPERATIONS


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as it came: `written` is the intent, the pause or the ending."""

    operation_id: str
    fence: int
    at: datetime
    written: Intent | Pause | Ending
    outcomes: tuple[StepOutcome, ...]


class MemoryJournal:
    """A `Journal`, and what surrounds it in the store: acceptance, claims, events, and an operator's verdicts."""

    def __init__(self, clock: Clock, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)
        self._events: dict[str, Mapping[str, Any]] = {}
        self._failures: dict[str, int] = {}
        self.operations: dict[str, KeptOperation] = {}
        self.kept = KeptServices()
        self.parked: set[str] = set()
        self.commits: list[Commit] = []

    @property
    def services(self) -> dict[str, ServiceRecord]:
        """How each service stands."""
        return self.kept.records

    @property
    def upkeeps(self) -> dict[str, Upkeep]:
        """What is planned for each service."""
        return self.kept.upkeeps

    # -- what comes in

    def accept(self, operation: NewOperation) -> None:
        """Keep an operation, due at once, and wake the waiting ones that it makes pointless. Known ids change nothing.

        Raises TypeError when its inputs are not JSON.
        """
        if operation.operation_id in self.operations:
            return
        asked = replace(operation, inputs=as_json(operation.inputs))
        now = self._clock.now()
        kept = KeptOperation(asked, len(self.operations), due_at=now, accepted_at=now, deadline=asked.deadline)
        self.operations[operation.operation_id] = kept
        if operation.service is not None:
            self.kept.keep(replace(operation.service, accepted_at=now), operation.parent)
        for earlier in self._open(operation.resource):
            if earlier.state is OperationState.WAITING and is_pointless(earlier.asked.workflow, self._later(earlier)):
                earlier.due_at = self._clock.now()

    def deliver_event(self, key: str, data: Mapping[str, Any]) -> None:
        """Keep an event and wake who waits for it. The first event of a key counts."""
        self._events.setdefault(key, as_json(data))
        for kept in self._open():
            if kept.state is OperationState.WAITING and kept.event_key == key:
                kept.due_at = self._clock.now()

    def release(self, operation_id: str) -> None:
        """Let a held operation go on. Raises NotFoundError, and RefusedError when it is not held."""
        kept = self._held(operation_id)
        kept.state, kept.due_at, kept.attention = OperationState.READY, self._clock.now(), None
        kept.reason = "released by an operator"

    def resolve(self, operation_id: str, *, happened_ref: str | None) -> str:
        """Say what became of a held operation's unknown step, and let it go on; the name of the step.

        `happened_ref` is the vendor's identifier of what was made, or None when it did not happen. Raises
        NotFoundError, and RefusedError when the operation is not held or no step is unknown.
        """
        kept = self._held(operation_id)
        unknown = [record for record in kept.steps.values() if record.state in UNRESOLVED]
        if not unknown:
            raise RefusedError(f"operation {operation_id} has no step with an unknown outcome; release it instead")
        kept.steps[unknown[-1].name] = _resolved(unknown[-1], happened_ref)
        self.release(operation_id)
        return unknown[-1].name

    def resume_account(self, name: str) -> None:
        """Let the operations of a parked vendor account be claimed again."""
        self.parked.discard(name)
        self._failures.pop(name, None)

    # -- claims

    def claim_due(self) -> Claim | None:
        """Lease the operation that has been due for longest, under its next fencing token; None when none is due.

        Expired leases count as due. Of each resource only the operation that was accepted first may run, and none of
        a parked vendor account.
        """
        due = [kept for at, kept in self._wakeable() if at <= self._clock.now()]
        return self._leased(due[0]) if due else None

    def next_due(self) -> datetime | None:
        """When `claim_due` will next have something; None when only an event or an operator can change that."""
        return next((at for at, _ in self._wakeable()), None)

    def _wakeable(self) -> list[tuple[datetime, KeptOperation]]:
        heads: dict[str, KeptOperation] = {}
        for kept in self._open():
            heads.setdefault(kept.asked.resource, kept)
        due = [(head.due_at, head) for head in heads.values() if head.due_at and not self._is_parked(head)]
        return sorted(due, key=lambda pair: (pair[0], pair[1].position))

    def _is_parked(self, kept: KeptOperation) -> bool:
        return kept.asked.vendor_account in self.parked

    def _leased(self, kept: KeptOperation) -> Claim:
        now = self._clock.now()
        kept.fence += 1
        kept.state, kept.due_at, kept.woken = OperationState.RUNNING, now + self._lease, False
        asked = kept.asked
        return Claim(
            operation_id=asked.operation_id,
            workflow=asked.workflow,
            resource=asked.resource,
            fence=kept.fence,
            now=now,
            inputs=self._inputs(asked),
            order_id=asked.order_id,
            item_id=asked.item_id,
            vendor_account=asked.vendor_account,
            actor_role=asked.actor_role,
            customer=asked.customer,
            service=self.services.get(asked.service.service_id) if asked.service else None,
            steps=dict(kept.steps),
            events=dict(self._events),
            later_workflows=self._later(kept),
            past_deadline=kept.deadline is not None and now >= kept.deadline,
            account_failures=self.failures(asked.vendor_account or ""),
            secret=asked.secret,
            accepted_at=kept.accepted_at,
            parent=self.kept.parent(asked.service),
        )

    # -- the Journal

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        """Commit what has come out so far together with the next intent. Raises LeaseLost."""
        kept = self._commit(claim, intent, outcomes, also=intent.name)
        kept.steps[intent.name] = StepRecord(intent.name, StepState.INTENDED, intent.attempt)

    def pause(self, claim: Claim, pause: Pause) -> None:
        """Commit what has come out so far and give the operation back until it is due. Raises LeaseLost.

        Due at once when, since the claim, its event came, a newer command made it pointless, or another operation
        of its service woke it. Waiting for an event ends at the deadline.
        """
        kept = self._commit(claim, pause, pause.outcomes)
        kept.state, kept.reason, kept.attention = pause.state, pause.reason, pause.attention
        kept.event_key = pause.event_key
        if pause.foreseen is not None and kept.deadline is not None:
            kept.deadline = max(kept.deadline, self._clock.now() + timedelta(seconds=pause.foreseen))
        kept.due_at = self._due_at(kept, pause.due)
        if pause.state is OperationState.WAITING and self._changed_since(claim, kept):
            kept.due_at = self._clock.now()
        if pause.account is not None:
            kept.asked = replace(kept.asked, vendor_account=pause.account)
        else:
            self._note_fault(claim.vendor_account, pause.account_fault)

    def end(self, claim: Claim, ending: Ending) -> None:
        """Commit the end, what became of the service, and the follow-ups as new operations. Raises LeaseLost."""
        kept = self._commit(claim, ending, ending.outcomes)
        kept.state, kept.due_at, kept.reason, kept.attention = ending.state, None, "", None
        kept.error, kept.warnings = ending.error, ending.warnings
        if ending.service is not None and kept.asked.service is not None:
            service_id = kept.asked.service.service_id
            self.kept.change(claim, service_id, ending.service)
            self.kept.displace(claim, service_id, ending.service)
            if ending.service.wakes:
                self._wake_others(kept, service_id)
        if ending.problem and kept.asked.service is not None and kept.asked.service.product == "certificate":
            self.kept.change(claim, kept.asked.service.service_id, ServiceChange(None, data=ending.problem))
        for follow_up in ending.follow_ups:
            if not gives_way(follow_up.workflow, follow_up.inputs) or not self._later(kept):
                self._follow(kept.asked, follow_up)

    def _follow(self, asked: NewOperation, follow_up: FollowUp) -> None:
        if follow_up.opens is None:
            self.accept(_following(asked, follow_up))
        elif (opened := self.kept.opened(follow_up.opens)) is not None:
            inside = replace(asked, service=opened, parent=asked.service, vendor_account=opened.vendor_account)
            self.accept(_following(inside, follow_up))

    def _inputs(self, asked: NewOperation) -> Mapping[str, Any]:
        others = self.kept.beside(asked.service.service_id) if asked.service else []
        return {**asked.inputs, **told_of(asked.workflow, asked.inputs, others)}

    def _wake_others(self, kept: KeptOperation, service_id: str) -> None:
        for other in self._open():
            if other is not kept and other.asked.service and other.asked.service.service_id == service_id:
                self._wake(other)

    def _wake(self, kept: KeptOperation) -> None:
        kept.woken = True
        if kept.state is OperationState.WAITING:
            kept.due_at = self._clock.now()

    def _commit(
        self, claim: Claim, written: Intent | Pause | Ending, outcomes: tuple[StepOutcome, ...], *, also: str = ""
    ) -> KeptOperation:
        """Check the fence, then write all outcomes or none."""
        kept = self.operations[claim.operation_id]
        if kept.fence != claim.fence or kept.state is not OperationState.RUNNING:
            raise LeaseLost(f"operation {claim.operation_id} is no longer leased under fence {claim.fence}")
        _check_each_once([outcome.record.name for outcome in outcomes] + [also])
        kept.steps |= {outcome.record.name: _kept_record(outcome.record) for outcome in outcomes}
        kept.attempts += [(outcome.record.name, outcome.attempt) for outcome in outcomes if outcome.attempt]
        self.commits.append(Commit(claim.operation_id, claim.fence, self._clock.now(), written, outcomes))
        return kept

    def _due_at(self, kept: KeptOperation, due: Due) -> datetime | None:
        if due.at is not None:
            return due.at
        if due.seconds is not None:
            return self._clock.now() + timedelta(seconds=due.seconds)
        return kept.deadline if kept.event_key is not None else None

    def _changed_since(self, claim: Claim, kept: KeptOperation) -> bool:
        if kept.event_key in self._events or kept.woken:
            return True
        pointless = is_pointless(claim.workflow, self._later(kept))
        return pointless and not is_pointless(claim.workflow, claim.later_workflows)

    def _note_fault(self, account: str | None, fault: AccountFault | None) -> None:
        if account is None:
            return
        if fault is AccountFault.MISCONFIGURED:
            self.parked.add(account)
        self._failures[account] = self.failures(account) + 1 if fault is AccountFault.UNAVAILABLE else 0

    # -- look-ups

    def failures(self, account: str) -> int:
        """How often in a row a vendor account was not available."""
        return self._failures.get(account, 0)

    def _open(self, resource: str | None = None) -> Iterator[KeptOperation]:
        """Open operations in order of acceptance."""
        return (k for k in self.operations.values() if k.is_open and resource in (None, k.asked.resource))

    def _later(self, kept: KeptOperation) -> tuple[str, ...]:
        later = (other for other in self._open(kept.asked.resource) if other.position > kept.position)
        return tuple(other.asked.workflow for other in later)

    def _held(self, operation_id: str) -> KeptOperation:
        kept = self.operations.get(operation_id)
        if kept is None:
            raise NotFoundError(f"there is no operation {operation_id}")
        if kept.state is not OperationState.HELD:
            raise RefusedError(f"operation {operation_id} is {kept.state}; only a held one is released or resolved")
        return kept


def _resolved(record: StepRecord, happened_ref: str | None) -> StepRecord:
    if happened_ref is None:
        return StepRecord(record.name, StepState.RETRY, record.attempts)
    return StepRecord(record.name, StepState.DONE, record.attempts, result=Done(happened_ref))


def _check_each_once(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"one commit tells of step {name} twice")
        seen.add(name)


def _kept_result(result: Done) -> Done:
    return replace(result, data=as_json(result.data))


def _kept_record(record: StepRecord) -> StepRecord:
    return record if record.result is None else replace(record, result=_kept_result(record.result))


def _following(before: NewOperation, follow_up: FollowUp) -> NewOperation:
    return NewOperation(
        follow_up.operation_id,
        follow_up.workflow,
        follow_up.resource,
        follow_up.inputs,
        vendor_account=follow_up.account or before.vendor_account,
        actor_role=before.actor_role,
        customer=before.customer,
        service=before.service,
        secret=None if follow_up.key is None else generate_private_key(follow_up.key.value),
        parent=before.parent,
    )
