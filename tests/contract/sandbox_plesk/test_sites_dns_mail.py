"""site, dns, mail: what lives inside a subscription."""

import pytest

from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire

RECORDS = "<dns><get_rec><filter>{}</filter></get_rec></dns>"
REMOVE_RECORDS = "<dns><del_rec><filter>{}</filter></del_rec></dns>"


def site_add(name: str = "second.example", where: str = "<webspace-id>1</webspace-id>") -> str:
    return f"<site><add><gen_setup><name>{name}</name>{where}</gen_setup></add></site>"


def site_get(key: str, *parts: str) -> str:
    dataset = "".join(f"<{part}/>" for part in parts or ("gen_info",))
    return f"<site><get><filter>{key}</filter><dataset>{dataset}</dataset></get></site>"


def record(kind: str, host: str, value: str, opt: str = "") -> str:
    extra = f"<opt>{opt}</opt>" if opt else ""
    body = f"<type>{kind}</type><host>{host}</host><value>{value}</value>{extra}"
    return f"<dns><add_rec><site-id>1</site-id>{body}</add_rec></dns>"


def mailbox(name: str, more: str = "<mailbox><enabled>true</enabled><quota>1048576</quota></mailbox>") -> str:
    password = f"<password><value>{wire.PASSWORD}</value></password>"
    body = f"<mailname><name>{name}</name>{more}{password}</mailname>"
    return f"<mail><create><filter><site-id>1</site-id>{body}</filter></create></mail>"


def mail_info(names: str, flags: str = "<mailbox/><forwarding/><aliases/>") -> str:
    return f"<mail><get_info><filter><site-id>1</site-id>{names}</filter>{flags}</get_info></mail>"


def limit(client: wire.Client, name: str, value: int) -> None:
    limits = f"<limits><limit><name>{name}</name><value>{value}</value></limit></limits>"
    assert client.code(wire.webspace_set("<id>1</id>", limits)) == 0


def mail_update(kind: str, body: str) -> str:
    filtered = f"<filter><site-id>1</site-id><mailname><name>info</name>{body}</mailname></filter>"
    return f"<mail><update><{kind}>{filtered}</{kind}></update></mail>"


def test_the_main_site_has_the_number_and_guid_of_its_subscription(hosted: wire.Client) -> None:
    webspace = hosted.result(wire.webspace_get("<id>1</id>"))
    site = hosted.result(site_get("<name>example.com</name>"))
    assert site.findtext("id") == webspace.findtext("id") == site.findtext("data/gen_info/webspace-id")
    assert site.findtext("data/gen_info/guid") == webspace.findtext("data/gen_info/guid")


def test_a_second_site_belongs_to_its_subscription(hosted: wire.Client) -> None:
    hosted.result(
        wire.webspace_set("<id>1</id>", "<limits><limit><name>max_site</name><value>2</value></limit></limits>")
    )
    number = hosted.result(site_add()).findtext("id")
    assert hosted.result(site_get(f"<id>{number}</id>")).findtext("data/gen_info/webspace-id") == "1"
    assert len(hosted.results(site_get("<parent-id>1</parent-id>"))) == 2


def test_more_sites_than_the_plan_allows_are_1024(hosted: wire.Client) -> None:
    assert hosted.code(site_add()) == 1024


def test_a_subdomain_is_found_by_its_parent(hosted: wire.Client) -> None:
    hosted.result(site_add("shop.example.com", "<parent-site-name>example.com</parent-site-name>"))
    found = hosted.result(site_get("<parent-site-id>1</parent-site-id>"))
    assert found.findtext("data/gen_info/name") == "shop.example.com"


@pytest.mark.parametrize(
    ("where", "code"),
    [("", 1019), ("<webspace-id>9</webspace-id>", 1015), ("<parent-site-id>9</parent-site-id>", 1015)],
)
def test_a_site_needs_a_place(where: str, code: int, hosted: wire.Client) -> None:
    assert hosted.code(site_add(where=where)) == code


def test_a_site_name_that_is_taken_is_1007(hosted: wire.Client) -> None:
    assert hosted.code(site_add("example.com")) == 1007


