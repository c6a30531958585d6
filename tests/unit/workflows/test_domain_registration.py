from dataclasses import replace

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Price
from provisioner.workflows.domains.contacts import handle_of
from tests.support.engine.domains import NAME, OWN_CODE, DomainWorld, contact
from tests.support.engine.registrar import OTHERS, Domain
from tests.support.engine.vendor import FINE, Answer, lost, refused

EUR_12 = {"amount": "12.00", "currency": "EUR"}


def test_a_registered_domain_is_as_it_was_ordered(domain: DomainWorld) -> None:
    domain.do("domain.register")
    made = domain.registry.domains[NAME]
    assert (made.registrant, made.auth_code) == (handle_of("ada"), OWN_CODE)
    assert made.contacts == {"admin": handle_of("ada"), "tech": handle_of("tech")}
    assert made.hosts == ("ns1.host.example", "ns2.host.example")
    assert made.statuses == {"clientTransferProhibited"}


def test_the_service_is_active_and_knows_the_registrys_dates_verbatim(domain: DomainWorld) -> None:
    domain.do("domain.register")
    service = domain.service
    assert (service.status, service.ref, service.data["expires_at"]) == (
        ServiceStatus.ACTIVE,
        NAME,
        "2027-01-01T00:00:00.0Z",
    )
    assert (service.data["roid"], service.data["domain_status"]) == ("example.test-REP", "active")
    assert (service.data["locked"], service.data["auto_renew"]) == (True, True)


def test_the_next_upkeep_is_planned(domain: DomainWorld) -> None:
    domain.do("domain.register")
    assert domain.upkeep_in_days is not None
    assert 26 < domain.upkeep_in_days <= 30


def test_each_distinct_contact_is_made_once(domain: DomainWorld) -> None:
    domain.do("domain.register")
    assert domain.registry.count("contact:create") == 2


def test_a_contact_that_is_at_the_registry_is_used_again(domain: DomainWorld) -> None:
    domain.do("domain.register")
    domain.order(domain="other.test", contacts={"registrant": contact()})
    domain.do("domain.register", resource="service:s-2")
    assert domain.registry.count("contact:create") == 2


def test_a_registry_that_keeps_no_contacts_is_told_of_none(domain: DomainWorld) -> None:
    domain.order(rules={"data_model": "thin"})
    domain.do("domain.register")
    made = domain.registry.domains[NAME]
    assert (domain.state(), made.registrant, made.contacts) == (OperationState.SUCCEEDED, "", {})
    assert domain.registry.count("contact:create") == 0


def test_a_handle_is_one_that_every_registry_takes() -> None:
    assert (len(handle_of("ada")), handle_of("ada").isalnum(), handle_of("ada")) == (16, True, handle_of("ada"))
    assert handle_of("ada") != handle_of("Ada")


def test_a_contact_without_its_data_is_only_referred_to(domain: DomainWorld) -> None:
    domain.order(contacts={"registrant": "ada"})
    domain.do("domain.register")
    assert domain.registry.contacts == {}
    assert domain.registry.domains[NAME].registrant == handle_of("ada")


def test_a_domain_that_is_not_to_be_locked_is_not(domain: DomainWorld) -> None:
    domain.order(lock=False)
    domain.do("domain.register")
    assert domain.registry.domains[NAME].statuses == set()


# -- name servers


def test_name_servers_within_the_domain_are_made_after_it(domain: DomainWorld) -> None:
    inside = {"name": f"ns1.{NAME}", "addresses": ["192.0.2.1"]}
    domain.order(nameservers=[inside, {"name": "ns2.host.example"}])
    domain.do("domain.register")
    assert domain.registry.domains[NAME].hosts == (f"ns1.{NAME}", "ns2.host.example")
    effects = domain.registry.effects
    assert effects.index(f"domain:create {NAME}") < effects.index(f"host:create ns1.{NAME}")
    assert effects.index("host:create ns2.host.example") < effects.index(f"domain:create {NAME}")


def test_where_name_servers_are_attributes_they_are_registered_with_the_domain(domain: DomainWorld) -> None:
    inside = {"name": f"ns1.{NAME}", "addresses": ["192.0.2.1"]}
    domain.order(nameservers=[inside], rules={"host_model": "attributes"})
    domain.registry.hosts = {f"ns1.{NAME}"}
    domain.do("domain.register")
    assert domain.registry.domains[NAME].hosts == (f"ns1.{NAME}",)
    assert domain.registry.count("domain:update") == 1  # the lock


