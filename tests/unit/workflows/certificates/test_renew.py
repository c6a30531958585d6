"""Renewal: the certificate that follows, and what is told when there is none."""

from datetime import timedelta

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.certificates import chain_for, fits
from tests.support.engine.vendor import refused
from tests.unit.workflows.certificates.world import DAY, DOMAIN, SITE, CertificateWorld

OLD = timedelta(days=61)
WWW = f"www.{DOMAIN}"
VERY_OLD = timedelta(days=80)


def test_the_new_certificate_follows_the_old_one(world: CertificateWorld) -> None:
    old = world.have(age=OLD)
    world.do("certificate.renew")
    (order,) = world.authority.orders.values()
    assert order.request.replaces == old
    assert world.service.data["chain"] == order.chain


def test_it_has_a_key_of_its_own(world: CertificateWorld) -> None:
    old = world.have(age=OLD)
    world.do("certificate.renew")
    key = world.service.password
    assert key is not None
    assert fits(key, world.service.data["chain"])
    assert not fits(key, old)


def test_it_is_installed_and_the_old_one_is_taken_away_then(world: CertificateWorld) -> None:
    old = facts_of(world.have(age=OLD)).fingerprint
    world.do("certificate.renew")
    assert world.served_fingerprint == world.service.data["fingerprint"] != old
    names = [effect.partition(" ")[0] for effect in world.host.effects]
    assert names[-3:] == ["install", "use", "remove"]
    assert [name for _, name in world.host.repository] == [world.service.data["installed_as"]]


def test_one_that_was_replaced_already_is_ordered_without_saying_so(world: CertificateWorld) -> None:
    old = facts_of(world.have(age=OLD)).fingerprint
    world.authority.replaced = {old}
    world.do("certificate.renew")
    (order,) = world.authority.orders.values()
    assert (order.request.replaces, world.authority.count("issue")) == ("", 1)
    assert "order-1-anew" in world.steps()


def test_a_revoked_one_is_not_said_to_be_replaced(world: CertificateWorld) -> None:
    world.have(age=OLD, revoked=True)
    world.do("certificate.renew")
    (order,) = world.authority.orders.values()
    assert (order.request.replaces, world.service.data["revoked"]) == ("", False)


def test_one_that_the_customer_brought_is_not_renewed(world: CertificateWorld) -> None:
    world.have("customer", age=OLD)
    world.do("certificate.renew")
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "not_renewable")


def test_one_that_was_cancelled_before_its_turn_is_not_renewed(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.do("certificate.cancel")
    world.do("certificate.renew")
    assert (world.authority.effects, world.service.status) == ([], ServiceStatus.CANCELLED)


def test_one_whose_panel_renews_it_is_only_recorded(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.host.source = "panel"
    world.host.serves[SITE] = chain = chain_for([DOMAIN], world.now)
    world.do("certificate.renew")
    assert (world.service.data["chain"], world.authority.effects) == (chain, [])


def test_where_nobody_obtains_certificates_any_more_that_is_told(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.host.source = "none"
    world.do("certificate.renew")
    assert (world.service.data["problem_code"], world.authority.effects) == ("no_method", [])


@pytest.mark.parametrize("age", [OLD, VERY_OLD])
def test_a_failure_leaves_the_old_one_in_use(world: CertificateWorld, age: timedelta) -> None:
    old = facts_of(world.have(age=age)).fingerprint
    world.authority.fails = ["the site answered 404"] * 100
    world.do("certificate.renew")
    assert (world.served_fingerprint, world.service.status) == (old, ServiceStatus.ACTIVE)


def test_while_there_is_time_a_failure_is_told_with_the_service(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.fails = ["the site answered 404"] * 100
    world.do("certificate.renew")
    assert (world.state(), world.service.data["problem_code"]) == (OperationState.SUCCEEDED, "validation_failed")
    assert world.service.data["problem"].endswith("the site answered 404")
    assert world.upkeep_in_days == pytest.approx(1, abs=0.1)


def test_when_little_time_is_left_the_operation_fails_so_that_operators_are_told(world: CertificateWorld) -> None:
    world.have(age=VERY_OLD)
    world.authority.fails = ["the site answered 404"] * 100
    world.do("certificate.renew")
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "validation_failed")


def test_a_success_takes_the_problem_back(world: CertificateWorld) -> None:
    world.have(age=OLD, problem="the site answered 404", problem_code="validation_failed")
    world.do("certificate.renew")
    assert (world.service.data["problem"], world.service.data["problem_code"]) == (None, None)


def test_it_ends_within_hours_so_that_the_upkeep_goes_on(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.fails = ["no"] * 100
    world.ask("certificate.renew")
    world.run_within(DAY / 4)
    assert world.state() is OperationState.SUCCEEDED


def test_names_that_lead_elsewhere_are_waited_for_no_longer_than_a_day(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.elsewhere = {DOMAIN: f"{DOMAIN} leads to 203.0.113.9"}
    world.ask("certificate.renew")
    world.run_within(1.3 * DAY)
    assert (world.state(), world.service.data["problem_code"]) == (OperationState.SUCCEEDED, "dns_elsewhere")


def test_a_name_that_it_had_is_not_left_out_for_one_bad_look(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.elsewhere = {WWW: f"none of the name servers of {WWW} answers"}
    world.ask("certificate.renew")
    world.run_within(60)
    world.authority.elsewhere = {}
    world.run_all()
    assert world.service.data["names"] == [DOMAIN, WWW]


def test_a_name_that_leads_elsewhere_for_good_is_left_out(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.elsewhere = {WWW: f"{WWW} leads to 203.0.113.9"}
    world.ask("certificate.renew")
    world.run_within(DAY / 8)
    assert world.service.data["names"] == [DOMAIN]


def test_a_name_that_it_had_is_left_out_when_it_was_refused_for_an_hour(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.fails = [f"{WWW}: the site answered 404"] * 6
    world.do("certificate.renew")
    assert [len(order.request.names) for order in world.authority.orders.values()] == [2, 2, 2, 1]


def test_for_one_that_has_expired_one_order_is_made(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=91))
    world.authority.fails = ["the site answered 404"] * 100
    world.do("certificate.renew")
    assert (world.error_code(), world.authority.count("new-order")) == ("validation_failed", 1)


def test_one_of_a_suspended_website_is_renewed_by_the_dns(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.hosting_status = ServiceStatus.SUSPENDED
    world.do("certificate.renew")
    assert world.authority.count("issue") == 1
    assert [step for step in world.steps() if step.startswith("show-")] == ["show-1-dns-1", "show-1-dns-2"]


@pytest.mark.parametrize("age", [OLD, VERY_OLD, timedelta(days=120)])
def test_one_of_a_suspended_website_without_dns_is_not_tried_and_that_is_told(
    world: CertificateWorld, age: timedelta
) -> None:
    world.have(age=age)
    world.order(method="http-01")
    world.hosting_status = ServiceStatus.SUSPENDED
    world.do("certificate.renew")
    assert (world.state(), world.authority.effects) == (OperationState.SUCCEEDED, [])
    assert "the web hosting is suspended" in world.service.data["problem"]
    assert world.service.data["problem_code"] == "no_method"
    assert world.upkeep_in_days == pytest.approx(1, abs=0.1)


def test_a_site_that_is_gone_does_not_stop_the_telling(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.host.will("certificate_terms", refused("subscription_not_found"))
    world.do("certificate.renew")
    assert world.service.data["problem_code"] == "hosting_gone"
