"""Moments of a run that a test waits for, and the processes of a tree."""

from typing import Any

import psutil
import sqlalchemy as sa

from adapters.sandbox.faults import Fault
from provisioner.intake import topology
from provisioner.store.tables import operations, steps
from tests.faults.judging import count
from tests.support.processes import Child, wait_for
from tests.support.production import Production


def slow(shop: Production, operation: str, seconds: float, times: int = 1) -> None:
    """Let the vendor take so long over the next calls of one operation; less than the client's patience of 2 s."""
    shop.simulator.faults.plan(operation, Fault.DELAY, seconds=seconds, times=times)


def wait_in_step(shop: Production, step: str, least: int = 1) -> None:
    """Return when so many operations are in a step: the intent is committed and no result is."""
    query = sa.select(sa.func.count()).where(steps.c.name == step, steps.c.state == "intended")
    wait_for(lambda: count(shop, query) >= least, f"{least} in step {step}", timeout=60)


def wait_struck(shop: Production) -> None:
    """Return when every planned fault has met its call: the vendor has the request and has not answered yet."""
    wait_for(lambda: not shop.simulator.faults.remaining(), "the vendor has the request", timeout=60)


def wait_working(shop: Production) -> None:
    """Return when all of intake's queues are read."""
    shop.vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE], timeout=60)


def operation_rows(shop: Production) -> list[dict[str, Any]]:
    """Every operation, in order of acceptance."""
    with shop.store.database.read() as connection:
        query = sa.select(operations).order_by(operations.c.position)
        return [dict(row) for row in connection.execute(query).mappings()]


def members(master: Child) -> dict[str, int]:
    """The process ids of a tree's children, by role."""
    found: dict[str, int] = {}
    for process in psutil.Process(master.pid).children():
        try:
            found[process.cmdline()[-1]] = process.pid
        except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
            continue
    return found


def gone(pid: int) -> bool:
    """True when a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
