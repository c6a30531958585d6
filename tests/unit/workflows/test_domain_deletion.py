from datetime import UTC, datetime

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.registrar import Price
from tests.support.engine.domains import DAY, NAME, DomainWorld
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import Answer, down, lost, refused


@pytest.fixture(autouse=True)
def _registered(domain: DomainWorld) -> None:
    domain.have_registered()


def in_redemption(domain: DomainWorld) -> None:
    domain.registry.add_grace = False
    domain.do("domain.delete", reason="not wanted")


@pytest.mark.parametrize("workflow", ["domain.delete", "domain.cancel"])
def test_a_new_domain_is_gone_at_once(domain: DomainWorld, workflow: str) -> None:
    domain.do(workflow, reason="not wanted")
    assert (domain.registry.domains, domain.service.status) == ({}, ServiceStatus.CANCELLED)
    assert (domain.service.data["domain_status"], domain.upkeep_in_days) == ("deleted", None)


def test_an_old_domain_is_on_its_way_out_while_it_can_be_restored(domain: DomainWorld) -> None:
    in_redemption(domain)
    assert (domain.service.status, domain.service.data["domain_status"]) == (ServiceStatus.CANCELLING, "redemption")
    assert domain.upkeep_in_days == pytest.approx(1)


def test_when_the_registry_has_let_go_of_it_the_service_ends(domain: DomainWorld) -> None:
    in_redemption(domain)
    del domain.registry.domains[NAME]
    domain.do("domain.upkeep")
    domain.harness.let_pass(DAY / 4)
    domain.do("domain.upkeep")
    assert (domain.service.status, domain.service.data["domain_status"]) == (ServiceStatus.CANCELLED, "deleted")


