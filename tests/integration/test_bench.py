"""The benchmark runs from end to end; at the sizes used here its figures mean nothing."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = {
    "orders_per_s",
    "vs_floor",
    "vs_plain",
    "vs_dbos",
    "journal_p99_ms",
    "first_status_p99_ms",
    "worker_rss_mb",
}


@pytest.mark.slow
def test_the_last_line_has_every_figure_once_all_orders_of_all_sides_are_completed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr  # it fails when an order is not completed in time
    figures = json.loads(run.stdout.splitlines()[-1])
    absent = set() if importlib.util.find_spec("dbos") else {"vs_dbos"}
    assert {name for name, figure in figures.items() if figure is not None and figure > 0} == KEYS - absent
