"""One run of one operation: what the journal had, what came out since, and the rules between intent and result.

    not in the journal ──intend──▶ intended ──call──▶ done
                                      │        ├────▶ failed       Rejected
                                      │        ├────▶ retry        Unavailable, Throttled, Misconfigured: not executed
                                      │        ├────▶ uncertain    Uncertain
                                      │        └────▶ pending      Pending
                                      └─ found so by a later run: a crash; uncertain too

Uncertain and pending steps are looked at before anything else; what the look may be is the effect class's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from provisioner.kernel import crash
from provisioner.kernel.clock import Clock
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.orders.supersession import is_pointless
from provisioner.ports.effects import Effect, EffectClass, effect_of, finder_of
from provisioner.ports.exchange import Exchange, collected
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Pending, Rejected, Unavailable, Uncertain
from provisioner.workflows.backoff import Jitter, Waits
from provisioner.workflows.journal import (
    AccountFault,
    Attempt,
    Claim,
    Due,
    Intent,
    Journal,
    Pause,
    StepOutcome,
    StepRecord,
    StepState,
)

UNDO = "undo:"

Call = Callable[..., Done | Pending]


class Paused(BaseException):
    """The run stops here; `pause` says until when and why."""

    def __init__(self, pause: Pause) -> None:
        super().__init__(pause.reason)
        self.pause = pause


class Changed(Exception):
    """The journal was written by another version of the workflow, and going on could repeat an effect."""


class Superseded(Rejected):
    """A newer command made the operation pointless."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take back one finished step."""

    step: str
    call: Callable[[str], Done | Pending]
    ref: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every run is given: the journal, a clock for durations, waits and their jitter, and whether to stop."""

    journal: Journal
    clock: Clock
    waits: Waits
    jitter: Jitter
    stopping: Callable[[], bool]


class Recorder:
    """Applies the rules to one claim."""

    def __init__(self, claim: Claim, around: Surroundings) -> None:
        self._claim = claim
        self._around = around
        self._records = dict(claim.steps)
        self._reached: set[str] = set()
        self._unwritten: list[StepOutcome] = []
        self._warnings: list[str] = []
        self.undos: list[Undo] = []
        self.undoing = False
        self.spent = False
        self.vendor_answered = False

    # -- what the journal had

    def reach(self, name: str, *, was: str | None = None, added: bool = False) -> StepRecord | None:
        """The record of the step that the workflow has come to, or None. Raises Changed when the order is not its."""
        key = was if was is not None and was in self._records else name
        if key in self._reached:
            raise TypeError(f"{self._claim.workflow} has two steps called {name}")
        self._reached.add(key)
        record = self._records.get(key)
        if record is None and not added and (left := self.unreached()):
            raise Changed(f"step {name} is not in the journal, which already has {', '.join(left)} after it")
        return record

    def unreached(self) -> tuple[str, ...]:
        """Recorded steps that this run has not come to."""
        return tuple(name for name in self._records if name not in self._reached and not name.startswith(UNDO))

    def unwritten(self) -> tuple[StepOutcome, ...]:
        """What came out since the last commit."""
        return tuple(self._unwritten)

    def note(self, outcome: StepOutcome) -> None:
        """Keep an outcome for the next commit."""
        self._unwritten.append(outcome)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What finished steps want people to know."""
        return tuple(dict.fromkeys(self._warnings))

    def register(self, undo: Undo) -> None:
        """Remember how to take a finished step back."""
        self.undos.append(undo)

    # -- one step

    def call(
        self, name: str, call: Call, arguments: tuple[Any, ...], *, was: str | None = None, added: bool = False
    ) -> Done:
        """Bring one step to its end, or raise Rejected or Paused."""
        effect = effect_of(call)
        record = self.reach(name, was=was, added=added)
        with crash.scope(f"{self._claim.workflow}/{name}"):
            done = self._bring_to_end(record or StepRecord(name, StepState.RETRY), effect, call, arguments)
        self.spent = self.spent or effect.spends
        self._warnings.extend(done.warnings)
        return done

    def _bring_to_end(self, record: StepRecord, effect: Effect, call: Call, arguments: tuple[Any, ...]) -> Done:
        match record.state:
            case StepState.DONE:
                return record.result or Done()
            case StepState.FAILED:
                raise rejection(record)
            case StepState.RETRY:
                self.stop_at_boundary()
                self._stop_at_deadline(record)
                return self._attempt(record, effect, call, arguments)
            case StepState.INTENDED | StepState.UNCERTAIN | StepState.PENDING:
                return self._resolve(record, effect, call, arguments)

    def _resolve(self, record: StepRecord, effect: Effect, call: Call, arguments: tuple[Any, ...]) -> Done:
        """Find out what became of a call whose outcome is not known, as its effect class allows."""
        if effect.effect_class is EffectClass.UNSAFE:
            raise self._hold(record, f"step {record.name}: it is unknown whether it took effect", "outcome_unknown")
        find = finder_of(call)
        if find is None:
            return self._attempt(record, effect, call, arguments)
        found = self._look(record, find, arguments)
        if found is not None:
            return found
        if record.state is StepState.PENDING:
            raise self._still_pending(record)
        if record.looks + 1 >= len(self._around.waits.lookups):
            return self._attempt(record, effect, call, arguments)
        raise self._look_later(record)

    def _look(self, record: StepRecord, find: Callable[..., Done | None], arguments: tuple[Any, ...]) -> Done | None:
        with collected() as exchanges:
            started = self._around.clock.monotonic()
            try:
                found = find(*arguments)
            except Failure as failure:
                attempt = self._failed_attempt("look-up", record, started, failure, exchanges)
                raise self._look_failed(record, failure, attempt) from failure
        self.vendor_answered = True
        if found is None:
            return None
        attempt = Attempt(record.attempts, "look-up", "found", self._since(started), exchanges=tuple(exchanges))
        self.note(StepOutcome(_as_done(record, found), attempt))
        return found

    def _look_later(self, record: StepRecord) -> Paused:
        looks = record.looks + 1
        outcome = StepOutcome(StepRecord(record.name, StepState.UNCERTAIN, record.attempts, looks))
        reason = f"step {record.name}: its outcome is unknown; looked {looks} times and did not find it yet"
        return self._pause(OperationState.UNCERTAIN, reason, self._around.waits.lookup(looks), outcome)

    def _still_pending(self, record: StepRecord) -> Paused:
        told = record.result.data if record.result else {}
        outcome = StepOutcome(replace(record, looks=record.looks + 1))
        reason = str(told.get("reason", f"step {record.name}: the vendor has not finished"))
        return self._pause(OperationState.WAITING, reason, float(told.get("check_after", 60)), outcome)

    def _look_failed(self, record: StepRecord, failure: Failure, attempt: Attempt) -> Paused:
        """The look-up itself did not come through: the step stays as uncertain as it was."""
        outcome = StepOutcome(StepRecord(record.name, StepState.UNCERTAIN, record.attempts, record.looks), attempt)
        reason = f"step {record.name}: its outcome is unknown, and looking it up failed: {failure.message}"
        wait = self._around.waits.retry(record.looks + 1, self._around.jitter)
        return self._pause(OperationState.UNCERTAIN, reason, wait, outcome, _fault(failure))

    def _attempt(self, record: StepRecord, effect: Effect, call: Call, arguments: tuple[Any, ...]) -> Done:
        number = record.attempts + 1
        self._intend(Intent(record.name, effect.effect_class, number))
        record = StepRecord(record.name, StepState.INTENDED, number)
        started = self._around.clock.monotonic()
        with collected() as exchanges:
            try:
                outcome = call(*arguments)
            except Failure as failure:
                crash.point("after_call")
                attempt = self._failed_attempt("call", record, started, failure, exchanges)
                raise self._failed(record, failure, attempt) from failure
        crash.point("after_call")
        self.vendor_answered = True
        if isinstance(outcome, Pending):
            raise self._accepted(record, outcome, self._since(started), exchanges)
        attempt = Attempt(number, "call", "done", self._since(started), exchanges=tuple(exchanges))
        self.note(StepOutcome(_as_done(record, outcome), attempt))
        return outcome

    def _intend(self, intent: Intent) -> None:
        crash.point("before_intent")
        outcomes = self.unwritten()
        points(self._claim.workflow, outcomes, "before_commit")
        self._around.journal.intend(self._claim, intent, outcomes)
        self._unwritten.clear()
        points(self._claim.workflow, outcomes, "after_commit")
        crash.point("after_intent")

    def _failed(self, record: StepRecord, failure: Failure, attempt: Attempt) -> BaseException:
        """What to raise for a call that did not end well."""
        name, number = record.name, record.attempts
        match failure:
            case Rejected():
                self.vendor_answered = True
                failed = StepRecord(name, StepState.FAILED, number, error=item_error(failure))
                self.note(StepOutcome(failed, attempt))
                return failure
            case Uncertain():
                outcome = StepOutcome(StepRecord(name, StepState.UNCERTAIN, number), attempt)
                reason = f"step {name}: {failure.message}; it is unknown whether it took effect"
                return self._pause(OperationState.UNCERTAIN, reason, self._around.waits.lookup(0), outcome)
            case _:
                outcome = StepOutcome(StepRecord(name, StepState.RETRY, number), attempt)
                wait = self._wait_before_retry(failure, number)
                reason = f"step {name}: {failure.message}"
                return self._pause(OperationState.WAITING, reason, wait, outcome, _fault(failure))

    def _wait_before_retry(self, failure: Failure, attempt: int) -> float:
        wait = self._around.waits.retry(attempt, self._around.jitter)
        asked = failure.retry_after if isinstance(failure, Unavailable) else None
        return wait if asked is None else asked + self._around.jitter.uniform(0.0, 1.0)

    def _accepted(self, record: StepRecord, pending: Pending, duration: float, exchanges: list[Exchange]) -> Paused:
        attempt = Attempt(record.attempts, "call", "pending", duration, exchanges=tuple(exchanges))
        told = Done(pending.ref, {"check_after": pending.check_after, "reason": pending.reason})
        outcome = StepOutcome(StepRecord(record.name, StepState.PENDING, record.attempts, result=told), attempt)
        return self._pause(OperationState.WAITING, pending.reason, pending.check_after, outcome)

    # -- where a run may stop

    def stop_at_boundary(self) -> None:
        """Stop before a new effect when a newer command made it pointless or the process is shutting down."""
        if not self.undoing and is_pointless(self._claim.workflow, self._claim.later_workflows):
            later = ", ".join(self._claim.later_workflows)
            raise Superseded("superseded", f"a newer command ({later}) made this pointless")
        if self._around.stopping():
            state = OperationState.COMPENSATING if self.undoing else OperationState.READY
            raise Paused(Pause(state, "the worker is shutting down", Due(seconds=0), self.unwritten()))

    def _stop_at_deadline(self, record: StepRecord) -> None:
        """Deadlines end waiting: a step known not to have been executed is given up. Undoing has no deadline."""
        if not self._claim.past_deadline or self.undoing or record.attempts == 0:
            return
        error = ItemError("deadline_exceeded", f"step {record.name}: gave up at its deadline", final=False)
        failed = StepRecord(record.name, StepState.FAILED, record.attempts, error=error)
        self.note(StepOutcome(failed))
        raise rejection(failed)

    def _hold(self, record: StepRecord, reason: str, attention: str) -> Paused:
        outcome = StepOutcome(StepRecord(record.name, StepState.UNCERTAIN, record.attempts, record.looks))
        outcomes = (*self.unwritten(), outcome)
        return Paused(Pause(OperationState.HELD, reason, Due(), outcomes, attention=attention))

    def _pause(
        self, state: OperationState, reason: str, wait: float, outcome: StepOutcome, fault: AccountFault | None = None
    ) -> Paused:
        attention = "account_misconfigured" if fault is AccountFault.MISCONFIGURED else None
        if self.undoing:
            state = OperationState.COMPENSATING
        outcomes = (*self.unwritten(), outcome)
        return Paused(Pause(state, reason, Due(seconds=wait), outcomes, attention=attention, account_fault=fault))

    def _failed_attempt(
        self, action: str, record: StepRecord, started: float, failure: Failure, exchanges: list[Exchange]
    ) -> Attempt:
        return Attempt(
            record.attempts,
            action,
            failure.outcome,
            self._since(started),
            failure.code,
            failure.vendor_code,
            failure.message,
            tuple(exchanges),
        )

    def _since(self, started: float) -> float:
        return self._around.clock.monotonic() - started


def points(workflow: str, outcomes: tuple[StepOutcome, ...], point: str) -> None:
    """Pass the crash point of a commit, in the scope of each step whose result it carries."""
    for outcome in outcomes:
        with crash.scope(f"{workflow}/{outcome.record.name}"):
            crash.point(point)


def rejection(record: StepRecord) -> Rejected:
    """The refusal that the journal recorded."""
    error = record.error or ItemError("rejected", "refused")
    return Rejected(error.code, error.message, vendor_code=error.vendor_code, fields=error.fields)


def item_error(failure: Rejected) -> ItemError:
    """What the item tells: final, unless the customer can correct it or it was only given up."""
    final = not failure.fields and failure.code != "deadline_exceeded"
    return ItemError(failure.code, failure.message, failure.vendor_code, failure.fields, final)


def _as_done(record: StepRecord, done: Done) -> StepRecord:
    return StepRecord(record.name, StepState.DONE, record.attempts, record.looks, result=done)


def _fault(failure: Failure) -> AccountFault | None:
    if isinstance(failure, Misconfigured):
        return AccountFault.MISCONFIGURED
    return AccountFault.UNAVAILABLE if type(failure) is Unavailable else None
