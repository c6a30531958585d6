from datetime import UTC, datetime

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.registrar import Price
from tests.support.engine.domains import NAME, DomainWorld
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import FINE, Answer, lost

IN_A_YEAR = "2027-01-01"


@pytest.fixture(autouse=True)
def _registered(domain: DomainWorld) -> None:
    domain.have_registered()


def test_a_renewal_moves_the_expiry_by_the_years_asked_for(domain: DomainWorld) -> None:
    domain.do("domain.renew", years=2)
    assert domain.service.data["expires_at"] == "2029-01-01T00:00:00.0Z"
    assert domain.service.data["paid_until"] == "2029-01-01T00:00:00.0Z"


def test_a_renewal_leaves_the_service_in_its_status(domain: DomainWorld) -> None:
    domain.do("domain.suspend")
    domain.do("domain.renew", years=1)
    assert (domain.service.status, domain.service.suspended_by) == (ServiceStatus.SUSPENDED, "system")


def test_the_same_command_again_with_the_old_expiry_is_refused(domain: DomainWorld) -> None:
    domain.do("domain.renew", years=1, current_expiry=IN_A_YEAR)
    domain.do("domain.renew", years=1, current_expiry=IN_A_YEAR)
    assert (domain.state("op-2"), domain.error_code("op-2")) == (OperationState.FAILED, "expiry_unexpected")
    assert domain.registry.count("domain:renew") == 1


def test_nothing_is_renewed_when_the_registry_does_not_say_until_when_it_is_paid(domain: DomainWorld) -> None:
    domain.registry.hides_expiry = True
    domain.do("domain.renew", years=1)
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "expiry_unknown")
    assert domain.registry.count("domain:renew") == 0


@pytest.mark.parametrize("took_effect", [True, False])
def test_without_an_answer_the_expiry_tells_whether_it_was_renewed(domain: DomainWorld, *, took_effect: bool) -> None:
    domain.registry.will("renew", lost(took_effect=took_effect))
    domain.do("domain.renew", years=1)
    assert (domain.state(), domain.registry.count("domain:renew")) == (OperationState.SUCCEEDED, 1)


def test_a_registry_that_renews_twice_is_found_out(domain: DomainWorld) -> None:
    def once_more() -> None:
        domain.registry.domains[NAME].expires = datetime(2029, 1, 1, tzinfo=UTC)

    domain.registry.will("look", FINE, Answer().while_(once_more))
    domain.do("domain.renew", years=1)
    assert (domain.state(), domain.standing().attention) == (OperationState.HELD, "money_spent")
    assert "the registry shows 2029-01-01" in domain.standing().reason


def test_a_renewal_that_the_registry_does_not_show_yet_is_waited_for(domain: DomainWorld) -> None:
    def not_yet() -> None:
        domain.registry.domains[NAME].expires = datetime(2027, 1, 1, tzinfo=UTC)

    domain.registry.will("look", FINE, Answer().while_(not_yet))
    domain.ask("domain.renew", years=1)
    domain.run_one()
    assert domain.state() is OperationState.WAITING
    domain.registry.domains[NAME].expires = datetime(2028, 1, 1, tzinfo=UTC)
    domain.run_all()
    assert (domain.state(), domain.registry.count("domain:renew")) == (OperationState.SUCCEEDED, 1)


def test_more_than_ten_years_ahead_are_refused_before_it_costs_anything(domain: DomainWorld) -> None:
    domain.do("domain.renew", years=10)
    assert (domain.error_code(), domain.error_fields()) == ("too_many_years", ("/years",))
    assert domain.registry.effects == []


def test_a_price_over_the_cap_is_refused(domain: DomainWorld) -> None:
    domain.registry.prices["renew"] = Price("30.00", "EUR")
    domain.do("domain.renew", years=1, max_price={"amount": "12.00", "currency": "EUR"})
    assert (domain.error_code(), domain.registry.effects) == ("price_too_high", [])


