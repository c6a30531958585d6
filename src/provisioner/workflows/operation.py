"""What a workflow sees: its order's data, and `step`, `wait_until`, `sleep_until`, `wait_for_event`, `follow_up`.

A step makes at most one external effect. Its intent is committed before the call, its result after it, together with
the next intent. A step is known by its name, never by its position. On replay a finished step returns what it
returned the first time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.journal import (
    Claim,
    CustomerRecord,
    Due,
    FollowUp,
    Pause,
    ServiceChange,
    ServiceRecord,
    StepOutcome,
    StepRecord,
    StepState,
)
from provisioner.workflows.recorder import Paused, Recorder, Undo

Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class _Wait:
    name: str
    reason: str
    every: float


class Operation:
    """One change to one resource, at work."""

    def __init__(self, claim: Claim, recorder: Recorder) -> None:
        self._claim = claim
        self._recorder = recorder
        self.follow_ups: list[FollowUp] = []

    @property
    def id(self) -> str:
        """The operation's own identifier."""
        return self._claim.operation_id

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the message asked for."""
        return self._claim.inputs

    @property
    def actor_role(self) -> str | None:
        """The role in whose name the message came."""
        return self._claim.actor_role

    @property
    def customer(self) -> CustomerRecord:
        """The customer for whom this is done."""
        if self._claim.customer is None:
            raise TypeError(f"{self._claim.workflow} has no customer")
        return self._claim.customer

    @property
    def service(self) -> ServiceRecord:
        """The service that this changes."""
        if self._claim.service is None:
            raise TypeError(f"{self._claim.workflow} has no service")
        return self._claim.service

    def step(
        self,
        name: str,
        call: Callable[[*Arguments], Done | Pending],
        *arguments: *Arguments,
        undo: Callable[[str], Done | Pending] | None = None,
        was: str | None = None,
        added: bool = False,
    ) -> Done:
        """Make one call to a vendor, at most one effect, and return its result.

        `undo` takes the result's `ref` and is run after a permanent failure. `was` is the step's name in an earlier
        version; `added` says that it is new and may run although later steps are recorded. Raises Rejected when the
        vendor refuses for good.
        """
        done = self._recorder.call(name, call, arguments, was=was, added=added)
        if undo is not None:
            self._recorder.register(Undo(name, undo, done.ref))
        return done

    def wait_until(
        self,
        name: str,
        check: Callable[[*Arguments], Done | None],
        *arguments: *Arguments,
        every: float,
        reason: str,
    ) -> Done:
        """Wait, holding no thread, until `check` (which changes nothing) returns Done; look every so many seconds.

        The operation's deadline ends the wait with Rejected `deadline_exceeded`.
        """
        record = self._recorder.reach(name)
        if record is not None and record.state is StepState.DONE:
            return _result(record)
        self._recorder.stop_at_boundary()
        found = check(*arguments)
        if found is None:
            raise self._wait(_Wait(name, reason, every), record)
        return self._finish(name, record, found)

    def sleep_until(self, name: str, when: datetime, *, reason: str) -> None:
        """Wait, holding no thread, until the given time."""
        record = self._recorder.reach(name)
        if record is not None and record.state is StepState.DONE:
            return
        self._recorder.stop_at_boundary()
        if self._claim.now < when:
            outcome = StepOutcome(StepRecord(name, StepState.PENDING))
            raise Paused(Pause(OperationState.WAITING, reason, Due(at=when), (*self._recorder.unwritten(), outcome)))
        self._finish(name, record, Done())

    def wait_for_event(self, name: str, key: str, *, reason: str) -> Mapping[str, Any]:
        """Wait, holding no thread, until an event is delivered under `key`; return its data."""
        record = self._recorder.reach(name)
        if record is not None and record.state is StepState.DONE:
            return _result(record).data
        self._recorder.stop_at_boundary()
        if key in self._claim.events:
            return self._finish(name, record, Done(data=self._claim.events[key])).data
        outcome = StepOutcome(StepRecord(name, StepState.PENDING))
        outcomes = (*self._recorder.unwritten(), outcome)
        raise Paused(Pause(OperationState.WAITING, reason, Due(), outcomes, event_key=key))

    def follow_up(self, workflow: str, *, resource: str, **inputs: Any) -> None:
        """Start an operation of its own when this one succeeds; it does not hold up this one or its order."""
        self.follow_ups.append(FollowUp(f"{self.id}/{workflow}", workflow, resource, inputs))

    def service_is(
        self, status: ServiceStatus, made: Done | None = None, *, suspended_by: str | None = None
    ) -> ServiceChange:
        """What the workflow returns: the service's new status, and what the vendor made."""
        if made is None:
            return ServiceChange(status, suspended_by=suspended_by)
        return ServiceChange(status, made.ref, made.data, suspended_by)

    def _finish(self, name: str, record: StepRecord | None, done: Done) -> Done:
        looks = record.looks + 1 if record else 0
        self._recorder.note(StepOutcome(StepRecord(name, StepState.DONE, looks=looks, result=done)))
        return done

    def _wait(self, wait: _Wait, record: StepRecord | None) -> BaseException:
        looks = record.looks + 1 if record else 1
        if self._claim.past_deadline:
            return Rejected("deadline_exceeded", f"gave up: {wait.reason}")
        outcome = StepOutcome(StepRecord(wait.name, StepState.PENDING, looks=looks))
        due = Due(seconds=wait.every)
        return Paused(Pause(OperationState.WAITING, wait.reason, due, (*self._recorder.unwritten(), outcome)))


def _result(record: StepRecord) -> Done:
    return record.result or Done()
