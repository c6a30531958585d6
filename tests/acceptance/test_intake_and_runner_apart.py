"""Intake and runner may be processes of their own: `provisioner worker --only intake`, `--only runner`."""

from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order


def test_intake_alone_takes_an_order_in_and_leaves_it_to_runners(shop: Production) -> None:
    shop.start("worker", "--only", "intake")
    shop.publish(hosting_order(1))
    wait_for(lambda: shop.status("order-1") == "provisioning_started", "the order is taken in")
    assert shop.effects("customer.add") == []


def test_a_runner_finishes_what_intake_took_in(shop: Production) -> None:
    shop.start("worker", "--only", "intake")
    shop.start("worker", "--only", "runner")
    shop.publish(hosting_order(1))
    shop.wait_ended("order-1")
    assert shop.status("order-1") == "completed"


def test_a_runner_alone_takes_nothing_in(shop: Production) -> None:
    shop.start("worker", "--only", "runner")
    shop.vhost.wait_consumed(["advance"])
    shop.publish(hosting_order(1))
    assert shop.vhost.consumers("orders") == 0


def test_a_doorbell_wakes_a_runner_long_before_its_next_sweep(shop: Production) -> None:
    shop.start("worker", "--only", "intake")
    shop.start("worker", "--only", "runner", PROVISIONER_SWEEP_SECONDS="3600")
    shop.vhost.wait_consumed(["advance", "orders"])
    shop.publish(hosting_order(1))
    shop.wait_ended("order-1")
    assert shop.status("order-1") == "completed"
