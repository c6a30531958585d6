"""Retry, close and note: what a command to an order may do, and what it leads to."""

from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.ports.outcomes import Rejected
from tests.support.stores import Stage, hosting, markup, together


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """A store with two vendor accounts."""
    stage.add_account("panel-1")
    return stage


def failed(stage: Stage, *items: Mapping[str, Any]) -> Stage:
    """Order 1 has failed: the panel refused every subscription, which could be corrected."""
    _refuse(stage)
    stage.shop.place("o-1", items or None)
    stage.work()
    assert stage.row("orders")["status"] == "provisioning_failed"
    stage.panel.before = lambda *_: None
    stage.panel.effects.clear()
    return stage


class TestRetry:
    def test_an_order_that_is_tried_again_can_be_completed(self, shop: Stage) -> None:
        failed(shop).shop.retry()
        shop.work()
        assert shop.row("orders")["status"] == "completed"

    def test_each_status_on_the_way_is_told_in_order(self, shop: Stage) -> None:
        failed(shop).shop.retry()
        shop.work()
        assert [event["data"]["status"] for event in shop.events("order/o-1") if "order.status" in event["type"]] == [
            "provisioning_started",
            "provisioning_failed",
            "provisioning_started",
            "provisioning_finished",
            "completed",
        ]

    def test_what_became_of_the_service_is_told_in_order(self, shop: Stage) -> None:
        failed(shop).shop.retry()
        shop.work()
        assert shop.told("service/s-1") == ["failed", "provisioning", "active"]
        assert [row["status"] for row in shop.rows("service_periods")] == [
            "provisioning",
            "failed",
            "provisioning",
            "active",
        ]

    def test_an_attempt_is_counted(self, shop: Stage) -> None:
        failed(shop).shop.retry()
        assert shop.row("orders")["attempt"] == 2

    def test_after_success_no_error_is_left(self, shop: Stage) -> None:
        failed(shop)
        assert shop.row("orders")["error"]["code"] == "plan_unknown"
        shop.shop.retry()
        shop.work()
        assert shop.sql("SELECT count(*) FROM orders WHERE error IS NULL") == [(1,)]
        assert shop.sql("SELECT count(*) FROM order_items WHERE error IS NULL") == [(1,)]

    def test_only_what_failed_is_tried_again(self, shop: Stage) -> None:
        receipt = failed(shop, hosting("s-1"), hosting("s-2")).shop.retry(item_ids=["i-s-2"])
        assert len(receipt.operations) == 1
        assert [claim.item_id for claim in shop.take()] == ["i-s-2"]

    def test_an_item_named_twice_is_tried_once(self, shop: Stage) -> None:
        assert len(failed(shop).shop.retry(item_ids=["i-s-1", "i-s-1"]).operations) == 1

    def test_a_correction_of_the_item_reaches_the_vendor(self, shop: Stage) -> None:
        failed(shop).shop.retry(corrections={"i-s-1": {"plan": "business", "domain": "demo.example.org"}})
        shop.work()
        made = shop.panel.subscriptions["s-1"]
        assert (made.plan, made.domain) == ("business", "demo.example.org")

    def test_a_correction_of_the_customer_reaches_the_vendor_and_is_kept(self, shop: Stage) -> None:
        failed(shop).shop.retry(corrections={"i-s-1": {"email": "corrected@example.com", "country": "GB"}})
        shop.work()
        assert shop.panel.customers["c-1"].email == "corrected@example.com"
        assert shop.row("customers")["profile"]["country"] == "GB"
        assert shop.row("customers")["profile"]["name"] == "Demo Customer"

    def test_a_corrected_password_reaches_the_vendor(self, shop: Stage) -> None:
        failed(shop).shop.retry(corrections={"i-s-1": {"password": shop.shop.sealed("Zq7!corrected")}})
        shop.work()
        assert shop.panel.subscriptions["s-1"].password.reveal() == "Zq7!corrected"

    def test_a_correction_may_move_the_service_to_another_server(self, shop: Stage) -> None:
        shop.add_account("panel-2")
        failed(shop).shop.retry(corrections={"i-s-1": {"server": "panel-2"}})
        assert shop.claim().vendor_account == "panel-2"

    def test_a_correction_to_an_unknown_server_is_put_aside(self, shop: Stage) -> None:
        receipt = failed(shop).shop.retry(corrections={"i-s-1": {"server": "panel-9"}})
        assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("quarantined", "unknown_server")
        assert shop.row("orders")["status"] == "provisioning_failed"

    def test_a_correction_of_an_item_that_did_not_fail_is_not_lost_silently(self, shop: Stage) -> None:
        receipt = failed(shop).shop.retry(corrections={"i-s-9": {"plan": "business"}})
        assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("quarantined", "unknown_item")

    def test_items_wait_for_one_another_again(self, shop: Stage) -> None:
        failed(shop, hosting("s-1"), hosting("s-2", requires=["i-s-1"])).shop.retry()
        assert [claim.item_id for claim in shop.take()] == ["i-s-1"]

    def test_an_item_is_not_tried_without_what_it_requires(self, shop: Stage) -> None:
        receipt = failed(shop, hosting("s-1"), hosting("s-2", requires=["i-s-1"])).shop.retry(item_ids=["i-s-2"])
        assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "requirement_missing")

    def test_an_order_that_has_not_failed_is_not_tried_again(self, shop: Stage) -> None:
        shop.shop.place()
        receipt = shop.shop.retry()
        assert receipt.outcome == "rejected"
        assert receipt.detail == (
            "invalid_transition: an order in status provisioning_started does not allow retry; it allows "
            "all_succeeded, nothing_succeeded, partly_succeeded, refused_for_good"
        )

    def test_an_unknown_order_is_put_aside(self, shop: Stage) -> None:
        assert shop.shop.retry("o-9").detail.partition(":")[0] == "unknown_order"

    def test_a_service_that_was_cancelled_meanwhile_is_not_made_again(self, shop: Stage) -> None:
        failed(shop).shop.cancel()
        receipt = shop.shop.retry()
        assert (receipt.outcome, shop.row("services")["status"]) == ("rejected", "cancelling")

    def test_a_message_of_the_other_environment_changes_nothing(self, shop: Stage) -> None:
        failed(shop)
        receipt = shop.shop.say("order.retry.v1", {"order_id": "o-1"}, environment="sandbox")
        assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "wrong_environment")

    def test_retries_at_once_are_one(self, shop: Stage) -> None:
        failed(shop)
        receipts = together(*[shop.shop.retry] * 5)
        assert sorted(receipt.outcome for receipt in receipts) == ["accepted"] + ["rejected"] * 4
        assert len(shop.take()) == 1


