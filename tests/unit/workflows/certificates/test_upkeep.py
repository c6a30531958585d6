"""Upkeep: renewed in time and once, watched, seen, and ended with the hosting."""

from datetime import datetime, timedelta

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.certificates import LIFETIME, chain_for
from tests.support.engine.vendor import refused
from tests.unit.workflows.certificates.world import DAY, DOMAIN, SITE, CertificateWorld


def keep_up(world: CertificateWorld, days: float) -> None:
    """Let the store start the upkeep whenever it is planned, for so many days."""
    end = world.now + timedelta(days=days)
    world.do("certificate.upkeep")
    while (wait := world.upkeep_in_days) is not None and world.now + timedelta(days=wait) <= end:
        world.harness.let_pass(max(wait, 0) * DAY)
        world.do("certificate.upkeep")


def test_nothing_is_renewed_before_a_third_of_its_lifetime_is_left(world: CertificateWorld) -> None:
    world.have()
    keep_up(world, 54)
    assert world.authority.count("issue") == 0


def test_it_is_renewed_once_and_installed(world: CertificateWorld) -> None:
    world.have()
    keep_up(world, 62)
    assert (world.authority.count("issue"), world.service.data["installed"]) == (1, True)


def test_after_a_year_it_was_renewed_each_time(world: CertificateWorld) -> None:
    world.have()
    keep_up(world, 365)
    assert world.authority.count("issue") == 6
    assert facts_of(world.service.data["chain"]).not_after > world.now + LIFETIME / 4


def test_the_authority_is_asked_each_day_when_it_wants_it_renewed(world: CertificateWorld) -> None:
    world.have()
    keep_up(world, 10)
    assert world.authority.calls.count("renewal_window") == 11


def test_the_time_is_chosen_within_the_window_and_stays(world: CertificateWorld) -> None:
    world.have()
    start = world.now + timedelta(days=20)
    world.authority.window = {"start": start.isoformat(), "end": (start + timedelta(days=2)).isoformat()}
    world.do("certificate.upkeep")
    chosen = world.service.data["renew_at"]
    assert start <= datetime.fromisoformat(chosen) <= start + timedelta(days=2)
    keep_up(world, 3)
    assert world.service.data["renew_at"] == chosen


def test_a_window_that_moved_to_the_past_renews_at_once(world: CertificateWorld) -> None:
    world.have()
    window = {"start": "2020-01-01T00:00:00+00:00", "end": "2020-01-02T00:00:00+00:00"}
    world.authority.window = window
    world.do("certificate.upkeep")
    assert world.authority.count("issue") == 1


def test_an_authority_that_does_not_know_it_has_no_wish(world: CertificateWorld) -> None:
    world.have()
    world.authority.will("renewal_window", refused("malformed"))
    world.do("certificate.upkeep")
    assert (world.state(), world.service.data["window"]) == (OperationState.SUCCEEDED, None)


def test_a_renewal_that_fails_is_started_again_each_day_until_it_succeeds(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=62))
    world.authority.fails = ["the site answered 404"] * 14
    keep_up(world, 6)
    assert world.authority.count("issue") == 1
    assert world.service.data["problem"] is None


def test_after_it_has_expired_it_is_tried_once_a_day_for_a_week_and_then_once_a_week(world: CertificateWorld) -> None:
    world.have(age=LIFETIME)
    world.authority.fails = ["the site answered 404"] * 1000
    keep_up(world, 6.5)
    assert world.authority.count("new-order") == 7
    keep_up(world, 30)
    assert world.authority.count("new-order") <= 14
    world.authority.fails = []
    keep_up(world, 0)
    assert world.authority.count("issue") == 1


@pytest.mark.parametrize("age", [62, 80, 89, 91, 120])
def test_while_the_hosting_is_suspended_it_is_looked_after_and_then_renewed(world: CertificateWorld, age: int) -> None:
    world.have(age=timedelta(days=age))
    world.order(method="http-01")
    world.hosting_status = ServiceStatus.SUSPENDED
    keep_up(world, 9)
    assert world.upkeep_in_days is not None
    world.hosting_becomes(ServiceStatus.ACTIVE)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.data["problem"]) == (1, None)


@pytest.mark.parametrize(("hours", "days"), [(6, 1 / 4), (0.1, 1 / 24), (72, 1)])
def test_it_looks_again_when_the_authority_says_within_an_hour_and_a_day(
    world: CertificateWorld, hours: float, days: float
) -> None:
    world.have()
    start, again = world.now + timedelta(days=20), world.now + timedelta(hours=hours)
    end = start + timedelta(days=2)
    world.authority.window = {"start": start.isoformat(), "end": end.isoformat(), "look_again": again.isoformat()}
    world.do("certificate.upkeep")
    assert world.upkeep_in_days == pytest.approx(days, abs=0.01)


