"""The blind sweep: the worker is killed at its N-th write to a socket or file, with no point in the code to help.

strace counts the system calls of one thread from the moment at which the last phase begins, and kills the process on
entry to the N-th. Every thread that is there at that moment and wrote something in a run without a kill is swept from
its first write to its last; what later ones write is counted, and told as `left_out`. The run without a kill is judged
like the others.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from provisioner.intake import topology
from tests.faults.crash.attempt import Attempt, Result, was_killed
from tests.faults.crash.campaign import Campaign
from tests.faults.crash.lane import WORKER, Lane
from tests.faults.crash.scenarios import SCENARIOS
from tests.faults.crash.story import Scenario
from tests.support.judge.verdict import Finding, Verdict, Wrong
from tests.support.processes import Child, start

STARTED_FIELD: Final = 19
"""Of /proc/PID/stat after the name (proc_pid_stat(5): field 22, `starttime`)."""
CALLS: Final = ("sendto", "sendmsg", "write")
ATTACHED: Final = "attached"
# Few threads, so that the same one does the work each time, and few looks for work that is not there.
SINGLE: Final = {
    "PROVISIONER_WORKER_THREADS": "1",
    "PROVISIONER_INTAKE_THREADS": "1",
    "PROVISIONER_SWEEP_SECONDS": "1",
}
# These differ only in what the vendor answers, or in who else is there.
LEFT_OUT: Final = frozenset(
    {
        "create, answer lost",
        "create, owner gone",
        "certificate, issue, answer lost",
        "certificate, issue, order dead",
        "certificate, renew, replaced before",
        "register, answer lost",
        "renew, answer lost",
        "transfer, answer lost",
    }
)
STORIES: Final = tuple(scenario for scenario in SCENARIOS if scenario.name not in LEFT_OUT)
ORDERS: Final = frozenset({"create", "register", "transfer", "certificate, issue"})
"""One order of each kind: hosting, a domain registered, a domain transferred, hosting with its certificate."""

_LINE: Final = re.compile(r"^(\d+) +(\w+)\(")


@dataclass(frozen=True, slots=True)
class Shot:
    """One kill: the process dies as its `thread` (in the order of their making) enters its N-th `call`."""

    scenario: Scenario
    thread: int
    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.scenario} / thread {self.thread} / {self.call} {self.number}"


def why_impossible(folder: Path) -> str | None:
    """Why strace cannot be used here, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "-e", "inject=write:signal=KILL:when=1", sys.executable, "-c", "print('alive')"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return None if "alive" not in tried.stdout and "KILL" in tried.stderr else f"strace cannot trace: {tried.stderr}"


class _Traced:
    """Attaches strace to the worker before the last phase."""

    kills = 0
    aims = 1
    patience = 0.3

    def start(self, lane: Lane) -> Child:
        """A worker with few threads."""
        return lane.start(WORKER, **SINGLE)

    def aim(self, lane: Lane, child: Child) -> Child:
        """Attach, once everything that the worker has at rest is there."""
        vhost = lane.production.vhost
        vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE])
        self.trace(lane, child)
        return child

    def trace(self, lane: Lane, child: Child) -> None:
        """Start strace."""
        raise NotImplementedError

    def _strace(self, lane: Lane, arguments: Sequence[str]) -> Child:
        tracer = start(["strace", *arguments], log=lane.production.folder / "strace.log")
        tracer.wait_output(ATTACHED)
        return tracer

    def end(self, tracer: Child | None) -> None:
        """Detach, and wait until it has."""
        if tracer is not None:
            with suppress(ProcessLookupError):
                tracer.process.send_signal(2)
            tracer.wait()


