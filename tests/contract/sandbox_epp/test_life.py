"""Renewing, deleting, restoring, and what the clock brings."""

import pytest

from adapters.sandbox.epp import RunningRegistry
from tests.contract.sandbox_epp import frames, wire

DAY = 86400
YEAR = 366 * DAY


def expiry(client: wire.Client, name: str = "ours.test") -> str:
    return client.ask(frames.info(name)).text("domain:exDate")[:10]


def graces(client: wire.Client, name: str = "ours.test") -> list[str]:
    return client.ask(frames.info(name)).attributes("rgp:rgpStatus", "s")


def test_a_renewal_moves_the_date_by_its_years(registered: wire.Client) -> None:
    before = expiry(registered)
    answer = registered.ask(frames.renew("ours.test", before, "3"))
    assert int(answer.text("domain:exDate")[:4]) == int(before[:4]) + 3


def test_a_renewal_beyond_ten_years_is_refused(registered: wire.Client) -> None:
    assert registered.code(frames.renew("ours.test", expiry(registered), "10")) == 2306
    assert registered.code(frames.renew("ours.test", expiry(registered), "9")) == 1000


def test_a_domain_locked_against_renewal_is_not_renewed(registered: wire.Client) -> None:
    registered.code(frames.update("ours.test", frames.add(frames.status("clientRenewProhibited"))))
    assert registered.code(frames.renew("ours.test", expiry(registered))) == 2304


def test_a_domain_that_is_deleted_soon_is_gone_and_paid_back(
    registered: wire.Client, simulator: RunningRegistry
) -> None:
    balance = simulator.simulator.registry.registrar("registrar-a").balance
    assert registered.code(frames.delete("ours.test")) == 1000
    assert registered.code(frames.info("ours.test")) == 2303
    assert simulator.simulator.registry.registrar("registrar-a").balance == balance + 10


def test_a_second_deletion_meets_the_first(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 6 * DAY})
    assert [registered.code(frames.delete("ours.test")) for _ in range(2)] == [1001, 2304]


def test_a_domain_with_hosts_in_it_cannot_be_deleted(registered: wire.Client) -> None:
    registered.code(frames.of_host("create", "ns1.ours.test", "<host:addr>192.0.2.1</host:addr>"))
    assert registered.code(frames.delete("ours.test")) == 2305


def test_a_domain_that_is_not_restored_is_purged(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 6 * DAY})
    registered.code(frames.delete("ours.test"))
    adjust({"advance_seconds": 30 * DAY})
    assert graces(registered) == ["pendingDelete"]
    assert registered.code(frames.update("ours.test", ""), frames.restore()) == 2304
    adjust({"advance_seconds": 5 * DAY})
    assert registered.code(frames.info("ours.test")) == 2303
    told = registered.ask(frames.POLL)
    assert (told.text("changePoll:operation"), told.text("domain:name")) == ("autoPurge", "ours.test")


def test_a_restore_without_its_report_falls_back(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 6 * DAY})
    registered.code(frames.delete("ours.test"))
    registered.code(frames.update("ours.test", ""), frames.restore())
    adjust({"advance_seconds": 7 * DAY})
    assert graces(registered) == ["redemptionPeriod"]
    assert registered.code(frames.update("ours.test", ""), frames.restore("report", frames.REPORT)) == 2304


def test_a_registry_may_want_no_report(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"restore_report": False}, "advance_seconds": 6 * DAY})
    registered.code(frames.delete("ours.test"))
    assert registered.code(frames.update("ours.test", ""), frames.restore()) == 1000
    assert registered.ask(frames.info("ours.test")).attributes("domain:status", "s") == ["inactive"]


@pytest.fixture
def deciding(registered: wire.Client, adjust: wire.Adjust) -> wire.Client:
    """With ours.test in redemption, at a registry that decides about restores by hand."""
    adjust({"settings": {"restores_at_once": False}, "advance_seconds": 6 * DAY})
    assert registered.code(frames.delete("ours.test")) == 1001
    return registered


def statuses(client: wire.Client) -> list[str]:
    return client.ask(frames.info("ours.test")).attributes("domain:status", "s")


def decide(adjust: wire.Adjust, *, approved: bool) -> None:
    adjust({"restores": [{"domain": "ours.test", "approved": approved}]})


