"""One run of one operation: what the journal had, what came out since, and where the run may stop."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from provisioner.kernel import crash
from provisioner.kernel.clock import Clock
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.orders.supersession import is_pointless
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Pending, Rejected, Unavailable
from provisioner.workflows.answer import Answer, ask
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

UNDO: Final = "undo:"
SUPERSEDED: Final = "superseded"
DEADLINE: Final = "deadline_exceeded"

SETTLED: Final = frozenset({StepState.DONE, StepState.FAILED, StepState.RETRY})
WITHOUT_EFFECT: Final = frozenset({StepState.FAILED, StepState.RETRY})


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

    def __init__(self, claim: Claim, around: Surroundings, retired: frozenset[str] = frozenset()) -> None:
        self.claim = claim
        self.around = around
        self._retired = retired
        self._records = dict(claim.steps)
        self._reached: set[str] = set()
        self._unwritten: list[StepOutcome] = []
        self._warnings: list[str] = []
        self._costs: list[Callable[[], bool]] = []
        self.undos: list[Undo] = []
        self.kept: dict[str, Any] = {}
        self.undoing = False
        self.vendor_answered = False

    # -- what the journal had

    def reach(self, name: str, *, was: str | None = None, added: bool = False) -> StepRecord | None:
        """The record of the step that the workflow has come to, or None. Raises Changed when the order is not its."""
        key = self.recorded_name(name, was)
        if key in self._reached:
            raise TypeError(f"{self.claim.workflow} has two steps called {name}")
        self._reached.add(key)
        record = self._records.get(key)
        if record is None and not added and (left := self.unreached()):
            raise Changed(f"step {name} is not in the journal, which already has {', '.join(left)} after it")
        return record

    def recorded_name(self, name: str, was: str | None) -> str:
        """The name under which the journal has a step, or will have it."""
        return was if was is not None and was in self._records else name

    def unreached(self, passing_over: frozenset[StepState] = SETTLED) -> tuple[str, ...]:
        """Recorded steps that this run has not come to, but for retired ones in a state that may be passed over."""
        left = [record for name, record in self._records.items() if name not in self._reached]
        return tuple(
            record.name
            for record in left
            if not record.name.startswith(UNDO) and not (record.name in self._retired and record.state in passing_over)
        )

    def unwritten(self) -> tuple[StepOutcome, ...]:
        """What came out since the last commit."""
        return tuple(self._unwritten)

    def note(self, outcome: StepOutcome) -> None:
        """Keep an outcome for the next commit."""
        self._unwritten.append(outcome)

    def reopened(self) -> tuple[StepOutcome, ...]:
        """The same with refusals open again: who releases the held operation has them tried once more."""
        return tuple(_reopened(outcome) for outcome in self._unwritten)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What finished steps want people to know."""
        return tuple(dict.fromkeys(self._warnings))

    @property
    def spent(self) -> bool:
        """Whether a finished step has cost money. Raises Paused when that is not known here."""
        return any(spends() for spends in self._costs)

    def finish(self, done: Done, *, spends: Callable[[], bool]) -> None:
        """Remember what a finished step leaves for the end; `spends` is asked only if that matters."""
        self._costs.append(spends)
        self._warnings.extend(done.warnings)

    def register(self, undo: Undo) -> None:
        """Remember how to take a finished step back."""
        self.undos.append(undo)

    def intend(self, intent: Intent) -> None:
        """Commit what came out so far and the next intent."""
        crash.point("before_intent")
        outcomes = self.unwritten()
        points(self.claim.workflow, outcomes, "before_commit")
        self.around.journal.intend(self.claim, intent, outcomes)
        self._unwritten.clear()
        points(self.claim.workflow, outcomes, "after_commit")
        crash.point("after_intent")

    # -- where a run may stop

    def stop_at_boundary(self, record: StepRecord, *, must: bool = False) -> None:
        """Stop before a new effect when a newer command made it pointless or the process is shutting down.

        What has cost money is brought to its end, and the newer command comes after it; what `must` be made, is.
        """
        if (
            not self.undoing
            and not must
            and is_pointless(self.claim.workflow, self.claim.later_workflows)
            and not self.spent
        ):
            later = ", ".join(self.claim.later_workflows)
            raise self.give_up(record, ItemError(SUPERSEDED, f"a newer command ({later}) made this pointless"))
        if self.around.stopping():
            state = OperationState.COMPENSATING if self.undoing else OperationState.READY
            raise Paused(Pause(state, "the worker is shutting down", Due(seconds=0), self.unwritten()))

    def give_up(self, record: StepRecord, error: ItemError, attempt: Attempt | None = None) -> Rejected:
        """Record that a step has failed, so that every later run knows it too, and return what to raise."""
        failed = StepRecord(record.name, StepState.FAILED, record.attempts, record.looks, error=error)
        self.note(StepOutcome(failed, attempt))
        return rejection(failed)

    def too_late(self, record: StepRecord, failure: Failure, attempt: Attempt) -> Rejected | None:
        """Deadlines end waiting, but for an operator, and undoing has none: what to raise if it has passed."""
        if not self.claim.past_deadline or self.undoing or isinstance(failure, Misconfigured):
            return None
        told = f"step {record.name}: gave up at its deadline; last: {failure.message}"
        return self.give_up(record, ItemError(DEADLINE, told, final=False), attempt)

    def hold(self, record: StepRecord, reason: str, attempt: Attempt | None = None) -> Paused:
        """Wait for an operator to say what became of a step."""
        outcome = StepOutcome(StepRecord(record.name, StepState.UNCERTAIN, record.attempts, record.looks), attempt)
        outcomes = (*self.unwritten(), outcome)
        return Paused(Pause(OperationState.HELD, reason, Due(), outcomes, attention="outcome_unknown"))

    def pause(
        self,
        state: OperationState,
        reason: str,
        wait: float,
        outcome: StepOutcome,
        failure: Failure | None = None,
        *,
        foreseen: float | None = None,
    ) -> Paused:
        """Wait so many seconds; `failure` is why, if it says something about the vendor account."""
        fault = _fault(failure)
        return Paused(
            Pause(
                OperationState.COMPENSATING if self.undoing else state,
                reason,
                Due(seconds=wait),
                (*self.unwritten(), outcome),
                attention=self._attention(fault, foreseen=foreseen is not None),
                account_fault=fault,
                foreseen=foreseen,
            )
        )

    def _attention(self, fault: AccountFault | None, *, foreseen: bool) -> str | None:
        """Under which code somebody is told; what goes on beyond its deadline is told too, unless that is put off."""
        if fault is AccountFault.MISCONFIGURED:
            return "account_misconfigured"
        return "past_deadline" if self.claim.past_deadline and not foreseen else None

    def wait_after(self, failure: Failure, attempt: int) -> float:
        """Seconds before the next attempt: not before the vendor's time, if it gave one."""
        asked = failure.retry_after if isinstance(failure, Unavailable) else None
        if asked is None:
            return self.around.waits.retry(attempt, self.around.jitter)
        return asked + self.around.jitter.uniform(0.0, 1.0)

    # -- the question of a wait

    def check(
        self,
        record: StepRecord,
        check: Callable[..., Done | Pending | None],
        arguments: tuple[Any, ...],
        *,
        foreseen: float | None = None,
    ) -> Done | Pending | None:
        """Ask what a wait asks. Raises Rejected, and Paused when no answer came, `foreseen` as in a pause."""
        answer = ask(check, arguments, self.around.clock)
        if isinstance(answer.outcome, Failure):
            raise self._check_failed(record, answer.outcome, answer, foreseen) from answer.outcome
        self.vendor_answered = True
        return answer.outcome

    def _check_failed(
        self, record: StepRecord, failure: Failure, answer: Answer, foreseen: float | None
    ) -> BaseException:
        attempt = answer.attempt(record.attempts, "check")
        if isinstance(failure, Rejected):
            return self.give_up(record, item_error(failure), attempt)
        looks = record.looks + 1
        outcome = StepOutcome(replace(record, state=StepState.PENDING, looks=looks), attempt)
        reason = f"step {record.name}: {failure.message}"
        late = self.too_late(record, failure, attempt) if foreseen is None else None
        return late or self.pause(
            OperationState.WAITING, reason, self.wait_after(failure, looks), outcome, failure, foreseen=foreseen
        )