class Counting(_Traced):
    """Kills nothing, and counts the calls of each thread. `left_out`: those of threads that came later."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self.left_out = 0
        self._threads: list[int] = []
        self._tracer: Child | None = None
        self._lines = Path()

    def trace(self, lane: Lane, child: Child) -> None:
        """Follow all threads."""
        self._threads = threads_of(child)
        self._lines = lane.production.folder / "calls.strace"
        names = ",".join(CALLS)
        self._tracer = self._strace(lane, ["-f", "-p", str(child.pid), "-e", f"trace={names}", "-o", str(self._lines)])

    def look(self, lane: Lane, child: Child) -> Child:
        """Nothing is to be done."""
        del lane
        return child

    def finish(self) -> None:
        """Detach and read what was counted, if it came to that."""
        self.end(self._tracer)
        if self._tracer is not None and self._lines.exists():
            self.read(self._lines.read_text(), self._threads)

    def read(self, lines: str, threads: Sequence[int]) -> None:
        """Count what strace wrote down of these threads, and of others."""
        for found in filter(None, map(_LINE.match, lines.splitlines())):
            thread = int(found[1])
            if thread in threads:
                self.counts[threads.index(thread), found[2]] += 1
            else:
                self.left_out += 1


class Killing(_Traced):
    """Kills at one call of one thread."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        self._tracer: Child | None = None

    def trace(self, lane: Lane, child: Child) -> None:
        """Follow the one thread, if this run has it: strace counts the calls of each thread for itself."""
        threads = threads_of(child)
        if self._shot.thread >= len(threads):
            return
        thread = threads[self._shot.thread]
        inject = f"inject={self._shot.call}:signal=KILL:when={self._shot.number}"
        self._tracer = self._strace(
            lane, ["-p", str(thread), "-e", f"trace={self._shot.call}", "-e", inject, "-o", os.devnull]
        )

    def look(self, lane: Lane, child: Child) -> Child:
        """Start the dead worker again."""
        if child.running:
            return child
        self.kills += was_killed(child)
        self.finish()
        return lane.start(WORKER, **SINGLE)

    def finish(self) -> None:
        """Detach."""
        tracer, self._tracer = self._tracer, None
        self.end(tracer)


def threads_of(child: Child) -> list[int]:
    """The threads of a process in the order of their making; when they began counts, for numbers are given anew."""
    return [thread for _, thread in sorted(_made(child))]


def _made(child: Child) -> Iterator[tuple[int, int]]:
    """The kernel's clock tick in which each thread began, and its number. Those that end meanwhile are left out."""
    for entry in Path(f"/proc/{child.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            after_name = (entry / "stat").read_text().rpartition(")")[2]
            yield int(after_name.split()[STARTED_FIELD]), int(entry.name)


def run_shot(lane: Lane, shot: Shot) -> Result:
    """One kill on one lane."""
    return Attempt(lane, str(shot), shot.scenario, Killing(shot)).run()


@dataclass(frozen=True, slots=True)
class Counted:
    """What the runs without a kill have shown. A run that went wrong or counted nothing has a bad verdict."""

    shots: list[Shot]
    left_out: int
    results: list[Result]


def counted(scenarios: Sequence[Scenario], lanes: int) -> Counted:
    """Every write of every thread in the last phase of each scenario, found by a run of each without a kill."""
    counts: dict[str, Counting] = {}

    def count(lane: Lane, scenario: Scenario) -> Result:
        counts[scenario.name] = counting = Counting()
        return judged(Attempt(lane, f"{scenario} / counted", scenario, counting).run(), counting)

    results = Campaign(scenarios, count, lanes).go()
    found = [shot for scenario in scenarios for shot in _of(scenario, counts[scenario.name].counts)]
    return Counted(found, sum(counting.left_out for counting in counts.values()), list(results))


def judged(result: Result, counting: Counting) -> Result:
    """The run, in which nothing was to be killed; condemned too if nothing was counted, and so nothing is swept."""
    nothing = Finding("run", Wrong.STUCK, f"{result.name}: no write was counted, so nothing of it is swept")
    findings = [*result.verdict.findings, *([] if counting.counts else [nothing])]
    return replace(result, verdict=Verdict(findings), aims=0)


def _of(scenario: Scenario, counts: Counter[tuple[int, str]]) -> Iterator[Shot]:
    for (thread, call), most in sorted(counts.items()):
        yield from (Shot(scenario, thread, call, number) for number in range(1, most + 1))


def few(found: Sequence[Shot]) -> list[Shot]:
    """A handful that every run comes to: three calls in the first half of those of the thread that wrote most."""
    busiest = Counter(shot.thread for shot in found).most_common(1)[0][0]
    own = [shot for shot in found if shot.thread == busiest]
    return [own[0], own[len(own) // 4], own[len(own) // 2]]