def test_an_unknown_site_is_1013(client: wire.Client) -> None:
    assert client.result(site_get("<name>none.example</name>")).findtext("errtext") == "Site does not exist"


def test_a_sites_hosting_and_name_can_be_set(hosted: wire.Client) -> None:
    php = wire.properties({"php_handler_id": "plesk-php82-fpm"})
    values = f"<gen_setup><name>new.example</name></gen_setup><hosting><vrt_hst>{php}</vrt_hst></hosting>"
    assert hosted.code(f"<site><set><filter><id>1</id></filter><values>{values}</values></set></site>") == 0
    shown = hosted.result(site_get("<name>new.example</name>", "hosting", "stat", "prefs", "disk_usage", "performance"))
    assert "plesk-php82-fpm" in {each.text for each in shown.iter("value")}


def test_the_main_site_goes_only_with_its_subscription(hosted: wire.Client) -> None:
    assert hosted.code("<site><del><filter><id>1</id></filter></del></site>") == 1023


def test_a_subdomain_can_be_removed_once(hosted: wire.Client) -> None:
    hosted.result(site_add("shop.example.com", "<parent-site-id>1</parent-site-id>"))
    remove = "<site><del><filter><name>shop.example.com</name></filter></del></site>"
    assert [hosted.code(remove), hosted.code(remove)] == [0, 1013]


def test_a_new_site_has_a_zone(hosted: wire.Client) -> None:
    kinds = {result.findtext("data/type") for result in hosted.results(RECORDS.format("<site-id>1</site-id>"))}
    assert kinds == {"A", "NS", "CNAME", "MX", "TXT"}


@pytest.mark.parametrize(
    ("host", "absolute"),
    [
        ("shop", "shop.example.com."),
        ("", "example.com."),
        ("a.example.com.", "a.example.com."),
        ("*", "*.example.com."),
    ],
)
def test_a_host_comes_back_absolute(host: str, absolute: str, hosted: wire.Client) -> None:
    number = hosted.result(record("A", host, "192.0.2.77")).findtext("id")
    assert hosted.result(RECORDS.format(f"<id>{number}</id>")).findtext("data/host") == absolute


@pytest.mark.parametrize(
    ("kind", "host", "value"),
    [("A", "a", "not-an-ip"), ("A", "a", "2001:db8::1"), ("NOPE", "a", "b"), ("A", "a.other.example.", "192.0.2.1")],
)
def test_a_record_that_cannot_be_is_1019(kind: str, host: str, value: str, hosted: wire.Client) -> None:
    assert hosted.code(record(kind, host, value)) == 1019


def test_the_same_record_twice_is_1007(hosted: wire.Client) -> None:
    add = record("MX", "", "mx.other.example", opt="20")
    assert [hosted.code(add), hosted.code(add)] == [0, 1007]


def test_a_record_is_removed_by_its_number_once(hosted: wire.Client) -> None:
    number = hosted.result(record("TXT", "a", "text")).findtext("id")
    remove = REMOVE_RECORDS.format(f"<id>{number}</id>")
    assert [hosted.code(remove), hosted.code(remove)] == [0, 1013]


def test_all_records_of_a_site_can_be_removed(hosted: wire.Client) -> None:
    hosted.results(REMOVE_RECORDS.format("<site-id>1</site-id>"))
    assert [child.tag for child in hosted.result(RECORDS.format("<site-id>1</site-id>"))] == ["status"]


def test_a_zone_that_is_switched_off_takes_no_records_and_says_why(hosted: wire.Client) -> None:
    hosted.result("<dns><disable><filter><site-id>1</site-id></filter></disable></dns>")
    assert "DNS service is not enabled" in (hosted.result(record("A", "a", "192.0.2.1")).findtext("errtext") or "")
    status = hosted.result("<dns><get><filter><site-id>1</site-id></filter><soa/></get></dns>")
    assert (status.findtext("zone_status"), status.findtext("soa/ttl")) == ("disabled", "86400")


def test_records_of_an_unknown_site_are_1013(client: wire.Client) -> None:
    assert client.code(RECORDS.format("<site-id>9</site-id>")) == 1013


