"""A domain that a look does not show as ours: one answer may be a mistake, so its service ends by the second one."""

from collections.abc import Callable

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.domains.seen import DELETED, TRANSFERRED_AWAY
from tests.support.engine.domains import DAY, NAME, DomainWorld
from tests.support.engine.registrar import OTHERS, US

HOUR = 3600.0
Trouble = Callable[[DomainWorld], None]


def not_ours(domain: DomainWorld) -> None:
    """2201, or a registrar_id that is not the account's."""
    domain.registry.domains[NAME].registrar = OTHERS


def not_there(domain: DomainWorld) -> None:
    """2303."""
    domain.registry.domains.pop(NAME)


def registered_anew(domain: DomainWorld) -> None:
    domain.registry.have(NAME, roid="ANOTHER-REP")


TROUBLES = [(not_ours, TRANSFERRED_AWAY), (not_there, DELETED), (registered_anew, DELETED)]


@pytest.fixture
def kept(domain: DomainWorld) -> DomainWorld:
    domain.have_registered()
    return domain


def look_after(domain: DomainWorld, hours: float = 0, **told: str) -> None:
    domain.harness.let_pass(hours * HOUR)
    domain.do("domain.upkeep", **told)


def be_back(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].registrar = US


@pytest.mark.parametrize(("trouble", "status"), TROUBLES)
def test_one_answer_ends_no_service_and_it_is_looked_at_again_soon(
    kept: DomainWorld, trouble: Trouble, status: str
) -> None:
    trouble(kept)
    look_after(kept)
    assert (kept.service.status, kept.upkeep_in_days) == (ServiceStatus.ACTIVE, 0.25)
    assert kept.service.data["missed"]["status"] == status
    assert kept.service.data["paid_until"]


@pytest.mark.parametrize(("trouble", "status"), TROUBLES)
def test_the_same_answer_six_hours_later_ends_it_with_a_reason(
    kept: DomainWorld, trouble: Trouble, status: str
) -> None:
    trouble(kept)
    look_after(kept)
    look_after(kept, hours=6)
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.CANCELLED, status)
    assert (NAME in kept.service.data["reason"], kept.upkeep_in_days) == (True, None)


def test_an_answer_that_comes_too_soon_after_the_first_one_decides_nothing(kept: DomainWorld) -> None:
    not_ours(kept)
    look_after(kept)
    look_after(kept, hours=5)
    assert kept.service.status is ServiceStatus.ACTIVE
    assert kept.upkeep_in_days == pytest.approx(1 / 24)


def test_a_domain_that_is_shown_again_is_as_if_nothing_had_been(kept: DomainWorld) -> None:
    not_ours(kept)
    look_after(kept)
    be_back(kept)
    look_after(kept, hours=6)
    assert (kept.service.status, kept.service.data["missed"]) == (ServiceStatus.ACTIVE, None)
    not_ours(kept)
    look_after(kept, hours=24)
    assert kept.service.status is ServiceStatus.ACTIVE


def test_it_is_renewed_in_its_time_after_all(kept: DomainWorld) -> None:
    kept.harness.let_pass(340 * DAY)
    not_ours(kept)
    look_after(kept)
    be_back(kept)
    look_after(kept, hours=6)
    assert kept.registry.count("domain:renew") == 1


def test_a_change_that_shows_it_as_ours_counts_too(kept: DomainWorld) -> None:
    not_ours(kept)
    look_after(kept)
    be_back(kept)
    kept.do("domain.unlock")
    assert (kept.state("op-2"), kept.service.data["missed"]) == (OperationState.SUCCEEDED, None)


def test_another_answer_than_the_first_one_begins_anew(kept: DomainWorld) -> None:
    not_ours(kept)
    look_after(kept)
    not_there(kept)
    look_after(kept, hours=6)
    assert (kept.service.status, kept.service.data["missed"]["status"]) == (ServiceStatus.ACTIVE, DELETED)


@pytest.mark.parametrize(("trouble", "status"), TROUBLES)
def test_what_the_registry_has_told_of_too_ends_it_at_once(kept: DomainWorld, trouble: Trouble, status: str) -> None:
    trouble(kept)
    look_after(kept, told=status)
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.CANCELLED, status)


def test_what_was_told_and_is_not_shown_ends_nothing(kept: DomainWorld) -> None:
    look_after(kept, told=DELETED)
    assert (kept.service.status, kept.upkeep_in_days is not None) == (ServiceStatus.ACTIVE, True)


def test_a_transfer_away_that_we_have_approved_ends_it_at_once(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].statuses = {"pendingTransfer"}
    kept.do("domain.transfer-out", resource="transfer-out:s-1")
    look_after(kept)
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.CANCELLED, "transferred_away")


def test_an_approval_that_the_registry_is_slow_to_follow_is_remembered(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].statuses = {"pendingTransfer"}
    kept.do("domain.transfer-out", resource="transfer-out:s-1")
    be_back(kept)
    kept.registry.domains[NAME].statuses = {"pendingTransfer"}
    look_after(kept)
    not_ours(kept)
    look_after(kept, hours=6)
    assert kept.service.status is ServiceStatus.CANCELLED


def test_one_answer_ends_no_domain_in_redemption_either(kept: DomainWorld) -> None:
    kept.registry.add_grace = False
    kept.do("domain.delete", reason="not wanted")
    there = kept.registry.domains.pop(NAME)
    look_after(kept)
    assert kept.service.status is ServiceStatus.CANCELLING
    kept.registry.domains[NAME] = there
    kept.do("domain.restore", reason="a mistake")
    assert (kept.service.status, kept.service.data["missed"]) == (ServiceStatus.ACTIVE, None)
