"""Installing: what is put where, what is spared, and what goes on for as long as it takes."""

from datetime import timedelta

import pytest

from provisioner.orders.certificates import installed_name
from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.certificates import chain_for
from tests.support.engine.vendor import crash, down, lost, refused
from tests.unit.workflows.certificates.world import CERTIFICATE, DAY, DOMAIN, SITE, CertificateWorld


def test_a_certificate_is_installed_under_a_name_made_of_its_chain(world: CertificateWorld) -> None:
    chain = world.have(installed=False)
    world.do("certificate.install")
    name = installed_name(chain)
    assert world.host.effects == [f"install {name}", f"use {name}"]
    assert (world.service.data["installed"], world.service.data["installed_as"]) == (True, name)


def test_what_was_kept_of_it_says_where_it_is_installed(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    assert world.kept["op-1"].installed_as == world.service.data["installed_as"]


def test_after_a_renewal_the_predecessor_is_kept_as_removed(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    world.do("certificate.renew")
    assert (world.kept["op-1"].removed, world.kept["op-2"].removed) == (True, False)


def test_a_predecessor_that_the_panel_keeps_does_no_harm(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    world.host.will("remove_certificate", refused("no_way"))
    world.do("certificate.renew")
    assert (world.state("op-2/certificate.install"), len(world.host.repository)) == (OperationState.SUCCEEDED, 2)


def test_what_cannot_be_seen_is_told_and_undoes_nothing(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.away = "no connection to port 443"
    world.do("certificate.install")
    assert (world.state(), world.service.data["installed"]) == (OperationState.SUCCEEDED, True)
    told = "the certificate is installed, and could not be seen: no connection to port 443"
    assert (world.service.data["problem"], world.service.data["problem_code"]) == (told, "not_served")


def test_a_server_that_takes_it_up_late_is_waited_for(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.away = "no connection"
    world.ask("certificate.install")
    world.run_within(60)
    world.host.away = None
    world.run_all()
    assert world.service.data["problem"] is None


def test_a_panel_that_is_away_for_a_week_is_waited_for(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", *[down()] * 700)
    world.ask("certificate.install")
    for _ in range(7):
        world.run_within(DAY)
    assert (world.state(), world.service.data["installed"]) == (OperationState.SUCCEEDED, True)


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_lost_answer_installs_no_second_one(world: CertificateWorld, *, took_effect: bool) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", lost(took_effect=took_effect))
    world.do("certificate.install")
    assert (world.host.count("install"), world.service.data["installed"]) == (1, True)


def test_a_refusal_of_the_panel_is_told(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", refused("bad_certificate"))
    world.do("certificate.install")
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "bad_certificate")
    assert (world.service.status, world.service.data["problem_code"]) == (ServiceStatus.ACTIVE, "bad_certificate")


def test_a_site_that_is_gone_ends_it(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.sites_gone = {SITE}
    world.do("certificate.install")
    assert world.error_code() == "hosting_gone"


def test_for_a_hosting_that_was_cancelled_nothing_is_installed(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.hosting_status = ServiceStatus.CANCELLED
    world.do("certificate.install")
    assert (world.error_code(), world.host.effects) == ("hosting_gone", [])


def test_while_the_hosting_is_being_cancelled_it_is_installed_as_that_may_be_refused(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.hosting_status = ServiceStatus.CANCELLING
    world.do("certificate.install")
    assert world.service.data["installed"]


def test_an_expired_certificate_is_not_installed(world: CertificateWorld) -> None:
    world.have(installed=False, age=timedelta(days=91))
    world.do("certificate.install")
    assert (world.error_code(), world.host.effects) == ("expired", [])


def test_a_revoked_certificate_is_not_installed(world: CertificateWorld) -> None:
    world.have(installed=False, revoked=True)
    world.do("certificate.install")
    assert (world.error_code(), world.host.effects) == ("revoked", [])


@pytest.mark.parametrize("end", ["certificate.cancel", "certificate.revoke"])
def test_what_has_ended_meanwhile_is_not_looked_after_again(world: CertificateWorld, end: str) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", *[down()] * 8)
    world.ask("certificate.install")
    world.run_within(5)
    world.do(end, reason="cessationOfOperation")
    assert (world.state(), world.upkeep_in_days) == (OperationState.SUCCEEDED, None)


def test_without_a_certificate_there_is_nothing_to_install(world: CertificateWorld) -> None:
    world.do("certificate.install")
    assert world.error_code() == "nothing_there"


# -- what is spared by what follows by itself


def test_one_that_the_customer_brought_is_left_in_use_while_it_is_valid(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve()
    world.do("certificate.install", automatic=True)
    assert (world.host.effects, world.service.data["installed"]) == ([], False)
    assert world.service.data["problem_code"] == "other_in_use"
    assert world.upkeep_in_days == pytest.approx(1, abs=0.1)


def test_one_that_has_expired_is_not_left_in_use(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve(age=timedelta(days=91))
    world.do("certificate.install", automatic=True)
    assert world.service.data["installed"]


def test_one_for_another_name_is_not_left_in_use(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve(name="panel.test")
    world.do("certificate.install", automatic=True)
    assert world.service.data["installed"]


def test_a_newer_one_is_left_in_use(world: CertificateWorld) -> None:
    world.have(installed=False, age=timedelta(days=2))
    world.others_serve(issuer="Test Authority")
    world.do("certificate.install", automatic=True)
    assert not world.service.data["installed"]


def test_an_older_one_of_the_same_authority_is_not_left_in_use(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve(issuer="Test Authority", age=timedelta(days=2))
    world.do("certificate.install", automatic=True)
    assert world.service.data["installed"]


def test_what_was_asked_for_is_installed_whatever_is_in_use(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve()
    world.do("certificate.install")
    assert world.service.data["installed"]


# -- a newer certificate comes meanwhile


def test_a_renewal_meanwhile_leaves_the_newest_one_in_use(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", *[down()] * 8)
    world.ask("certificate.install")
    world.run_within(5)
    world.do("certificate.renew")
    assert world.state() is OperationState.SUCCEEDED
    assert world.served_fingerprint == world.service.data["fingerprint"] == world.kept["op-2"].fingerprint
    assert world.service.data["installed"]


def test_one_that_was_installed_last_is_known_as_ours_to_the_next(world: CertificateWorld) -> None:
    world.have(installed=False, issuer="Another Intermediate")
    world.host.away = "no connection"
    world.ask("certificate.install")
    world.run_within(60)
    world.host.away = None
    world.do("certificate.renew")
    assert world.served_fingerprint == world.service.data["fingerprint"]
    assert [name for _, name in world.host.repository] == [world.service.data["installed_as"]]


@pytest.mark.parametrize("call", ["install_certificate", "use_certificate"])
def test_what_has_begun_goes_on_although_the_newest_one_would_spare_what_was_there(
    world: CertificateWorld, call: str
) -> None:
    world.have(installed=False, issuer="Another Intermediate")
    world.others_serve(issuer="Another Intermediate", age=timedelta(days=2))
    world.host.will(call, *[down()] * 8)
    world.ask("certificate.install", automatic=True)
    world.run_within(5)
    world.do("certificate.renew")
    assert world.state() is OperationState.SUCCEEDED
    assert world.service.data["installed_as"] == world.host.used[SITE]


def test_an_installation_that_crashed_goes_on_with_the_key_that_fits(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("install_certificate", crash(took_effect=False))
    world.ask("certificate.install")
    world.run_one()
    world.do("certificate.renew")
    assert world.served_fingerprint == world.service.data["fingerprint"]
    assert world.harness.service(CERTIFICATE).data["installed"]


def test_what_the_panel_obtained_is_not_installed(world: CertificateWorld) -> None:
    world.have("panel", installed=False)
    world.host.serves[SITE] = chain_for([DOMAIN], world.now)
    world.do("certificate.install")
    assert world.error_code() == "nothing_there"
