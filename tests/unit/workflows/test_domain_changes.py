import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import DsRecord
from provisioner.workflows.domains.contacts import handle_of
from tests.support.engine.domains import DAY, NAME, OWN_CODE, DomainWorld, contact
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import FINE, Answer, down, refused

UPDATE_LOCK = "clientUpdateProhibited"


@pytest.fixture(autouse=True)
def _registered(domain: DomainWorld) -> None:
    domain.have_registered()


def test_missing_hosts_are_made_before_the_domain_names_them(domain: DomainWorld) -> None:
    domain.do("domain.set-nameservers", nameservers=[{"name": "a.other.example"}, {"name": "b.other.example"}])
    assert domain.registry.domains[NAME].hosts == ("a.other.example", "b.other.example")
    assert domain.registry.effects[:2] == ["host:create a.other.example", "host:create b.other.example"]
    assert domain.service.data["nameservers"] == ["a.other.example", "b.other.example"]
    assert domain.service.attributes["nameservers"][0] == {"name": "a.other.example"}


def test_a_name_that_was_registered_anew_for_somebody_else_is_not_changed(domain: DomainWorld) -> None:
    domain.registry.have(NAME, roid="ANOTHER-REP")
    domain.do("domain.set-nameservers", nameservers=[{"name": "a.other.example"}, {"name": "b.other.example"}])
    assert (domain.error_code(), domain.registry.effects) == ("not_ours", [])


def test_name_servers_that_are_there_already_change_nothing(domain: DomainWorld) -> None:
    domain.registry.hosts = {"ns1.host.example", "ns2.host.example"}
    domain.do("domain.set-nameservers", nameservers=[{"name": "ns1.host.example"}, {"name": "ns2.host.example"}])
    assert (domain.state(), domain.registry.effects) == (OperationState.SUCCEEDED, [])


def test_new_contacts_are_made_and_the_others_stay(domain: DomainWorld) -> None:
    domain.do("domain.set-contacts", contacts={"tech": contact("grace")})
    assert domain.registry.domains[NAME].contacts == {"admin": handle_of("ada"), "tech": handle_of("grace")}
    assert domain.service.attributes["contacts"]["tech"]["contact_id"] == "grace"


def test_contacts_of_a_registry_that_keeps_none_are_kept_here_alone(domain: DomainWorld) -> None:
    domain.order(rules={"data_model": "thin"})
    domain.do("domain.set-contacts", contacts={"tech": contact("bob")})
    assert (domain.state(), domain.registry.effects) == (OperationState.SUCCEEDED, [])
    assert domain.service.attributes["contacts"]["tech"]["contact_id"] == "bob"


@pytest.mark.parametrize("call", ["ensure_contact", "update_contact"])
def test_a_field_of_a_changed_contact_is_named_as_in_the_message(domain: DomainWorld, call: str) -> None:
    domain.registry.will(call, refused("contact_invalid", fields=("/phone",)))
    domain.do("contact.update", resource="contact:ada", contact=contact())
    assert domain.error_fields() == ("/contact/phone",)


def test_records_are_set_and_removed(domain: DomainWorld) -> None:
    record = {"key_tag": 12345, "algorithm": 13, "digest_type": 2, "digest": "AB12"}
    domain.do("domain.set-dnssec", records=[record])
    assert domain.registry.domains[NAME].dnssec == (DsRecord(12345, 13, 2, "AB12"),)
    domain.do("domain.set-dnssec", records=[])
    assert domain.registry.domains[NAME].dnssec == ()


def test_a_domain_is_locked_and_unlocked(domain: DomainWorld) -> None:
    domain.do("domain.lock")
    assert (domain.registry.domains[NAME].statuses, domain.service.data["locked"]) == (
        {"clientTransferProhibited"},
        True,
    )
    domain.do("domain.unlock", reason="moving")
    assert (domain.registry.domains[NAME].statuses, domain.service.data["locked"]) == (set(), False)


