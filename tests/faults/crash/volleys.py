"""Several kills in one run: the process dies at one boundary, runs on, and dies again at a later one.

A run costs more than a kill: emptying the tables, starting, ending well, judging. So the whole matrix strikes the
process a few times in each run, at places of the story that lie far apart; what a run did not come to is struck alone.
Kills of servers have runs of their own.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from provisioner.kernel.crash import SPEC_VARIABLE
from tests.faults.crash.attempt import Attempt, Result, was_killed
from tests.faults.crash.campaign import Campaign
from tests.faults.crash.cells import Cell, Victim, shuffled
from tests.faults.crash.lane import WORKER, Lane
from tests.faults.crash.matrix import run_cell
from tests.support.processes import Child

KILLS: Final = 4
Round = tuple[Cell, ...]


@dataclass(slots=True)
class Volley:
    """Kills the process at one point after the other, each time the one that was started in its place."""

    cells: Round
    role: str = WORKER
    kills: int = 0
    patience: float = 5.0

    def start(self, lane: Lane) -> Child:
        """The process, armed with the next point; with none when all have struck."""
        armed = {SPEC_VARIABLE: str(self.cells[self.kills].passing)} if self.kills < len(self.cells) else {}
        return lane.start(self.role, **armed)

    def aim(self, lane: Lane, child: Child) -> None:
        """Nothing: each point was armed at a start."""

    def look(self, lane: Lane, child: Child) -> Child:
        """Start the dead process again."""
        if child.running:
            return child
        self.kills += was_killed(child)
        return self.start(lane)

    @property
    def aims(self) -> int:
        """One kill at each of its points."""
        return len(self.cells)

    def finish(self) -> None:
        """Nothing: who was armed and never struck is stopped like any other."""


def rounds(cells: Sequence[Cell], most: int = KILLS) -> list[Round]:
    """All cells, those that can be struck in one run together, in the order in which the story passes them."""
    together = [cell for cell in cells if _goes_with_others(cell)]
    alone: list[Round] = [(cell,) for cell in cells if not _goes_with_others(cell)]
    return [*alone, *(each for _, of_one in groupby(together, _story) for each in _shared_out(list(of_one), most))]


def sample(cells: Sequence[Cell], size: int, seed: int) -> list[Round]:
    """Drawn runs with at least so many cells together, and each victim among them."""
    drawn = shuffled(rounds(cells), seed)
    one_of_each = [next(each for each in drawn if each[0].victim is victim) for victim in Victim]
    chosen: list[Round] = []
    for each in [*one_of_each, *(each for each in drawn if len(each) == KILLS and each not in one_of_each)]:
        if sum(map(len, chosen)) < size:
            chosen.append(each)
    return chosen


def struck(jobs: Sequence[Round], lanes: int) -> list[Result]:
    """Run them all; what a run of several kills did not come to is struck once more, in a run of its own."""
    results = Campaign(jobs, run_round, lanes).go()
    kills = {result.name: result.kills for result in results}
    left = [(cell,) for job in jobs if len(job) > 1 for cell in job[kills[name_of(job)] :]]
    return [*results, *(Campaign(left, run_round, lanes).go() if left else ())]


def run_round(lane: Lane, cells: Round) -> Result:
    """One run on one lane."""
    if len(cells) == 1:
        return run_cell(lane, cells[0])
    role = cells[0].role
    return Attempt(lane, name_of(cells), cells[0].scenario, Volley(cells, role), role).run()


def name_of(cells: Round) -> str:
    """What the run is told by."""
    return f"{cells[0].scenario} / {' + '.join(str(cell.passing) for cell in cells)} / {cells[0].victim}"


def _goes_with_others(cell: Cell) -> bool:
    return cell.victim is Victim.PROCESS and cell.role == WORKER


def _story(cell: Cell) -> str:
    return str(cell.scenario)


def _shared_out(cells: Sequence[Cell], most: int) -> list[Round]:
    """Each run takes places that lie far apart: always the run whose last one is the longest past takes the next.

    What is passed again can only be a run's first: in a process that was started in between, the count is another.
    """
    runs: list[list[Cell]] = [[cell] for cell in cells if cell.passing.count > 1]
    missing = -(-len(cells) // most) - len(runs)
    once = [cell for cell in cells if cell.passing.count == 1]
    runs += [[cell] for cell in once[: max(missing, 0)]]
    waiting = deque(sorted(runs, key=lambda run: cells.index(run[0])))
    done: list[list[Cell]] = []
    for cell in once[max(missing, 0) :]:
        run = waiting[0] if waiting and cells.index(waiting[0][-1]) < cells.index(cell) else list[Cell]()
        if run:
            waiting.popleft()
        run.append(cell)
        (waiting if len(run) < most else done).append(run)
    return [tuple(run) for run in (*done, *waiting)]
