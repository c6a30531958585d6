"""Several kills in one run: the process dies at one boundary, runs on, and dies again at a later one.

A run costs more than a kill: emptying the tables, starting, ending well, judging. So the whole matrix strikes the
same process, or its database, a few times in each run, at places of the story that lie far apart; what a run did not
come to is struck alone. A kill of the broker has a run of its own.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from provisioner.kernel.crash import SOCKET_VARIABLE, SPEC_VARIABLE
from tests.faults.crash.attempt import Attempt, Result, ended_well, was_killed
from tests.faults.crash.campaign import Campaign
from tests.faults.crash.cells import Cell, Victim, shuffled
from tests.faults.crash.control import Control
from tests.faults.crash.lane import Lane
from tests.support.processes import Child

KILLS: Final = 7
MOST: Final[Mapping[Victim, int]] = {Victim.PROCESS: KILLS, Victim.DATABASE: KILLS, Victim.BROKER: 1}
"""Kills in one run; a broker takes long to start."""
PATIENCE_SECONDS: Final = 15.0
PATIENCE_WITH_OTHERS_SECONDS: Final = 5.0
Round = tuple[Cell, ...]


@dataclass(slots=True)
class _Volley:
    """`left`: the cells that have not been struck yet, in the order in which the story passes them."""

    cells: Round
    kills: int = 0
    left: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = list(self.cells)

    @property
    def aims(self) -> int:
        """One kill for each of its cells."""
        return len(self.cells)

    @property
    def patience(self) -> float:
        """Longer for one alone: what others made impossible is tried again alone."""
        return PATIENCE_SECONDS if self.aims == 1 else PATIENCE_WITH_OTHERS_SECONDS

    @property
    def role(self) -> str:
        """The process that comes to the points."""
        return self.cells[0].role

    def start(self, lane: Lane) -> Child:
        """The process, armed, unless another one will do the last phase."""
        return lane.start(self.role) if self.cells[0].scenario.ends_apart else self.start_armed(lane)

    def aim(self, lane: Lane, child: Child) -> Child:
        """The armed process."""
        if not self.cells[0].scenario.ends_apart:
            return child
        ended_well(child)
        return self.start_armed(lane)

    def start_armed(self, lane: Lane) -> Child:
        """The process that will die, or at whose points a server will."""
        raise NotImplementedError

    def finish(self) -> None:
        """Nothing: who was armed and never struck is stopped like any other."""


class ProcessVolley(_Volley):
    """Kills the process at one point after the other, each time the one that was started in its place."""

    def start_armed(self, lane: Lane) -> Child:
        """The process, armed with the next point; with none when all have struck."""
        armed = {SPEC_VARIABLE: str(self.left[0].passing)} if self.left else {}
        return lane.start(self.role, **armed)

    def look(self, lane: Lane, child: Child) -> Child:
        """Start the dead process again."""
        if child.running:
            return child
        self.kills += was_killed(child)
        del self.left[:1]
        return self.start_armed(lane)


@dataclass(slots=True)
class ServerVolley(_Volley):
    """Kills the database or the broker at each point to which one process comes; the process lives on."""

    control: Control = field(kw_only=True)

    def start_armed(self, lane: Lane) -> Child:
        """The process, armed with every point."""
        points = " ".join(str(cell.passing) for cell in self.cells)
        return lane.start(self.role, **{SPEC_VARIABLE: points, SOCKET_VARIABLE: str(self.control.path)})

    def look(self, lane: Lane, child: Child) -> Child:
        """Kill and start the server if the process stands at a point, and let it go on."""
        if (told := self.control.told()) is not None:
            _kill_and_start(lane, self.cells[0].victim)
            self.kills += 1
            self.left = [cell for cell in self.left if f"{cell.passing.scope}:{cell.passing.point}" != told]
            self.control.let_go()
        return child


def _kill_and_start(lane: Lane, victim: Victim) -> None:
    if victim is Victim.DATABASE:
        lane.kill_database()
    else:
        lane.kill_broker()


def rounds(cells: Sequence[Cell], most: int = KILLS) -> list[Round]:
    """All cells, those that can be struck in one run together, in the order in which the story passes them."""
    together = groupby(sorted(cells, key=_kind), _kind)
    shared = (_shared_out(list(of_one), min(most, MOST[victim])) for (_, victim, _), of_one in together)
    return [each for of_one in shared for each in of_one]


def sample(cells: Sequence[Cell], size: int, seed: int) -> list[Round]:
    """Drawn runs, long and short ones, with at least so many cells together; each victim and each role among them."""
    drawn = shuffled(rounds(cells), seed)
    of_victims = {each[0].victim: each for each in drawn}
    of_roles = {each[0].role: each for each in drawn}
    chosen = list(dict.fromkeys([*of_victims.values(), *of_roles.values()]))
    for each in drawn:
        if sum(map(len, chosen)) < size and each not in chosen:
            chosen.append(each)
    return chosen


def struck(jobs: Sequence[Round], lanes: int) -> list[Result]:
    """Run them all; what a run of several kills did not come to is struck once more, in a run of its own."""
    left: list[Round] = []

    def run(lane: Lane, cells: Round) -> Result:
        result, missed = _run_round(lane, cells)
        if len(cells) > 1:
            left.extend((cell,) for cell in missed)
        return result

    results = Campaign(jobs, run, lanes).go()
    return [*results, *(Campaign(left, run, lanes).go() if left else ())]


def _run_round(lane: Lane, cells: Round) -> tuple[Result, Sequence[Cell]]:
    """What came of one run on one lane, and the cells that it did not come to."""
    with Control(lane.production.folder / "control") as control:
        on_process = cells[0].victim is Victim.PROCESS
        volley = ProcessVolley(cells) if on_process else ServerVolley(cells, control=control)
        return Attempt(lane, name_of(cells), cells[0].scenario, volley, cells[0].role).run(), volley.left


def name_of(cells: Round) -> str:
    """What the run is told by."""
    return f"{cells[0].scenario} / {' + '.join(str(cell.passing) for cell in cells)} / {cells[0].victim}"


def _kind(cell: Cell) -> tuple[str, Victim, str]:
    """What is alike in the cells of one run: story, victim, and who comes to the points."""
    return str(cell.scenario), cell.victim, cell.role


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
