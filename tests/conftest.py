"""What all tests share: each module `tests/support/fixtures_….py` gives its fixtures to every test.

Of the matrices (every call of an adapter with every fault) a run draws a share, with a seed that it prints;
MATRIX_SEED=… draws the same again, MATRIX_SHARE=1 is all of them: `make vendor-faults`.
"""

import math
import os
import random
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

_SUPPORT = Path(__file__).parent / "support"
_SEED: Final = "MATRIX_SEED"
_SHARE: Final = "MATRIX_SHARE"
_DRAWN: Final = "0.2"
_UNHURRIED: Final = "unhurried"

# How long one example takes is a matter of the machine's load, not of what is tested.
settings.register_profile(_UNHURRIED, deadline=None)
settings.load_profile(_UNHURRIED)

pytest_plugins = [f"tests.support.{module.stem}" for module in sorted(_SUPPORT.glob("fixtures_*.py"))]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "loopback: a unit test that may use sockets of 127.0.0.1 and ::1")
    config.addinivalue_line("markers", "matrix: one of very many alike, of which a run draws a share")
    os.environ.setdefault(_SEED, str(random.SystemRandom().randrange(2**31)))  # the processes of a run have it too


def pytest_report_header() -> str:
    return f"matrices: {_SHARE}={os.environ.get(_SHARE, _DRAWN)} {_SEED}={os.environ[_SEED]}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    share = float(os.environ.get(_SHARE, _DRAWN))
    of_matrices = [item for item in items if item.get_closest_marker("matrix")]
    kept = {item for _, of_one in groupby(of_matrices, lambda item: item.path) for item in _drawn(list(of_one), share)}
    left_out = set(of_matrices) - kept
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def _drawn(items: list[pytest.Item], share: float) -> list[pytest.Item]:
    dice = random.Random(f"{os.environ[_SEED]} {items[0].path.name}")  # noqa: S311 - drawn to be drawn again, not to be secret
    return dice.sample(items, math.ceil(share * len(items)))
