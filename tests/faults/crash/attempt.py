"""One scenario on one lane with one kill: run, die, run again to the end, be judged."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.faults.crash.lane import RELAY, SCHEDULER, WORKER, Lane
from tests.faults.crash.story import Phase, Scenario
from tests.support.judge.history import History
from tests.support.judge.judge import judge
from tests.support.judge.verdict import Finding, Verdict, Wrong
from tests.support.processes import Child, NeverHappenedError, wait_for

END_SECONDS: Final = 120.0
STOP_SECONDS: Final = 40.0
STARTED: Final = '"event": "started"'


class Blow(Protocol):
    """How the kills of one run come about: `aims` of them."""

    kills: int

    @property
    def patience(self) -> float:
        """How long they may be waited for when all is done, in seconds."""
        ...

    @property
    def aims(self) -> int:
        """How many kills there are to be."""
        ...

    def start(self, lane: Lane) -> Child:
        """Start the process that will die, or at whose point something else will."""
        ...

    def aim(self, lane: Lane, child: Child) -> Child:
        """Make ready for the last phase, whose messages come next; the process that runs from now on."""
        ...

    def look(self, lane: Lane, child: Child) -> Child:
        """Do what is to be done now; the process that runs from now on."""
        ...

    def finish(self) -> None:
        """Put away what is left of it, before the processes are stopped."""
        ...


@dataclass(slots=True)
class Result:
    """What came of one run. `kills`: less than `aims` when a blow never fell."""

    name: str
    kills: int
    verdict: Verdict
    workflows: frozenset[str]
    history: History
    aims: int = 1


def ended_well(child: Child) -> None:
    """Ask a process to end. Raises NeverHappenedError when it does not, or with another exit code than 0."""
    if (code := child.stop(timeout=STOP_SECONDS)) != 0:
        raise NeverHappenedError(f"a process that was asked to end had the exit code {code}:\n{child.tail()}")


def was_killed(child: Child) -> int:
    """1 for a process that was killed. Raises NeverHappenedError for one that ended in any other way."""
    if child.process.returncode != -signal.SIGKILL:
        raise NeverHappenedError(f"a process ended with the exit code {child.process.returncode}:\n{child.tail()}")
    return 1


@dataclass(slots=True)
class Attempt:
    """One run. `role` is the one of the process that is struck; the other one lives through it."""

    lane: Lane
    name: str
    scenario: Scenario
    blow: Blow
    role: str = WORKER
    children: list[Child] = field(default_factory=list)
    complaints: list[Finding] = field(default_factory=list)
    _rests_since: float | None = None

    def run(self) -> Result:
        """Run to the end, or for as long as can be waited, and judge what is left."""
        self.lane.begin(self.scenario)
        try:
            self._play()
        except NeverHappenedError as late:
            self._complain(Wrong.STUCK, str(late))
        self.blow.finish()
        self._stop()
        history = self.lane.history()
        findings = [*self.complaints, *judge(history).findings]
        workflows = frozenset(row["workflow"] for row in history.table("operations"))
        return Result(self.name, self.blow.kills, Verdict(findings), workflows, history, self.blow.aims)

    def _play(self) -> None:
        for role in (RELAY, SCHEDULER):
            if role == self.role:
                self.lane.let_go(role)
            else:
                self.lane.keep(role)
        if self.role != WORKER:
            self._keep(self.lane.start(WORKER))
        self._keep(self.blow.start(self.lane))
        *before, last = self.scenario.phases
        for number, phase in enumerate(before, start=1):
            self._run_phase(number, phase, self._has_begun if self.scenario.begun else self._at_rest)
        self._go_on_with(self.blow.aim(self.lane, self.children[-1]))
        self._run_phase(len(self.scenario.phases), last, self._at_rest_and_struck)

    def _run_phase(self, number: int, phase: Phase, ended: Callable[[], bool]) -> None:
        self.lane.begin_phase(self.scenario, number)
        self.lane.publish(phase(self.lane.seal))
        wait_for(ended, f"the end of {self.name}", timeout=END_SECONDS, interval=0.05)

    def _go_on_with(self, child: Child) -> Child:
        if child is not self.children[-1]:
            self._keep(child)
        return child

    def _keep(self, child: Child) -> None:
        self.children.append(child)

    def _at_rest(self) -> bool:
        child = self._go_on_with(self.blow.look(self.lane, self.children[-1]))
        return (
            self.lane.nothing_is_left(waits=self.scenario.waits)
            and STARTED in child.output()
            and self.lane.is_consumed()
        )

    def _has_begun(self) -> bool:
        return self.lane.has_begun(self.scenario.begun)

    def _at_rest_and_struck(self) -> bool:
        """A blow may fall after the last commit; but it is not waited for without end."""
        if not (self._at_rest() and self._has_ended()):
            self._rests_since = None
            return False
        self._rests_since = self._rests_since or time.monotonic()
        return self.blow.kills >= self.blow.aims or time.monotonic() - self._rests_since > self.blow.patience

    def _has_ended(self) -> bool:
        return not self.scenario.ends or self.lane.has_service(self.scenario.ends)

    def _stop(self) -> None:
        """Let the processes end well: only then is every message acked."""
        for child in self.children:
            if child.running:
                self._stop_well(child)
        try:  # the broker may count the last ack a moment after the process has ended
            wait_for(lambda: not self.lane.messages_left(), "no message is left unacked", timeout=5)
        except NeverHappenedError as late:
            self._complain(Wrong.STUCK, str(late))
        self.lane.listen()

    def _stop_well(self, child: Child) -> None:
        try:
            ended_well(child)
        except NeverHappenedError as late:
            self._complain(Wrong.STUCK, str(late))

    def _complain(self, wrong: Wrong, words: str) -> None:
        self.complaints.append(Finding("run", wrong, words))


def failures(results: Sequence[Result]) -> list[Result]:
    """Those in which the promise was broken, or nothing was killed."""
    return [result for result in results if not result.verdict.good or not result.kills]
