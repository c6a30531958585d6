"""The crash matrix: what every scenario passes, and every cell."""

import tempfile
from pathlib import Path

from tests.faults.crash.cells import Cell, matrix
from tests.faults.crash.dry_run import Course, dry_runs
from tests.faults.crash.scenarios import SCENARIOS


def courses() -> tuple[Course, ...]:
    """What every scenario passes, by a dry run of each; takes some seconds."""
    with tempfile.TemporaryDirectory(prefix="provisioner-dry-") as folder:
        return dry_runs(SCENARIOS, Path(folder))


def all_cells() -> list[Cell]:
    """The whole matrix."""
    return matrix(courses())
