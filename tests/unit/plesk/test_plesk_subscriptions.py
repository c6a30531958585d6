import httpx
import pytest

from provisioner.ports.outcomes import Misconfigured, Rejected, Unavailable, Uncertain
from tests.unit.plesk.scripted import (
    ABSENT,
    MADE,
    OK,
    WANTED,
    ScriptedServer,
    customer,
    empty_server,
    hosting,
    refused,
    webspace,
)

DOMAIN_EXISTS = refused(1007, "Incorrect name demo.example. This domain name already exists.")
BARE = webspace(htype="none")
SITE = "<result><status>ok</status><id>9</id><data><gen_info><name>demo.example</name></gen_info></data></result>"


def half_made(*shown: str) -> ScriptedServer:
    """A server that shows these one after another, and on which everything succeeds."""
    return (
        empty_server()
        .on("webspace/get", *shown)
        .on("customer/get", customer())
        .on("webspace/set", OK)
        .on("webspace/switch-subscription", OK)
    )


def test_a_subscription_is_made_with_owner_plan_address_and_our_mark() -> None:
    server = empty_server()
    done = hosting(server).create_subscription(WANTED)
    add = server.body("webspace/add")
    assert done.ref == "guid-s"
    assert add.findtext("gen_setup/owner-guid") == "owner-guid"
    assert add.findtext("gen_setup/external-id") == "svc:s-1"
    assert add.findtext("hosting/vrt_hst/ip_address") == "192.0.2.7"
    assert add.findtext("plan-guid") == "plan-gold"


def test_what_was_made_is_told_with_everything_later_steps_need() -> None:
    done = hosting(empty_server()).create_subscription(WANTED)
    expected = {"id": "7", "domain": "demo.example", "login": "demo1", "plan": "Gold", "ip_address": "192.0.2.7"}
    assert (done.data, done.warnings) == (expected, ())


def test_the_configured_address_comes_first() -> None:
    server = empty_server()
    hosting(server, ip_address="198.51.100.1").create_subscription(WANTED)
    assert server.body("webspace/add").findtext("gen_setup/ip_address") == "198.51.100.1"
    assert "ip/get" not in server.operations()


def test_a_server_without_shared_address_is_for_an_operator() -> None:
    server = empty_server().on("ip/get", "<result><status>ok</status><addresses/></result>")
    with pytest.raises(Misconfigured) as parked:
        hosting(server).create_subscription(WANTED)
    assert parked.value.code == "ip_address"


@pytest.mark.parametrize("answer", [ABSENT, "<result><status>ok</status></result>"])
def test_an_unknown_plan_can_be_corrected_and_nothing_is_made(answer: str) -> None:
    server = empty_server().on("service-plan/get", answer)
    with pytest.raises(Rejected) as refused:
        hosting(server).create_subscription(WANTED)
    assert (refused.value.code, refused.value.fields) == ("unknown_plan", ("/plan",))
    assert "webspace/add" not in server.operations()


def test_ours_is_found_and_not_made_again() -> None:
    server = half_made(webspace())
    assert hosting(server).create_subscription(WANTED).ref == "guid-s"
    assert not {"webspace/add", "webspace/set"} & set(server.operations())


def test_a_domain_of_someone_else_is_taken_and_nothing_is_made() -> None:
    server = empty_server().on("webspace/get", ABSENT, webspace(mark="svc:other"))
    with pytest.raises(Rejected) as taken:
        hosting(server).create_subscription(WANTED)
    assert (taken.value.code, taken.value.fields) == ("domain_taken", ("/domain",))
    assert "webspace/add" not in server.operations()


def test_ours_that_only_its_domain_shows_is_adopted() -> None:
    server = empty_server().on("webspace/get", ABSENT, webspace()).on("customer/get", customer())
    assert hosting(server).create_subscription(WANTED).ref == "guid-s"
    assert "webspace/add" not in server.operations()


def test_one_that_an_earlier_attempt_made_meanwhile_is_adopted() -> None:
    server = empty_server().on("webspace/get", ABSENT, ABSENT, webspace()).on("webspace/add", DOMAIN_EXISTS)
    assert hosting(server).create_subscription(WANTED).ref == "guid-s"


def test_a_domain_that_someone_else_took_meanwhile_is_taken() -> None:
    shown = (ABSENT, ABSENT, ABSENT, webspace(mark=""))
    server = empty_server().on("webspace/get", *shown).on("webspace/add", DOMAIN_EXISTS)
    with pytest.raises(Rejected) as taken:
        hosting(server).create_subscription(WANTED)
    assert (taken.value.code, taken.value.vendor_code) == ("domain_taken", "1007")


def test_a_domain_that_is_a_site_of_another_subscription_is_taken() -> None:
    server = empty_server().on("webspace/get", ABSENT).on("webspace/add", DOMAIN_EXISTS).on("site/get", SITE)
    with pytest.raises(Rejected) as taken:
        hosting(server).create_subscription(WANTED)
    assert taken.value.code == "domain_taken"


def test_a_domain_that_nothing_shows_yet_is_asked_for_later() -> None:
    server = empty_server().on("webspace/get", ABSENT).on("webspace/add", DOMAIN_EXISTS)
    with pytest.raises(Unavailable) as later:
        hosting(server).create_subscription(WANTED)
    assert later.value.code == "name_in_use"


