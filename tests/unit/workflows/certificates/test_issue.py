"""The first certificate: when it is ordered, how the names are proven, and what comes of it."""

from datetime import timedelta

import pytest

from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.certificates import Method
from provisioner.ports.outcomes import Rejected
from tests.support.certificates import chain_for, fits
from tests.support.engine.vendor import Answer, down, lost, refused
from tests.unit.workflows.certificates.world import CERTIFICATE, DAY, DOMAIN, SITE, CertificateWorld


def test_a_certificate_is_issued_installed_and_served(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    assert world.state() is OperationState.SUCCEEDED
    assert world.workflows == ["certificate.issue", "certificate.install"]
    assert world.served_fingerprint == world.service.data["fingerprint"]
    assert world.service.status is ServiceStatus.ACTIVE


def test_its_steps_say_what_was_done(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    assert world.steps() == [
        *("terms", "names-lead-here", "leads-here-1", "request", "order-1"),
        *("show-1-http-1", "show-1-http-2", "shown-1", "seen-1-http-1", "seen-1-http-2"),
        *("answer-1-http-1", "answer-1-http-2", "validated-1", "issue-1", "hide-1-http-1", "hide-1-http-2"),
    ]


def test_the_service_keeps_what_the_certificate_says(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    data = world.service.data
    assert (data["names"], data["source"], data["certificate_id"]) == ([DOMAIN, f"www.{DOMAIN}"], "authority", "op-1")
    assert (data["installed"], data["problem"], data["order_url"]) == (True, None, "https://authority.test/order/1")
    assert data["chain"] == world.authority.issued[0]


def test_the_key_is_kept_with_the_certificate(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    kept = world.kept["op-1"]
    assert kept.key is not None
    assert fits(kept.key, kept.certificate.chain)
    assert world.service.password == kept.key


def test_key_and_csr_are_written_down_before_the_order_is_opened(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    assert "request=done > intend order-1" in " ".join(world.summaries)


def test_nothing_that_was_shown_is_left(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    assert world.host.count("show") == 2
    assert world.host.shown == set()


def test_a_panel_that_is_away_for_days_is_waited_for_from_the_first_question_on(world: CertificateWorld) -> None:
    world.host.will("certificate_terms", *[down()] * 400)
    world.ask("certificate.issue")
    for _ in range(6):
        world.run_within(DAY)
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.ACTIVE)


def test_a_panel_that_is_away_for_good_is_waited_for_thirty_days(world: CertificateWorld) -> None:
    world.host.will("certificate_terms", *[down()] * 100)
    world.ask("certificate.issue")
    world.run_within(60)
    world.harness.let_pass(29 * DAY)
    world.run_one()
    assert world.state() is OperationState.WAITING
    world.harness.let_pass(DAY)
    world.run_one()
    assert world.error_code() == "authority_unavailable"


# -- the names


def test_it_waits_with_a_reason_until_the_names_lead_here(world: CertificateWorld) -> None:
    world.authority.elsewhere = {DOMAIN: f"{DOMAIN} leads to 203.0.113.9"}
    world.ask("certificate.issue")
    world.run_within(10 * DAY)
    assert (world.state(), world.standing().reason) == (OperationState.WAITING, f"{DOMAIN} leads to 203.0.113.9")
    world.authority.elsewhere = {}
    world.run_all()
    assert world.authority.count("issue") == 1


def test_after_thirty_days_it_gives_up_and_says_why(world: CertificateWorld) -> None:
    world.authority.elsewhere = {DOMAIN: f"{DOMAIN} leads to 203.0.113.9"}
    world.ask("certificate.issue")
    for _ in range(31):
        world.run_within(DAY)
    error = world.standing().error
    assert error is not None
    assert error.code == "dns_elsewhere"
    assert error.message == f"the names do not lead to this website: {DOMAIN} leads to 203.0.113.9"
    assert world.service.status is ServiceStatus.FAILED


def test_a_caa_record_that_shuts_the_authority_out_for_thirty_days_is_told_as_what_it_is(
    world: CertificateWorld,
) -> None:
    world.authority.shut_out = {DOMAIN: f"A CAA record of {DOMAIN} allows only other authorities"}
    world.ask("certificate.issue")
    for _ in range(31):
        world.run_within(DAY)
    error = world.standing().error
    assert error is not None
    words = "a CAA record in the DNS of the domain shuts the certificate authority out: A CAA record of"
    assert (error.code, error.message) == ("caa_forbids", f"{words} {DOMAIN} allows only other authorities")


def test_a_website_that_gets_another_address_meanwhile_is_known_by_it_within_a_day(world: CertificateWorld) -> None:
    world.authority.address = "203.0.113.9"
    world.ask("certificate.issue")
    world.run_within(3 * DAY)
    assert world.standing().reason == f"{DOMAIN} leads to 203.0.113.9 instead of 192.0.2.1"
    world.host.addresses = ["203.0.113.9"]
    world.run_within(1.1 * DAY)
    assert (world.state(), world.service.data["names"]) == (OperationState.SUCCEEDED, [DOMAIN, f"www.{DOMAIN}"])


def test_a_server_whose_panel_obtains_it_from_now_on_is_left_to_it(world: CertificateWorld) -> None:
    world.authority.elsewhere = {DOMAIN: "it leads elsewhere"}
    world.ask("certificate.issue")
    world.run_within(DAY)
    world.host.source, world.host.serves[SITE] = "panel", chain_for([DOMAIN], world.now)
    world.run_within(1.1 * DAY)
    assert (world.service.data["source"], world.authority.orders) == ("panel", {})


def test_an_optional_name_that_leads_elsewhere_is_left_out(world: CertificateWorld) -> None:
    world.authority.elsewhere = {f"www.{DOMAIN}": "it leads elsewhere"}
    world.do("certificate.issue")
    assert world.service.data["names"] == [DOMAIN]


def test_a_certificate_of_optional_names_alone_waits_for_them(world: CertificateWorld) -> None:
    world.order(names=[f"www.{DOMAIN}"], optional=[f"www.{DOMAIN}"])
    world.authority.elsewhere = {f"www.{DOMAIN}": "it leads elsewhere"}
    world.ask("certificate.issue")
    world.run_within(DAY)
    assert world.standing().reason == "it leads elsewhere"


def test_when_the_hosting_is_cancelled_it_no_longer_waits(world: CertificateWorld) -> None:
    world.authority.elsewhere = {DOMAIN: "it leads elsewhere"}
    world.ask("certificate.issue")
    world.run_within(DAY)
    world.hosting_becomes(ServiceStatus.CANCELLED)
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "hosting_gone")


def test_a_site_that_is_gone_is_told_so(world: CertificateWorld) -> None:
    world.host.sites_gone = {SITE}
    world.do("certificate.issue")
    assert world.error_code() == "hosting_gone"


def test_a_newer_cancel_makes_it_pointless(world: CertificateWorld) -> None:
    world.authority.elsewhere = {DOMAIN: "it leads elsewhere"}
    world.ask("certificate.issue")
    world.run_within(DAY)
    world.do("certificate.cancel")
    assert (world.state(), world.service.status) == (OperationState.SUPERSEDED, ServiceStatus.CANCELLED)


# -- the method


def test_what_the_server_cannot_serve_is_proven_in_the_dns(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.do("certificate.issue")
    assert "show-1-dns-1" in world.steps()


def test_no_wildcard_is_ordered_as_long_as_a_caa_record_forbids_it(world: CertificateWorld) -> None:
    wildcard = f"*.{DOMAIN}"
    world.order(names=[DOMAIN, wildcard], optional=[])
    world.authority.shut_out = {wildcard: f"A CAA record of {DOMAIN} allows only other authorities"}
    world.ask("certificate.issue")
    world.run_within(DAY)
    assert world.standing().reason == f"A CAA record of {DOMAIN} allows only other authorities"
    assert world.authority.orders == {}
    world.authority.shut_out = {}
    world.run_all()
    assert world.service.data["names"] == [DOMAIN, wildcard]


def test_a_wildcard_is_proven_in_the_dns_and_its_addresses_do_not_matter(world: CertificateWorld) -> None:
    world.order(names=[DOMAIN, f"*.{DOMAIN}"], optional=[])
    world.authority.elsewhere = {f"*.{DOMAIN}": "nowhere"}
    world.do("certificate.issue")
    assert [effect for effect in world.host.effects if effect.startswith("show")] == [
        f"show _acme-challenge.{DOMAIN}"
    ] * 2
    assert world.service.data["names"] == [DOMAIN, f"*.{DOMAIN}"]


def test_a_method_that_turns_out_impossible_is_followed_by_the_other(world: CertificateWorld) -> None:
    world.host.impossible = {Method.HTTP}
    world.do("certificate.issue")
    assert world.authority.count("issue") == 1
    assert [step for step in world.steps() if step.startswith("show-")] == [
        "show-1-http-1",
        "show-1-dns-1",
        "show-1-dns-2",
    ]


def test_the_method_that_was_ordered_is_the_only_one(world: CertificateWorld) -> None:
    world.order(method="http-01")
    world.host.impossible = {Method.HTTP}
    world.do("certificate.issue")
    assert (world.error_code(), world.service.status) == ("no_method", ServiceStatus.FAILED)


def test_without_a_method_nothing_is_ordered(world: CertificateWorld) -> None:
    world.host.methods = ()
    world.do("certificate.issue")
    assert (world.error_code(), world.authority.orders) == ("no_method", {})


def test_a_method_that_the_authority_does_not_offer_is_not_used(world: CertificateWorld) -> None:
    world.authority.offered = (Method.DNS,)
    world.do("certificate.issue")
    assert "show-1-dns-1" in world.steps()


def test_nothing_is_answered_before_the_dns_shows_it(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.authority.unseen = True
    world.ask("certificate.issue")
    world.run_within(3600)
    assert "answer" not in world.authority.calls
    world.authority.unseen = False
    world.run_all()
    assert world.authority.count("issue") == 1


def test_what_the_dns_does_not_show_is_looked_at_ever_more_rarely(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.authority.unseen = True
    world.ask("certificate.issue")
    world.run_within(DAY)
    before = world.authority.calls.count("shows")
    world.run_within(DAY)
    assert before < 150
    assert 20 < world.authority.calls.count("shows") - before <= 24


def test_an_order_whose_dns_shows_nothing_is_given_up_before_it_expires(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.authority.unseen = True
    world.ask("certificate.issue")
    for _ in range(6):
        world.run_within(DAY)
    world.run_within(DAY - 610)
    assert world.host.shown != set()
    world.run_within(30)
    reason = world.standing().reason or ""
    assert f"the DNS of {DOMAIN} does not show our record: _acme-challenge.{DOMAIN} is not there yet" in reason
    assert world.host.shown == set()


def test_an_order_that_was_given_up_for_its_dns_is_followed_by_another(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.authority.unseen = True
    world.ask("certificate.issue")
    for _ in range(7):
        world.run_within(DAY)
    world.authority.unseen = False
    world.run_all()
    assert (world.authority.count("new-order"), world.authority.count("issue")) == (2, 1)


def test_what_is_not_shown_yet_is_not_waited_for_when_the_hosting_is_cancelled(world: CertificateWorld) -> None:
    world.host.methods = (Method.DNS,)
    world.authority.unseen = True
    world.ask("certificate.issue")
    world.run_within(3600)
    world.hosting_becomes(ServiceStatus.CANCELLED)
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "hosting_gone")


# -- orders that die


def test_no_other_order_is_waited_for_when_the_hosting_is_cancelled(world: CertificateWorld) -> None:
    world.authority.fails = ["it could not be seen"]
    world.ask("certificate.issue")
    world.run_within(30)
    world.hosting_becomes(ServiceStatus.CANCELLED)
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "hosting_gone")
    assert world.authority.count("new-order") == 1


def test_a_failed_validation_is_followed_by_another_order_after_a_minute(world: CertificateWorld) -> None:
    world.authority.fails = ["the site answered 404"]
    world.ask("certificate.issue")
    world.run_within(59)
    told = "the certificate authority could not see that the names lead to this website: the site answered 404"
    assert world.standing().reason == f"{told}; it is tried again"
    world.run_within(10)
    assert (world.authority.count("new-order"), world.authority.count("issue")) == (2, 1)


def test_orders_follow_ever_more_slowly(world: CertificateWorld) -> None:
    world.authority.fails = ["no"] * 100
    world.ask("certificate.issue")
    for seconds, orders in ((30, 1), (60, 2), (600, 3), (6000, 4), (DAY, 5), (DAY, 6)):
        world.run_within(seconds)
        assert world.authority.count("new-order") == orders


def test_every_dead_order_is_tidied_up(world: CertificateWorld) -> None:
    world.authority.fails = ["no"] * 3
    world.do("certificate.issue")
    assert world.host.shown == set()
    assert world.host.count("show") == world.host.count("hide")


def test_all_orders_are_for_one_csr(world: CertificateWorld) -> None:
    world.authority.fails = ["no"] * 3
    world.do("certificate.issue")
    assert len({order.request.csr for order in world.authority.orders.values()}) == 1


def test_after_thirty_days_of_dead_orders_the_last_problem_is_told(world: CertificateWorld) -> None:
    world.authority.fails = ["the site answered 404"] * 1000
    world.ask("certificate.issue")
    world.run_all()
    assert (world.error_code(), world.service.status) == ("validation_failed", ServiceStatus.FAILED)
    assert world.harness.now() - world.memory_harness.memory.operations["op-1"].accepted_at < timedelta(days=31)


def test_an_order_that_is_gone_is_followed_by_another(world: CertificateWorld) -> None:
    world.authority.will("validated", refused("order_gone"))
    world.do("certificate.issue")
    assert (world.authority.count("new-order"), world.authority.count("issue")) == (2, 1)


def test_a_refused_name_is_final(world: CertificateWorld) -> None:
    world.authority.will("open_order", refused("identifier_rejected"))
    world.do("certificate.issue")
    assert (world.error_code(), world.authority.count("new-order")) == ("identifier_rejected", 0)


def test_a_caa_record_can_be_mended(world: CertificateWorld) -> None:
    world.authority.will("issue", Answer(takes_effect=False, raises=Rejected("caa_forbids", "example.net only")))
    world.do("certificate.issue")
    assert world.authority.count("issue") == 1


def test_an_authority_that_is_away_for_days_is_waited_for(world: CertificateWorld) -> None:
    world.authority.will("open_order", *[down()] * 350)
    world.ask("certificate.issue")
    for _ in range(5):
        world.run_within(DAY)
    assert world.authority.count("issue") == 1


def test_what_was_shown_before_it_was_refused_is_taken_away(world: CertificateWorld) -> None:
    world.host.will("show_challenge", lost(took_effect=True), refused("challenge_not_possible"))
    world.do("certificate.issue")
    assert (world.state(), world.host.shown) == (OperationState.SUCCEEDED, set())


def test_an_optional_name_that_alone_is_refused_twice_is_left_out(world: CertificateWorld) -> None:
    world.authority.fails = [f"www.{DOMAIN}: the site answered 404"] * 4  # one for each answer
    world.do("certificate.issue")
    assert [order.request.names for order in world.authority.orders.values()] == [
        (DOMAIN, f"www.{DOMAIN}"),
        (DOMAIN, f"www.{DOMAIN}"),
        (DOMAIN,),
    ]
    assert (world.service.data["names"], world.state()) == ([DOMAIN], OperationState.SUCCEEDED)


def test_what_is_left_out_stays_so_after_a_crash(world: CertificateWorld) -> None:
    world.authority.fails = [f"www.{DOMAIN}: the site answered 404"] * 4  # one for each answer
    world.authority.will("issue", lost(took_effect=True))
    world.do("certificate.issue")
    assert (world.service.data["names"], world.authority.count("issue")) == ([DOMAIN], 1)


@pytest.mark.parametrize(
    "words",
    [
        f"{DOMAIN}: the site answered 404; www.{DOMAIN}: the site answered 404",
        f"{DOMAIN}: the site answered 404",
        f"www.www.{DOMAIN}: the site answered 404",
        "the site answered 404",
    ],
)
def test_no_name_is_left_out_for_a_refusal_of_another(world: CertificateWorld, words: str) -> None:
    world.authority.fails = [words] * 6
    world.do("certificate.issue")
    assert world.service.data["names"] == [DOMAIN, f"www.{DOMAIN}"]


def test_for_a_suspended_website_is_waited_where_only_its_pages_could_show_anything(world: CertificateWorld) -> None:
    world.host.methods = (Method.HTTP,)
    world.hosting_status = ServiceStatus.SUSPENDED
    world.ask("certificate.issue")
    world.run_within(5 * DAY)
    assert (world.authority.effects, "is suspended" in (world.standing().reason or "")) == ([], True)
    world.hosting_becomes(ServiceStatus.ACTIVE)
    world.run_all()
    assert world.authority.count("issue") == 1


def test_after_a_month_of_suspension_it_waits_for_the_website_to_come_back(world: CertificateWorld) -> None:
    world.order(method="http-01")
    world.hosting_status = ServiceStatus.SUSPENDED
    world.ask("certificate.issue")
    for _ in range(4):
        world.run_within(8 * DAY)
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.PROVISIONING)
    assert world.service.data["problem_code"] == "no_method"
    world.do("certificate.upkeep")
    assert world.authority.effects == []
    assert world.upkeep_in_days == pytest.approx(7, abs=0.1)
    world.hosting_becomes(ServiceStatus.ACTIVE)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.status) == (1, ServiceStatus.ACTIVE)
    assert world.service.data["problem"] is None


@pytest.mark.parametrize("command", ["certificate.install", "certificate.remove"])
def test_what_is_asked_for_during_the_suspension_does_not_keep_it_from_being_issued(
    world: CertificateWorld, command: str
) -> None:
    world.host.source = "panel"
    world.hosting_status = ServiceStatus.SUSPENDED
    world.ask("certificate.issue")
    for _ in range(4):
        world.run_within(8 * DAY)
    world.do(command)
    assert (world.service.data["problem_code"], world.service.status) != ("no_method", ServiceStatus.FAILED)
    world.host.source = "worker"
    resume(world)
    assert world.upkeep_in_days is not None
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.status) == (1, ServiceStatus.ACTIVE)


def waiting_for_its_names(world: CertificateWorld) -> None:
    """It was asked for five days ago, and only the pages of the website could show anything."""
    world.host.methods = (Method.HTTP,)
    world.authority.elsewhere = {DOMAIN: "it leads elsewhere"}
    world.ask("certificate.issue")
    world.run_within(5 * DAY)


def suspend(world: CertificateWorld) -> None:
    """Nothing can be put into the website any more."""
    world.host.impossible = {Method.HTTP}
    world.hosting_becomes(ServiceStatus.SUSPENDED)


def resume(world: CertificateWorld) -> None:
    world.host.impossible = set()
    world.hosting_becomes(ServiceStatus.ACTIVE)


def test_what_is_suspended_while_it_waits_for_its_names_is_ordered_when_it_is_back(world: CertificateWorld) -> None:
    waiting_for_its_names(world)
    suspend(world)
    world.authority.elsewhere = {}
    world.run_within(5 * DAY)
    assert (world.authority.orders, "is suspended" in (world.standing().reason or "")) == ({}, True)
    resume(world)
    world.run_all()
    assert (world.authority.count("new-order"), world.authority.count("issue")) == (1, 1)


def test_what_stays_suspended_while_it_waits_for_its_names_is_begun_anew(world: CertificateWorld) -> None:
    waiting_for_its_names(world)
    suspend(world)
    world.authority.elsewhere = {}
    for _ in range(4):
        world.run_within(8 * DAY)
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.PROVISIONING)
    assert (world.service.data["problem_code"], world.authority.orders) == ("no_method", {})
    resume(world)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.status) == (1, ServiceStatus.ACTIVE)


def test_what_cannot_be_shown_as_the_website_was_just_suspended_is_begun_anew(world: CertificateWorld) -> None:
    world.host.methods = (Method.HTTP,)
    world.authority.will("open_order", Answer(meanwhile=lambda: suspend(world)))
    world.do("certificate.issue")
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.PROVISIONING)
    assert "is suspended" in world.service.data["problem"]
    assert world.upkeep_in_days == pytest.approx(7, abs=0.1)
    resume(world)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.status) == (1, ServiceStatus.ACTIVE)


