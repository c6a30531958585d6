"""Intake under test: a receiving function that remembers, a database that can be away, and a worker around them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from provisioner.intake.topology import INTAKE_QUEUES
from provisioner.intake.worker import IntakeWorker
from provisioner.kernel.errors import StoreUnavailable
from tests.support.processes import wait_for
from tests.support.rabbit_vhost import Vhost


class Sink:
    """Stands where the database stands: what is in `committed` (body, queue) is safe."""

    def __init__(self) -> None:
        self.committed: list[tuple[bytes, str]] = []
        self.set_aside: list[tuple[bytes, str, Exception]] = []
        self.attempts: list[bytes] = []
        self.away = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Callable[[bytes], None] = lambda _raw: None
        self.fault_aside: Callable[[bytes], None] = lambda _raw: None

    def receive(self, raw: bytes, queue: str) -> None:
        """Commit, unless the gate is shut (then wait), the database is away, or a fault is planned."""
        self.attempts.append(raw)
        self.gate.wait()
        self._answer()
        self.fault(raw)
        self.committed.append((raw, queue))

    def aside(self, raw: bytes, queue: str, error: Exception) -> None:
        """Commit to quarantine."""
        self._answer()
        self.fault_aside(raw)
        self.set_aside.append((raw, queue, error))

    @contextmanager
    def only_those_in_hand_go_on(self) -> Iterator[None]:
        """Open the gate for the calls that wait at it; later ones wait at a new gate until the end."""
        old, self.gate = self.gate, threading.Event()
        old.set()
        try:
            yield
        finally:
            self.gate.set()

    @property
    def bodies(self) -> list[bytes]:
        """The bodies that were committed, in order."""
        return [raw for raw, _queue in self.committed]

    def wait_committed(self, count: int, *, timeout: float = 30.0) -> None:
        """Return when so many messages are committed."""
        wait_for(lambda: len(self.committed) >= count, f"{count} messages are committed", timeout=timeout)

    def wait_attempts(self, count: int) -> None:
        """Return when `receive` was called so often."""
        wait_for(lambda: len(self.attempts) >= count, f"receive was called {count} times")

    def _answer(self) -> None:
        if self.away.is_set():
            raise StoreUnavailable


@contextmanager
def intake(vhost: Vhost, sink: Sink, *, grace: float = 10.0, **options: Any) -> Iterator[IntakeWorker]:
    """A running intake whose queues have consumers; stopped at the end."""
    worker = IntakeWorker(vhost.url, sink.receive, sink.aside, **options)
    worker.start()
    try:
        vhost.wait_consumed(INTAKE_QUEUES)
        yield worker
    finally:
        worker.stop(grace)


def fail(text: str = "a fault") -> Callable[[bytes], None]:
    """A fault for `Sink.fault`: raises."""

    def raise_it(_raw: bytes) -> None:
        raise RuntimeError(text)

    return raise_it
