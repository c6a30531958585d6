"""`python -m tests.simulation --seeds 100000 --seed 0`: run many seeds; end with 1 when one broke the promise."""

import argparse
import secrets
import sys

from tests.simulation.campaign import run_on_all_processors


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    reader.add_argument("--seeds", type=int, default=100_000)
    reader.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="the first one")
    given = reader.parse_args()
    tally = run_on_all_processors(given.seed, given.seeds)
    if tally.broken:
        sys.stdout.write(f"{tally.story()}\n")
    sys.stdout.write(f"{tally.line()}\n")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