def test_what_the_registry_locked_is_not_said_to_be_unlocked(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {"serverTransferProhibited"}
    domain.do("domain.unlock")
    assert domain.error_code() == "locked_by_registry"


def test_a_suspended_domain_is_out_of_the_zone_until_it_is_resumed(domain: DomainWorld) -> None:
    domain.do("domain.suspend")
    assert (domain.registry.domains[NAME].statuses, domain.service.status) == (
        {"clientHold"},
        ServiceStatus.SUSPENDED,
    )
    domain.do("domain.resume")
    assert (domain.registry.domains[NAME].statuses, domain.service.status) == (set(), ServiceStatus.ACTIVE)


@pytest.mark.parametrize("workflow", ["domain.lock", "domain.unlock", "domain.suspend"])
def test_a_domain_that_has_left_is_not_changed(domain: DomainWorld, workflow: str) -> None:
    domain.registry.domains[NAME].registrar = OTHERS
    domain.do(workflow)
    assert (domain.error_code(), domain.registry.effects) == ("not_ours", [])


def test_what_was_never_registered_is_not_changed(domain: DomainWorld) -> None:
    domain.ref = None
    domain.do("domain.lock")
    assert (domain.error_code(), domain.registry.calls) == ("nothing_there", [])


# -- protected against changes


def test_the_protection_is_lifted_for_a_change_and_set_again(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {UPDATE_LOCK}
    domain.do("domain.lock")
    assert domain.registry.domains[NAME].statuses == {UPDATE_LOCK, "clientTransferProhibited"}
    assert list(domain.standing().steps) == ["look", "lift-protection", "lock", "set-protection"]


def test_the_protection_is_set_again_after_a_change_that_was_refused(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {UPDATE_LOCK}
    refusal = Rejected("host_unknown", "there is no such host", fields=("/nameservers",))
    domain.registry.will("change_nameservers", Answer(takes_effect=False, raises=refusal))
    domain.do("domain.set-nameservers", nameservers=[{"name": "a.other.example"}])
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "host_unknown")
    assert domain.registry.domains[NAME].statuses == {UPDATE_LOCK}


# -- authorisation codes


def test_the_new_code_is_set_and_cleared_when_its_time_is_over(domain: DomainWorld) -> None:
    domain.ask("domain.auth-code", secret="new-code-1")
    domain.run_one()
    assert domain.registry.domains[NAME].auth_code == "new-code-1"
    domain.run_within(13 * DAY)
    assert domain.registry.domains[NAME].auth_code == "new-code-1"
    domain.run_within(2 * DAY)
    assert domain.registry.domains[NAME].auth_code == ""
    assert domain.state("op-1/domain.clear-auth-code") is OperationState.SUCCEEDED


def test_an_older_codes_end_does_not_clear_a_newer_one(domain: DomainWorld) -> None:
    domain.ask("domain.auth-code", secret="new-code-1")
    domain.run_within(10 * DAY)
    domain.ask("domain.auth-code", secret="new-code-2")
    domain.run_within(6 * DAY)
    assert domain.registry.domains[NAME].auth_code == "new-code-2"
    domain.run_all()
    assert domain.registry.domains[NAME].auth_code == ""


def test_a_code_is_not_cleared_where_the_domain_has_left_with_it(domain: DomainWorld) -> None:
    domain.ask("domain.auth-code", secret="new-code-1")
    domain.run_one()
    domain.registry.domains[NAME].registrar = OTHERS
    domain.run_all()
    assert domain.state("op-1/domain.clear-auth-code") is OperationState.SUCCEEDED
    assert domain.registry.domains[NAME].auth_code == "new-code-1"


def test_no_code_is_in_the_journal(domain: DomainWorld) -> None:
    domain.do("domain.auth-code", secret="new-code-1")
    written = repr(domain.memory_harness.memory.commits)
    assert "new-code-1" not in written
    assert OWN_CODE not in written


# -- contacts


def test_a_contact_is_made_what_it_is_with_us(domain: DomainWorld) -> None:
    domain.do("contact.update", resource="contact:ada", contact=contact())
    domain.do("contact.update", resource="contact:ada", contact=contact(city="Köln", extra={"vat": "DE1"}))
    there = domain.registry.contacts[handle_of("ada")]
    assert (there.city, there.extra, domain.registry.effects) == (
        "Köln",
        {"vat": "DE1"},
        [f"contact:create {handle_of('ada')}", f"contact:update {handle_of('ada')}"],
    )


def test_the_protection_is_set_again_when_a_newer_command_made_the_change_pointless(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {UPDATE_LOCK}
    domain.registry.will("change_nameservers", down())
    domain.ask("domain.set-nameservers", nameservers=[{"name": "a.other.example"}])
    domain.run_one()
    domain.ask("domain.set-nameservers", nameservers=[{"name": "b.other.example"}])
    domain.run_all()
    assert (domain.state(), domain.state("op-2")) == (OperationState.SUPERSEDED, OperationState.SUCCEEDED)
    there = domain.registry.domains[NAME]
    assert (there.statuses, there.hosts) == ({UPDATE_LOCK}, ("b.other.example",))


def test_the_protection_is_set_again_also_after_the_deadline(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {UPDATE_LOCK}
    domain.registry.will("change_nameservers", *[down()] * 200)
    domain.registry.will("change_statuses", FINE, down(), down())
    domain.do("domain.set-nameservers", nameservers=[{"name": "a.other.example"}], deadline=3600)
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "deadline_exceeded")
    assert domain.registry.domains[NAME].statuses == {UPDATE_LOCK}
