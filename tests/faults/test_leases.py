"""A worker that is stopped, or killed: another takes over, and what the first one still wants to write is refused."""

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.store.tables import attempts, operations, steps
from tests.faults.judging import judge, wait_completed
from tests.faults.measuring import Measured, distribution, goals_count
from tests.faults.scene import operation_rows, slow, wait_in_step, wait_struck, wait_working
from tests.support.processes import Child, wait_for
from tests.support.production import PACE, Production, hosting_order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

KILLS = int(os.environ.get("RECOVERY_KILLS", "3"))
ORDERS_EACH = 4
LEASE_SECONDS = float(PACE["PROVISIONER_LEASE_SECONDS"])
GOAL_SECONDS_AFTER_LEASE = 5.0
FAR_TOO_LATE_SECONDS = 60.0


def test_a_worker_that_comes_back_after_its_lease_writes_nothing(shop: Production, measured: Measured) -> None:
    zombie = shop.start("worker")
    wait_working(shop)
    slow(shop, "webspace.add", 1.5)
    shop.publish(hosting_order(1))
    wait_struck(shop)

    stopped_at = time.monotonic()
    zombie.send_group(signal.SIGSTOP)
    shop.start("worker")
    wait_completed(shop, [1])
    after = journal(shop)
    zombie.send_group(signal.SIGCONT)
    zombie.wait_output("is stale")

    measured(seconds_to_the_end_by_another=round(time.monotonic() - stopped_at, 1), lines=stale_lines(zombie))
    assert journal(shop) == after
    assert [row["fence"] > 1 for row in operation_rows(shop)] == [True]
    assert judge(shop, [1]).clean
    assert zombie.stop(timeout=60) == 0


def test_a_worker_that_comes_back_while_another_has_its_operation_writes_nothing(patient: Production) -> None:
    zombie = patient.start("worker")
    wait_working(patient)
    slow(patient, "webspace.add", 1.5)
    patient.publish(hosting_order(1))
    wait_struck(patient)
    slow(patient, "webspace.get", 15, times=10)  # so that the other is still looking when this one wakes

    zombie.send_group(signal.SIGSTOP)
    patient.start("worker")
    wait_for(
        lambda: [(row["fence"], row["state"]) for row in operation_rows(patient)] == [(2, "running")], "a take-over"
    )
    zombie.send_group(signal.SIGCONT)
    zombie.wait_output("is stale")

    assert [row["state"] for row in operation_rows(patient)] != ["succeeded"]
    patient.simulator.faults.clear()
    wait_completed(patient, [1])
    assert judge(patient, [1]).clean


def test_operations_of_a_killed_worker_move_again_when_their_leases_end(shop: Production, measured: Measured) -> None:
    workers = [shop.start("worker"), shop.start("worker")]
    wait_working(shop)
    waits: list[float] = []
    for turn in range(KILLS):
        numbers = range(turn * ORDERS_EACH, (turn + 1) * ORDERS_EACH)
        slow(shop, "customer.add", 1.5, times=ORDERS_EACH)
        shop.publish(*(hosting_order(number) for number in numbers))
        wait_in_step(shop, "customer", least=ORDERS_EACH)
        killed_at, orphaned, victim = kill_an_owner(shop, workers)
        waits += times_until_moved(shop, orphaned, killed_at)
        workers[workers.index(victim)] = shop.start("worker")
        wait_completed(shop, numbers)

    goal = LEASE_SECONDS + GOAL_SECONDS_AFTER_LEASE
    measured(kills=KILLS, lease=LEASE_SECONDS, seconds_until_moved=distribution(waits), goal_of_p99=goal)
    assert judge(shop, range(KILLS * ORDERS_EACH)).clean
    assert waits
    if goals_count("RECOVERY_KILLS"):
        assert distribution(waits)["p99"] <= goal


def journal(shop: Production) -> list[Mapping[str, Any]]:
    """Every row of the journal."""
    with shop.store.database.read() as connection:
        tables = ((operations, operations.c.id), (steps, steps.c.name), (attempts, attempts.c.id))
        return [
            dict(row) for table, by in tables for row in connection.execute(sa.select(table).order_by(by)).mappings()
        ]


def stale_lines(worker: Child) -> int:
    """How many writes of this worker were refused."""
    return sum("is stale" in line for line in worker.output().splitlines())


def kill_an_owner(shop: Production, workers: list[Child]) -> tuple[float, dict[str, int], Child]:
    """Kill a worker that has operations in hand: when, those with their tokens, and the worker."""
    rows = [row for row in operation_rows(shop) if row["state"] == "running"]
    victim = next(worker for worker in workers if f"/{worker.pid}/" in rows[0]["lease_owner"])
    killed_at = time.monotonic()
    victim.kill()
    orphaned = {
        row["id"]: row["fence"]
        for row in operation_rows(shop)
        if row["state"] == "running" and f"/{victim.pid}/" in row["lease_owner"]
    }
    return killed_at, orphaned, victim


def times_until_moved(shop: Production, orphaned: dict[str, int], killed_at: float) -> list[float]:
    """Seconds from the kill until each operation is claimed under a newer token."""
    waiting, waits = dict(orphaned), list[float]()

    def all_moved() -> bool:
        for row in operation_rows(shop):
            if row["fence"] > waiting.get(row["id"], row["fence"]):
                del waiting[row["id"]]
                waits.append(time.monotonic() - killed_at)
        return not waiting

    wait_for(all_moved, "every operation is claimed anew", timeout=FAR_TOO_LATE_SECONDS)
    return waits
