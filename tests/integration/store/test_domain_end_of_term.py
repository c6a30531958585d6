"""A domain that is cancelled for the end of its term, on each database: no year is bought that nobody will have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.orders.statuses import OperationState
from tests.integration.store.registrars import NAME, DomainStage, desk

__all__ = ["desk"]

DAY = 86_400.0
DUE = 340
"""By this day of a year the renewal is due (see `test_a_domain_is_renewed_before_its_term_ends`)."""


@pytest.fixture
def sold(desk: DomainStage) -> DomainStage:
    """With name1.com active for a year, and automatic renewal on."""
    desk.registry.add_grace = False
    assert desk.order().outcome == "accepted"
    desk.work()
    return desk


def expiry(at: DomainStage) -> datetime:
    return at.registry.domains[NAME].expires.astimezone(UTC)


def pass_days(at: DomainStage, days: float) -> None:
    """Time passes here and at the registry; what is planned by then is done."""
    at.stage.let_pass(days * DAY)
    at.registry.clock.advance(days * DAY)
    at.stage.store.upkeep.start_due()
    at.work()


def renewals(at: DomainStage) -> int:
    return at.registry.count("domain:renew")


def waiting(at: DomainStage) -> dict[str, Any]:
    return at.stage.row("operations", workflow="service.at-end-of-term")


def test_a_domain_is_renewed_before_its_term_ends(sold: DomainStage) -> None:
    pass_days(sold, DUE)
    assert renewals(sold) == 1


@pytest.mark.parametrize("before", [timedelta(), timedelta(days=20), timedelta(hours=-36)])
def test_one_that_is_cancelled_for_the_end_of_its_term_is_not_renewed_but_deleted_then(
    sold: DomainStage, before: timedelta
) -> None:
    end = expiry(sold) - before
    assert sold.shop.cancel("domain-1", at=end).outcome == "accepted"
    for _ in range(3):
        pass_days(sold, (DUE - 0.5) / 3)
    assert sold.service()["upkeep_at"] is not None
    assert (renewals(sold), sold.service()["intended_status"]) == (0, "active")
    pass_days(sold, (end - sold.stage.now()).total_seconds() / DAY + 0.1)
    assert (renewals(sold), sold.registry.count("domain:delete")) == (0, 1)
    assert sold.service()["status"] == "cancelling"


def test_one_whose_end_is_after_the_next_term_has_begun_is_renewed(sold: DomainStage) -> None:
    sold.shop.cancel("domain-1", at=expiry(sold) + timedelta(days=60))
    pass_days(sold, DUE)
    assert renewals(sold) == 1


def test_another_end_that_is_later_has_it_renewed_after_all(sold: DomainStage) -> None:
    sold.shop.cancel("domain-1", at=expiry(sold))
    pass_days(sold, DUE)
    sold.shop.cancel("domain-1", at=expiry(sold) + timedelta(days=60))
    pass_days(sold, 1.1)
    assert renewals(sold) == 1


def test_a_renewal_that_its_owner_asks_for_is_made_all_the_same(sold: DomainStage) -> None:
    sold.shop.cancel("domain-1", at=expiry(sold))
    assert sold.say("renew", years=1).outcome == "accepted"
    sold.work()
    assert (renewals(sold), waiting(sold)["state"]) == (1, OperationState.WAITING.value)
