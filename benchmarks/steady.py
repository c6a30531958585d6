"""What one order meets when orders come steadily: until its first status is seen, and in the journal at each step."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.contest import WARM_UP, journal_times, wait_completed, warm_up
from benchmarks.reference import bodies, order_ids
from benchmarks.servers import Servers
from benchmarks.sides import Ours, WorkerSettings
from tests.support.processes import wait_for

LOOK_SECONDS: Final = 0.002
PATIENCE_SECONDS: Final = 60.0
SEEN: Final = """
SELECT order_id FROM recent_orders WHERE order_id = ANY(%(ids)s)
UNION ALL SELECT order_id FROM historical_orders WHERE order_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds for each order until its first status was seen, and for each step in the journal."""

    first_status: list[float]
    journal: list[float]


class Watch:
    """Looks for the orders that were published and not yet seen, as a storefront that cannot wait would."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._published: dict[str, float] = {}
        self._all_published = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self.seconds: list[float] = []

    def start(self) -> None:
        self._thread.start()

    def published(self, order: str) -> None:
        """Remember when an order was published: now."""
        self._published[order] = time.monotonic()

    def finish(self) -> None:
        """Return when all are seen. Raises NeverHappenedError."""
        self._all_published.set()
        wait_for(lambda: not self._thread.is_alive(), "every order is seen", timeout=PATIENCE_SECONDS)

    def _look_on(self) -> None:
        while self._published or not self._all_published.is_set():
            self._look()
            time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        pending = list(self._published)
        if pending:
            rows = self._connection.execute(SEEN, {"ids": pending}).fetchall()
            now = time.monotonic()
            self.seconds.extend(now - self._published.pop(order) for order in {row[0] for row in rows})


def measure(servers: Servers, folder: Path, *, rate: float, orders: int) -> Latency:
    """Publish at a steady rate, `rate` orders each second, and watch."""
    with servers.place() as place:
        ours = Ours(place, folder, WorkerSettings())
        try:
            warm_up(place, ours)
            with place.connect() as connection:
                watch = Watch(connection)
                watch.start()
                _publish(ours, watch, order_ids("order", orders), rate)
                watch.finish()
            wait_completed(place, ours, WARM_UP + orders)
        finally:
            ours.stop()
    return Latency(watch.seconds, journal_times(folder))


def _publish(ours: Ours, watch: Watch, orders: Sequence[str], rate: float) -> None:
    started = time.monotonic()
    for number, (order, body) in enumerate(zip(orders, bodies(list(orders)), strict=True)):
        time.sleep(max(started + number / rate - time.monotonic(), 0.0))
        watch.published(order)
        ours.publish([body])
