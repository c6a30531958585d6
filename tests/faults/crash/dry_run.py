"""Every scenario run once in this process, on SQLite and without a broker, to list the points that it passes.

The engine, the workflows, the adapter and the intake function are the product's own; nothing is killed.
"""

import contextlib
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from provisioner.app.installed import Installed
from provisioner.intake import topology
from provisioner.kernel import crash
from provisioner.kernel.settings import Settings
from provisioner.runner.runner import Runner
from provisioner.store.tables import operations, services, steps
from tests.faults.crash.call_sites import callers_of_steps
from tests.faults.crash.story import Message, Scenario, panel_account, seal_with
from tests.support.processes import wait_for
from tests.support.production import TLDS, Vendors, account, authority_account, registrar_account


@dataclass(frozen=True, slots=True, order=True)
class Passing:
    """A point that was passed: `count` says the how-manieth time since the start of the process that does the phase."""

    scope: str
    point: str
    count: int

    @property
    def boundary(self) -> tuple[str, str]:
        """Where it is, whenever."""
        return self.scope, self.point

    @property
    def step(self) -> tuple[str, str]:
        """The workflow, or part of the product, and its step, or queue."""
        workflow, _, step = self.scope.partition("/")
        return workflow, step

    @property
    def workflow(self) -> str:
        """Whose step it is at, or the part of the product."""
        return self.step[0]

    @property
    def is_of_broker(self) -> bool:
        """Whether who passes it talks to the broker."""
        return self.workflow in ("intake", "relay")

    def __str__(self) -> str:
        return f"{self.scope}:{self.point}:{self.count}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was run. `calls` says whether it calls a vendor, or only waits."""

    workflow: str
    name: str
    calls: bool

    @property
    def scope(self) -> str:
        """Under which its points are passed."""
        return f"{self.workflow}/{self.name}"


@dataclass(frozen=True, slots=True)
class Course:
    """What one scenario came through. `passings` are those of its last phase, `lines` those that called steps."""

    scenario: Scenario
    passings: tuple[Passing, ...]
    workflows: frozenset[str]
    steps: frozenset[Step]
    lines: frozenset[tuple[str, int]]


@dataclass(slots=True)
class _Listener:
    passed: list[Passing] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, scope: str, point: str) -> None:
        with self.lock:
            self.counts[scope, point] += 1
            self.passed.append(Passing(scope, point, self.counts[scope, point]))

    def has_settled(self) -> bool:
        """Whether who has begun a commit has come to its end: others see what was committed a moment before."""
        with self.lock:
            return all(
                count <= self.counts[scope, "after_commit"]
                for (scope, point), count in list(self.counts.items())
                if point == "before_commit"
            )


def dry_runs(scenarios: Sequence[Scenario], folder: Path) -> tuple[Course, ...]:
    """What each scenario passes; the vendors forget everything in between."""
    with contextlib.closing(Vendors.start(folder)) as vendors:
        new = _new_installation(folder / "new", vendors)
        return tuple(
            _dry_run(scenario, vendors, shutil.copytree(new, folder / str(number)))
            for number, scenario in enumerate(scenarios)
        )


def _dry_run(scenario: Scenario, vendors: Vendors, folder: Path) -> Course:
    listener = _Listener()
    vendors.reset()
    with _installed(folder) as installed, crash.listening(listener), callers_of_steps() as lines:
        if scenario.certificates:
            installed.store().accounts.add(authority_account(vendors), "test")
        scenario.prepare(vendors)
        listener.counts.clear()
        with _working(installed) as runner:
            seal = seal_with(installed.keys().public_key())
            for number, phase in enumerate(scenario.phases, start=1):
                listener.passed.clear()
                if scenario.ends_apart:
                    listener.counts.clear()
                if settings := scenario.settings.get(number):
                    _change_panel(installed, vendors, settings)
                scenario.begin_phase(number, vendors)
                for message in phase(seal):
                    installed.intake(lambda _operations: runner.wake()).receive(
                        json.dumps(message).encode(), queue(message)
                    )
                is_last = number == len(scenario.phases)
                begun, ends = ("", scenario.ends) if is_last else (scenario.begun, "")
                over = partial(_is_over, installed, vendors, begun, ends, waits=scenario.waits)
                wait_for(over, f"the end of a phase of {scenario}")
                wait_for(listener.has_settled, f"the last commit of a phase of {scenario}")
        passed = [each for each in listener.passed if not scenario.only or each.scope in scenario.only]
        return Course(scenario, tuple(passed), _workflows(installed), _steps(installed), frozenset(lines))


@contextmanager
def _working(installed: Installed) -> Iterator[Runner]:
    """A runner, the scheduled jobs and the reader of queues, on threads of this process."""
    runner, stop = installed.runner(), threading.Event()

    def wake(_operations: Sequence[str]) -> None:
        runner.wake()

    threads = [
        threading.Thread(target=job.run, args=(stop,)) for job in (installed.scheduler(wake), installed.polling(wake))
    ]
    runner.start()
    for thread in threads:
        thread.start()
    try:
        yield runner
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        runner.stop(10)


def _new_installation(folder: Path, vendors: Vendors) -> Path:
    """Where a database is migrated and knows a panel and a registry."""
    with _installed(folder) as installed:
        installed.migrate()
        for each in (account(vendors.panel), registrar_account(vendors.registry)):
            installed.store().accounts.add(each, "test")
    return folder


def _change_panel(installed: Installed, vendors: Vendors, settings: Mapping[str, str]) -> None:
    """As an operator does; what is open is opened anew, as by the process that does the last phase."""
    installed.store().accounts.add(panel_account(vendors, settings), "test", replace=True)
    installed.adapters.close()


def _installed(folder: Path) -> "contextlib.closing[Installed]":
    quick = Settings(
        data_dir=folder,
        sweep_seconds=0.05,
        backoff_first_seconds=0.05,
        lookup_waits_seconds=(0.05,),
        worker_threads=1,
        poll_seconds=0.1,
        tlds_file=TLDS,
    )
    return contextlib.closing(Installed(quick))


def queue(message: Message) -> str:
    """The queue to which the broker routes a message."""
    return topology.ORDERS if message["type"].startswith("order.") else topology.LIFECYCLE


def _is_over(installed: Installed, vendors: Vendors, begun: str, ends: str, *, waits: bool) -> bool:
    """Whether nothing is left to do, a service is as it `ends`, or the phase has begun what is then waited for."""
    if begun:
        return any(vendor.ledger.effects(operation=begun) for vendor in vendors)
    with installed.store().database.read() as connection:
        unfinished = sa.select(operations.c.state, operations.c.due_at).where(operations.c.ended_at.is_(None))
        rests = all(waits and _waits_long(*each) for each in connection.execute(unfinished))
        return rests and (not ends or ends in connection.scalars(sa.select(services.c.status)))


def _waits_long(state: str, due_at: datetime | None) -> bool:
    return state == "waiting" and (due_at is None or due_at > datetime.now(UTC) + timedelta(seconds=30))


def _workflows(installed: Installed) -> frozenset[str]:
    with installed.store().database.read() as connection:
        return frozenset(connection.scalars(sa.select(operations.c.workflow)))


def _steps(installed: Installed) -> frozenset[Step]:
    with installed.store().database.read() as connection:
        query = sa.select(operations.c.workflow, steps.c.name, steps.c.effect_class.is_not(None))
        rows = connection.execute(query.join(steps, steps.c.operation_id == operations.c.id))
        return frozenset(Step(*row) for row in rows)
