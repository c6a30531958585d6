"""A worker that is cut off from its database, its broker or a vendor, for longer than its lease: orders go on.

PARTITION_SECONDS=120 cuts it off for two minutes. Its seed is new each time and printed; SOAK_SEED repeats one.
"""

import os
import shutil

import pytest

from tests.soak.nemesis import PARTITION_SECONDS
from tests.soak.soak import Plan, soak

SECONDS = float(os.environ.get("PARTITION_SECONDS", str(PARTITION_SECONDS)))


KINDS = ("broker_partition", "database_partition", "vendor_silence")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_promise_is_kept_when_a_worker_is_cut_off(seed: int) -> None:
    outcome = soak(Plan(seed, orders=20, kinds=KINDS, partition_seconds=SECONDS))
    assert outcome.good, outcome.story()
    assert set(outcome.faults) == set(KINDS)
    shutil.rmtree(outcome.folder)
