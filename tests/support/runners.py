"""Runners with threads of their own, in this process."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import AdapterFactory
from provisioner.runner.adapters import OpenAdapters
from provisioner.runner.runner import Pace, Runner
from provisioner.store.store import Store
from provisioner.workflows.backoff import Waits
from tests.support.processes import wait_for
from tests.support.stores import Stage

PACE: Final = Pace(threads=4, batch=16, sweep=0.05, heartbeat=0.3, waits=Waits(0.05, 0.2, (0.05, 0.1, 0.2)))
LONGEST: Final = 30.0


def new_runner(store: Store, factories: dict[str, AdapterFactory], *, owner: str = "runner-1", **pace: Any) -> Runner:
    """A runner that is not started yet; `pace` changes the fast one."""
    clock = SystemClock()
    adapters = OpenAdapters(store.accounts, factories, clock)
    jitter = random.Random(7)  # noqa: S311 - jitter is no secret
    return Runner(store, adapters, owner=owner, clock=clock, jitter=jitter, pace=replace(PACE, **pace))


@contextmanager
def running(stage: Stage, *, store: Store | None = None, owner: str = "runner-1", **pace: Any) -> Iterator[Runner]:
    """A runner at work on a stage's fake panel, stopped at the end."""
    runner = new_runner(store or stage.store, {"fake": lambda *_: stage.panel}, owner=owner, **pace)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop(LONGEST)


def wait_status(stage: Stage, status: str, order_id: str = "o-1") -> None:
    """Return when an order has this status."""
    wait_for(lambda: stage.row("orders", id=order_id)["status"] == status, f"order {order_id} is {status}")


def wait_all(stage: Stage, status: str = "completed") -> None:
    """Return when all orders have this status."""
    wait_for(lambda: {row["status"] for row in stage.rows("orders")} == {status}, f"all orders are {status}")


class Gate:
    """A panel's operation that begins, and goes on when it is let."""

    def __init__(self, stage: Stage, operation: str) -> None:
        self.entered = threading.Event()
        self.passes = threading.Event()
        self.times = 0
        self._operation = operation
        stage.panel.before = self._before

    def _before(self, operation: str, _subject: str) -> None:
        if operation == self._operation:
            self.times += 1
            self.entered.set()
            assert self.passes.wait(LONGEST), "the gate was never opened"

    def wait_entered(self) -> None:
        """Return when a call has begun."""
        assert self.entered.wait(LONGEST), f"{self._operation} was never called"
