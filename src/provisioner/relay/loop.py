"""The relay: takes events from the outbox, publishes them, notes what was confirmed, and never gives up."""

import random
from threading import Event
from typing import Final

from provisioner.kernel import crash, log
from provisioner.kernel.errors import StoreUnavailable
from provisioner.relay.confirms import BrokerUnavailable
from provisioner.relay.outbox import Outbox
from provisioner.relay.publisher import ConfirmingPublisher
from provisioner.workflows.backoff import Jitter, Waits

PATIENCE: Final = Waits(first=0.5, most=5.0)

_log = log.get(__name__)


class Relay:
    """One relay; several may run at once, each with an outbox that leases it events of its own."""

    def __init__(
        self,
        outbox: Outbox,
        publisher: ConfirmingPublisher,
        *,
        batch: int = 100,
        idle_seconds: float = 0.2,
        jitter: Jitter | None = None,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._batch = batch
        self._idle_seconds = idle_seconds
        self._jitter = jitter or random.SystemRandom()
        self._unmarked: list[int] = []
        self._failures = 0

    def run(self, stop: Event) -> None:
        """Relay until `stop` is set; then finish the batch in hand and give the lease back."""
        with crash.scope("relay"):
            while not stop.is_set():
                if self._turn():
                    self._failures = 0
                else:
                    self._failures += 1
                    stop.wait(PATIENCE.retry(self._failures, self._jitter))
        self._end()

    def _turn(self) -> bool:
        """Relay one batch, or wait a little if there is none. False: something is away, and a pause is due."""
        try:
            self._mark()
            return self._relay()
        except StoreUnavailable:
            _log.warning("events wait: the database is away", failures=self._failures)
        except BrokerUnavailable as away:
            _log.warning("events wait: the broker is away", failures=self._failures, reason=str(away))
        return False

    def _relay(self) -> bool:
        events = self._outbox.pending(self._batch)
        if not events:
            self._publisher.idle(self._idle_seconds)
            return True
        crash.point("before_publish")
        self._unmarked = self._publisher.publish(events)
        crash.point("after_confirm")
        published = len(self._unmarked)
        self._mark()
        crash.point("after_mark")
        _log.debug("events published", published=published, of=len(events))
        return published > 0

    def _mark(self) -> None:
        """Note what was confirmed; kept for the next turn when the database is away, so that it is not sent twice."""
        if self._unmarked:
            self._outbox.mark_published(self._unmarked)
            self._unmarked = []

    def _end(self) -> None:
        self._publisher.close()
        try:
            self._mark()
            self._outbox.release()
        except StoreUnavailable:
            _log.warning("lease not given back: the database is away; it runs out by itself")