@pytest.mark.parametrize(
    "answer", [refused(1002), refused(1019, "demo1 already exists"), refused(1007, "User demo1 already exists.")]
)
def test_a_system_login_of_someone_else_is_taken(answer: str) -> None:
    server = empty_server().on("webspace/get", ABSENT).on("webspace/add", answer)
    with pytest.raises(Rejected) as taken:
        hosting(server).create_subscription(WANTED)
    assert (taken.value.code, taken.value.fields) == ("login_taken", ("/login",))


def test_missing_hosting_is_added_by_guid() -> None:
    server = half_made(BARE, webspace())
    assert hosting(server).create_subscription(WANTED).ref == "guid-s"
    assert server.body("webspace/set").findtext("filter/guid") == "guid-s"
    assert server.operations().count("webspace/set") == 1


def test_hosting_that_cannot_have_this_login_names_the_login() -> None:
    server = half_made(BARE).on("webspace/set", refused(1019, "user demo1 already exists"))
    with pytest.raises(Rejected) as taken:
        hosting(server).create_subscription(WANTED)
    assert taken.value.code == "login_taken"


def test_a_wrong_plan_is_switched() -> None:
    server = half_made(webspace(plan="plan-lead"), webspace())
    assert hosting(server).create_subscription(WANTED).warnings == ()
    assert server.body("webspace/switch-subscription").findtext("plan-guid") == "plan-gold"


def test_what_a_switch_left_as_it_was_is_a_warning() -> None:
    problems = "<result><status>ok</status><id>7</id><problems>Disk space 10 GB, requested 5 GB</problems></result>"
    server = half_made(webspace(plan="plan-lead"), webspace()).on("webspace/switch-subscription", problems)
    assert hosting(server).create_subscription(WANTED).warnings == (
        "not all of the plan applies: Disk space 10 GB, requested 5 GB",
    )


def test_a_switch_that_shows_no_effect_is_uncertain() -> None:
    with pytest.raises(Uncertain) as unknown:
        hosting(half_made(webspace(plan="plan-lead"))).create_subscription(WANTED)
    assert unknown.value.code == "incomplete"


def test_a_switch_on_a_server_that_is_not_ready_changed_nothing() -> None:
    server = half_made(webspace(plan="plan-lead")).on("webspace/switch-subscription", refused(1003))
    with pytest.raises(Unavailable):
        hosting(server).create_subscription(WANTED)


def test_a_subscription_that_is_made_and_not_shown_is_uncertain() -> None:
    with pytest.raises(Uncertain) as unknown:
        hosting(empty_server().on("webspace/get", ABSENT)).create_subscription(WANTED)
    assert unknown.value.code == "not_shown_yet"


@pytest.mark.parametrize("answer", [refused(1003), httpx.ConnectError("no"), httpx.Response(502)])
def test_a_read_back_that_fails_after_the_effect_is_uncertain(
    answer: str | httpx.ConnectError | httpx.Response,
) -> None:
    shown = (ABSENT, ABSENT, answer)
    server = empty_server().on("webspace/get", *shown)
    with pytest.raises(Uncertain):
        hosting(server).create_subscription(WANTED)
    assert server.operations().count("webspace/add") == 1


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("no"), httpx.ReadError("no"), httpx.Response(504), refused(1023), "<garbage"]
)
def test_an_unknown_outcome_is_never_repeated(answer: str | httpx.Response | httpx.RequestError) -> None:
    server = empty_server().on("webspace/add", answer)
    with pytest.raises(Uncertain):
        hosting(server).create_subscription(WANTED)
    assert server.operations().count("webspace/add") == 1


def test_an_answer_that_does_not_say_what_was_made_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        hosting(empty_server().on("webspace/add", "")).create_subscription(WANTED)


def test_a_limit_that_is_reached_is_for_an_operator() -> None:
    with pytest.raises(Misconfigured) as parked:
        hosting(empty_server().on("webspace/add", refused(1024))).create_subscription(WANTED)
    assert parked.value.code == "limit_reached"


@pytest.mark.parametrize("shown", [ABSENT, BARE, webspace(plan="plan-lead"), webspace(mark="svc:other")])
def test_only_a_complete_subscription_of_ours_is_found(shown: str) -> None:
    assert hosting(half_made(shown)).find_subscription(WANTED) is None


def test_what_is_found_is_told_as_when_it_was_made() -> None:
    assert hosting(half_made(webspace())).find_subscription(WANTED) == hosting(empty_server()).create_subscription(
        WANTED
    )


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (webspace(status=64), "not active (status 64)"),
        (webspace(name="other.example"), "named other.example"),
        (webspace().replace("<owner-id>3", "<owner-id>4"), "another customer"),
        (webspace().replace("<locked>false", "<locked>true"), "is locked"),
    ],
)
def test_what_is_odd_about_ours_is_a_warning(shown: str, said: str) -> None:
    warnings = hosting(half_made(shown)).create_subscription(WANTED).warnings
    assert len(warnings) == 1
    assert said in warnings[0]


def test_two_with_our_mark_are_told_apart_by_domain() -> None:
    other = webspace(name="other.example").replace("guid-s", "guid-other")
    assert hosting(half_made(other + webspace())).create_subscription(WANTED).ref == "guid-s"


def test_two_with_our_mark_and_neither_domain_are_for_an_operator() -> None:
    with pytest.raises(Misconfigured):
        hosting(half_made(webspace(name="x.example") + webspace(name="y.example"))).create_subscription(WANTED)


def test_the_password_reaches_the_server_and_nothing_else() -> None:
    server = empty_server().on("webspace/add", MADE)
    hosting(server).create_subscription(WANTED)
    values = [each.findtext("value") for each in server.body("webspace/add").iter("property")]
    assert values == ["demo1", "canary-ftp-9"]