def points(workflow: str, outcomes: tuple[StepOutcome, ...], point: str) -> None:
    """Pass the crash point of a commit, in the scope of each step whose result it carries."""
    for outcome in outcomes:
        with crash.scope(f"{workflow}/{outcome.record.name}"):
            crash.point(point)


def rejection(record: StepRecord) -> Rejected:
    """The refusal that the journal recorded."""
    error = record.error or ItemError("rejected", "refused")
    kind = Superseded if error.code == SUPERSEDED else Rejected
    return kind(error.code, error.message, vendor_code=error.vendor_code, fields=error.fields)


def item_error(failure: Rejected) -> ItemError:
    """What the item tells: final, unless the customer can correct it or it was only given up."""
    final = not failure.fields and failure.code != DEADLINE
    return ItemError(failure.code, failure.message, failure.vendor_code, failure.fields, final)


def _reopened(outcome: StepOutcome) -> StepOutcome:
    if outcome.record.state is not StepState.FAILED:
        return outcome
    return replace(outcome, record=replace(outcome.record, state=StepState.RETRY))


def _fault(failure: Failure | None) -> AccountFault | None:
    if isinstance(failure, Misconfigured):
        return AccountFault.MISCONFIGURED
    return AccountFault.UNAVAILABLE if type(failure) is Unavailable else None
