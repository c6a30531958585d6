"""Runs one claimed operation as far as it goes: to its end, or to the next wait."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.kernel import crash
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.definition import WORKFLOWS, Definition
from provisioner.workflows.journal import Claim, Due, Ending, Pause, ServiceChange, StepOutcome
from provisioner.workflows.operation import Operation
from provisioner.workflows.places import Adapters, Places
from provisioner.workflows.recorder import (
    UNDO,
    WITHOUT_EFFECT,
    Changed,
    Paused,
    Recorder,
    Superseded,
    Surroundings,
    item_error,
    points,
)
from provisioner.workflows.step import Step


@dataclass(frozen=True, slots=True)
class Report:
    """How a run stopped, for the log and for the account's circuit breaker."""

    state: OperationState
    reason: str = ""
    vendor_answered: bool = False


class Engine:
    """One for each process; safe to use from many threads."""

    def __init__(self, around: Surroundings, adapters: Adapters) -> None:
        self._around = around
        self._adapters = adapters

    def run(self, claim: Claim) -> Report:
        """Run the operation until it ends or waits, and commit that. Raises LeaseLost and StoreUnavailable."""
        definition = WORKFLOWS.get(claim.workflow)
        if definition is None:
            return self._stop(claim, _held(f"this version has no workflow {claim.workflow}", "unknown_workflow"))
        return _Run(claim, definition, self._around, self._adapters).go()

    def hold(self, claim: Claim, reason: str, attention: str) -> Report:
        """Hold the operation for an operator."""
        return self._stop(claim, _held(reason, attention))

    def _stop(self, claim: Claim, pause: Pause) -> Report:
        self._around.journal.pause(claim, pause)
        return Report(pause.state, pause.reason)


class _Run:
    def __init__(self, claim: Claim, definition: Definition, around: Surroundings, adapters: Adapters) -> None:
        self._claim = claim
        self._definition = definition
        self._around = around
        self._recorder = Recorder(claim, around, definition.retired)
        self._places = Places(self._recorder, adapters)

    def go(self) -> Report:
        try:
            return self._work()
        except Paused as paused:
            return self._pause(paused.pause)
        except Changed as changed:
            return self._pause(self._held(f"the workflow changed under its journal: {changed}", "workflow_changed"))

    def _work(self) -> Report:
        operation = Operation(self._claim, self._recorder, self._places)
        try:
            change = self._definition.run(operation, self._adapter())
            self._check_all_reached()
        except Rejected as rejected:
            return self._compensate(rejected)
        return self._end(
            Ending(
                OperationState.SUCCEEDED,
                self._recorder.unwritten(),
                service=change,
                follow_ups=tuple(operation.follow_ups),
                warnings=self._recorder.warnings,
            )
        )

    def _adapter(self) -> Any:
        """The workflow's own adapter: that of its service's account, also when the operation has moved elsewhere."""
        if self._definition.port is None:
            return None
        service = self._claim.service
        return self._places.home(service.vendor_account if service else None)

    def _check_all_reached(self) -> None:
        if left := self._recorder.unreached():
            raise Changed(f"the journal has {', '.join(left)}, which the workflow no longer reaches")

    def _check_all_undone(self) -> None:
        """A step that this run did not come to has no undo here, so its effect would stay behind."""
        if left := self._recorder.unreached(passing_over=WITHOUT_EFFECT):
            raise Changed(f"the journal has {', '.join(left)}, which the workflow did not reach before its refusal")

    # -- after a permanent failure

    def _compensate(self, rejected: Rejected) -> Report:
        self._recorder.undoing = True
        self._check_all_undone()
        if self._recorder.spent:
            reason = f"{rejected.message}; money was spent, so nothing is undone by itself"
            raise Paused(self._held_open(reason, "money_spent"))
        for undo in reversed(self._recorder.undos):
            try:
                Step(self._recorder, f"{UNDO}{undo.step}", undo.call, (undo.ref,)).result()
            except Rejected as refused:
                reason = f"undoing step {undo.step} was refused: {refused.message}"
                raise Paused(self._held_open(reason, "undo_refused")) from refused
        return self._end(self._failed_ending(rejected))

    def _failed_ending(self, rejected: Rejected) -> Ending:
        superseded = isinstance(rejected, Superseded)
        state = OperationState.COMPENSATED if self._recorder.undos else OperationState.FAILED
        if superseded:
            state = OperationState.SUPERSEDED
        return Ending(
            state,
            self._recorder.unwritten(),
            error=item_error(rejected),
            service=self._service_after_failure(),
            warnings=self._recorder.warnings,
        )

    def _service_after_failure(self) -> ServiceChange | None:
        """What was to be made has failed; what an operation beside the making comes to changes nothing of it."""
        service = self._claim.service
        if service is None or service.status is not ServiceStatus.PROVISIONING:
            return None
        if self._claim.resource != f"service:{service.service_id}":
            return None
        return ServiceChange(ServiceStatus.FAILED)

    def _held(self, reason: str, attention: str) -> Pause:
        return replace(_held(reason, attention), outcomes=self._recorder.unwritten())

    def _held_open(self, reason: str, attention: str) -> Pause:
        return replace(_held(reason, attention), outcomes=self._recorder.reopened())

    # -- commits

    def _pause(self, pause: Pause) -> Report:
        self._points(pause.outcomes, "before_commit")
        self._around.journal.pause(self._claim, pause)
        self._points(pause.outcomes, "after_commit")
        return Report(pause.state, pause.reason, self._recorder.vendor_answered)

    def _end(self, ended: Ending) -> Report:
        ending = replace(ended, service=_keeping(ended.service, self._recorder.kept))
        self._points(ending.outcomes, "before_commit")
        self._around.journal.end(self._claim, ending)
        self._points(ending.outcomes, "after_commit")
        reason = ending.error.message if ending.error else ""
        return Report(ending.state, reason, self._recorder.vendor_answered)

    def _points(self, outcomes: tuple[StepOutcome, ...], point: str) -> None:
        """The crash points of a commit; one that carries no step's result is named by the workflow alone."""
        points(self._claim.workflow, outcomes, point)
        if not outcomes:
            with crash.scope(self._claim.workflow):
                crash.point(point)


def _held(reason: str, attention: str) -> Pause:
    return Pause(OperationState.HELD, reason, Due(), attention=attention)


def _keeping(change: ServiceChange | None, kept: Mapping[str, Any]) -> ServiceChange | None:
    """What becomes of the service, with what is kept whatever comes of the operation."""
    if not kept:
        return change
    changed = change or ServiceChange(None)
    return replace(changed, data={**(changed.data or {}), **kept})
