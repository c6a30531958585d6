"""What the soaks of the tests share: a seed that is new each time and printed; SOAK_SEED repeats one."""

import os
import secrets

import pytest

from tests.faults.measuring import Measured


@pytest.fixture
def seed(measured: Measured) -> int:
    chosen = int(os.environ.get("SOAK_SEED") or secrets.randbelow(2**31))
    measured(seed=chosen)
    return chosen
