"""The main job on real parts: an order is published, provisioned on a Plesk server, and its status comes back."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order, production
from tests.support.rabbit import RabbitNode


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode, postgres: PostgresCluster
) -> Iterator[Production]:
    """One order that went through; each test looks at another side of it."""
    url = postgres.create_database()
    with production(tmp_path_factory.mktemp("shop"), rabbit.new_vhost(), url) as shop:
        shop.start_all()
        shop.publish(hosting_order(1))
        shop.wait_ended("order-1")
        yield shop
    postgres.drop_database(url)


def test_a_published_order_is_provisioned_and_told(done: Production) -> None:
    assert done.status("order-1") == "completed"
    assert done.effects("customer.add") == ["cust:customer-1"]
    assert done.effects("webspace.add") == ["svc:service-1"]


def test_a_completed_order_is_in_the_historical_view_only(done: Production) -> None:
    with done.store.database.read() as connection:
        historical = connection.execute(sa.text("SELECT order_id, label FROM historical_orders")).all()
        recent = connection.execute(sa.text("SELECT order_id FROM recent_orders")).all()
    assert [tuple(row) for row in historical] == [("order-1", "Completed")]
    assert recent == []


def test_its_events_come_in_order_without_a_gap(done: Production) -> None:
    events = []

    def heard_all() -> bool:
        events.extend(done.heard())
        return len(events) >= 5

    wait_for(heard_all, "five events")
    of_order = [event for event in events if event["subject"] == "order-1"]
    assert [event["sequence"] for event in of_order] == [1, 2, 3, 4]
    assert [event["data"]["status"] for event in of_order] == [
        "provisioning_started",
        "succeeded",
        "provisioning_finished",
        "completed",
    ]


def test_its_log_has_a_line_for_each_step_and_each_status(done: Production) -> None:
    lines = [json.loads(line) for line in done.logs().splitlines() if '"order-1"' in line]
    steps = {line["step"]: line for line in lines if line["event"] == "step"}
    assert set(steps) == {"customer", "subscription"}
    step = steps["subscription"]
    assert (step["order"], step["item"], step["account"], step["attempt"]) == ("order-1", "1", "plesk-1", 1)
    assert step["outcome"] == "done"
    told = [line["status"] for line in lines if line["event"] == "order.status-changed.v1"]
    assert told[-2:] == ["provisioning_finished", "completed"]
