"""The registrant's answer to a transfer, as a storefront sends it."""

from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.intake.accept import Receipt
from provisioner.store.tables import services
from tests.integration.store.registrars import NAME, DomainStage, desk
from tests.support.domains import customer, terms
from tests.support.stores import hosting, together

__all__ = ["desk"]


@pytest.fixture
def ordered(desk: DomainStage) -> DomainStage:
    """With a transfer of name1.com, accepted under rules that want the registrant's word."""
    desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
    desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
    want_the_registrant_s_word(desk)
    return desk


@pytest.fixture
def waiting(ordered: DomainStage) -> DomainStage:
    """With the transfer waiting for its registrant."""
    ordered.work()
    assert (operation(ordered)["state"], transfers(ordered)) == ("waiting", 0)
    return ordered


@pytest.fixture
def declined(waiting: DomainStage) -> DomainStage:
    """With the transfer declined, and failed."""
    answer(waiting, confirmed=False)
    waiting.work()
    assert operation(waiting)["error"]["code"] == "transfer_declined"
    return waiting


def want_the_registrant_s_word(desk: DomainStage, service_id: str = "domain-1") -> None:
    attributes = desk.service(service_id)["attributes"]
    rules = {**attributes["rules"], "transfer_confirmation": "registrant"}
    here = services.c.id == service_id
    with desk.stage.store.database.begin() as connection:
        connection.execute(sa.update(services).where(here).values(attributes={**attributes, "rules": rules}))


def retry(desk: DomainStage, **corrections: Any) -> dict[str, Any]:
    """The transfer, tried again and at work."""
    assert desk.shop.retry(corrections={"domain": corrections} if corrections else None).outcome == "accepted"
    want_the_registrant_s_word(desk)
    desk.work()
    return operation(desk)


def answer(desk: DomainStage, *, confirmed: bool, **more: str) -> Receipt:
    return desk.say("confirm-transfer", confirmed=confirmed, **more)


def operation(desk: DomainStage) -> dict[str, Any]:
    """The last try."""
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


def test_the_same_answer_again_changes_nothing(waiting: DomainStage) -> None:
    answer(waiting, confirmed=True)
    waiting.work()
    assert answer(waiting, confirmed=True).outcome == "accepted"
    waiting.work()
    assert transfers(waiting) == 1


def test_a_registrant_who_takes_the_answer_back_is_told_that_the_first_counts(waiting: DomainStage) -> None:
    answer(waiting, confirmed=False)
    receipt = answer(waiting, confirmed=True)
    assert code(receipt) == ("rejected", "already_answered")
    assert "declined" in receipt.detail
    waiting.work()
    assert (operation(waiting)["state"], transfers(waiting)) == ("failed", 0)


def test_of_two_answers_at_the_same_time_one_counts(waiting: DomainStage) -> None:
    receipts = together(lambda: answer(waiting, confirmed=True), lambda: answer(waiting, confirmed=False))
    assert sorted(receipt.outcome for receipt in receipts) == ["accepted", "rejected"]
    waiting.work()
    said_yes = receipts[0].outcome == "accepted"
    assert (operation(waiting)["state"], transfers(waiting)) == (("waiting", 1) if said_yes else ("failed", 0))


def test_an_answer_to_a_transfer_that_asks_for_none_is_refused(desk: DomainStage) -> None:
    desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
    desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
    receipt = answer(desk, confirmed=False)
    assert code(receipt) == ("rejected", "confirmation_not_asked")
    assert "domain.transfer-cancel.v1" in receipt.detail


class TestTriedAgain:
    """After a transfer whose answer has come, another try."""

    def test_a_declined_transfer_asks_anew(self, declined: DomainStage) -> None:
        again = retry(declined)
        assert (again["state"], again["error"]) == ("waiting", None)

    def test_the_answer_to_the_second_try_counts_for_it(self, declined: DomainStage) -> None:
        retry(declined)
        answer(declined, confirmed=True)
        declined.work()
        assert (operation(declined)["state"], transfers(declined)) == ("waiting", 1)

    def test_an_answer_between_two_tries_belongs_to_neither(self, declined: DomainStage) -> None:
        receipt = answer(declined, confirmed=True)
        assert code(receipt) == ("rejected", "no_open_transfer")
        assert retry(declined)["state"] == "waiting"
        assert transfers(declined) == 0

    def test_a_registrant_who_has_confirmed_is_not_asked_twice(self, waiting: DomainStage) -> None:
        waiting.registry.domains[NAME].auth_code = "another-canary"
        answer(waiting, confirmed=True)
        waiting.work()
        assert operation(waiting)["error"]["code"] == "auth_code_wrong"
        retry(waiting, auth_code=waiting.shop.sealed("another-canary"))
        assert (operation(waiting)["state"], transfers(waiting)) == ("waiting", 1)

    def test_a_confirmation_of_one_name_is_none_of_another(self, waiting: DomainStage) -> None:
        waiting.registry.domains[NAME].auth_code = "another-canary"
        waiting.registry.have("name2.com", registrar="another-registrar", auth_code="canary")
        answer(waiting, confirmed=True)
        waiting.work()
        again = retry(waiting, domain="name2.com", auth_code=waiting.shop.sealed("canary"))
        assert (again["state"], transfers(waiting)) == ("waiting", 0)

    def test_after_a_declined_one_another_service_may_ask_for_the_name(self, declined: DomainStage) -> None:
        data = {"customer": customer(1), **terms(1, service_id="domain-2", auth_code=declined.shop.sealed("canary"))}
        assert declined.shop.say("domain.transfer.v1", data).outcome == "accepted"
        want_the_registrant_s_word(declined, "domain-2")
        declined.work()
        assert declined.stage.operation("domain-2", "domain.transfer")["state"] == "waiting"


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
    assert waiting.stage.rows("delivered_events") == []


def test_hosting_is_not_transferred(desk: DomainStage) -> None:
    desk.stage.add_account()
    desk.shop.place("o-2", [hosting("s-1")])
    receipt = desk.say("confirm-transfer", "s-1", confirmed=True)
    assert code(receipt) == ("rejected", "operation_not_supported")
