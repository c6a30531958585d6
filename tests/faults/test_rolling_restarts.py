"""Worker after worker is replaced while orders come in: none is lost, none is done twice."""

import os
import time

import pytest

from tests.faults.judging import events_out_of_order, fences, judge, unpublished, wait_completed
from tests.faults.measuring import Measured, distribution
from tests.faults.scene import slow, wait_in_step, wait_working
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

RESTARTS = int(os.environ.get("RESTARTS", "5"))
ORDERS_EACH = 4
GOAL_SECONDS_OF_A_STOP = 30.0


def test_rolling_restarts_under_load_lose_and_double_nothing(shop: Production, measured: Measured) -> None:
    shop.start("relay")
    worker = shop.start("worker")
    wait_working(shop)
    started, codes, stops = time.monotonic(), list[int](), list[float]()
    for turn in range(RESTARTS):
        following = shop.start("worker")
        following.wait_output('"started"')
        slow(shop, "customer.add", 0.5, times=ORDERS_EACH)
        first = turn * ORDERS_EACH
        shop.publish(*(hosting_order(number) for number in range(first, first + ORDERS_EACH)))
        wait_in_step(shop, "customer")
        asked_at = time.monotonic()
        codes.append(worker.stop(timeout=60))
        stops.append(time.monotonic() - asked_at)
        worker = following
    every = range(RESTARTS * ORDERS_EACH)
    wait_completed(shop, every)
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)

    verdict, claims = judge(shop, every), fences(shop)
    measured(
        restarts=RESTARTS,
        seconds=round(time.monotonic() - started, 1),
        seconds_of_a_stop=distribution(stops),
        goal_of_a_stop=GOAL_SECONDS_OF_A_STOP,
        taken_over=sum(fence > 1 for fence in claims),
        **verdict.counts(),
    )
    assert codes == [0] * RESTARTS
    assert verdict.clean
    assert events_out_of_order(shop) == []
