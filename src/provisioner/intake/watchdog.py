"""A process whose threads have died looks well and does nothing. It ends instead, so that it is started again."""

import os
from collections.abc import Callable
from threading import Event, Thread
from typing import Final, NoReturn

from provisioner.kernel import log

THREAD_DIED: Final = 70  # EX_SOFTWARE of sysexits.h
INTERVAL_SECONDS: Final = 1.0

_log = log.get(__name__)


def end_process() -> NoReturn:
    """End at once with a code that says why; what was in hand is unacked or leased, and comes again."""
    os._exit(THREAD_DIED)


class Watchdog:
    """Asks once a second whether all threads live, and calls `on_death` when one does not."""

    def __init__(
        self,
        healthy: Callable[[], bool],
        on_death: Callable[[], object] = end_process,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._healthy = healthy
        self._on_death = on_death
        self._interval = interval
        self._stopping = Event()
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, before the threads are stopped."""
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval):
            if not self._healthy():
                _log.critical("a thread has died: this process ends", exit_code=THREAD_DIED)
                self._on_death()
                return
