"""What is done with one message: take it in, or hold it until the database is back, or set it aside; never drop it."""

import random
from collections.abc import Callable
from threading import Event
from traceback import extract_tb
from typing import Final

from provisioner.intake.delivery import Delivery
from provisioner.kernel import log
from provisioner.kernel.errors import StoreUnavailable
from provisioner.workflows.backoff import Waits

HOLD: Final = Waits(first=0.2, most=5.0)

Receive = Callable[[bytes, str], object]
SetAside = Callable[[bytes, str, Exception], object]

_log = log.get(__name__)
_jitter = random.SystemRandom()


class Receiver:
    """Hands messages to `receive` until it has committed them.

    While the database is away a message is held here, unacked, and tried again with growing waits: giving it back to
    the queue each time would use up its delivery limit. As few messages are prefetched, that pauses consumption.
    """

    def __init__(self, receive: Receive, set_aside: SetAside, stopping: Event) -> None:
        self._receive = receive
        self._set_aside = set_aside
        self._stopping = stopping

    def take(self, delivery: Delivery) -> None:
        """Take one message in; marks it committed, or leaves it to be delivered again."""
        error = self._until_available(delivery, lambda: self._receive(delivery.raw, delivery.queue))
        if error is None or delivery.committed:
            return
        _log.error("message met a fault in the program", queue=delivery.queue, **_described(error))
        failure = self._until_available(delivery, lambda: self._set_aside(delivery.raw, delivery.queue, error))
        if failure is not None:
            _log.critical("message could not be set aside", queue=delivery.queue, **_described(failure))

    def _until_available(self, delivery: Delivery, act: Callable[[], object]) -> Exception | None:
        """Act until the database takes it; None if it did, or if this is no longer the place to do so."""
        attempt = 0
        while not (self._stopping.is_set() or delivery.stale):
            try:
                act()
            except StoreUnavailable:
                attempt += 1
                self._hold(delivery, attempt)
            except Exception as error:  # noqa: BLE001 - a fault in the program must cost neither the message nor the thread
                return error
            else:
                delivery.committed = True
                return None
        return None

    def _hold(self, delivery: Delivery, attempt: int) -> None:
        seconds = HOLD.retry(attempt, _jitter)
        _log.warning("message held: the database is away", queue=delivery.queue, attempt=attempt, seconds=seconds)
        self._stopping.wait(seconds)


def _described(error: Exception) -> dict[str, str]:
    """An unexpected error for the log: what and where, not its text, which may quote the message."""
    last = extract_tb(error.__traceback__)[-1]
    return {"error": type(error).__name__, "where": f"{last.filename}:{last.lineno}"}
