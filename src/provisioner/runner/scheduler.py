"""The scheduled jobs: ring for what is due, start upkeep and lines of bulks, tell what waits long, forget the old."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from provisioner.kernel import log
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.store.store import Store

MOST_RINGS: Final = 100
MOST_LINES: Final = 500  # of bulks, between two looks for what is due
EVERY_MINUTE: Final = 60.0

_log = log.get(__name__)


class Scheduler:
    """Several may run at once; each job may be done twice without harm."""

    def __init__(
        self,
        store: Store,
        ring: Callable[[Sequence[str]], None],
        clock: Clock,
        *,
        sweep_seconds: float,
        retention_days: int,
    ) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._sweep_seconds = sweep_seconds
        self._retention_days = retention_days
        self._minute = -EVERY_MINUTE

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            has_more = False
            try:
                has_more = self.turn()
            except StoreUnavailable as away:
                _log.warning("scheduler waits for the database", detail=str(away))
            stop.wait(0 if has_more else self._sweep_seconds)

    def turn(self) -> bool:
        """Do once what is to be done now; True when a bulk has more lines to start."""
        self._store.upkeep.start_due()
        lines = self._store.bulks.expand(MOST_LINES)
        self._store.bulk_progress.tell()
        self._ring_and_tidy()
        return lines >= MOST_LINES

    def _ring_and_tidy(self) -> None:
        due = self._store.housekeeping.due_operations(MOST_RINGS)
        if due:
            self._ring(due)
        if self._clock.monotonic() - self._minute >= EVERY_MINUTE:
            self._minute = self._clock.monotonic()
            self._each_minute()

    def _each_minute(self) -> None:
        self._store.housekeeping.tell_late()
        self._store.expiries.tell()
        self._store.housekeeping.forget(self._retention_days)
        pulse = self._store.housekeeping.pulse()
        _log.info(
            "pulse",
            due=pulse.due,
            uncertain=pulse.uncertain,
            held=pulse.held,
            unpublished=pulse.unpublished,
            quarantined=pulse.quarantined,
        )
