"""Our side, in a process of its own: the real worker role, with the instant adapter and a stopwatch at its journal.

The settings come from the environment as in production. When told to stop it writes its stopwatch's times to the file
that BENCH_JOURNAL names, as a JSON list of seconds.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final, cast

from benchmarks.child import say_ready, when_parent_ends
from benchmarks.reference import ADAPTER, SERVER, open_instant, use_three_steps
from provisioner.app.installed import Installed
from provisioner.app.roles import run_role
from provisioner.kernel import log
from provisioner.kernel.sealing import KeyRing
from provisioner.kernel.settings import load_settings
from provisioner.runner.adapters import OpenAdapters
from provisioner.store.accounts import NewAccount
from provisioner.store.journal import StoreJournal
from provisioner.workflows.journal import Claim, Ending, Intent, Journal, Pause, StepOutcome

JOURNAL_FILE: Final = "BENCH_JOURNAL"


class Stopwatch:
    """A journal that notes how long each step spent in it: the commit of its intent, and the end for the last one."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._steps: dict[str, float] = {}
        self.seconds: list[float] = []

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        started = perf_counter()
        self._journal.intend(claim, intent, outcomes)
        self._finish(claim)
        self._steps[claim.operation_id] = perf_counter() - started

    def pause(self, claim: Claim, pause: Pause) -> None:
        self._journal.pause(claim, pause)

    def end(self, claim: Claim, ending: Ending) -> None:
        started = perf_counter()
        self._journal.end(claim, ending)
        self._steps[claim.operation_id] += perf_counter() - started
        self._finish(claim)

    def _finish(self, claim: Claim) -> None:
        if (seconds := self._steps.pop(claim.operation_id, None)) is not None:
            self.seconds.append(seconds)


class Measured(Installed):
    """An installation whose journal is timed and whose only adapter is the instant one."""

    def prepare(self) -> Stopwatch:
        """Put the instant adapter, with an account, in the place of the others, and a stopwatch at the journal."""
        store = self.store()
        self.adapters = OpenAdapters(store.accounts, {ADAPTER: open_instant}, self.clock)
        store.accounts.add(NewAccount(SERVER, ADAPTER, "hosting", "live", {}, {}, concurrency=1_000), "benchmark")
        stopwatch = Stopwatch(store.journal)
        self._store = replace(store, journal=cast("StoreJournal", stopwatch))
        return stopwatch


def _end() -> None:
    """Stop as when an administrator says so."""
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    settings = load_settings()
    log.configure(settings.log_level, settings.log_format)
    KeyRing.create(settings.key_ring)
    use_three_steps()
    measured = Measured(settings)
    stopwatch = measured.prepare()
    when_parent_ends(_end)
    say_ready()
    code = run_role(measured, "worker", None)
    if file := os.environ.get(JOURNAL_FILE):
        Path(file).write_text(json.dumps(stopwatch.seconds))
    return code


if __name__ == "__main__":
    sys.exit(main())