def test_the_request_of_a_restore_may_wait_for_a_decision(deciding: wire.Client, adjust: wire.Adjust) -> None:
    request = frames.update("ours.test", ""), frames.restore()
    assert (deciding.code(*request), deciding.code(*request)) == (1001, 2304)
    assert (statuses(deciding), graces(deciding)) == (["pendingDelete", "pendingUpdate"], ["redemptionPeriod"])
    adjust({"advance_seconds": 60 * DAY})
    decide(adjust, approved=True)
    assert deciding.ask(frames.POLL).attribute("domain:name", "paResult") == "1"
    assert (statuses(deciding), graces(deciding)) == (["pendingDelete"], ["pendingRestore"])


def test_the_report_of_a_restore_may_wait_for_a_decision(deciding: wire.Client, adjust: wire.Adjust) -> None:
    deciding.code(frames.update("ours.test", ""), frames.restore())
    decide(adjust, approved=True)
    report = frames.update("ours.test", ""), frames.restore("report", frames.REPORT)
    assert (deciding.code(*report), deciding.code(*report)) == (1001, 2304)
    assert (statuses(deciding), graces(deciding)) == (["pendingDelete", "pendingUpdate"], ["pendingRestore"])
    decide(adjust, approved=True)
    assert statuses(deciding) == ["inactive"]


def test_a_restore_that_is_refused_is_paid_back(
    deciding: wire.Client, adjust: wire.Adjust, simulator: RunningRegistry
) -> None:
    before = simulator.simulator.registry.registrar("registrar-a").balance
    deciding.code(frames.update("ours.test", ""), frames.restore())
    decide(adjust, approved=False)
    assert deciding.ask(frames.POLL).attribute("domain:name", "paResult") == "0"
    assert (statuses(deciding), graces(deciding)) == (["pendingDelete"], ["redemptionPeriod"])
    assert simulator.simulator.registry.registrar("registrar-a").balance == before


@pytest.mark.parametrize("op", ["request", "report"])
def test_a_domain_that_was_not_deleted_cannot_be_restored(op: str, registered: wire.Client) -> None:
    report = frames.REPORT if op == "report" else ""
    assert registered.code(frames.update("ours.test", ""), frames.restore(op, report)) == 2304


def test_a_report_without_a_report_is_incomplete(registered: wire.Client) -> None:
    assert registered.code(frames.update("ours.test", ""), frames.restore("report")) == 2003


def test_a_domain_that_expires_is_renewed_by_the_registry(registered: wire.Client, adjust: wire.Adjust) -> None:
    before = expiry(registered)
    adjust({"advance_seconds": YEAR})
    told = registered.ask(frames.POLL)
    assert told.text("domain:exDate")[:4] == str(int(before[:4]) + 1)
    assert (expiry(registered)[:4], graces(registered)) == (str(int(before[:4]) + 1), ["autoRenewPeriod"])


def test_a_deletion_after_an_auto_renewal_is_paid_back(
    registered: wire.Client, adjust: wire.Adjust, simulator: RunningRegistry
) -> None:
    balance = simulator.simulator.registry.registrar("registrar-a").balance
    adjust({"advance_seconds": YEAR})
    assert registered.code(frames.delete("ours.test")) == 1001
    assert simulator.simulator.registry.registrar("registrar-a").balance == balance


def test_a_registry_may_let_domains_expire(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"auto_renew": False}, "advance_seconds": YEAR})
    assert graces(registered) == ["redemptionPeriod"]


def test_years_pass_one_after_the_other(registered: wire.Client, adjust: wire.Adjust) -> None:
    before = expiry(registered)
    adjust({"advance_seconds": 3 * YEAR})
    assert int(expiry(registered)[:4]) == int(before[:4]) + 3
    assert registered.ask(frames.POLL).attribute("epp:msgQ", "count") == "3"


def test_a_restored_domain_does_not_come_back_expired(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"redemption_days": 500}, "advance_seconds": 6 * DAY})
    registered.code(frames.delete("ours.test"))
    before = expiry(registered)
    adjust({"advance_seconds": YEAR})
    registered.code(frames.update("ours.test", ""), frames.restore())
    registered.code(frames.update("ours.test", ""), frames.restore("report", frames.REPORT))
    assert int(expiry(registered)[:4]) == int(before[:4]) + 1
