"""How much memory a worker process holds after a good many orders."""

from pathlib import Path
from typing import Final

import psutil

from benchmarks.contest import WARM_UP, complete, warm_up
from benchmarks.servers import Servers
from benchmarks.sides import Ours, WorkerSettings

MEGABYTE: Final = 1_000_000


def measure(servers: Servers, folder: Path, *, threads: int, orders: int) -> float:
    """Resident megabytes of a worker with so many threads, all of which have worked."""
    with servers.place() as place:
        ours = Ours(place, folder, WorkerSettings(worker_threads=threads))
        try:
            warm_up(place, ours)
            complete(place, ours, "order", orders, already=WARM_UP)
            return psutil.Process(ours.pid).memory_info().rss / MEGABYTE
        finally:
            ours.stop()
