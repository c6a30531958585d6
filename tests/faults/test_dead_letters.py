"""What a queue gives up goes to `dead-letters`, stays there, and is taken in; what is set aside can be replayed."""

import json
import os
import subprocess
import sys
from typing import Any

import pika
import sqlalchemy as sa

from provisioner.intake import topology
from provisioner.store.tables import notes, quarantine
from tests.faults.judging import count, judge, wait_completed
from tests.faults.scene import wait_working
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order, message


def test_an_order_whose_message_expired_or_was_refused_is_done_all_the_same(shop: Production) -> None:
    publish_expiring(shop, hosting_order(1))
    shop.publish(hosting_order(2))
    refuse_one(shop, topology.ORDERS)
    wait_for(lambda: shop.vhost.ready(topology.DEAD_LETTERS) == 2, "both are dead letters")

    shop.start("worker")
    wait_completed(shop, [1, 2])

    assert judge(shop, [1, 2]).clean


def test_a_message_that_came_too_early_is_shown_and_replayed_once(shop: Production) -> None:
    note = message("order.note.v1", "note-1", {"order_id": "order-1", "text": "Call before noon."})
    shop.start("worker")
    wait_working(shop)
    shop.publish(note)
    wait_for(lambda: count(shop, sa.select(sa.func.count()).select_from(quarantine)), "the note is set aside")
    shop.publish(hosting_order(1))
    wait_completed(shop, [1])

    listed = json.loads(command(shop, "quarantine", "list", "--json").stdout)
    replayed = command(shop, "quarantine", "replay", listed[0]["id"])
    again = command(shop, "quarantine", "replay", listed[0]["id"])

    assert [each["reason"] for each in listed] == ["unknown_order"]
    assert (replayed.returncode, again.returncode != 0) == (0, True)
    assert count(shop, sa.select(sa.func.count()).select_from(notes)) == 1


def publish_expiring(shop: Production, order: dict[str, Any]) -> None:
    """Publish with a time to live that is over at once, as a careless storefront may."""
    with shop.vhost.channel() as channel:
        properties = pika.BasicProperties(delivery_mode=2, expiration="0")
        channel.basic_publish(topology.STOREFRONT, order["type"], json.dumps(order).encode(), properties)


def refuse_one(shop: Production, queue: str) -> None:
    """Take a message and refuse it for good, as a stranger who reads our queue may."""

    def taken() -> bool:
        with shop.vhost.channel() as channel:
            method, _, _ = channel.basic_get(queue)
            if method is not None:
                channel.basic_reject(method.delivery_tag, requeue=False)
            return method is not None

    wait_for(taken, "there is a message to refuse")


def command(shop: Production, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program as an operator does."""
    program = [sys.executable, "-m", "provisioner.app", *arguments]
    environ = {**os.environ, **shop.environ}
    return subprocess.run(program, env=environ, capture_output=True, text=True, check=False, timeout=120)
