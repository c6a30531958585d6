"""An outbox in memory for tests of the relay: a list of events, and a database that can be away."""

import threading
from collections.abc import Sequence

from provisioner.kernel.errors import StoreUnavailable
from provisioner.store.outbox import OutboxEvent


def event(number: int, subject: str = "o-1", type_: str = "order.status-changed.v1") -> OutboxEvent:
    """Event number n of a subject; its body says both."""
    return OutboxEvent(number, f"event-{number}", type_, subject, f"{subject}:{number}")


class ListOutbox:
    """Events in order; `away` makes the next calls fail as a lost database does."""

    def __init__(self, events: Sequence[OutboxEvent] = ()) -> None:
        self.away = threading.Event()
        self.released = False
        self._waiting = list(events)
        self._lock = threading.Lock()

    def append(self, *events: OutboxEvent) -> None:
        """Add events behind the others."""
        with self._lock:
            self._waiting += events

    def pending(self, limit: int) -> Sequence[OutboxEvent]:
        """The first events that are not published."""
        self._answer()
        with self._lock:
            return self._waiting[:limit]

    def mark_published(self, ids: Sequence[int]) -> None:
        """Forget these events."""
        self._answer()
        with self._lock:
            self._waiting = [event for event in self._waiting if event.id not in set(ids)]

    def release(self) -> None:
        """Note that the lease was given back."""
        self._answer()
        self.released = True

    def empty(self) -> bool:
        """True when everything is published."""
        return not self._waiting

    def _answer(self) -> None:
        if self.away.is_set():
            raise StoreUnavailable
