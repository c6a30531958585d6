"""The crash matrix: every cell, or a sample of them."""

import tempfile
from pathlib import Path

from tests.faults.crash.attempt import Armed, Attempt, Result
from tests.faults.crash.cells import Cell, matrix
from tests.faults.crash.control import Control
from tests.faults.crash.dry_run import Course, dry_runs
from tests.faults.crash.lane import Lane
from tests.faults.crash.scenarios import SCENARIOS


def courses() -> tuple[Course, ...]:
    """What every scenario passes, by a dry run of each; takes some seconds."""
    with tempfile.TemporaryDirectory(prefix="provisioner-dry-") as folder:
        return dry_runs(SCENARIOS, Path(folder))


def all_cells() -> list[Cell]:
    """The whole matrix."""
    return matrix(courses())


def run_cell(lane: Lane, cell: Cell) -> Result:
    """One cell on one lane."""
    with Control(lane.production.folder / "control") as control:
        return Attempt(lane, str(cell), cell.scenario, Armed(cell, control), cell.role).run()