def test_a_mailbox_is_made_once_and_read_back(hosted: wire.Client) -> None:
    assert [hosted.code(mailbox("info")), hosted.code(mailbox("info"))] == [0, 1007]
    shown = hosted.result(mail_info("<name>info</name>"))
    assert (shown.findtext("mailname/mailbox/enabled"), shown.findtext("mailname/mailbox/quota")) == ("true", "1048576")


def test_a_mailbox_needs_a_password(hosted: wire.Client) -> None:
    body = "<mailname><name>info</name><mailbox><enabled>true</enabled></mailbox></mailname>"
    assert hosted.code(f"<mail><create><filter><site-id>1</site-id>{body}</filter></create></mail>") == 1019


def test_one_packet_may_make_several_mailboxes_and_some_may_fail(hosted: wire.Client) -> None:
    hosted.result(mailbox("info"))
    bodies = "".join(f"<mailname><name>{name}</name></mailname>" for name in ("info", "sales"))
    results = hosted.results(f"<mail><create><filter><site-id>1</site-id>{bodies}</filter></create></mail>")
    assert [wire.code_of(result) for result in results] == [1007, 0]


def test_more_mailboxes_than_the_plan_allows_are_1024(hosted: wire.Client) -> None:
    hosted.result(
        wire.webspace_set("<id>1</id>", "<limits><limit><name>max_box</name><value>1</value></limit></limits>")
    )
    assert [hosted.code(mailbox("one")), hosted.code(mailbox("two"))] == [0, 1024]


def test_set_replaces_lists_while_add_and_remove_edit_them(hosted: wire.Client) -> None:
    hosted.result(mailbox("info", "<alias>a</alias>"))
    hosted.packet(f"<packet>{mail_update('add', '<alias>b</alias>')}</packet>")
    hosted.packet(f"<packet>{mail_update('remove', '<alias>a</alias>')}</packet>")
    assert [alias.text for alias in hosted.result(mail_info("<name>info</name>")).iter("alias")] == ["b"]
    hosted.packet(f"<packet>{mail_update('set', '<alias>c</alias><alias>d</alias>')}</packet>")
    assert [alias.text for alias in hosted.result(mail_info("<name>info</name>")).iter("alias")] == ["c", "d"]


def test_an_update_answers_below_its_kind(hosted: wire.Client) -> None:
    hosted.result(mailbox("info"))
    answer = hosted.packet(f"<packet>{mail_update('set', '<cp-access>true</cp-access>')}</packet>")
    assert answer.findtext("mail/update/set/result/mailname/name") == "info"


def test_a_mail_name_can_be_renamed(hosted: wire.Client) -> None:
    hosted.result(mailbox("info"))
    rename = "<mail><rename><site-id>1</site-id><name>info</name><new-name>sales</new-name></rename></mail>"
    assert [hosted.code(rename), hosted.code(rename)] == [0, 1013]


def test_removing_without_names_removes_every_mailbox_of_the_site(hosted: wire.Client) -> None:
    hosted.results(mailbox("one") + mailbox("two"))
    assert len(hosted.results("<mail><remove><filter><site-id>1</site-id></filter></remove></mail>")) == 2
    assert [child.tag for child in hosted.result(mail_info(""))] == ["status"]


def test_mail_of_an_unknown_site_is_1013(client: wire.Client) -> None:
    assert client.code(mail_info("")) == 1013


def test_mail_preferences_tell_whether_mail_is_on(hosted: wire.Client) -> None:
    hosted.result("<mail><disable><site-id>1</site-id></disable></mail>")
    prefs = hosted.result("<mail><get_prefs><filter><site-id>1</site-id></filter></get_prefs></mail>")
    assert prefs.findtext("prefs/mailservice") == "false"


def test_changes_inside_a_subscription_bear_its_mark(hosted: wire.Client, simulator: RunningSimulator) -> None:
    hosted.results(record("A", "a", "192.0.2.1") + mailbox("info"))
    hosted.result(site_add("shop.example.com", "<parent-site-id>1</parent-site-id>"))
    operations = [effect.operation for effect in simulator.ledger.effects(reference="svc:1")]
    assert operations == ["webspace.add", "dns.add_rec", "mail.create", "site.add"]