class TestClose:
    def test_a_failed_order_is_given_up(self, shop: Stage) -> None:
        failed(shop).shop.say("order.close.v1", {"order_id": "o-1", "reason": "The customer gave up."})
        row = shop.row("orders")
        assert (row["status"], row["error"]["code"]) == ("completed_with_errors", "plan_unknown")

    def test_who_closed_it_and_why_is_in_its_history(self, shop: Stage) -> None:
        failed(shop).shop.say("order.close.v1", {"order_id": "o-1", "reason": "The customer gave up."})
        last = shop.rows("order_transitions")[-1]
        assert (last["actor"], last["reason"]) == ("clerk-7", "The customer gave up.")

    def test_a_closed_order_cannot_be_tried_again(self, shop: Stage) -> None:
        failed(shop).shop.say("order.close.v1", {"order_id": "o-1", "reason": "The customer gave up."})
        assert shop.shop.retry().outcome == "rejected"

    def test_an_order_at_work_cannot_be_closed(self, shop: Stage) -> None:
        shop.shop.place()
        assert shop.shop.say("order.close.v1", {"order_id": "o-1", "reason": "Too slow."}).outcome == "rejected"


class TestNote:
    def test_a_note_is_taken_in_any_status_and_changes_none(self, shop: Stage) -> None:
        shop.shop.place()
        shop.work()
        shop.shop.say("order.note.v1", {"order_id": "o-1", "text": "Called."})
        assert (shop.row("notes")["text"], shop.row("orders")["status"]) == ("Called.", "completed")

    def test_a_note_to_an_unknown_order_is_put_aside(self, shop: Stage) -> None:
        assert shop.shop.say("order.note.v1", {"order_id": "o-9", "text": "Called."}).outcome == "quarantined"


class TestRollUp:
    def test_an_order_of_mark_ups_is_completed_without_a_vendor(self, shop: Stage) -> None:
        shop.shop.place("o-1", [markup()])
        shop.work()
        assert (shop.row("orders")["status"], shop.panel.effects) == ("completed", [])

    def test_an_order_done_in_part_is_closed_and_tells_the_error(self, shop: Stage) -> None:
        _refuse(shop, "s-2")
        shop.shop.place("o-1", [hosting("s-2"), hosting("s-1")])
        first, second = sorted(shop.take(), key=lambda claim: claim.item_id or "", reverse=True)
        shop.engine().run(first)
        shop.engine().run(second)
        row = shop.row("orders")
        assert (row["status"], row["error"]["code"]) == ("completed_with_errors", "plan_unknown")

    def test_the_error_of_the_first_item_is_told_when_a_later_claim_ends_the_order_well(self, shop: Stage) -> None:
        _refuse(shop, "s-1")
        shop.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
        shop.engine().run(shop.take(1)[0])
        shop.work()
        assert shop.row("orders")["error"]["code"] == "plan_unknown"

    def test_what_requires_a_failed_item_fails_with_it(self, shop: Stage) -> None:
        items = (hosting("s-1"), hosting("s-2", requires=["i-s-1"]), markup(requires=["i-s-2"]))
        failed(shop, *items)
        assert {row["item_id"]: (row["error"] or {}).get("code") for row in shop.rows("order_items")} == {
            "i-s-1": "plan_unknown",
            "i-s-2": "requirement_failed",
            "m-1": "requirement_failed",
        }
        assert {row["id"]: row["status"] for row in shop.rows("services")} == {"s-1": "failed", "s-2": "failed"}


def _refuse(stage: Stage, service_id: str = "") -> None:
    def before(operation: str, subject: str) -> None:
        if operation == "create_subscription" and service_id in ("", subject):
            raise Rejected("plan_unknown", "there is no such plan", vendor_code="1013", fields=("/plan",))

    stage.panel.before = before