def test_a_revoked_one_is_not_installed_again(world: CertificateWorld) -> None:
    world.order(auto_renew=False)
    world.have(installed=False, revoked=True)
    world.do("certificate.upkeep")
    assert world.workflows == ["certificate.upkeep"]


def test_a_revoked_one_is_renewed_at_once(world: CertificateWorld) -> None:
    world.have(revoked=True)
    world.do("certificate.upkeep")
    assert world.authority.count("issue") == 1


def test_one_that_is_not_installed_yet_is_installed(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.do("certificate.upkeep")
    assert world.service.data["installed"]


def test_one_that_was_removed_stays_removed(world: CertificateWorld) -> None:
    world.have(installed=False, install=False)
    world.do("certificate.upkeep")
    assert world.host.effects == []


def test_with_the_hosting_the_certificate_is_cancelled(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=80))
    world.hosting_status = ServiceStatus.CANCELLED
    world.do("certificate.upkeep")
    assert (world.service.status, world.upkeep_in_days) == (ServiceStatus.CANCELLED, None)
    assert world.authority.effects == []


def test_one_that_is_only_asked_for_by_a_csr_ends_with_the_hosting(world: CertificateWorld) -> None:
    world.hosting_status = ServiceStatus.CANCELLED
    world.do("certificate.upkeep")
    assert (world.service.status, world.upkeep_in_days) == (ServiceStatus.CANCELLED, None)


def test_while_the_hosting_is_being_cancelled_it_is_renewed_as_that_may_be_refused(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=80))
    world.hosting_status = ServiceStatus.CANCELLING
    world.do("certificate.upkeep")
    assert (world.service.status, world.authority.count("issue")) == (ServiceStatus.ACTIVE, 1)
    assert world.served_fingerprint == world.service.data["fingerprint"]


def test_of_hosting_that_failed_it_is_looked_after_each_day_and_installed_when_that_was_made(
    world: CertificateWorld,
) -> None:
    world.have("customer", installed=False)
    world.hosting_status, world.hosting_ref = ServiceStatus.FAILED, None
    keep_up(world, 3)
    assert (world.service.status, world.workflows) == (ServiceStatus.ACTIVE, ["certificate.upkeep"] * 4)
    world.hosting_becomes(ServiceStatus.ACTIVE)
    keep_up(world, 1)
    assert world.served_fingerprint == world.service.data["fingerprint"]


def test_one_that_expires_before_its_hosting_is_made_is_looked_after_no_longer(world: CertificateWorld) -> None:
    world.have("customer", age=timedelta(days=88), installed=False)
    world.hosting_status, world.hosting_ref = ServiceStatus.FAILED, None
    keep_up(world, 3)
    assert (world.service.data["problem_code"], world.upkeep_in_days) == ("expired", None)


def test_a_cancelled_one_is_looked_after_no_longer(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=80))
    world.do("certificate.cancel")
    world.do("certificate.upkeep")
    assert (world.service.status, world.upkeep_in_days) == (ServiceStatus.CANCELLED, None)
    assert world.authority.effects == []


def test_what_waits_for_its_owner_s_certificate_has_nothing_to_keep_up(world: CertificateWorld) -> None:
    world.attributes = {"names": [DOMAIN], "key": "ec"}
    world.do("certificate.upkeep")
    assert (world.state(), world.upkeep_in_days) == (OperationState.SUCCEEDED, None)


# -- what the customer renews


def test_the_owner_of_an_uploaded_one_is_warned_in_time(world: CertificateWorld) -> None:
    world.have("customer")
    world.do("certificate.upkeep")
    assert world.upkeep_in_days == pytest.approx(60, abs=0.1)
    keep_up(world, 61)
    assert world.service.data["problem_code"] == "expires_soon"
    assert world.upkeep_in_days == pytest.approx(16, abs=0.1)


def test_each_warning_comes_on_its_day_and_then_that_it_has_expired(world: CertificateWorld) -> None:
    world.have("customer", age=timedelta(days=59))
    days: list[int] = []
    while (wait := world.upkeep_in_days if days else 0.0) is not None:
        world.harness.let_pass(wait * DAY + 1)
        world.do("certificate.upkeep")
        days.append(round((facts_of(world.service.data["chain"]).not_after - world.now).total_seconds() / DAY))
    assert days == [31, 30, 14, 7, 1, 0]
    assert world.service.data["problem_code"] == "expired"
    assert world.authority.calls == []


