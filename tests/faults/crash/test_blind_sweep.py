"""SIGKILL at some writes of a worker, wherever in the code they are. `make blind-sweep` tries every one."""

from pathlib import Path

import pytest

from tests.faults.crash import sweep
from tests.faults.crash.campaign import Campaign
from tests.faults.crash.scenarios import BY_NAME
from tests.faults.measuring import Measured


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_killed_at_a_write_loses_and_doubles_nothing(tmp_path: Path, measured: Measured) -> None:
    reason = sweep.why_impossible(tmp_path)
    if reason is not None:
        pytest.skip(reason)
    counted = sweep.counted([BY_NAME["create"]], lanes=1)
    assert [str(result.verdict) for result in counted.results if not result.verdict.good] == []
    results = Campaign(sweep.few(counted.shots), sweep.run_shot, lanes=1).go()
    kills = sum(result.kills for result in results)
    measured(writes=len(counted.shots), left_out=counted.left_out, cells=len(results), kills=kills)
    assert [f"{result.name}: {result.verdict}" for result in results if not result.verdict.good] == []
    assert 2 * kills > len(results), "threads do not write equally often in every run, but most shots must hit"
