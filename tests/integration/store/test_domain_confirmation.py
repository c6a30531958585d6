"""The registrant's answer to a transfer, as a storefront sends it."""

from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.intake.accept import Receipt
from provisioner.store.tables import services
from provisioner.workflows.domains.transfer import confirmation_key
from tests.integration.store.registrars import NAME, DomainStage, desk
from tests.support.stores import hosting, together

__all__ = ["desk"]


@pytest.fixture
def ordered(desk: DomainStage) -> DomainStage:
    """With a transfer of name1.com, accepted under rules that want the registrant's word."""
    desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
    desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
    attributes = desk.service()["attributes"]
    rules = {**attributes["rules"], "transfer_confirmation": "registrant"}
    with desk.stage.store.database.begin() as connection:
        connection.execute(sa.update(services).values(attributes={**attributes, "rules": rules}))
    return desk


@pytest.fixture
def waiting(ordered: DomainStage) -> DomainStage:
    """With the transfer waiting for its registrant."""
    ordered.work()
    assert (operation(ordered)["state"], transfers(ordered)) == ("waiting", 0)
    return ordered


def answer(desk: DomainStage, *, confirmed: bool, **more: str) -> Receipt:
    return desk.say("confirm-transfer", confirmed=confirmed, **more)


def operation(desk: DomainStage) -> dict[str, Any]:
    return desk.stage.operation("domain-1", "domain.transfer")


def transfers(desk: DomainStage) -> int:
    return desk.registry.count("domain:transfer-request")


def code(receipt: Receipt) -> tuple[str, str]:
    return receipt.outcome, receipt.detail.partition(":")[0]


def test_a_confirmed_transfer_goes_on_at_once(waiting: DomainStage) -> None:
    receipt = answer(waiting, confirmed=True)
    assert (receipt.outcome, receipt.operations) == ("accepted", (operation(waiting)["id"],))
    waiting.work()
    assert transfers(waiting) == 1


def test_a_declined_transfer_fails_with_the_reason(waiting: DomainStage) -> None:
    answer(waiting, confirmed=False, reason="I never asked for it.")
    waiting.work()
    assert (operation(waiting)["state"], transfers(waiting)) == ("failed", 0)
    assert operation(waiting)["error"]["message"].endswith("declined the transfer: I never asked for it.")


def test_an_answer_that_comes_before_it_is_asked_for_counts(ordered: DomainStage) -> None:
    receipt = answer(ordered, confirmed=True)
    assert (receipt.outcome, receipt.operations) == ("accepted", ())
    ordered.work()
    assert transfers(ordered) == 1


def test_the_first_answer_counts(waiting: DomainStage) -> None:
    answer(waiting, confirmed=False)
    assert answer(waiting, confirmed=True).outcome == "accepted"
    waiting.work()
    assert (operation(waiting)["state"], transfers(waiting)) == ("failed", 0)


def test_the_same_message_twice_is_one_answer(waiting: DomainStage) -> None:
    data = {"service_id": "domain-1", "confirmed": True}
    message = waiting.shop.message("domain.confirm-transfer.v1", data)
    receipts = together(*[lambda: waiting.shop.send(message)] * 4)
    assert sorted(receipt.outcome for receipt in receipts) == ["accepted", "duplicate", "duplicate", "duplicate"]


def test_an_answer_about_a_service_that_is_not_there_yet_is_kept_to_be_replayed(desk: DomainStage) -> None:
    receipt = answer(desk, confirmed=True)
    assert code(receipt) == ("quarantined", "unknown_service")
    assert desk.stage.rows("delivered_events") == []


def test_an_answer_from_the_other_environment_is_refused(waiting: DomainStage) -> None:
    data = {"service_id": "domain-1", "confirmed": True}
    receipt = waiting.shop.say("domain.confirm-transfer.v1", data, environment="sandbox")
    assert code(receipt) == ("rejected", "wrong_environment")
    assert waiting.stage.rows("delivered_events", key=confirmation_key("domain-1")) == []


def test_hosting_is_not_transferred(desk: DomainStage) -> None:
    desk.stage.add_account()
    desk.shop.place("o-2", [hosting("s-1")])
    receipt = desk.say("confirm-transfer", "s-1", confirmed=True)
    assert code(receipt) == ("rejected", "operation_not_supported")