def test_no_other_order_is_opened_while_the_website_is_suspended(world: CertificateWorld) -> None:
    world.host.methods = (Method.HTTP,)
    world.authority.fails = ["the site answered 503"]
    world.ask("certificate.issue")
    world.run_within(30)
    suspend(world)
    world.run_within(5 * DAY)
    assert (world.authority.count("new-order"), "is suspended" in (world.standing().reason or "")) == (1, True)
    resume(world)
    world.run_all()
    assert (world.authority.count("new-order"), world.authority.count("issue")) == (2, 1)


def test_what_a_panel_does_not_obtain_for_a_suspended_website_is_begun_anew(world: CertificateWorld) -> None:
    world.host.source = "panel"
    world.hosting_status = ServiceStatus.SUSPENDED
    world.ask("certificate.issue")
    for _ in range(4):
        world.run_within(8 * DAY)
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.PROVISIONING)
    resume(world)
    world.host.serves[SITE] = chain_for([DOMAIN], world.now)
    world.do("certificate.upkeep")
    assert (world.service.data["source"], world.service.status) == ("panel", ServiceStatus.ACTIVE)


# -- what was issued is not lost


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_lost_answer_to_the_issue_makes_no_second_certificate(world: CertificateWorld, *, took_effect: bool) -> None:
    world.authority.will("issue", lost(took_effect=took_effect))
    world.do("certificate.issue")
    assert (world.authority.count("issue"), world.state()) == (1, OperationState.SUCCEEDED)


