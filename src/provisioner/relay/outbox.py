"""What the relay needs of the outbox."""

from collections.abc import Sequence
from typing import Protocol

from provisioner.store.outbox import OutboxEvent


class Outbox(Protocol):
    """One relay's view of the outbox. Every method raises StoreUnavailable when the database is away."""

    def pending(self, limit: int) -> Sequence[OutboxEvent]:
        """The oldest unpublished events that are this relay's to publish, in order; this renews its lease of them."""
        ...

    def mark_published(self, ids: Sequence[int]) -> None:
        """Note what the broker confirmed; those are not pending any more."""
        ...

    def release(self) -> None:
        """Give the lease back, so that another relay goes on at once."""
        ...
