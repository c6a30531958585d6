"""What a workflow sees: its order's data, and `at`, `step`, `wait_until`, `sleep_until`, `wait_for_event`, `follow_up`.

A step makes at most one external effect. Its intent is committed before the call, its result after it, together with
the next intent. A step is known by its name, never by its position. On replay a finished step returns what it
returned the first time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVarTuple

from provisioner.kernel.secret import Secret
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.journal import (
    CertificateUse,
    Claim,
    CustomerRecord,
    Due,
    FollowUp,
    KeyKind,
    NewCertificate,
    NewService,
    Pause,
    ServiceChange,
    ServiceRecord,
    StepOutcome,
    StepRecord,
    StepState,
    Upkeep,
)
from provisioner.workflows.places import Places, check_declared
from provisioner.workflows.recorder import DEADLINE, Paused, Recorder, Undo, item_error, rejection
from provisioner.workflows.step import Step

Arguments = TypeVarTuple("Arguments")

AFTER_A_SLEEP: Final = 86_400.0
"""Seconds that an operation has left when it wakes, whatever its deadline was."""


class Operation:
    """One change to one resource, at work."""

    def __init__(self, claim: Claim, recorder: Recorder, places: Places) -> None:
        self._claim = claim
        self._recorder = recorder
        self._places = places
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
    def secret(self) -> Secret | None:
        """What was sealed for this operation alone."""
        return self._claim.secret

    @property
    def accepted_at(self) -> datetime:
        """When the operation was accepted, by the journal's clock."""
        return self._claim.accepted_at or self._claim.now

    @property
    def now(self) -> datetime:
        """The journal's clock at the beginning of this run. What is decided by it is to be written down."""
        return self._claim.now

    @property
    def later_workflows(self) -> tuple[str, ...]:
        """The open operations that were accepted after this one on the same resource, at the beginning of this run."""
        return self._claim.later_workflows

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

    @property
    def parent(self) -> ServiceRecord:
        """The service that this one is for, as the hosting of a certificate."""
        if self._claim.parent is None:
            raise TypeError(f"{self._claim.workflow} has no parent service")
        return self._claim.parent

    def has_begun(self, step: str) -> bool:
        """Whether an earlier run has come to this step; then what was decided before it holds."""
        return step in self._claim.steps

    def at(self, account: str | None) -> Any:
        """The adapter of another vendor account, to be used like the workflow's own.

        Before a call of it is made, also by a look, a wait or an undo, the operation moves to that account. The adapter
        is opened there and then; without an account (None) the operation is held then.
        """
        return self._places.at(account)

    def step(
        self,
        name: str,
        call: Callable[[*Arguments], Done | Pending],
        *arguments: *Arguments,
        undo: Callable[[str], Done | Pending] | None = None,
        was: str | None = None,
        added: bool = False,
        foreseen: float | None = None,
        in_any_case: bool = False,
        unless: Rejected | None = None,
        lapsed: Rejected | None = None,
        withdrawn: Rejected | None = None,
    ) -> Done:
        """Make one call to a vendor, at most one effect, and return its result.

        `undo` takes the result's `ref` and is run after a permanent failure. `was` is the step's name in an earlier
        version; `added` says that it is new and may run although later steps are recorded. `foreseen`: seconds that
        the vendor may well take once it has accepted; the operation's deadline is put off to then. `in_any_case`: it
        puts right what an earlier step did, so neither a newer command nor the deadline keeps it from being made.
        `unless`: the vendor has refused by another way what it had accepted; where a look does not find it, it ends so.
        `lapsed`: it ends so when a look does not find what the vendor had shown as under way (`Pending.shown`).
        `withdrawn`: nobody wants it any more; what is known not to have been made is not made, and ends so.
        Raises Rejected when the vendor refuses for good, and TypeError when `call` or `undo` is not declared on a port.
        """
        if undo is not None:
            check_declared(undo)
        step = Step(
            self._recorder,
            name,
            call,
            arguments,
            was=was,
            added=added,
            foreseen=foreseen,
            must=in_any_case,
            unless=unless,
            lapsed=lapsed,
            withdrawn=withdrawn,
        )
        done = step.result()
        if undo is not None:
            self._recorder.register(Undo(self._recorder.recorded_name(name, was), undo, done.ref))
        return done

    def wait_until(
        self,
        name: str,
        check: Callable[[*Arguments], Done | Pending | None],
        *arguments: *Arguments,
        every: float,
        reason: str,
        foreseen: float | None = None,
    ) -> Done:
        """Wait, holding no thread, until `check` (which changes nothing) returns Done; look every so many seconds.

        A Pending has a reason and a time of its own. The operation's deadline ends the wait with Rejected, with the
        code of the Pending or `deadline_exceeded`; `foreseen` seconds from the beginning of the wait are given in any
        case.
        """
        first = foreseen if name not in self._claim.steps else None
        record = self._come_to(name)
        if record.state is StepState.DONE:
            return _result(record)
        found = self._recorder.check(record, check, arguments, foreseen=first)
        if isinstance(found, Done):
            return self._finish(record, found)
        code = ""
        if found is not None:
            reason, every, code = found.reason, found.check_after, found.code
        looked = replace(record, looks=record.looks + 1)
        raise self._wait(looked, reason, Due(seconds=every), foreseen=first, code=code)

    def sleep_until(self, name: str, when: datetime, *, reason: str) -> None:
        """Wait, holding no thread, until the given time. Woken early, it sleeps on; it has no deadline."""
        record = self._come_to(name)
        if record.state is StepState.DONE:
            return
        if self._claim.now < when:
            foreseen = (when - self._claim.now).total_seconds() + AFTER_A_SLEEP
            raise self._paused(record, reason, Due(at=when), foreseen=foreseen)
        self._finish(record, Done())

    def wait_for_event(
        self, name: str, key: str, *, reason: str, foreseen: float | None = None, unless: Rejected | None = None
    ) -> Mapping[str, Any]:
        """Wait, holding no thread, until an event is delivered under `key`; return its data.

        The operation's deadline ends the wait with Rejected `deadline_exceeded`; `foreseen` seconds from the
        beginning of the wait are given in any case. `unless` ends a wait that is not over as this refusal.
        """
        is_new = name not in self._claim.steps
        record = self._come_to(name)
        if record.state is StepState.DONE:
            return _result(record).data
        if key in self._claim.events:
            return self._finish(record, Done(data=self._claim.events[key])).data
        if unless is not None:
            raise self._recorder.give_up(record, item_error(unless))
        raise self._wait(record, reason, Due(), event_key=key, foreseen=foreseen if is_new else None)

    def write_down(self, name: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep what was found or decided by this run, so that every later run decides alike; what was kept first.

        It is no call and has no effect. The facts are JSON.
        """
        record = self._come_to(name)
        return (_result(record) if record.state is StepState.DONE else self._finish(record, Done(data=facts))).data

    def keep(self, **facts: Any) -> None:
        """Have the service's data say this when the operation is over, whatever comes of it. Each run says it alike."""
        self._recorder.kept.update(facts)

    @property
    def kept(self) -> Mapping[str, Any]:
        """The service's data, and over it what this run keeps there."""
        return {**self.service.data, **self._recorder.kept}

    def follow_up(
        self,
        workflow: str,
        *,
        resource: str,
        account: str | None = None,
        key: KeyKind | None = None,
        opens: NewService | None = None,
        **inputs: Any,
    ) -> None:
        """Start an operation of its own when this one succeeds; it does not hold up this one or its order.

        `account`, `key` and `opens`: see `FollowUp`. Raises TypeError for a second one of the same workflow: both
        would be known by the same id.
        """
        follow_up = FollowUp(f"{self.id}/{workflow}", workflow, resource, inputs, account, key, opens)
        if follow_up.operation_id in (other.operation_id for other in self.follow_ups):
            raise TypeError(f"{self._claim.workflow} has two follow-ups {workflow}")
        self.follow_ups.append(follow_up)

    def service_is(
        self,
        status: ServiceStatus | None,
        made: Done | None = None,
        *,
        suspended_by: str | None = None,
        upkeep: Upkeep | None = None,
        attributes: Mapping[str, Any] | None = None,
        wakes: bool = False,
        reason: str | None = None,
        certificate: NewCertificate | None = None,
        uses: tuple[CertificateUse, ...] = (),
    ) -> ServiceChange:
        """What the workflow returns: the service's new status (None: the one that it has), and what the vendor made.

        For the rest see `ServiceChange`.
        """
        ref, data = (None, None) if made is None else (made.ref, made.data)
        return ServiceChange(status, ref, data, suspended_by, upkeep, attributes, wakes, reason, certificate, uses)

    def _come_to(self, name: str) -> StepRecord:
        """The record of a wait: finished, or to be looked at now. Raises Rejected when it was given up before."""
        record = self._recorder.reach(name) or StepRecord(name, StepState.PENDING)
        if record.state is StepState.FAILED:
            raise rejection(record)
        if record.state is not StepState.DONE:
            self._recorder.stop_at_boundary(record)
        return record

    def _finish(self, record: StepRecord, done: Done) -> Done:
        self._recorder.note(StepOutcome(replace(record, state=StepState.DONE, looks=record.looks + 1, result=done)))
        return done

    def _wait(
        self,
        record: StepRecord,
        reason: str,
        due: Due,
        *,
        event_key: str | None = None,
        foreseen: float | None = None,
        code: str = "",
    ) -> BaseException:
        if self._claim.past_deadline and foreseen is None:
            late = ItemError(DEADLINE, f"gave up: {reason}", final=False)
            return self._recorder.give_up(record, replace(late, code=code or late.code))
        return self._paused(record, reason, due, event_key=event_key, foreseen=foreseen)

    def _paused(
        self,
        record: StepRecord,
        reason: str,
        due: Due,
        *,
        event_key: str | None = None,
        foreseen: float | None = None,
    ) -> Paused:
        outcomes = (*self._recorder.unwritten(), StepOutcome(replace(record, state=StepState.PENDING)))
        return Paused(Pause(OperationState.WAITING, reason, due, outcomes, event_key=event_key, foreseen=foreseen))


def _result(record: StepRecord) -> Done:
    return record.result or Done()
