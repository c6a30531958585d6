"""The same message again and again, to several workers at once: one effect."""

import json
import random
from collections import Counter

import pytest
import sqlalchemy as sa

from provisioner.intake import topology
from provisioner.store.tables import inbox, notes, quarantine
from tests.faults.judging import count, judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import operation_rows, wait_working
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order, message

pytestmark = pytest.mark.slow

ORDERS = 20


def test_messages_that_come_up_to_five_times_to_two_workers_have_one_effect(
    shop: Production, measured: Measured
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    copies = copies_of_orders(seed)
    shop.start("worker")
    shop.start("worker")
    wait_working(shop)
    with shop.vhost.channel() as channel:
        for number, key in copies:
            channel.basic_publish(topology.STOREFRONT, key, json.dumps(hosting_order(number)).encode(), mandatory=True)
    wait_completed(shop, range(ORDERS))
    wait_outcomes(shop, len(copies))

    verdict, outcomes = judge(shop, range(ORDERS)), outcomes_of(shop.logs())
    measured(seed=seed, published=len(copies), outcomes=dict(outcomes), **verdict.counts())
    assert verdict.clean
    assert outcomes == {"message accepted": ORDERS, "message duplicate": len(copies) - ORDERS}


def test_commands_that_come_again_have_one_effect(shop: Production) -> None:
    shop.start("worker")
    shop.publish(hosting_order(1))
    wait_completed(shop, [1])
    commands = [
        message("order.note.v1", "note-1", {"order_id": "order-1", "text": "Call before noon."}),
        message("service.suspend.v1", "suspend-1", {"service_id": "service-1", "reason": "unpaid"}),
        message("service.resume.v1", "resume-1", {"service_id": "service-1"}),
        message("service.cancel.v1", "cancel-1", {"service_id": "service-1", "when": "immediate", "reason": "closed"}),
    ]
    for number, command in enumerate(commands, start=1):
        shop.publish(command, command, command)
        wait_outcomes(shop, 1 + 3 * number)

    assert outcomes_of(shop.logs()) == {"message accepted": 5, "message duplicate": 8}
    assert count(shop, sa.select(sa.func.count()).select_from(notes)) == 1
    assert [row["workflow"] for row in operation_rows(shop)] == [
        "hosting.create",
        "hosting.suspend",
        "hosting.resume",
        "hosting.cancel",
    ]


def test_messages_handed_back_before_are_taken_in_once(shop: Production) -> None:
    shop.publish(*(hosting_order(number) for number in range(5)))
    for _ in range(3):
        hand_back(shop, topology.ORDERS, 5)

    shop.start("worker")
    wait_completed(shop, range(5))

    assert judge(shop, range(5)).clean


def test_an_id_that_comes_with_another_body_is_set_aside_and_the_first_stands(shop: Production) -> None:
    shop.start("worker")
    first = hosting_order(1)
    shop.publish(first, first, {**hosting_order(2), "id": first["id"]})
    wait_completed(shop, [1])
    wait_outcomes(shop, 3)

    assert count(shop, sa.select(sa.func.count()).select_from(inbox)) == 1
    with shop.store.database.read() as connection:
        assert connection.scalars(sa.select(quarantine.c.reason)).all() == ["id_reused"]
    assert shop.status("order-2") is None


def copies_of_orders(seed: int) -> list[tuple[int, str]]:
    """Each order one to five times, in any order, by keys that lead to different queues."""
    chance = random.Random(seed)  # noqa: S311 - a run is repeated from its seed
    keys = ("order.place.v1", "service.place", "nobody.wants.this")
    copies = [(number, chance.choice(keys)) for number in range(ORDERS) for _ in range(chance.randint(1, 5))]
    chance.shuffle(copies)
    return copies


def outcomes_of(logs: str) -> Counter[str]:
    """How often intake told of each outcome."""
    events = (json.loads(line)["event"] for line in logs.splitlines() if '"message ' in line)
    return Counter(event for event in events if event.startswith("message "))


def wait_outcomes(shop: Production, number: int) -> None:
    """Return when intake has told of so many messages."""
    wait_for(lambda: outcomes_of(shop.logs()).total() >= number, f"{number} messages are taken in", timeout=60)


def hand_back(shop: Production, queue: str, number: int) -> None:
    """Take messages as a worker does, and give them back undone."""
    with shop.vhost.channel() as channel:
        taken = [channel.basic_get(queue)[0] for _ in range(number)]
        for method in taken:
            channel.basic_nack(method.delivery_tag, requeue=True)
