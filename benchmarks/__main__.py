"""`python -m benchmarks`: start both servers, measure, print tables, and one JSON object as the last line."""

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks import contest, memory, steady
from benchmarks.report import Figures
from benchmarks.servers import Servers, servers

ORDERS = 1_000


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    console = Console(stderr=True)
    console.print(f"{psutil.cpu_count()} processors, {psutil.cpu_percent(interval=1.0):.0f} % busy with other things")
    with tempfile.TemporaryDirectory(prefix="provisioner-bench-") as folder, servers() as started:
        figures = _measure(options, Path(folder), started, console)
    figures.show(Console())
    print(figures.as_json())
    return 0


def _measure(options: argparse.Namespace, folder: Path, started: Servers, console: Console) -> Figures:
    sides = contest.entries(folder, options.orders, with_dbos=options.dbos)
    outcome = contest.hold(started, sides, options.rounds, console.print)
    console.print(f"steady: {options.rate:g} orders/s for {options.seconds:g} s")
    steadily = steady.measure(
        started, folder / "steady", rate=options.rate, orders=max(int(options.rate * options.seconds), 1)
    )
    console.print(f"memory: {options.threads} threads")
    megabytes = memory.measure(started, folder / "memory", threads=options.threads, orders=options.orders)
    busy = [seconds for number in range(options.rounds) for seconds in contest.journal_times(folder / f"ours-{number}")]
    return Figures(outcome, steadily, busy, megabytes)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders of a round (the faster sides do more)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=100.0, help="orders a second in the steady part")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the steady part")
    parser.add_argument("--threads", type=int, default=64, help="threads of the worker whose memory is measured")
    parser.add_argument("--no-dbos", dest="dbos", action="store_false", help="without DBOS")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it works, measures nothing")
    options = parser.parse_args(arguments)
    options.dbos = options.dbos and importlib.util.find_spec("dbos") is not None
    if options.quick:
        options.orders, options.rounds, options.seconds = 20, 1, 0.5
    return options


if __name__ == "__main__":
    sys.exit(main())
