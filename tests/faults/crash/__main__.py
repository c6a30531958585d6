"""`python -m tests.faults.crash matrix|sweep`: everything, with one JSON object as the last line.

--seed N     the order in which it is run, and with --cells which (default: drawn)
--cells N    only so many
--lanes N    how many at once
--alone      one kill in each run (default: a few, far apart)
--only TEXT  only those whose name contains the text
--all        sweep: every story (default: one order of each kind)
--list       only say what would be run
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.crash import sweep
from tests.faults.crash.attempt import Result
from tests.faults.crash.campaign import LANES, Campaign, line, summary
from tests.faults.crash.cells import shuffled
from tests.faults.crash.matrix import all_cells
from tests.faults.crash.volleys import KILLS, rounds, sample, struck

# How often a thread writes differs a little from run to run, so that the last shots may miss.
MOST_MISSES: Final = 0.2


def main() -> int:
    options = _options()
    started = time.monotonic()
    results, allowed = _swept(options) if options.what == "sweep" else _matrix(options)
    unreached = sum(result.aims == 1 and not result.kills for result in results)
    told = summary(results, seed=options.seed, seconds=time.monotonic() - started, unreached=unreached)
    sys.stdout.write(line(told) + "\n")
    kept = all(result.verdict.good for result in results)
    return 0 if results and kept and unreached <= allowed * len(results) else 1


def _matrix(options: argparse.Namespace) -> tuple[Sequence[Result], float]:
    cells = [cell for cell in all_cells() if options.only in str(cell)]
    if options.cells:
        jobs = sample(cells, options.cells, options.seed)
    else:
        jobs = shuffled(rounds(cells, 1 if options.alone else KILLS), options.seed)
    _announce(options, [cell for job in jobs for cell in job])
    return ([] if options.list else struck(jobs, options.lanes)), 0


def _swept(options: argparse.Namespace) -> tuple[Sequence[Result], float]:
    with tempfile.TemporaryDirectory() as folder:
        reason = sweep.why_impossible(Path(folder))
    if reason is not None:
        sys.stdout.write(f"nothing was tried: {reason}\n")
        return [], 0
    chosen = [story for story in sweep.STORIES if options.all or options.only or story.name in sweep.ORDERS]
    stories = [story for story in chosen if options.only in story.name]
    counted = sweep.counted(stories, options.lanes)
    shots = shuffled(counted.shots, options.seed)[: options.cells or None]
    sys.stdout.write(f"left_out: {counted.left_out} writes of threads that are made later\n")
    _announce(options, shots)
    swept = () if options.list else Campaign(shots, sweep.run_shot, options.lanes).go()
    return [*counted.results, *swept], MOST_MISSES


def _announce(options: argparse.Namespace, jobs: Sequence[object]) -> None:
    sys.stdout.write(f"seed {options.seed}: {len(jobs)} cells on {options.lanes} lanes\n")
    if options.list:
        sys.stdout.write("".join(f"{job}\n" for job in jobs))
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["matrix", "sweep"])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--cells", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=LANES)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
