"""Many runs on a few lanes at once, and the line that sums them up."""

import json
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from tests.faults.crash.attempt import Result
from tests.faults.crash.lane import Lane, lane
from tests.support.judge.verdict import Wrong

FAILED: Final = Path("var/crash")
LANES: Final = 6
LONGEST_NAME: Final = 200  # of a folder

Job = TypeVar("Job")


@dataclass(slots=True)
class Campaign(Generic[Job]):
    """Runs each job on the next free lane. What a broken promise left behind is kept under `var/crash/`."""

    jobs: Sequence[Job]
    run: Callable[[Lane, Job], Result]
    lanes: int = LANES
    quiet: bool = False
    results: list[Result] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def go(self) -> Sequence[Result]:
        """All of them. Raises what a lane could not live through."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in self.jobs:
            waiting.put(job)
        threads = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(min(self.lanes, len(self.jobs)))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # interrupted: the lanes finish what they have in hand, and put their servers away
            _empty(waiting)
        if self.errors:
            raise self.errors[0]
        return self.results

    def _work(self, waiting: "queue.SimpleQueue[Job]") -> None:
        try:
            with lane() as own:
                for job in _taken(waiting):
                    self._note(self.run(own, job))
        except BaseException as error:  # noqa: BLE001 - told by `go`, on the thread that asked
            self.errors.append(error)
            self._tell("".join(traceback.format_exception(error)))
            _empty(waiting)

    def _note(self, result: Result) -> None:
        self.results.append(result)
        if not result.verdict.good:
            folder = _free(FAILED / result.name.replace("/", "-").replace(" ", "_")[:LONGEST_NAME])
            result.history.save(folder)
            self._tell(f"{result.name}\n{result.verdict}\n  the history: {folder}")
        elif result.kills < result.aims:
            self._tell(f"{result.name}\n  {result.kills} of {result.aims} kills")
        elif len(self.results) % 20 == 0:
            seconds = time.monotonic() - self.started
            self._tell(f"{len(self.results)} of {len(self.jobs)} after {seconds:.0f} s")

    def _tell(self, words: str) -> None:
        if not self.quiet:
            sys.stdout.write(words + "\n")
            sys.stdout.flush()


def _taken(waiting: "queue.SimpleQueue[Job]") -> Iterator[Job]:
    while True:
        try:
            yield waiting.get_nowait()
        except queue.Empty:
            return


def _empty(waiting: "queue.SimpleQueue[Job]") -> None:
    for _ in _taken(waiting):
        pass


def _free(folder: Path) -> Path:
    number = 1
    while (made := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    made.parent.mkdir(parents=True, exist_ok=True)
    return made


def summary(results: Sequence[Result], *, seed: int, seconds: float, unreached: int) -> dict[str, object]:
    """The line: what was done, and how often the promise was broken in each way."""
    return {
        "seed": seed,
        "cells": sum(1 if result.aims == 1 else result.kills for result in results),
        "kills": sum(result.kills for result in results),
        "unreached": unreached,
        "workflows": sorted(set[str]().union(*(result.workflows for result in results))),
        "seconds": round(seconds, 1),
        **{wrong.value: sum(result.verdict.counts()[wrong.value] for result in results) for wrong in Wrong},
    }


def line(told: dict[str, object]) -> str:
    """As the last line of a run."""
    return json.dumps(told)
