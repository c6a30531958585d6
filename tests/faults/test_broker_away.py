"""RabbitMQ is killed, cut off, or blocks publishers: no process ends, orders go on, events keep their order."""

import time

import pytest

from provisioner.intake import topology
from tests.faults.judging import events_out_of_order, judge, unpublished, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import slow, wait_working
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order
from tests.support.rabbit import RabbitNode

pytestmark = pytest.mark.slow

CUTS = 4


def test_accepted_orders_are_completed_without_the_broker_and_told_once_it_is_back(
    frail_broker: Production, own_rabbit: RabbitNode, measured: Measured
) -> None:
    shop = frail_broker
    shop.start_all()
    wait_working(shop)
    slow(shop, "customer.add", 5, times=12)
    shop.publish(*(hosting_order(number) for number in range(12)))
    shop.vhost.wait_empty(topology.ORDERS)

    own_rabbit.kill()
    wait_completed(shop, range(12))
    waiting = unpublished(shop)
    own_rabbit.start()
    back_at = time.monotonic()
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)
    told = time.monotonic() - back_at
    shop.publish(hosting_order(12))
    wait_completed(shop, [12])

    measured(events_kept=waiting, seconds_until_told=round(told, 1))
    assert waiting > 0
    assert judge(shop, range(13)).clean
    assert events_out_of_order(shop) == []
    assert [child.running for child in shop.children] == [True] * 3


def test_orders_are_completed_during_a_memory_alarm_and_told_after(
    frail_broker: Production, own_rabbit: RabbitNode, measured: Measured
) -> None:
    shop = frail_broker
    shop.publish(*(hosting_order(number) for number in range(5)))
    with own_rabbit.memory_alarm():
        shop.start_all()
        wait_completed(shop, range(5))
        waiting = unpublished(shop)
    over_at = time.monotonic()
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)

    measured(events_kept=waiting, seconds_until_told=round(time.monotonic() - over_at, 1))
    assert waiting > 0
    assert judge(shop, range(5)).clean
    assert events_out_of_order(shop) == []
    assert [child.running for child in shop.children] == [True] * 3


def test_connections_to_the_broker_are_cut_again_and_again(shop: Production, measured: Measured) -> None:
    shop.start_all()
    wait_working(shop)
    for turn in range(CUTS):
        shop.publish(*(hosting_order(number) for number in range(turn * 5, turn * 5 + 5)))
        shop.vhost.cut()
    every = range(CUTS * 5)
    wait_completed(shop, every)
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)

    measured(cuts=CUTS, **judge(shop, every).counts())
    assert judge(shop, every).clean
    assert events_out_of_order(shop) == []
    assert [child.running for child in shop.children] == [True] * 3
