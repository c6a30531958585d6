"""The figures as tables for people, and as one JSON object for programs."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.contest import DBOS, FLOOR, OURS, PLAIN, Outcome, Round
from benchmarks.steady import Latency

RATE_TARGETS: Final = {FLOOR: 0.5, DBOS: 5.0}


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was measured."""

    outcome: Outcome
    steady: Latency
    busy_journal: list[float]
    worker_megabytes: float

    def as_json(self) -> str:
        """One line. A side that took no part is null."""
        return json.dumps(
            {
                "orders_per_s": _round(self.outcome.median(OURS), 1),
                "vs_floor": _round(self.outcome.ratio(FLOOR), 3),
                "vs_plain": _round(self.outcome.ratio(PLAIN), 3),
                "vs_dbos": _round(self.outcome.ratio(DBOS), 2),
                "journal_p99_ms": _milliseconds(self.steady.journal, 99),
                "first_status_p99_ms": _milliseconds(self.steady.first_status, 99),
                "worker_rss_mb": _round(self.worker_megabytes, 1),
            }
        )

    def show(self, console: Console) -> None:
        """The tables."""
        console.print(self._rates(), self._times())
        console.print(f"Memory of a worker process with 64 threads: {self.worker_megabytes:.0f} MB (aim: under 150)")

    def _rates(self) -> Table:
        table = _table("Reference orders", "side", "orders/s", "of each round", "CPU ms an order", "ours is", "aim")
        for side, rounds in self.outcome.rounds.items():
            ratio, aim = self.outcome.ratio(side) or 0.0, RATE_TARGETS.get(side)
            each = ", ".join(f"{one.rate:.0f}" for one in rounds)
            told = "" if side == OURS else f"{ratio:.2f} times"
            rate = statistics.median(one.rate for one in rounds)
            table.add_row(side, f"{rate:.0f}", each, _processor(rounds), told, f"{aim:g} times" if aim else "")
        return table

    def _times(self) -> Table:
        table = _table("Times in milliseconds", "what", "p50", "p99", "aim")
        for what, seconds, aim in (
            ("publishing until the first status is seen, 100 orders/s", self.steady.first_status, "p99 under 50"),
            ("journal, each step, 100 orders/s", self.steady.journal, "p99 under 5"),
            ("journal, each step, as many orders as possible", self.busy_journal, ""),
        ):
            table.add_row(what, str(_milliseconds(seconds, 50)), str(_milliseconds(seconds, 99)), aim)
        return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _processor(rounds: Sequence[Round]) -> str:
    """Of the side's own process + of the servers."""
    own = statistics.median(one.own_seconds for one in rounds) * 1_000
    theirs = statistics.median(one.servers_seconds for one in rounds) * 1_000
    return f"{own:.1f} + {theirs:.1f}"


def _milliseconds(seconds: Sequence[float], percent: int) -> float | None:
    if len(seconds) < 2:
        return None
    return round(statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1_000, 2)


def _round(value: float | None, digits: int) -> Any:
    return None if value is None else round(value, digits)
