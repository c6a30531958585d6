"""`python -m tests.soak --orders 10000 --seed 42`: run a soak, tell its verdict, end with 1 when it was not kept."""

import argparse
import secrets
import shutil
import sys
from collections.abc import Sequence

from tests.soak.nemesis import PARTITION_SECONDS
from tests.soak.soak import RATE, Plan, soak
from tests.soak.strikes import COUNTS


def main() -> int:
    wanted, keep = asked()
    _say(f"seed {wanted.seed}, {wanted.orders} orders")
    outcome = soak(wanted, tell=_say)
    if outcome.good and keep:
        _say(f"judge it again with: python -m tests.support.judge --repeats {outcome.folder}/history")
    elif outcome.good:
        shutil.rmtree(outcome.folder)
    _say(outcome.line() if outcome.good else outcome.story())
    return 0 if outcome.good else 1


def asked(arguments: Sequence[str] | None = None) -> tuple[Plan, bool]:
    """The plan, and whether its history is kept."""
    reader = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    reader.add_argument("--orders", type=int, default=10_000)
    reader.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    reader.add_argument("--rate", type=float, default=RATE, help="orders a second")
    reader.add_argument("--no-doorbells", action="store_true", help="drop every doorbell")
    reader.add_argument("--kinds", nargs="*", default=list(COUNTS), help="only these kinds of faults; none: no faults")
    reader.add_argument("--partition", type=float, default=PARTITION_SECONDS, help="seconds that a partition lasts")
    reader.add_argument("--keep", action="store_true", help="keep the history also of a run that was good")
    given = reader.parse_args(arguments)
    plan = Plan(
        seed=given.seed,
        orders=given.orders,
        rate=given.rate,
        doorbells=not given.no_doorbells,
        kinds=given.kinds,
        partition_seconds=given.partition,
    )
    return plan, given.keep


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
