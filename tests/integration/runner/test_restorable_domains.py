"""Whatever way a domain came into redemption, its owner can have it restored; and is told clearly when that is over."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.intake.accept import Receipt
from tests.integration.runner.registry_desk import DAY, RENEWED, DecidingRegistry, deciding

__all__ = ["deciding"]

YEAR = 366 * DAY
Way = Callable[[DecidingRegistry], None]


@pytest.fixture
def registered(deciding: DecidingRegistry) -> DecidingRegistry:
    """With name1.com registered so long ago that a deletion leads into redemption."""
    deciding.desk.order()
    deciding.desk.work()
    deciding.pass_at_registry(6 * DAY)
    assert deciding.desk.service()["status"] == "active"
    return deciding


def restore(at: DecidingRegistry) -> Receipt:
    receipt = at.desk.say("restore", reason="A mistake of the owner.")
    at.desk.work()
    return receipt


def code(receipt: Receipt) -> tuple[str, str]:
    return receipt.outcome, receipt.detail.partition(":")[0]


# -- ways into redemption


def deleted_by_message(at: DecidingRegistry) -> None:
    at.desk.say("delete", reason="No longer wanted.")
    at.desk.work()


def cancelled_at_once(at: DecidingRegistry) -> None:
    at.desk.shop.cancel("domain-1")
    at.desk.work()


def cancelled_at_the_end_of_the_term(at: DecidingRegistry) -> None:
    at.desk.shop.cancel("domain-1", at=at.desk.stage.now() + timedelta(days=3))
    at.desk.work()
    assert at.desk.service()["status"] == "active"
    at.desk.stage.let_pass(4 * DAY)
    at.desk.work()


def deleted_by_the_registry_and_told(at: DecidingRegistry) -> None:
    at.simulator.simulator.adjust({"interventions": [{"domain": RENEWED, "delete": True}]})
    at.hear()


def deleted_by_the_registry_and_found(at: DecidingRegistry) -> None:
    at.simulator.simulator.adjust({"interventions": [{"domain": RENEWED, "delete": True}]})
    at.look_after()


def expired_without_renewal(at: DecidingRegistry) -> None:
    at.desk.say("set-auto-renew", auto_renew=False)
    at.desk.work()
    at.simulator.simulator.adjust({"settings": {"auto_renew": False}, "advance_seconds": YEAR})
    at.hear()


def deleted_by_the_registry_and_cancelled_too(at: DecidingRegistry) -> None:
    at.simulator.simulator.adjust({"interventions": [{"domain": RENEWED, "delete": True}]})
    cancelled_at_once(at)


def deleted_and_looked_after_since(at: DecidingRegistry) -> None:
    deleted_by_message(at)
    at.look_after()


WAYS = [
    deleted_by_message,
    cancelled_at_once,
    cancelled_at_the_end_of_the_term,
    deleted_by_the_registry_and_told,
    deleted_by_the_registry_and_found,
    expired_without_renewal,
    deleted_by_the_registry_and_cancelled_too,
    deleted_and_looked_after_since,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
def test_a_domain_in_redemption_can_be_restored_however_it_came_there(registered: DecidingRegistry, way: Way) -> None:
    way(registered)
    assert registered.desk.service()["status"] != "cancelled"
    assert registered.desk.service()["data"]["domain_status"] == "redemption"
    assert restore(registered).outcome == "accepted"
    service = registered.desk.service()
    assert (service["status"], service["data"]["domain_status"]) == ("active", "active")
    assert registered.count("domain:restore") == 1


# -- when it is over


def test_after_redemption_nothing_is_asked_for_and_the_owner_is_told(registered: DecidingRegistry) -> None:
    deleted_by_message(registered)
    registered.pass_at_registry(31 * DAY)
    restore(registered)
    assert registered.operation("domain.restore") == ("failed", "not_restorable")
    assert "its redemption is over" in registered.desk.stage.row("operations", workflow="domain.restore")["reason"]
    assert registered.count("domain:restore") == 0


def test_a_purged_domain_is_refused_with_its_reason(registered: DecidingRegistry) -> None:
    deleted_by_message(registered)
    registered.pass_at_registry(36 * DAY)
    registered.hear()
    assert registered.desk.service()["status"] == "cancelled"
    receipt = restore(registered)
    assert code(receipt) == ("rejected", "not_restorable")
    assert "name1.com was deleted at the registry" in receipt.detail


def test_a_domain_that_was_deleted_within_its_add_grace_is_refused(deciding: DecidingRegistry) -> None:
    deciding.desk.order()
    deciding.desk.work()
    deleted_by_message(deciding)
    assert deciding.desk.service()["status"] == "cancelled"
    assert code(restore(deciding)) == ("rejected", "not_restorable")


def test_a_domain_that_was_transferred_away_is_refused_with_its_reason(registered: DecidingRegistry) -> None:
    registered.simulator.simulator.adjust({"transfer_requests": [{"domain": RENEWED}]})
    registered.simulator.simulator.adjust({"transfers": [{"domain": RENEWED, "approved": True}]})
    while registered.poll() is not None:
        registered.desk.work()
    receipt = restore(registered)
    assert code(receipt) == ("rejected", "not_restorable")
    assert "name1.com was transferred to another registrar" in receipt.detail


def test_a_domain_that_is_not_shown_once_stays_and_can_be_looked_after_on(registered: DecidingRegistry) -> None:
    registered.simulator.simulator.adjust({"transfer_requests": [{"domain": RENEWED}]})
    registered.simulator.simulator.adjust({"transfers": [{"domain": RENEWED, "approved": True}]})
    registered.look_after()
    service = registered.desk.service()
    assert (service["status"], service["data"]["missed"]["status"]) == ("active", "transferred_away")
    assert service["upkeep_workflow"] == "domain.upkeep"


def test_a_domain_that_was_never_registered_is_refused_with_that_reason(deciding: DecidingRegistry) -> None:
    deciding.desk.order()
    deciding.desk.shop.cancel("domain-1")
    deciding.desk.work()
    receipt = restore(deciding)
    assert code(receipt) == ("rejected", "not_restorable")
    assert "was never registered" in receipt.detail


def test_a_domain_that_was_never_deleted_is_restored_without_cost(registered: DecidingRegistry) -> None:
    restore(registered)
    assert registered.operation("domain.restore") == ("succeeded", "")
    assert registered.count("domain:restore") == 0
