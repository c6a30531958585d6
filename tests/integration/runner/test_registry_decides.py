"""A registry that decides about registrations, renewals and restores by hand: its message or a look ends what waits.

Everything is the product's own.
"""

from collections.abc import Callable

import pytest

from adapters.sandbox.epp.seed import AUTH_CODE, SECOND
from tests.integration.runner.registry_desk import DAY, RENEWED, DecidingRegistry, deciding
from tests.integration.runner.registry_desk import NAME as PENDING
from tests.integration.store.estate import REGISTRAR

__all__ = ["deciding"]


def test_a_registration_that_is_refused_ends_when_the_message_comes(deciding: DecidingRegistry) -> None:
    deciding.desk.order(domain=PENDING)
    deciding.desk.work()
    assert deciding.operation() == ("waiting", "")
    deciding.decide(approved=False)
    assert deciding.poll() is not None
    deciding.desk.work()
    assert deciding.operation() == ("failed", "registration_refused")
    assert deciding.desk.service()["status"] == "failed"


def test_a_registration_that_is_approved_goes_on_when_the_message_comes(deciding: DecidingRegistry) -> None:
    deciding.desk.order(domain=PENDING)
    deciding.desk.work()
    deciding.decide(approved=True)
    assert deciding.poll() is not None
    deciding.desk.work()
    assert deciding.operation() == ("succeeded", "")
    assert len(deciding.simulator.ledger.effects(operation="domain:create")) == 1


@pytest.fixture
def renewing(deciding: DecidingRegistry) -> DecidingRegistry:
    """With a renewal that the registry has taken in (1001)."""
    deciding.desk.order()
    deciding.desk.work()
    deciding.simulator.simulator.adjust({"settings": {"renewals_at_once": False}})
    deciding.desk.say("renew", years=1)
    deciding.desk.work()
    assert deciding.operation("domain.renew") == ("waiting", "")
    return deciding


@pytest.mark.parametrize(
    ("approved", "ended"), [(True, ("succeeded", "")), (False, ("failed", "renewal_refused"))], ids=["yes", "no"]
)
def test_a_renewal_ends_as_the_registry_decides_when_the_message_comes(
    renewing: DecidingRegistry, *, approved: bool, ended: tuple[str, str]
) -> None:
    renewing.decide_renewal(approved=approved)
    assert renewing.poll() is not None
    renewing.desk.work()
    assert renewing.operation("domain.renew") == ended
    assert len(renewing.simulator.ledger.effects(operation="domain:renew")) == 1


def test_a_refused_renewal_is_told_in_the_words_of_the_registry(renewing: DecidingRegistry) -> None:
    renewing.decide_renewal(approved=False)
    renewing.poll()
    renewing.desk.work()
    error = renewing.desk.stage.row("operations", workflow="domain.renew")["error"]
    assert error["message"] == f"the registry has refused the renewal of {RENEWED}: Renewal refused."


# -- restores: the request and the report are each answered with 1001, and decided later

Told = Callable[[DecidingRegistry], None]


@pytest.fixture
def restoring(deciding: DecidingRegistry) -> DecidingRegistry:
    """With a restore whose request the registry has taken in (1001)."""
    deciding.desk.order()
    deciding.desk.work()
    deciding.simulator.simulator.adjust({"settings": {"restores_at_once": False}, "advance_seconds": 6 * DAY})
    deciding.desk.say("delete", reason="No longer wanted.")
    deciding.desk.work()
    deciding.desk.say("restore", reason="A mistake of the owner.")
    deciding.desk.work()
    assert deciding.operation("domain.restore") == ("waiting", "")
    assert (deciding.count("domain:restore"), deciding.count("domain:restore-report")) == (1, 0)
    return deciding


@pytest.fixture(params=[DecidingRegistry.hear, DecidingRegistry.look], ids=["by message", "by look"])
def told(request: pytest.FixtureRequest) -> Told:
    """How the decision comes to be known."""
    way: Told = request.param
    return way


def test_a_restore_goes_on_to_its_report_and_its_end_as_the_registry_decides(
    restoring: DecidingRegistry, told: Told
) -> None:
    restoring.decide_restore(approved=True)
    told(restoring)
    assert restoring.operation("domain.restore") == ("waiting", "")
    assert restoring.desk.service()["status"] == "cancelling"
    restoring.decide_restore(approved=True)
    told(restoring)
    assert restoring.operation("domain.restore") == ("succeeded", "")
    assert restoring.desk.service()["status"] == "active"
    assert (restoring.count("domain:restore"), restoring.count("domain:restore-report")) == (1, 1)