def test_locks_of_ours_are_lifted_before_it_is_deleted(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {"clientDeleteProhibited", "clientUpdateProhibited"}
    domain.do("domain.delete")
    assert (domain.state(), domain.registry.domains) == (OperationState.SUCCEEDED, {})


def test_a_second_deletion_finds_nothing_to_do(domain: DomainWorld) -> None:
    domain.do("domain.delete")
    domain.do("domain.delete")
    assert (domain.state("op-2"), domain.registry.count("domain:delete")) == (OperationState.SUCCEEDED, 1)


def test_a_deletion_without_an_answer_happens_once(domain: DomainWorld) -> None:
    domain.registry.will("delete", lost(took_effect=True))
    domain.do("domain.delete")
    assert (domain.state(), domain.registry.count("domain:delete")) == (OperationState.SUCCEEDED, 1)


def test_a_name_that_was_registered_anew_by_another_service_is_left_alone(domain: DomainWorld) -> None:
    domain.registry.have(NAME).roid = "ANOTHER-REP"
    domain.do("domain.delete")
    assert (domain.service.status, list(domain.registry.domains)) == (ServiceStatus.CANCELLED, [NAME])


def test_what_was_never_made_for_this_service_is_not_deleted(domain: DomainWorld) -> None:
    domain.ref = None
    domain.do("domain.cancel")
    assert (domain.service.status, domain.registry.calls) == (ServiceStatus.CANCELLED, [])


# -- hosts that lie within it


def with_hosts(domain: DomainWorld, *names: str, statuses: frozenset[str] = frozenset()) -> None:
    there = domain.registry.domains[NAME]
    there.hosts, there.statuses = (*names, "ns2.host.example"), set(statuses)
    domain.registry.hosts |= {*names, "ns2.host.example"}


def test_hosts_within_the_domain_are_removed_before_it(domain: DomainWorld) -> None:
    with_hosts(domain, f"a.{NAME}", f"b.{NAME}")
    domain.do("domain.delete")
    assert domain.registry.effects == [
        f"domain:update {NAME}",
        f"host:delete a.{NAME}",
        f"host:delete b.{NAME}",
        f"domain:delete {NAME}",
    ]
    assert (domain.state(), domain.registry.hosts) == (OperationState.SUCCEEDED, {"ns2.host.example"})


def test_a_protected_domain_lets_go_of_its_own_hosts_too(domain: DomainWorld) -> None:
    with_hosts(domain, f"a.{NAME}", statuses=frozenset({"clientUpdateProhibited"}))
    domain.do("domain.cancel")
    assert (domain.state(), domain.registry.domains) == (OperationState.SUCCEEDED, {})


def test_a_host_that_another_domain_uses_is_named_and_the_domain_stays_as_it_was(domain: DomainWorld) -> None:
    with_hosts(domain, f"a.{NAME}")
    domain.registry.have("other.test", hosts=(f"a.{NAME}",))
    domain.do("domain.delete")
    error = domain.standing().error
    assert error is not None
    assert (error.code, error.message) == ("in_use", f"the host a.{NAME} is used by other.test")
    assert domain.registry.domains[NAME].hosts == (f"a.{NAME}", "ns2.host.example")
    assert domain.service.status is ServiceStatus.ACTIVE


def test_a_deletion_with_hosts_that_stops_in_the_middle_goes_on(domain: DomainWorld) -> None:
    with_hosts(domain, f"a.{NAME}")
    domain.registry.will("remove_host", lost(took_effect=True))
    domain.do("domain.delete")
    assert (domain.state(), domain.registry.count("host:delete")) == (OperationState.SUCCEEDED, 1)


# -- a deletion that is refused


OWN = f"a.{NAME}"
OTHER = "ns2.host.example"
GLUE = {"name": OWN, "addresses": ["192.0.2.1"]}
LOCKS = {"clientDeleteProhibited", "clientUpdateProhibited"}


def as_it_was(domain: DomainWorld) -> tuple[tuple[str, ...], set[str], set[str]]:
    there = domain.registry.domains[NAME]
    return there.hosts, there.statuses, domain.registry.hosts


def told(domain: DomainWorld) -> str:
    error = domain.standing().error
    assert error is not None
    return f"{error.code}: {error.message}"


def test_a_domain_that_the_registry_itself_keeps_loses_nothing(domain: DomainWorld) -> None:
    domain.order(nameservers=[GLUE, {"name": OTHER}])
    with_hosts(domain, OWN, statuses=frozenset(LOCKS | {"serverDeleteProhibited"}))
    domain.do("domain.delete")
    words = f"the registry has set serverDeleteProhibited on {NAME}; only it can lift that"
    assert (told(domain), domain.registry.effects) == (f"locked_by_registry: {words}", [])


def test_a_refused_deletion_leaves_name_servers_hosts_and_locks_as_they_were(domain: DomainWorld) -> None:
    domain.order(nameservers=[GLUE, {"name": OTHER}])
    with_hosts(domain, OWN, statuses=frozenset(LOCKS))
    domain.registry.refuses_deletion = True
    domain.do("domain.delete")
    assert told(domain) == f"status_prohibits: the registry does not delete {NAME}"
    assert domain.service.status is ServiceStatus.ACTIVE
    assert as_it_was(domain) == ((OWN, OTHER), LOCKS, {OWN, OTHER})


def test_a_refused_deletion_of_what_had_nothing_to_lose_puts_nothing_back(domain: DomainWorld) -> None:
    domain.registry.refuses_deletion = True
    domain.do("domain.delete")
    assert (domain.error_code(), domain.registry.effects) == ("status_prohibits", [])


def test_hosts_that_were_removed_before_one_that_is_in_use_are_made_again(domain: DomainWorld) -> None:
    second = f"b.{NAME}"
    domain.order(nameservers=[GLUE, {"name": second, "addresses": ["192.0.2.2"]}, {"name": OTHER}])
    with_hosts(domain, OWN, second, statuses=frozenset(LOCKS))
    domain.registry.have("other.test", hosts=(second,))
    domain.do("domain.delete")
    names = (OWN, second, OTHER)
    assert (domain.error_code(), as_it_was(domain)) == ("in_use", (names, LOCKS, set(names)))


def test_a_deletion_that_gives_up_at_its_deadline_gives_back_what_it_took(domain: DomainWorld) -> None:
    domain.order(nameservers=[GLUE, {"name": OTHER}])
    with_hosts(domain, OWN)
    domain.registry.will("delete", *[down()] * 200)
    domain.ask("domain.delete", deadline=3_600)
    domain.run_all()
    assert (domain.error_code(), as_it_was(domain)[0]) == ("deadline_exceeded", (OWN, OTHER))


def test_a_deletion_that_is_called_off_halfway_gives_back_what_it_took(domain: DomainWorld) -> None:
    domain.order(nameservers=[GLUE, {"name": OTHER}])
    with_hosts(domain, OWN)
    domain.registry.will("delete", Answer(takes_effect=False, raises=down().raises, meanwhile=lambda: restore(domain)))
    domain.do("domain.delete")
    assert (domain.error_code(), domain.state("op-2")) == ("superseded", OperationState.SUCCEEDED)
    assert as_it_was(domain)[0] == (OWN, OTHER)


def test_a_deletion_that_is_called_off_and_cannot_give_everything_back_fails_and_names_it(domain: DomainWorld) -> None:
    with_hosts(domain, OWN)
    domain.registry.will("delete", Answer(takes_effect=False, raises=down().raises, meanwhile=lambda: restore(domain)))
    domain.do("domain.delete")
    assert (domain.state(), domain.state("op-2")) == (OperationState.FAILED, OperationState.SUCCEEDED)
    assert told(domain) == (
        f"not_given_back: a newer command (domain.restore) made this pointless; what could not be given back: {OWN}"
    )


def restore(domain: DomainWorld) -> None:
    domain.ask("domain.restore", reason="wanted after all")


def test_a_host_whose_addresses_nobody_knows_is_named_and_the_other_name_servers_are_put_back(
    domain: DomainWorld,
) -> None:
    with_hosts(domain, OWN)
    domain.registry.refuses_deletion = True
    domain.do("domain.delete")
    assert told(domain).endswith(f"does not delete {NAME}; what could not be given back: {OWN}")
    assert as_it_was(domain)[0] == (OTHER,)


@pytest.mark.parametrize("call", ["ensure_host", "change_nameservers"])
def test_what_cannot_be_given_back_is_named_and_the_rest_is_given_back(domain: DomainWorld, call: str) -> None:
    domain.order(nameservers=[GLUE, {"name": OTHER}])
    with_hosts(domain, OWN, statuses=frozenset(LOCKS))
    domain.registry.refuses_deletion = True
    domain.registry.will("delete", Answer(meanwhile=lambda: domain.registry.will(call, refused("policy"))))
    domain.do("domain.delete")
    assert told(domain).endswith(f"; what could not be given back: {OWN}")
    assert as_it_was(domain)[:2] == ((OTHER,), LOCKS)


# -- restoring


def test_a_restore_is_asked_for_and_then_reported(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.harness.let_pass(3 * DAY)
    domain.do("domain.restore", reason="deleted by mistake")
    assert domain.registry.effects[-2:] == [f"domain:restore {NAME}", f"domain:restore-report {NAME}"]
    (report,) = domain.registry.restores
    assert (report.deleted_at[:10], report.restored_at[:10], report.reason) == (
        "2026-01-01",
        "2026-01-04",
        "deleted by mistake",
    )
    assert (domain.service.status, domain.service.data["domain_status"]) == (ServiceStatus.ACTIVE, "active")


def test_name_servers_that_went_with_the_domain_come_back_with_it(domain: DomainWorld) -> None:
    own = {"name": f"a.{NAME}", "addresses": ["192.0.2.1"]}
    domain.order(nameservers=[own, {"name": "ns2.host.example"}])
    with_hosts(domain, f"a.{NAME}")
    in_redemption(domain)
    domain.do("domain.restore", reason="deleted by mistake")
    assert domain.registry.domains[NAME].hosts == (f"a.{NAME}", "ns2.host.example")
    assert domain.service.data["nameservers"] == [f"a.{NAME}", "ns2.host.example"]


def test_a_restored_domain_that_the_registry_has_renewed_is_not_renewed_again(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.registry.domains[NAME].expires = datetime(2028, 1, 1, tzinfo=UTC)
    domain.do("domain.restore", reason="deleted by mistake")
    domain.do("domain.upkeep")
    assert (domain.service.data["expires_at"][:10], domain.registry.count("domain:renew")) == ("2028-01-01", 0)


def test_a_restored_domain_that_has_expired_is_renewed(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.registry.domains[NAME].expires = datetime(2026, 1, 2, tzinfo=UTC)
    domain.harness.let_pass(3 * DAY)
    domain.do("domain.restore", reason="deleted by mistake")
    domain.do("domain.upkeep")
    assert domain.registry.count("domain:renew") == 1


def test_a_restore_that_costs_too_much_is_refused(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.registry.prices["restore"] = Price("80.00", "EUR")
    domain.do("domain.restore", reason="a mistake", max_price={"amount": "50.00", "currency": "EUR"})
    assert (domain.error_code("op-2"), domain.registry.count("domain:restore")) == ("price_too_high", 0)


def test_a_restore_whose_price_rises_after_the_quote_is_not_paid(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.registry.prices["restore"] = Price("40.00", "EUR")

    def rise() -> None:
        domain.registry.prices["restore"] = Price("41.00", "EUR")

    domain.registry.will("request_restore", Answer().while_(rise))
    domain.do("domain.restore", reason="a mistake")
    assert (domain.error_code("op-2"), domain.registry.count("domain:restore")) == ("price_too_high", 0)


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_restore_without_an_answer_is_paid_for_once(domain: DomainWorld, *, took_effect: bool) -> None:
    in_redemption(domain)
    domain.registry.will("request_restore", lost(took_effect=took_effect))
    domain.do("domain.restore", reason="deleted by mistake")
    assert (domain.state("op-2"), domain.registry.count("domain:restore")) == (OperationState.SUCCEEDED, 1)


def test_a_domain_that_was_suspended_is_suspended_when_it_is_back(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses = {"clientHold"}
    in_redemption(domain)
    domain.do("domain.restore", reason="deleted by mistake")
    assert domain.service.status is ServiceStatus.SUSPENDED


def test_what_is_about_to_be_purged_cannot_be_restored(domain: DomainWorld) -> None:
    in_redemption(domain)
    domain.registry.domains[NAME].grace = {"pendingDelete"}
    domain.do("domain.restore", reason="deleted by mistake")
    assert (domain.error_code("op-2"), domain.registry.count("domain:restore")) == ("not_restorable", 0)


def test_what_is_gone_cannot_be_restored(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].registrar = OTHERS
    domain.do("domain.restore", reason="deleted by mistake")
    assert (domain.error_code(), domain.registry.effects) == ("not_restorable", [])
