"""A runner and operations that move between vendor accounts; adapters while the database is away."""

from pathlib import Path

import pytest

from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.kernel.sealing import KeyRing
from provisioner.runner.adapters import FRESH_SECONDS, OpenAdapters
from provisioner.workflows.operation import Operation
from tests.integration.store.harness import StoreHarness
from tests.support.engine.world import World
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.runners import running
from tests.support.stores import Opening, Stage, migrated


def test_what_has_moved_is_taken_again_before_the_next_sweep(
    live_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(op: Operation) -> None:
        for number in range(6):
            account = op.at(f"panel-{number % 2 + 1}")
            op.wait_until(f"ping-{number}", account.ping, every=3600, reason="it does not answer")

    world = World(StoreHarness(live_stage), monkeypatch)
    world.define(run, port=None)
    world.accept()
    with running(live_stage, sweep=3600.0) as runner:
        runner.wake()
        wait_for(lambda: live_stage.row("operations")["state"] == "succeeded", "the operation has moved to and fro")


@pytest.mark.slow
def test_an_adapter_that_is_open_stays_so_while_the_database_is_away(
    own_postgres: PostgresCluster, tmp_path: Path, ring: KeyRing
) -> None:
    opening = Opening(own_postgres.create_database(), tmp_path, SystemClock(), {})
    migrated(opening, ring)
    stage, clock = Stage(opening, ring), FakeClock()
    stage.add_account()
    adapters = OpenAdapters(stage.store.accounts, {"fake": lambda *_: stage.panel}, clock)
    before = adapters("panel-1")
    own_postgres.kill()
    clock.advance(FRESH_SECONDS + 1)
    assert adapters("panel-1") is before
    stage.close()
