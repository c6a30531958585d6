"""One step of one run, and the rules between intent and result.

    not in the journal ──intend──▶ intended ──call──▶ done
                                      │        ├────▶ failed       Rejected
                                      │        ├────▶ retry        Unavailable, Throttled, Misconfigured: not executed
                                      │        ├────▶ uncertain    Uncertain
                                      │        └────▶ pending      Pending
                                      └─ found so by a later run: a crash; uncertain too

Uncertain and pending steps are looked at before anything else; what the look may be is the effect class's.
A step that was uncertain stays so until a look or a repetition has settled it: that a repetition was not executed says
nothing of the call before it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from provisioner.kernel import crash
from provisioner.orders.statuses import OperationState
from provisioner.ports.effects import Effect, EffectClass, finder_of
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Pending, Rejected, Unavailable
from provisioner.workflows.answer import Answer, ask
from provisioner.workflows.journal import Attempt, Intent, StepOutcome, StepRecord, StepState
from provisioner.workflows.places import bound, check_declared, declared
from provisioner.workflows.recorder import Paused, Recorder, item_error, rejection

Call = Callable[..., Done | Pending]


class Step:
    """Brings one call of a port to its end, by as many runs as it takes. Raises TypeError for an undeclared call.

    A call that belongs to another vendor account is made there: before its intent, or before a look, the operation
    moves. What has ended is replayed wherever the operation is.
    """

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        call: Call,
        arguments: tuple[Any, ...],
        *,
        was: str | None = None,
        added: bool = False,
        foreseen: float | None = None,
        must: bool = False,
        unless: Rejected | None = None,
        lapsed: Rejected | None = None,
        withdrawn: Rejected | None = None,
    ) -> None:
        check_declared(call)
        self._recorder = recorder
        self._call = call
        self._arguments = arguments
        self._foreseen = foreseen
        self._must = must
        self._unless = unless
        self._lapsed = lapsed
        self._withdrawn = withdrawn
        self._around = recorder.around
        self._scope = f"{recorder.claim.workflow}/{name}"
        self._record = recorder.reach(name, was=was, added=added) or StepRecord(name, StepState.RETRY)

    def result(self) -> Done:
        """The result, recorded or new. Raises Rejected, and Paused when the step has not ended in this run."""
        with crash.scope(self._scope):
            done = self._brought_to_end()
        self._recorder.finish(done, spends=lambda: self._effect.spends)
        return done

    def _brought_to_end(self) -> Done:
        match self._record.state:
            case StepState.DONE:
                return self._record.result or Done()
            case StepState.FAILED:
                raise rejection(self._record)
            case StepState.RETRY:
                self._recorder.stop_at_boundary(self._record, must=self._must)
                if self._withdrawn is not None:
                    raise self._recorder.give_up(self._record, item_error(self._withdrawn))
                self._arrive()
                return self._attempted()
            case StepState.INTENDED | StepState.UNCERTAIN | StepState.PENDING:
                self._arrive()
                return self._resolved()

    def _arrive(self) -> None:
        """From here on the vendor is asked: the operation must be where the call belongs."""
        self._call = bound(self._call)

    @property
    def _effect(self) -> Effect:
        return declared(self._call)

    # -- what became of an earlier call

    def _resolved(self) -> Done:
        """Find out what became of a call whose outcome is not known, as its effect class allows."""
        if self._effect.effect_class is EffectClass.UNSAFE:
            raise self._recorder.hold(self._record, self._words("it is unknown whether it took effect"))
        find = finder_of(self._call)
        return self._attempted() if find is None else self._looked_up(find)

    def _looked_up(self, find: Callable[..., Done | Pending | None]) -> Done:
        """Found done, found accepted (it is then waited for), or not found."""
        answer = ask(find, self._arguments, self._around.clock)
        match answer.outcome:
            case Failure() as failure:
                raise self._look_failed(failure, answer) from failure
            case Done() as found:
                self._recorder.vendor_answered = True
                return self._done(found, answer.attempt(self._record.attempts, "look-up", "found"))
            case Pending() as pending:
                self._recorder.vendor_answered = True
                raise self._accepted(pending, answer.attempt(self._record.attempts, "look-up", "pending"))
            case None:
                self._recorder.vendor_answered = True
                return self._not_found(answer.attempt(self._record.attempts, "look-up", "not_found"))

    def _not_found(self, attempt: Attempt) -> Done:
        """Look again later; after the last look it has not happened, and is done now, unless it was refused."""
        if self._record.state is StepState.PENDING:
            raise self._ended(self._unless or self._shown_before(), attempt) or self._still_pending(attempt)
        if self._record.looks + 1 < len(self._around.waits.lookups):
            raise self._look_later(attempt)
        if (refused := self._ended(self._unless or self._withdrawn, attempt)) is not None:
            raise refused
        return self._attempted()

    def _ended(self, refusal: Rejected | None, attempt: Attempt) -> Rejected | None:
        """The end of what the vendor was asked for, if it has told by another way that it will not do it."""
        return None if refusal is None else self._recorder.give_up(self._record, item_error(refusal), attempt)

    def _shown_before(self) -> Rejected | None:
        """The refusal of what the last look found under way, and this one did not."""
        told = self._record.result.data if self._record.result else {}
        return self._lapsed if told.get("shown") else None

    def _look_later(self, attempt: Attempt) -> Paused:
        looks = self._record.looks + 1
        outcome = StepOutcome(replace(self._record, state=StepState.UNCERTAIN, looks=looks), attempt)
        reason = self._words(f"its outcome is unknown; looked {looks} times and did not find it yet")
        return self._recorder.pause(OperationState.UNCERTAIN, reason, self._around.waits.lookup(looks), outcome)

    def _still_pending(self, attempt: Attempt) -> Paused:
        told = self._record.result.data if self._record.result else {}
        outcome = StepOutcome(replace(self._record, looks=self._record.looks + 1), attempt)
        reason = str(told.get("reason", self._words("the vendor has not finished")))
        return self._recorder.pause(OperationState.WAITING, reason, float(told.get("check_after", 60)), outcome)

    def _look_failed(self, failure: Failure, answer: Answer) -> BaseException:
        """The look-up itself did not come through: the step stays as uncertain, or as pending, as it was."""
        record = self._record
        attempt = answer.attempt(record.attempts, "look-up")
        if isinstance(failure, Rejected):
            return self._look_refused(failure, attempt)
        reason = self._words(f"its outcome is unknown, and looking it up failed: {failure.message}")
        wait = self._recorder.wait_after(failure, max(record.looks, self._recorder.claim.account_failures) + 1)
        return self._recorder.pause(self._open_state(), reason, wait, StepOutcome(self._still_open(), attempt), failure)

    def _look_refused(self, refused: Rejected, attempt: Attempt) -> BaseException:
        """What the vendor was still working on has been refused, or it says so; else the refusal tells nothing."""
        if self._record.state is StepState.PENDING or refused.code in self._effect.ends:
            return self._recorder.give_up(self._record, item_error(refused), attempt)
        reason = self._words(f"its outcome is unknown, and looking it up was refused: {refused.message}")
        return self._recorder.hold(self._record, reason, attempt)

    # -- the call

    def _attempted(self) -> Done:
        number = self._record.attempts + 1
        self._recorder.intend(Intent(self._record.name, self._effect.effect_class, number))
        self._record = replace(self._record, attempts=number)
        answer = ask(self._call, self._arguments, self._around.clock)
        crash.point("after_call")
        match answer.outcome:
            case Done() as done:
                self._recorder.vendor_answered = True
                return self._done(done, answer.attempt(number, "call", "done"))
            case Pending() as pending:
                self._recorder.vendor_answered = True
                raise self._accepted(pending, answer.attempt(number, "call", "pending"))
            case Failure() as failure:
                raise self._failed(failure, answer.attempt(number, "call")) from failure
            case None:
                raise TypeError(self._words("the call returned nothing; it must return Done or Pending"))

    def _done(self, done: Done, attempt: Attempt) -> Done:
        finished = StepRecord(self._record.name, StepState.DONE, self._record.attempts, self._record.looks, result=done)
        self._recorder.note(StepOutcome(finished, attempt))
        return done

    def _accepted(self, pending: Pending, attempt: Attempt) -> Paused:
        facts = {"check_after": pending.check_after, "reason": pending.reason}
        told = Done(pending.ref, {**facts, "shown": True} if pending.shown else facts)
        outcome = StepOutcome(
            StepRecord(self._record.name, StepState.PENDING, self._record.attempts, result=told), attempt
        )
        foreseen = None if self._is_pending else self._foreseen  # from the first acceptance on, and not from each look
        return self._recorder.pause(
            OperationState.WAITING, pending.reason, pending.check_after, outcome, foreseen=foreseen
        )

    def _failed(self, failure: Failure, attempt: Attempt) -> BaseException:
        """What to raise for a call that did not end well. An outcome that nobody knows is an uncertain one."""
        match failure:
            case Rejected():
                self._recorder.vendor_answered = True
                return self._recorder.give_up(self._record, item_error(failure), attempt)
            case Unavailable() | Misconfigured():
                return self._not_executed(failure, attempt)
            case _:
                outcome = StepOutcome(replace(self._record, state=StepState.UNCERTAIN, looks=0, result=None), attempt)
                reason = self._words(f"{failure.message}; it is unknown whether it took effect")
                return self._recorder.pause(OperationState.UNCERTAIN, reason, self._wait_before_look(), outcome)

    def _not_executed(self, failure: Unavailable | Misconfigured, attempt: Attempt) -> BaseException:
        """This call did nothing. What is known not to have been executed at all waits, and ends at the deadline."""
        reason = self._words(failure.message)
        wait = self._recorder.wait_after(failure, self._record.attempts)
        if self._record.state is not StepState.RETRY:
            reason += "; it is unknown whether an earlier attempt took effect"
            outcome = StepOutcome(self._still_open(), attempt)
            return self._recorder.pause(self._open_state(), reason, wait, outcome, failure)
        late = None if self._must else self._recorder.too_late(self._record, failure, attempt)
        return late or self._recorder.pause(
            OperationState.WAITING, reason, wait, StepOutcome(self._record, attempt), failure
        )

    def _wait_before_look(self) -> float:
        """What can be looked up is looked up soon; what can only be repeated is repeated ever more slowly."""
        waits = self._around.waits
        if self._effect.find is not None:
            return waits.lookup(0)
        return waits.retry(self._record.attempts, self._around.jitter)

    # -- words and states

    def _still_open(self) -> StepRecord:
        """The record of a step about which nothing new was learnt."""
        return self._record if self._is_pending else replace(self._record, state=StepState.UNCERTAIN)

    def _open_state(self) -> OperationState:
        return OperationState.WAITING if self._is_pending else OperationState.UNCERTAIN

    @property
    def _is_pending(self) -> bool:
        return self._record.state is StepState.PENDING

    def _words(self, text: str) -> str:
        return f"step {self._record.name}: {text}"