def test_one_that_is_not_to_be_renewed_is_watched_alike(world: CertificateWorld) -> None:
    world.order(auto_renew=False)
    world.have(age=timedelta(days=80))
    world.do("certificate.upkeep")
    assert (world.authority.effects, world.service.data["problem_code"]) == ([], "expires_soon")


def test_one_that_could_not_be_installed_is_tried_each_day_until_it_expires(world: CertificateWorld) -> None:
    world.have("customer", age=timedelta(days=85), installed=False)
    world.host.will("install_certificate", *[refused("bad_certificate")] * 1000)
    keep_up(world, 40)
    assert world.workflows.count("certificate.install") == 5
    assert (world.service.data["problem_code"], world.upkeep_in_days) == ("expired", None)


def test_one_of_an_authority_that_has_expired_is_not_installed_any_more(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=91), installed=False)
    world.authority.fails = ["the site answered 404"] * 1000
    world.do("certificate.upkeep")
    assert world.workflows == ["certificate.upkeep", "certificate.renew"]


@pytest.mark.parametrize("age", [30, 80])
def test_what_keeps_one_from_being_installed_stays_its_problem(world: CertificateWorld, age: int) -> None:
    told = {"problem": "it was refused", "problem_code": "bad_certificate"}
    world.have("customer", age=timedelta(days=age), installed=False, **told)
    world.ask("certificate.upkeep")
    world.run_one()
    assert {name: world.service.data[name] for name in told} == told


# -- what the panel renews


def test_a_renewal_by_the_panel_is_recorded(world: CertificateWorld) -> None:
    world.have("panel", installed=False)
    world.host.serves[SITE] = chain = chain_for([DOMAIN], world.now)
    world.do("certificate.upkeep")
    assert (world.service.data["chain"], world.kept["op-1"].certificate.source) == (chain, "panel")
    assert world.upkeep_in_days == pytest.approx(7, abs=0.1)


def test_one_that_is_the_same_is_only_seen(world: CertificateWorld) -> None:
    world.host.serves[SITE] = world.have("panel", installed=False)
    world.do("certificate.upkeep")
    assert (world.kept, world.service.data["problem"]) == ({}, None)


def test_a_site_that_serves_nothing_is_told(world: CertificateWorld) -> None:
    world.host.source = "panel"
    world.have("panel", installed=False)
    world.do("certificate.upkeep")
    assert world.service.data["problem_code"] == "not_served"
    assert world.upkeep_in_days == pytest.approx(1, abs=0.1)


# -- what the panel renewed, where we obtain certificates now


def have_of_panel(world: CertificateWorld, days: float) -> str:
    """The panel has obtained one so many days ago, and the website serves it; the chain."""
    chain = world.have("panel", installed=False, age=timedelta(days=days), issuer="Another Authority")
    world.host.serves[SITE] = chain
    return chain


def test_one_that_its_panel_no_longer_renews_is_followed_by_ours_in_its_last_third(world: CertificateWorld) -> None:
    have_of_panel(world, 45)
    keep_up(world, 8)
    assert world.authority.count("issue") == 0
    keep_up(world, 15)
    assert (world.authority.count("issue"), world.service.data["source"]) == (1, "authority")
    assert (world.served_fingerprint, world.service.data["problem"]) == (world.service.data["fingerprint"], None)


def test_one_that_its_panel_let_expire_is_followed_by_ours(world: CertificateWorld) -> None:
    have_of_panel(world, 91)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.data["source"]) == (1, "authority")


def test_ours_is_tried_each_day_until_it_follows(world: CertificateWorld) -> None:
    have_of_panel(world, 62)
    world.authority.fails = ["the site answered 404"] * 14
    keep_up(world, 6)
    assert (world.authority.count("issue"), world.service.data["source"]) == (1, "authority")


@pytest.mark.parametrize("source", ["panel", "none"])
def test_one_that_is_not_ours_to_obtain_is_left_to_the_panel(world: CertificateWorld, source: str) -> None:
    have_of_panel(world, 62)
    world.host.source = source
    world.do("certificate.upkeep")
    assert world.workflows == ["certificate.upkeep"]


def test_one_that_is_not_to_be_renewed_is_left_to_the_panel(world: CertificateWorld) -> None:
    have_of_panel(world, 62)
    world.order(auto_renew=False)
    world.do("certificate.upkeep")
    assert world.workflows == ["certificate.upkeep"]


def test_a_server_that_does_not_say_who_obtains_certificates_leaves_it_as_it_is(world: CertificateWorld) -> None:
    have_of_panel(world, 62)
    world.host.will("certificate_terms", refused("subscription_not_found"))
    world.do("certificate.upkeep")
    assert (world.state(), world.workflows) == (OperationState.SUCCEEDED, ["certificate.upkeep"])
    assert world.upkeep_in_days is not None
