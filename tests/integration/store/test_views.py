"""The two views for storefronts: which orders each shows, and under which words."""

import pytest

from provisioner.orders.statuses import OrderStatus, section
from tests.support.stores import Stage, markup

# status -> label among the recent ones, label and tab among the historical ones; None where it is not shown.
WORDS = {
    OrderStatus.DRAFT: ("Draft", ("Draft", "draft")),
    OrderStatus.STARTED: ("Started", ("In progress", "active")),
    OrderStatus.SCHEDULED: ("Scheduled", ("In progress", "active")),
    OrderStatus.DELETED: ("Deleted", None),
    OrderStatus.PROVISIONING_STARTED: ("Provisioning started", ("In progress", "active")),
    OrderStatus.PROVISIONING_FAILED: ("Provisioning failed", ("In progress", "active")),
    OrderStatus.PROVISIONING_FINISHED: ("Provisioning finished", None),
    OrderStatus.COMPLETED: (None, ("Completed", "all")),
    OrderStatus.COMPLETED_WITH_ERRORS: (None, ("Completed with errors", "all")),
}


@pytest.fixture
def placed(stage: Stage) -> Stage:
    stage.add_account()
    stage.shop.place(note="Please before Friday.")
    return stage


def test_every_status_has_its_words() -> None:
    assert set(WORDS) == set(OrderStatus)


@pytest.mark.parametrize("status", OrderStatus)
def test_recent_orders_shows_the_status_in_its_words(placed: Stage, status: OrderStatus) -> None:
    placed.sql("UPDATE orders SET status = :status", status=status.value)
    label = WORDS[status][0]
    assert [row["label"] for row in placed.rows("recent_orders")] == ([label] if label else [])


@pytest.mark.parametrize("status", OrderStatus)
def test_historical_orders_shows_the_status_in_its_words(placed: Stage, status: OrderStatus) -> None:
    placed.sql("UPDATE orders SET status = :status", status=status.value)
    words = WORDS[status][1]
    found = [(row["label"], row["tab"]) for row in placed.rows("historical_orders")]
    assert found == ([words] if words else [])


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_that_can_still_change_is_among_the_recent_ones(placed: Stage, status: OrderStatus) -> None:
    placed.sql("UPDATE orders SET status = :status", status=status.value)
    assert bool(placed.rows("recent_orders")) is (section(status) == "recent")


def test_a_view_tells_what_a_storefront_lists(placed: Stage) -> None:
    row = placed.rows("recent_orders")[0]
    assert (row["order_id"], row["customer_id"], row["item_count"], row["environment"]) == ("o-1", "c-1", 1, "live")


def test_a_view_tells_the_newest_note(placed: Stage) -> None:
    placed.let_pass(1)
    placed.shop.say("order.note.v1", {"order_id": "o-1", "text": "Called the customer."})
    assert placed.rows("recent_orders")[0]["note"] == "Called the customer."


def test_an_order_that_went_well_has_no_error_in_the_view(placed: Stage) -> None:
    placed.work()
    assert placed.sql("SELECT count(*) FROM historical_orders WHERE error IS NULL") == [(1,)]


def test_an_order_of_mark_ups_alone_is_marked_for_hiding(stage: Stage) -> None:
    stage.shop.place("o-1", [markup()])
    assert bool(stage.rows("recent_orders")[0]["markup_only"])
