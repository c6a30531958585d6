"""`provisioner run`: children that die come back, children of a dead master end, and a stop is at a step boundary."""

import os
import signal
import time

import pytest

from provisioner.intake import topology
from tests.faults.judging import judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import gone, members, operation_rows, slow, wait_in_step, wait_working
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order

pytestmark = pytest.mark.slow

ROLES = {"worker", "scheduler", "relay"}


def test_killed_children_are_started_again_and_orders_go_on(tree: Production, measured: Measured) -> None:
    master = tree.start("run")
    wait_working(tree)
    slow(tree, "customer.add", 1.5, times=4)
    tree.publish(*(hosting_order(number) for number in range(8)))
    wait_in_step(tree, "customer", least=4)

    before, killed_at = members(master), time.monotonic()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_completed(tree, range(8))

    after = members(master)
    measured(seconds_to_the_last_of_8_orders=round(time.monotonic() - killed_at, 1))
    assert set(before) == set(after) == ROLES
    assert not set(before.values()) & set(after.values())
    assert judge(tree, range(8)).clean


def test_children_of_a_killed_master_end_and_consume_no_more(tree: Production, measured: Measured) -> None:
    master = tree.start("run")
    wait_working(tree)
    orphans = members(master)

    killed_at = time.monotonic()
    master.send(signal.SIGKILL)
    wait_for(lambda: all(gone(pid) for pid in orphans.values()), "all children end", timeout=60)
    measured(seconds_to_the_end_of_the_last_child=round(time.monotonic() - killed_at, 1))

    tree.publish(hosting_order(1))
    assert tree.vhost.consumers(topology.ORDERS) == 0
    assert tree.vhost.ready(topology.ORDERS) == 1
    assert tree.status("order-1") is None


def test_a_stop_waits_for_the_step_in_hand_and_begins_no_other(tree: Production, measured: Measured) -> None:
    master = tree.start("run")
    wait_working(tree)
    slow(tree, "customer.add", 4.0)
    tree.publish(hosting_order(1))
    wait_in_step(tree, "customer")

    told_at = time.monotonic()
    master.send(signal.SIGTERM)
    code = master.wait(timeout=60)

    measured(seconds_to_the_end=round(time.monotonic() - told_at, 1))
    assert code == 0
    assert [row["state"] for row in operation_rows(tree)] == ["ready"]
    assert (tree.effects("customer.add"), tree.effects("webspace.add")) == (["cust:customer-1"], [])


def test_an_order_goes_on_after_a_stop_with_each_effect_once(tree: Production) -> None:
    master = tree.start("run")
    wait_working(tree)
    slow(tree, "customer.add", 4.0)
    tree.publish(hosting_order(1))
    wait_in_step(tree, "customer")
    assert master.stop(timeout=60) == 0

    tree.start("run")
    wait_completed(tree, [1])

    assert judge(tree, [1]).clean


def test_a_second_signal_changes_nothing(tree: Production) -> None:
    worker = tree.start("worker")
    wait_working(tree)
    slow(tree, "customer.add", 4.0)
    tree.publish(hosting_order(1))
    wait_in_step(tree, "customer")

    worker.send(signal.SIGTERM)
    worker.wait_output('"stopping"')
    worker.send(signal.SIGTERM)
    worker.send(signal.SIGINT)

    assert worker.wait(timeout=60) == 0
    assert tree.effects("customer.add") == ["cust:customer-1"]
    assert [row["state"] for row in operation_rows(tree)] == ["ready"]


def test_a_stop_while_children_are_still_starting_ends_well(tree: Production) -> None:
    master = tree.start("run")
    wait_for(lambda: set(members(master)) == ROLES, "the children are there", timeout=60)

    assert master.stop(timeout=60) == 0