def test_a_restore_at_a_registry_without_reports_ends_with_the_first_decision(
    restoring: DecidingRegistry, told: Told
) -> None:
    restoring.simulator.simulator.adjust({"settings": {"restore_report": False}})
    restoring.decide_restore(approved=True)
    told(restoring)
    assert restoring.operation("domain.restore") == ("succeeded", "")
    assert (restoring.count("domain:restore"), restoring.count("domain:restore-report")) == (1, 0)


def test_a_restore_whose_request_is_refused_fails_and_can_be_asked_for_again(
    restoring: DecidingRegistry, told: Told
) -> None:
    restoring.look()
    restoring.decide_restore(approved=False)
    told(restoring)
    assert restoring.operation("domain.restore") == ("failed", "restore_refused")
    assert restoring.desk.service()["status"] == "cancelling"
    receipt = restoring.desk.say("restore", reason="A mistake of the owner.")
    assert receipt.outcome == "accepted"


def test_a_restore_whose_report_is_refused_is_an_operator_s(restoring: DecidingRegistry) -> None:
    restoring.decide_restore(approved=True)
    restoring.hear()
    restoring.decide_restore(approved=False)
    restoring.hear()
    held = restoring.desk.stage.row("operations", workflow="domain.restore")
    assert (held["state"], held["attention"]) == ("held", "money_spent")
    assert "the registry has refused the restore" in held["reason"]


def test_a_restore_waits_weeks_for_the_decision_about_its_report(restoring: DecidingRegistry) -> None:
    restoring.desk.stage.let_pass(20 * DAY)
    restoring.decide_restore(approved=True)
    restoring.hear()
    restoring.desk.stage.let_pass(20 * DAY)
    restoring.desk.work()
    assert restoring.operation("domain.restore") == ("waiting", "")


# -- transfers: the losing registrar or the registry ends what was asked for


def test_a_transfer_that_is_cancelled_at_the_registry_ends_when_the_message_comes(deciding: DecidingRegistry) -> None:
    deciding.simulator.simulator.adjust({"domains": [{"prefix": "name1", "zone": "com"}]})
    deciding.desk.order(change="transfer", auth_code=deciding.desk.shop.sealed(AUTH_CODE))
    deciding.desk.work()
    assert deciding.operation("domain.transfer") == ("waiting", "")
    deciding.simulator.simulator.adjust({"transfers": [{"domain": RENEWED, "approved": False}]})
    deciding.hear()
    assert deciding.operation("domain.transfer") == ("failed", "transfer_cancelled")
    told = deciding.desk.service()["data"]["transfer_cancelled"]
    assert told["operation"] == deciding.desk.stage.row("operations", workflow="domain.transfer")["id"]


@pytest.mark.parametrize("keeps", [True, False], ids=["shown", "not shown"])
def test_a_transfer_ends_when_its_service_is_cancelled_whether_or_not_the_registry_still_shows_it(
    deciding: DecidingRegistry, *, keeps: bool
) -> None:
    settings = {"keeps_withdrawn": keeps}
    deciding.simulator.simulator.adjust({"settings": settings, "domains": [{"prefix": "name1", "zone": "com"}]})
    deciding.desk.order(change="transfer", auth_code=deciding.desk.shop.sealed(AUTH_CODE))
    deciding.desk.work()
    deciding.desk.shop.cancel("domain-1")
    deciding.desk.work()
    assert deciding.count("domain:transfer-cancel") == 1
    assert deciding.operation("domain.transfer") == ("failed", "transfer_cancelled")
    assert (deciding.operation("domain.cancel"), deciding.desk.service()["status"]) == (("succeeded", ""), "cancelled")


def test_a_domain_that_the_registry_is_at_work_on_is_no_fault_of_the_account(deciding: DecidingRegistry) -> None:
    deciding.desk.order()
    deciding.desk.work()
    asked = {"domain": RENEWED, "registrar": SECOND}
    deciding.simulator.simulator.adjust({"transfer_requests": [asked]})
    deciding.desk.say("renew", years=1)
    deciding.desk.work()
    waiting = deciding.desk.stage.row("operations", workflow="domain.renew")
    assert (waiting["state"], "is pendingTransfer" in waiting["reason"]) == ("waiting", True)
    assert deciding.desk.stage.row("vendor_accounts", name=REGISTRAR)["failures"] == 0