def test_a_price_that_rises_after_the_quote_is_not_paid(domain: DomainWorld) -> None:
    domain.registry.prices["renew"] = Price("10.00", "EUR")

    def rise() -> None:
        domain.registry.prices["renew"] = Price("11.00", "EUR")

    domain.registry.will("renew", Answer().while_(rise))
    domain.do("domain.renew", years=1)
    assert (domain.error_code(), domain.registry.count("domain:renew")) == ("price_too_high", 0)


def test_a_premium_name_renews_within_what_its_order_allowed(domain: DomainWorld) -> None:
    domain.registry.premium = True
    domain.registry.prices["renew"] = Price("300.00", "EUR")
    domain.order(max_price={"amount": "500.00", "currency": "EUR"})
    domain.do("domain.renew", years=1)
    assert domain.state() is OperationState.SUCCEEDED


def test_a_domain_in_redemption_is_not_renewed(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].grace = {"redemptionPeriod"}
    domain.do("domain.renew", years=1)
    assert (domain.error_code(), domain.registry.effects) == ("in_redemption", [])


def test_a_domain_that_has_left_is_not_renewed(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].registrar = OTHERS
    domain.do("domain.renew", years=1)
    assert (domain.error_code(), domain.registry.effects) == ("not_ours", [])


def test_what_the_registry_has_renewed_by_itself_is_not_bought_again(domain: DomainWorld) -> None:
    domain.order(auto_renew=False, rules={"registry_auto_renews": True})
    domain.harness.let_pass(370 * 86_400)
    domain.registry.domains[NAME].expires = datetime(2028, 1, 1, tzinfo=UTC)
    domain.do("domain.renew", years=1, current_expiry=IN_A_YEAR)
    assert (domain.state(), domain.registry.count("domain:renew")) == (OperationState.SUCCEEDED, 0)
    assert domain.service.data["paid_until"] == "2028-01-01T00:00:00.0Z"


def test_a_leap_day_renews_to_the_end_of_february(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].expires = datetime(2028, 2, 29, tzinfo=UTC)
    domain.do("domain.renew", years=1)
    assert (domain.state(), domain.service.data["expires_at"]) == (
        OperationState.SUCCEEDED,
        "2029-02-28T00:00:00.0Z",
    )


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_leap_day_that_becomes_the_first_of_march_is_found_after_a_lost_answer(
    domain: DomainWorld, *, took_effect: bool
) -> None:
    domain.registry.reckons_march = True
    domain.registry.domains[NAME].expires = datetime(2028, 2, 29, tzinfo=UTC)
    domain.data["paid_until"] = domain.data["expires_at"] = "2028-02-29T00:00:00.0Z"
    domain.registry.will("renew", lost(took_effect=took_effect))
    domain.do("domain.renew", years=1)
    assert (domain.state(), domain.registry.count("domain:renew")) == (OperationState.SUCCEEDED, 1)
    assert domain.service.data["expires_at"][:10] == "2029-03-01"


def test_a_domain_of_one_year_at_a_time_is_renewed_before_it_expires(domain: DomainWorld) -> None:
    domain.order(rules={"max_years": 1})
    domain.harness.let_pass(340 * 86_400)
    domain.do("domain.renew", years=1)
    assert domain.state() is OperationState.SUCCEEDED
    assert domain.service.data["paid_until"] == "2028-01-01T00:00:00.0Z"


def test_further_ahead_than_the_registry_takes_is_refused_before_it_costs_anything(domain: DomainWorld) -> None:
    domain.order(rules={"max_years": 1, "max_years_ahead": 2})
    domain.do("domain.renew", years=1)
    domain.do("domain.renew", years=1)
    assert (domain.state("op-1"), domain.error_code("op-2")) == (OperationState.SUCCEEDED, "too_many_years")
    assert domain.registry.count("domain:renew") == 1