# -- what is not bought


def test_a_name_that_is_taken_is_refused_before_anything_is_made(domain: DomainWorld) -> None:
    domain.registry.have(NAME, registrar=OTHERS)
    domain.do("domain.register")
    assert (domain.state(), domain.error_code(), domain.error_fields()) == (
        OperationState.FAILED,
        "domain_taken",
        ("/domain",),
    )
    assert (domain.registry.effects, domain.service.status) == ([], ServiceStatus.FAILED)


def test_a_price_over_the_cap_is_refused_naming_both(domain: DomainWorld) -> None:
    domain.order(max_price=EUR_12)
    domain.registry.prices["create"] = Price("500.00", "EUR")
    domain.do("domain.register")
    error = domain.standing().error
    assert error is not None
    assert (error.code, error.message) == ("price_too_high", "it costs 500.00 EUR, more than the 12.00 EUR allowed")
    assert domain.registry.count("domain:create") == 0


def test_a_price_in_another_currency_is_not_within_the_cap(domain: DomainWorld) -> None:
    domain.order(max_price=EUR_12)
    domain.registry.prices["create"] = Price("1.00", "USD")
    domain.do("domain.register")
    assert domain.error_code() == "price_too_high"


def test_a_premium_name_is_not_bought_without_a_cap(domain: DomainWorld) -> None:
    domain.registry.premium = True
    domain.registry.prices["create"] = Price("500.00", "EUR")
    domain.do("domain.register")
    assert (domain.error_code(), domain.error_fields()) == ("premium_price", ("/max_price",))


def test_a_price_that_rises_after_the_quote_is_not_paid(domain: DomainWorld) -> None:
    domain.registry.prices["create"] = Price("10.00", "EUR")

    def rise() -> None:
        domain.registry.prices["create"] = Price("11.00", "EUR")

    domain.registry.will("register", Answer().while_(rise))
    domain.do("domain.register")
    assert (domain.error_code(), domain.registry.count("domain:create")) == ("price_too_high", 0)


# -- what is wrong with it is named where it was ordered


def test_a_field_of_a_contact_is_named_with_its_role(domain: DomainWorld) -> None:
    domain.registry.will("ensure_contact", FINE, refused("contact_invalid", fields=("/phone", "/street/0")))
    domain.do("domain.register")
    assert domain.error_fields() == ("/contacts/tech/phone", "/contacts/tech/street/0")


def test_a_field_of_a_name_server_is_named_with_its_place(domain: DomainWorld) -> None:
    domain.registry.will("ensure_host", FINE, refused("host_refused", fields=("/addresses/0",)))
    domain.do("domain.register")
    assert domain.error_fields() == ("/nameservers/1/addresses/0",)


# -- what becomes of it


