"""What is seen of leases while a soak runs; at its end there is none any more."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import StoreUnavailable
from provisioner.store.database import Database
from provisioner.store.tables import operations

EACH_SECONDS: Final = 1.0
LEASES: Final = sa.select(
    operations.c.id, operations.c.fence, operations.c.due_at, sa.func.clock_timestamp().label("now")
).where(operations.c.state == "running")


@dataclass(slots=True)
class _Sight:
    at: datetime
    seconds: float


@dataclass(slots=True)
class Watch:
    """Looks at the leases once a second; keeps of each when it was first seen, and how long it was at most."""

    database: Callable[[], Database]
    _seen: dict[tuple[str, int], _Sight] = field(default_factory=dict)
    _again_at: float = 0.0

    def look(self) -> None:
        """Look, if it is time; while the database is away there is nothing to see."""
        if time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + EACH_SECONDS
        try:
            with self.database().read() as connection:
                for row in connection.execute(LEASES):
                    self._note((row.id, row.fence), row.now, (row.due_at - row.now).total_seconds())
        except StoreUnavailable:
            return

    def _note(self, lease: tuple[str, int], now: datetime, seconds: float) -> None:
        sight = self._seen.setdefault(lease, _Sight(now, seconds))
        sight.seconds = max(sight.seconds, seconds)

    def leases(self) -> list[dict[str, Any]]:
        """Every lease that was seen: of which operation, under which token, since when (ISO 8601), for how long."""
        return [
            {"operation_id": operation_id, "fence": fence, "at": sight.at.isoformat(), "seconds": sight.seconds}
            for (operation_id, fence), sight in self._seen.items()
        ]
