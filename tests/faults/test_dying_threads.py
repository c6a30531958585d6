"""A process that has lost a thread looks well and does nothing. It ends, says so, and another goes on."""

import signal
import sys
from pathlib import Path

import pytest

from tests.faults.judging import judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import wait_working
from tests.support.processes import ends_with_us, start
from tests.support.production import Production, hosting_order

pytestmark = pytest.mark.slow

PROJECT = str(Path(__file__).parents[2])
UNHEALTHY = 70


@pytest.mark.parametrize("thread", ["dispatch", "heartbeat", "run-0", "ConsumerThread", "WorkerThread"])
def test_a_worker_that_lost_a_thread_ends_and_another_goes_on(
    shop: Production, thread: str, measured: Measured
) -> None:
    command = [*ends_with_us(), sys.executable, "-m", "tests.faults.dying_threads", thread]
    dying = start(command, log=shop.folder / "dying.log", env={**shop.environ, "PYTHONPATH": PROJECT})
    shop.children.append(dying)
    wait_working(shop)

    dying.send(signal.SIGUSR1)
    shop.publish(*(hosting_order(number) for number in range(8)))  # a thread that waits meets its end when it wakes
    code = dying.wait(timeout=60)
    taken_before = len(shop.effects("webspace.add"))
    shop.start("worker")
    wait_completed(shop, range(8))

    measured(exit_code=code, orders_before_the_end=taken_before)
    assert code == UNHEALTHY
    assert '"a thread has died' in dying.output()
    assert judge(shop, range(8)).clean
