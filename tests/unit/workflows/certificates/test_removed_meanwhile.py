"""A removal that is accepted while a renewal or an installation is under way is what holds in the end."""

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState
from tests.support.engine.vendor import down
from tests.unit.workflows.certificates.world import DAY, DOMAIN, SITE, CertificateWorld

HOUR = DAY / 24


def is_removed(world: CertificateWorld) -> bool:
    """Whether nothing is left of it at the panel, and nobody looks after it."""
    data = world.service.data
    at_panel = bool(world.host.repository) or bool(world.host.used.get(SITE))
    return not (at_panel or data["installed"] or data["install"] or world.upkeep_in_days is not None)


def days_pass(world: CertificateWorld, days: int) -> None:
    """The store starts the upkeep whenever it is planned."""
    for _ in range(days):
        world.harness.let_pass(DAY)
        if (wait := world.upkeep_in_days) is not None and wait <= 0:
            world.do("certificate.upkeep")


@pytest.fixture
def renewing(world: CertificateWorld) -> CertificateWorld:
    """A renewal that waits until the names lead here; its certificate is installed."""
    world.have()
    world.authority.elsewhere = {DOMAIN: f"{DOMAIN} leads to 203.0.113.9"}
    world.ask("certificate.renew")
    world.run_within(60)
    assert world.state() is OperationState.WAITING
    return world


def test_a_renewal_that_waits_does_not_put_it_back(renewing: CertificateWorld) -> None:
    renewing.ask("certificate.remove", force=True)
    renewing.run_within(60)
    assert renewing.state("op-2") is OperationState.SUCCEEDED
    renewing.authority.elsewhere = {}
    renewing.run_all()
    assert renewing.authority.count("issue") == 1
    assert is_removed(renewing)


def test_nor_does_what_is_planned_after_it(renewing: CertificateWorld) -> None:
    renewing.ask("certificate.remove", force=True)
    renewing.authority.elsewhere = {}
    renewing.run_all()
    days_pass(renewing, 70)
    assert (is_removed(renewing), renewing.authority.count("issue")) == (True, 1)


def test_a_renewal_that_comes_to_nothing_does_not_plan_another(renewing: CertificateWorld) -> None:
    renewing.ask("certificate.remove", force=True)
    renewing.run_within(1.3 * DAY)
    assert renewing.service.data["problem_code"] == "dns_elsewhere"
    renewing.authority.elsewhere = {}
    days_pass(renewing, 3)
    assert (is_removed(renewing), renewing.authority.count("issue")) == (True, 0)


def test_a_removal_that_waits_for_the_panel_takes_away_what_was_there_before(renewing: CertificateWorld) -> None:
    renewing.host.will("remove_certificate", *[down()] * 20)
    renewing.ask("certificate.remove", force=True)
    renewing.run_within(60)
    assert renewing.state("op-2") is OperationState.WAITING
    renewing.authority.elsewhere = {}
    renewing.run_all()
    assert is_removed(renewing)


def test_what_was_renewed_and_waits_to_be_installed_is_removed(world: CertificateWorld) -> None:
    world.have()
    world.host.will("install_certificate", *[down()] * 20)
    world.ask("certificate.renew")
    world.run_within(HOUR / 12)
    assert world.state("op-1/certificate.install") is OperationState.WAITING
    world.ask("certificate.remove", force=True)
    world.run_all()
    assert world.host.count("install") == 1
    assert is_removed(world)


def test_what_waits_to_be_installed_by_the_customer_s_wish_is_removed(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", *[down()] * 20)
    world.ask("certificate.install")
    world.run_within(60)
    world.ask("certificate.remove", force=True)
    world.run_all()
    assert is_removed(world)


def test_upkeep_that_had_begun_before_does_not_put_it_back(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.authority.will("renewal_window", down())
    world.ask("certificate.upkeep")
    world.run_within(1)
    world.ask("certificate.remove", force=True)
    world.run_all()
    days_pass(world, 3)
    assert is_removed(world)


def test_a_removal_that_was_refused_leaves_the_renewal_as_it_was(renewing: CertificateWorld) -> None:
    renewing.ask("certificate.remove")
    renewing.authority.elsewhere = {}
    renewing.run_all()
    assert renewing.error_code("op-2") == "certificate_in_use"
    assert renewing.served_fingerprint == renewing.service.data["fingerprint"]


def test_an_installation_that_was_asked_for_after_it_counts(renewing: CertificateWorld) -> None:
    renewing.ask("certificate.remove", force=True)
    renewing.ask("certificate.install")
    renewing.authority.elsewhere = {}
    renewing.run_all()
    assert renewing.service.data["install"]
    assert renewing.served_fingerprint == facts_of(renewing.authority.issued[-1]).fingerprint