def test_tidying_up_is_tried_beyond_the_deadline(world: CertificateWorld) -> None:
    world.host.will("hide_challenge", *[down()] * 200)
    world.do("certificate.issue")
    assert (world.state(), world.host.shown) == (OperationState.SUCCEEDED, set())


# -- servers that do it themselves, and those on which nobody does


def test_where_the_panel_obtains_it_that_is_waited_for_and_recorded(world: CertificateWorld) -> None:
    world.host.source = "panel"
    world.ask("certificate.issue")
    world.run_within(DAY)
    assert world.standing().reason == f"{DOMAIN} serves no valid certificate"
    world.host.serves[SITE] = chain = chain_for([DOMAIN], world.now)
    world.run_all()
    assert (world.service.data["source"], world.service.data["installed"]) == ("panel", True)
    assert (world.kept["op-1"].fingerprint, world.kept["op-1"].key) == (facts_of(chain).fingerprint, None)
    assert world.authority.effects == []


def test_where_nobody_obtains_it_the_reason_is_told(world: CertificateWorld) -> None:
    world.host.source = "none"
    world.do("certificate.issue")
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.FAILED)
    assert world.service.data["problem_code"] == "no_method"
    assert world.upkeep_in_days is None


def test_the_first_upkeep_is_tomorrow(world: CertificateWorld) -> None:
    world.ask("certificate.issue")
    world.run_one()
    world.run_all()
    assert world.upkeep_in_days == pytest.approx(1, abs=0.01)


def test_no_key_is_in_the_journal(world: CertificateWorld) -> None:
    key = world.do("certificate.issue") and world.service.password
    assert isinstance(key, Secret)
    assert key.reveal() not in repr(world.memory_harness.memory.commits)
    assert CERTIFICATE in world.memory_harness.memory.kept.records
