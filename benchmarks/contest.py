"""Orders per second of each side: several rounds, one side after the other in each, so that noise meets all alike."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.servers import Place, Servers, busy
from benchmarks.sides import Ours, Plain, Side, WorkerSettings, dbos, floor
from tests.support.processes import wait_for

WARM_UP: Final = 100
LONGEST_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.05

OURS: Final = "ours"
PLAIN: Final = "plain actor"
DBOS: Final = "DBOS"
FLOOR: Final = "floor"


@dataclass(frozen=True, slots=True)
class Entry:
    """A side and how many orders it gets in each round."""

    open: Callable[[Place], Side]
    orders: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round: orders per second, and seconds of processor time for each order."""

    rate: float
    own_seconds: float
    servers_seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rounds of each side."""

    rounds: Mapping[str, list[Round]]

    def median(self, side: str) -> float | None:
        """Orders per second, or None for a side that took no part."""
        found = self.rounds.get(side)
        return statistics.median(each.rate for each in found) if found else None

    def ratio(self, side: str) -> float | None:
        """How many orders ours does while that side does one: the median over the rounds."""
        if side not in self.rounds:
            return None
        pairs = zip(self.rounds[OURS], self.rounds[side], strict=True)
        return statistics.median(own.rate / other.rate for own, other in pairs)


def entries(folder: Path, orders: int, *, with_dbos: bool) -> dict[str, Entry]:
    """Who takes part; the fast ones get more orders, so that each is at work for seconds."""
    own = iter(range(1_000))
    found = {
        FLOOR: Entry(floor, orders * 2),
        OURS: Entry(lambda place: Ours(place, folder / f"ours-{next(own)}", WorkerSettings()), orders),
        PLAIN: Entry(Plain, orders * 2),
    }
    return {**found, DBOS: Entry(dbos, max(orders // 4, 1))} if with_dbos else found


def hold(servers: Servers, sides: Mapping[str, Entry], rounds: int, tell: Callable[[str], None]) -> Outcome:
    """Let every side do its orders once in every round."""
    rounds_of: dict[str, list[Round]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, entry in sides.items():
            rounds_of[name].append(_round(servers, entry))
            tell(f"round {number + 1}, {name}: {rounds_of[name][-1].rate:.0f} orders/s")
    return Outcome(rounds_of)


def _round(servers: Servers, entry: Entry) -> Round:
    with servers.place() as place:
        side = entry.open(place)
        try:
            warm_up(place, side)
            started, own, theirs = time.monotonic(), busy(side.pid), servers.busy()
            complete(place, side, "order", entry.orders, already=WARM_UP)
            rate = entry.orders / (time.monotonic() - started)
            return Round(rate, (busy(side.pid) - own) / entry.orders, max(servers.busy() - theirs, 0.0) / entry.orders)
        finally:
            side.stop()


def warm_up(place: Place, side: Side) -> None:
    """Some orders that are not counted; then the database knows its tables, as after its first minute anywhere."""
    complete(place, side, "warm", WARM_UP)
    with place.connect() as connection:
        connection.execute("ANALYZE")


def complete(place: Place, side: Side, prefix: str, count: int, already: int = 0) -> None:
    """Hand in orders and wait until the database says that they are done."""
    side.place(prefix, count)
    wait_completed(place, side, already + count)


def wait_completed(place: Place, side: Side, count: int) -> None:
    """Return when so many orders are done, and no more. Raises NeverHappenedError."""
    with place.connect() as connection:
        wait_for(
            lambda: _count(connection.execute(side.completed).fetchone()) == count,
            f"{count} orders are completed",
            timeout=LONGEST_SECONDS,
            interval=LOOK_SECONDS,
        )


def _count(row: tuple[int] | None) -> int:
    return row[0] if row else 0


def journal_times(folder: Path) -> list[float]:
    """The seconds of each step that our stopped worker left in its folder."""
    seconds: list[float] = json.loads((folder / "journal.json").read_text())
    return seconds