def test_a_registry_that_decides_later_is_waited_for_with_its_reason(domain: DomainWorld) -> None:
    domain.registry.decides_later = True
    domain.ask("domain.register")
    domain.run_one()
    assert (domain.state(), domain.standing().reason) == (
        OperationState.WAITING,
        f"the registry decides about {NAME}",
    )
    domain.run_within(3 * 86_400)
    domain.registry.domains[NAME].statuses.clear()
    domain.run_all()
    assert (domain.state(), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


def refuse(domain: DomainWorld, *, operation: str = "op-1") -> None:
    """The registry decides against it, and its message has come."""
    domain.registry.domains.pop(NAME, None)
    told = {"registration_refused": {"operation": operation, "words": "Not for you."}}
    services = domain.memory_harness.memory.services
    services["s-1"] = replace(services["s-1"], data={**services["s-1"].data, **told})


def test_a_registration_that_the_registry_refuses_later_ends_with_its_words(domain: DomainWorld) -> None:
    domain.registry.decides_later = True
    domain.ask("domain.register")
    domain.run_one()
    refuse(domain)
    domain.run_all()
    error = domain.standing().error
    assert error is not None
    assert (error.code, error.message) == (
        "registration_refused",
        f"the registry has refused the registration of {NAME}: Not for you.",
    )
    assert (domain.state(), domain.service.status) == (OperationState.FAILED, ServiceStatus.FAILED)


def test_what_the_registry_still_has_is_waited_for_whatever_was_told(domain: DomainWorld) -> None:
    domain.registry.decides_later = True
    domain.ask("domain.register")
    domain.run_one()
    kept = domain.registry.domains[NAME]
    refuse(domain)
    domain.registry.domains[NAME] = kept
    domain.run_within(86_400)
    assert domain.state() is OperationState.WAITING


def test_the_refusal_of_an_earlier_registration_does_not_end_a_new_one(domain: DomainWorld) -> None:
    domain.registry.decides_later = True
    domain.ask("domain.register")
    domain.run_one()
    refuse(domain, operation="op-0")
    domain.run_within(86_400)
    assert domain.state() is OperationState.WAITING


def test_a_refusal_whose_request_had_no_answer_is_not_asked_for_again(domain: DomainWorld) -> None:
    domain.registry.decides_later = True
    domain.registry.will("register", lost(took_effect=True))
    domain.ask("domain.register")
    domain.run_one()
    refuse(domain)
    domain.run_all()
    assert (domain.error_code(), domain.registry.count("domain:create")) == ("registration_refused", 1)


def test_a_domain_that_is_not_as_ordered_waits_for_an_operator_and_is_not_bought_again(domain: DomainWorld) -> None:
    def somebody_elses() -> None:
        domain.registry.domains[NAME].registrant = "SOMEBODY"

    domain.registry.will("look", Answer().while_(somebody_elses))
    domain.do("domain.register")
    assert (domain.state(), domain.standing().attention) == (OperationState.HELD, "money_spent")
    assert domain.registry.count("domain:create") == 1


def test_a_domain_that_was_made_and_is_not_shown_yet_is_waited_for(domain: DomainWorld) -> None:
    kept = dict[str, Domain]()

    def hide() -> None:
        kept[NAME] = domain.registry.domains.pop(NAME)

    unseen = Done(NAME, {"roid": "", "created_at": "", "expires_at": ""})
    domain.registry.will("register", Answer(returns=unseen))
    domain.registry.will("look", Answer().while_(hide))
    domain.ask("domain.register")
    domain.run_one()
    reason = "the registry does not show the registered domain yet"
    assert (domain.state(), domain.standing().reason) == (OperationState.WAITING, reason)
    domain.registry.domains |= kept
    domain.run_all()
    assert (domain.state(), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)
    assert domain.service.data["roid"] == "example.test-REP"


def test_an_operator_who_has_put_it_right_lets_it_go_on(domain: DomainWorld) -> None:
    def somebody_elses() -> None:
        domain.registry.domains[NAME].registrant = "SOMEBODY"

    domain.registry.will("look", Answer().while_(somebody_elses))
    domain.do("domain.register")
    domain.registry.domains[NAME].registrant = handle_of("ada")
    domain.harness.release("op-1")
    domain.run_all()
    assert (domain.state(), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


def test_a_second_order_for_what_an_earlier_one_has_bought_adopts_it(domain: DomainWorld) -> None:
    domain.do("domain.register")
    domain.do("domain.register")
    assert (domain.state("op-2"), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


def test_a_domain_that_was_in_the_account_before_the_order_is_for_an_operator(domain: DomainWorld) -> None:
    domain.registry.hides_codes = True
    domain.registry.have(NAME, registrant=handle_of("ada"))
    domain.harness.let_pass(3 * 86_400)
    domain.do("domain.register")
    assert (domain.state(), domain.error_code(), domain.service.ref) == (OperationState.FAILED, "already_here", None)
    assert domain.registry.count("domain:create") == 0


def test_what_an_earlier_try_has_bought_is_adopted_also_days_later(domain: DomainWorld) -> None:
    domain.registry.hides_codes = True
    domain.registry.will("register", Answer(raises=Rejected("odd", "no", fields=("/years",))))
    domain.do("domain.register")
    domain.harness.let_pass(3 * 86_400)
    domain.do("domain.register")
    assert (domain.state("op-2"), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


@pytest.mark.parametrize("took_effect", [True, False])
def test_without_an_answer_the_registry_is_asked_before_anything_is_bought(
    domain: DomainWorld, *, took_effect: bool
) -> None:
    domain.registry.will("register", lost(took_effect=took_effect))
    domain.do("domain.register")
    assert (domain.state(), domain.registry.count("domain:create")) == (OperationState.SUCCEEDED, 1)


def test_no_secret_is_in_the_journal(domain: DomainWorld) -> None:
    domain.do("domain.register")
    assert OWN_CODE not in repr(domain.memory_harness.memory.commits)
