"""Many seeds, one after the other or on all processors, and what came of them in one line."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from traceback import extract_tb
from types import TracebackType
from typing import Final, TypeVar

from provisioner.orders.statuses import OperationState
from provisioner.workflows.definition import WORKFLOWS, Definition
from tests.simulation import certificates, domains, hosting, plans
from tests.simulation.simulation import Simulation
from tests.simulation.verdict import judge
from tests.support.engine.vendor import Crashed, Vendor
from tests.support.judge.verdict import Finding, Verdict, Wrong

BATCH: Final = 250
EACH_FIFTH: Final = 5
"""Certificates have real keys, whose making takes its time."""

_S = TypeVar("_S", bound=Simulation)

DRAWN: Final = {"hosting.create": plans.run, "hosting.follow": plans.run, "hosting.cancel": plans.cancel}


@dataclass(slots=True)
class Tally:
    """The sum over some seeds. `workflows`: the registered ones that succeeded; `broken`: bad verdicts, by seed."""

    first: int
    seeds: int = 0
    kills: int = 0
    workflows: set[str] = field(default_factory=set)
    broken: dict[int, Verdict] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count other seeds too."""
        self.seeds += other.seeds
        self.kills += other.kills
        self.workflows |= other.workflows
        for seed, verdict in other.broken.items():
            before = self.broken[seed].findings if seed in self.broken else ()
            self.broken[seed] = Verdict([*before, *verdict.findings])

    def story(self) -> str:
        """What broke, each seed with the command that repeats it."""
        return "\n".join(f"{verdict}\nrepeat it with: {command(seed)}" for seed, verdict in self.broken.items())

    def line(self) -> str:
        """One JSON object."""
        counts = {wrong.value: sum(each.counts()[wrong.value] for each in self.broken.values()) for wrong in Wrong}
        told = {"seed": self.first, "seeds": self.seeds, "kills": self.kills, "workflows": sorted(self.workflows)}
        return json.dumps({**told, **counts})


def command(seed: int) -> str:
    """How one seed is repeated."""
    return f"make simulate SEEDS=1 SEED={seed}"


def run(first: int, seeds: int) -> Tally:
    """Run so many seeds in this process, each with workflows drawn by lot, and with those of each product."""
    tally = Tally(first)
    with drawn_workflows():
        for seed in range(first, first + seeds):
            tally.add(_counted(Simulation, seed, judge))
    tally.workflows.clear()  # their names stood for plans
    for seed in range(first, first + seeds):
        tally.add(_counted(hosting.HostingSimulation, seed, hosting.judge))
        tally.add(_counted(domains.DomainSimulation, seed, domains.judge))
    for seed in range(first, first + seeds, EACH_FIFTH):
        tally.add(_counted(certificates.CertificateSimulation, seed, certificates.judge))
    tally.seeds = seeds
    return tally


def run_on_all_processors(first: int, seeds: int) -> Tally:
    """Run so many seeds, shared out over the machine."""
    tally = Tally(first)
    batches = _batches(first, seeds)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(run, *zip(*batches, strict=True)):
            tally.add(part)
    return tally


@contextmanager
def drawn_workflows() -> Iterator[None]:
    """Under the names of workflows whose rules it obeys, the simulation runs plans drawn by lot."""
    before = {name: WORKFLOWS.get(name) for name in DRAWN}
    WORKFLOWS.update({name: Definition(name, function, Vendor, frozenset()) for name, function in DRAWN.items()})
    try:
        yield
    finally:
        for name, definition in before.items():
            WORKFLOWS.pop(name)
            if definition is not None:
                WORKFLOWS[name] = definition


def _counted(kind: Callable[[int], _S], seed: int, judge_it: Callable[[_S], Verdict]) -> Tally:
    tally = Tally(seed, 1)
    with _Mishap() as mishap:
        simulation = kind(seed)
        simulation.run()
        simulation.vendor.settle()
        tally.kills, tally.workflows = simulation.kills, _succeeded(simulation)
        verdict = judge_it(simulation)
        if not verdict.good:
            tally.broken[seed] = verdict
    if mishap.words:
        tally.broken[seed] = Verdict([Finding("C1", Wrong.STUCK, mishap.words)])
    return tally


def _succeeded(simulation: Simulation) -> set[str]:
    operations = simulation.memory.operations.values()
    return {kept.asked.workflow for kept in operations if kept.state is OperationState.SUCCEEDED}


class _Mishap(AbstractContextManager["_Mishap"]):
    """Holds back what a seed raises, so that the others still run. `words` say what it was, and where."""

    words = ""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, (Exception, Crashed)):
            return False
        place = extract_tb(trace)[-1]
        self.words = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        return True


def _batches(first: int, seeds: int) -> Sequence[tuple[int, int]]:
    starts = range(first, first + seeds, BATCH)
    return [(start, min(BATCH, first + seeds - start)) for start in starts]
