"""What has gone wrong with domains elsewhere, each once, by its name. Tests beside this one have the details."""

from datetime import UTC, datetime

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Misconfigured, Rejected
from provisioner.ports.registrar import Price
from tests.support.engine.domains import DAY, NAME, OWN_CODE, DomainWorld
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import Answer, lost

MANGLED_ELSEWHERE = "Zq7!a&b<c>$d+e/f=g 'h'"


@pytest.mark.parametrize("took_effect", [True, False])
def test_failure_1_a_timeout_is_not_followed_by_a_second_purchase(domain: DomainWorld, *, took_effect: bool) -> None:
    domain.registry.will("register", lost(took_effect=took_effect))
    domain.do("domain.register")
    domain.registry.will("renew", lost(took_effect=took_effect))
    domain.do("domain.renew", years=1)
    effects = domain.registry
    assert (effects.count("domain:create"), effects.count("domain:renew")) == (1, 1)


def test_failure_2_a_renewal_that_did_not_happen_is_no_success(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.registry.will("renew", Answer(takes_effect=False, returns=None))
    domain.ask("domain.renew", years=1)
    domain.run_within(3600)
    assert domain.state() is OperationState.WAITING
    assert domain.standing().reason == f"the registry does not show the renewal of {NAME} yet"
    domain.run_within(DAY)
    assert (domain.state(), domain.standing().attention) == (OperationState.HELD, "money_spent")


def test_failure_2_one_renewal_is_not_made_twice(domain: DomainWorld) -> None:
    domain.have_registered()
    for _ in range(3):
        domain.do("domain.renew", years=1, current_expiry="2027-01-01")
    assert domain.registry.count("domain:renew") == 1


def test_failure_3_a_transfer_that_ends_without_a_message_is_noticed(domain: DomainWorld) -> None:
    domain.registry.have(NAME, registrar=OTHERS, auth_code="their-code")
    domain.ask("domain.transfer", secret="their-code")
    domain.run_within(3 * DAY)
    domain.registry.approve(NAME)
    domain.run_within(DAY)
    assert domain.state() is OperationState.SUCCEEDED


def test_failure_4_a_domain_that_has_left_is_told_from_one_that_was_deleted(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.registry.domains[NAME].registrar = OTHERS
    domain.do("domain.upkeep")
    domain.harness.let_pass(DAY / 4)
    domain.do("domain.upkeep")
    assert (domain.service.status, domain.service.data["domain_status"]) == (
        ServiceStatus.CANCELLED,
        "transferred_away",
    )


def test_failure_4_an_expired_domain_is_not_taken_for_a_cancelled_one(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.order(auto_renew=False)
    domain.harness.let_pass(366 * DAY)
    domain.do("domain.upkeep")
    assert (domain.service.status, domain.service.data["domain_status"]) == (ServiceStatus.ACTIVE, "expired_grace")


def test_failure_5_the_registrys_expiry_is_kept_verbatim_and_reckoned_in_utc(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.registry.domains[NAME].expires = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
    domain.do("domain.renew", years=1, current_expiry="2027-01-01")
    assert domain.service.data["expires_at"] == "2028-01-01T23:59:59.0Z"


def test_failure_6_a_contact_that_is_refused_names_its_field_before_anything_is_bought(domain: DomainWorld) -> None:
    refusal = Rejected("contact_invalid", "the phone is not valid", fields=("/phone",))
    domain.registry.will("ensure_contact", Answer(takes_effect=False, raises=refusal))
    domain.do("domain.register")
    assert (domain.error_code(), domain.error_fields()) == ("contact_invalid", ("/contacts/registrant/phone",))
    assert domain.registry.effects == []


def test_failure_7_a_missing_host_is_made_before_it_is_named(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.do("domain.set-nameservers", nameservers=[{"name": "new.host.example"}])
    assert domain.registry.domains[NAME].hosts == ("new.host.example",)


def test_failure_8_a_code_with_every_character_arrives_as_it_was_given(domain: DomainWorld) -> None:
    domain.registry.have(NAME, registrar=OTHERS, auth_code=MANGLED_ELSEWHERE)
    domain.ask("domain.transfer", secret=MANGLED_ELSEWHERE)
    domain.run_one()
    assert domain.registry.transfers[NAME] == "pending"


def test_failure_9_a_premium_name_is_not_bought_at_a_price_that_nobody_agreed_to(domain: DomainWorld) -> None:
    domain.registry.premium = True
    domain.registry.prices["create"] = Price("5000.00", "EUR")
    domain.do("domain.register")
    assert (domain.error_code(), domain.registry.effects) == ("premium_price", [])


def test_failure_10_an_empty_balance_parks_the_account_and_fails_no_order(domain: DomainWorld) -> None:
    empty = Answer(takes_effect=False, raises=Misconfigured("balance", "the registrar account has no money left"))
    domain.registry.will("register", empty)
    domain.do("domain.register")
    assert (domain.state(), domain.standing().attention) == (OperationState.WAITING, "account_misconfigured")
    domain.harness.resume_account("panel-1")
    domain.run_all()
    assert (domain.state(), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


def test_failure_12_a_domain_that_is_ordered_twice_is_bought_once(domain: DomainWorld) -> None:
    domain.ask("domain.register")
    domain.ask("domain.register", resource="service:s-2")
    domain.run_all()
    assert domain.registry.count("domain:create") == 1
    assert domain.registry.domains[NAME].auth_code == OWN_CODE


def test_failure_12_a_second_deletion_is_no_failure(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.do("domain.delete")
    domain.do("domain.delete")
    assert (domain.state("op-2"), domain.service.status) == (OperationState.SUCCEEDED, ServiceStatus.CANCELLED)


def test_failure_12_not_found_is_a_normal_answer(domain: DomainWorld) -> None:
    domain.have_registered()
    del domain.registry.domains[NAME]
    domain.do("domain.delete")
    assert domain.state() is OperationState.SUCCEEDED
