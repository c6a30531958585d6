"""`python -m tests.faults.crash matrix|sweep`: everything, with one JSON object as the last line.

--seed N     the order in which it is run, and with --cells which (default: drawn)
--cells N    only so many
--lanes N    how many at once
--only TEXT  only those whose name contains the text
"""

import argparse
import random
import sys
import time

from tests.faults.crash.campaign import LANES, Campaign, line, summary
from tests.faults.crash.cells import sample, shuffled
from tests.faults.crash.matrix import all_cells, run_cell


def main() -> int:
    options = _options()
    started = time.monotonic()
    cells = [cell for cell in all_cells() if options.only in str(cell)]
    cells = sample(cells, options.cells, options.seed) if options.cells else shuffled(cells, options.seed)
    sys.stdout.write(f"seed {options.seed}: {len(cells)} cells on {options.lanes} lanes\n")
    results = Campaign(cells, run_cell, options.lanes).go()
    unreached = sum(not result.kills for result in results)
    told = summary(results, seed=options.seed, seconds=time.monotonic() - started, unreached=unreached)
    sys.stdout.write(line(told) + "\n")
    return 1 if unreached or not all(result.verdict.good for result in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["matrix", "sweep"])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--cells", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=LANES)
    parser.add_argument("--only", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
