"""webspace: subscriptions."""

import httpx
import pytest

from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire

UNIQUE = ("<id>1</id>", "<name>example.com</name>", "<external-id>svc:1</external-id>")
OWNER = ("<owner-id>2</owner-id>", "<owner-login>jdoe</owner-login>", "<owner-external-id>cust:1</owner-external-id>")
REMOVE = "<webspace><del><filter>{}</filter></del></webspace>"


def info(client: wire.Client, part: str, key: str = "<id>1</id>") -> str | None:
    dataset = part.partition("/")[0]
    return client.result(wire.webspace_get(key, dataset)).findtext(f"data/{part}")


def hosting(client: wire.Client, key: str = "<id>1</id>") -> dict[str, str]:
    result = client.result(wire.webspace_get(key, "hosting"))
    return {each.findtext("name") or "": each.findtext("value") or "" for each in result.iter("property")}


@pytest.mark.parametrize("key", [*UNIQUE, *OWNER])
def test_a_subscription_is_found_by_every_key(key: str, hosted: wire.Client) -> None:
    assert info(hosted, "gen_info/name", key) == "example.com"


def test_the_owner_is_who_the_request_named(hosted: wire.Client) -> None:
    assert info(hosted, "gen_info/owner-login") == "jdoe"


def test_without_an_owner_it_is_the_administrators(client: wire.Client) -> None:
    client.result(wire.webspace_add(owner=""))
    assert info(client, "gen_info/owner-login") == "admin"


def test_an_unknown_owner_is_1015(client: wire.Client) -> None:
    assert client.code(wire.webspace_add(owner="<owner-id>99</owner-id>")) == 1015


def test_a_name_that_is_taken_is_1007_in_the_vendors_words(hosted: wire.Client) -> None:
    result = hosted.result(wire.webspace_add(login="web2", external_id="svc:2"))
    assert wire.code_of(result) == 1007
    assert result.findtext("errtext") == "Incorrect name example.com. This domain name already exists."


def test_a_system_login_that_is_taken_is_1019_and_says_already_exists(hosted: wire.Client) -> None:
    result = hosted.result(wire.webspace_add("other.example", login="web1", external_id="svc:2"))
    assert wire.code_of(result) == 1019
    assert "already exists" in (result.findtext("errtext") or "")


@pytest.mark.parametrize("login", ["root", "Upper", "1st", ""])
def test_a_system_login_that_cannot_be_is_1019(login: str, hosted: wire.Client) -> None:
    assert hosted.code(wire.webspace_add("other.example", login=login)) == 1019


def test_a_refused_subscription_leaves_no_trace(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_add("other.example", login="web1", external_id="svc:2"))
    assert hosted.code(wire.webspace_get("<name>other.example</name>")) == 1013


@pytest.mark.parametrize("name", ["localhost", "-a.example", "a..example", "exa mple.com", ""])
def test_a_domain_name_that_is_none_is_1019(name: str, hosted: wire.Client) -> None:
    assert hosted.code(wire.webspace_add(name)) == 1019


def test_an_international_name_has_an_ascii_form(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_add("bücher.example", login="web2", external_id="svc:2"))
    assert info(hosted, "gen_info/ascii-name", "<external-id>svc:2</external-id>") == "xn--bcher-kva.example"


def test_a_hosting_type_without_its_hosting_is_refused(client: wire.Client) -> None:
    setup = "<gen_setup><name>a.example</name><htype>vrt_hst</htype></gen_setup>"
    assert client.code(f"<webspace><add>{setup}</add></webspace>") == 1019


def test_a_subscription_may_have_no_hosting_and_get_it_later(client: wire.Client) -> None:
    client.result("<webspace><add><gen_setup><name>a.example</name></gen_setup></add></webspace>")
    assert info(client, "gen_info/htype") == "none"
    user = wire.properties({"ftp_login": "web1", "ftp_password": wire.PASSWORD})
    assert client.code(wire.webspace_set("<id>1</id>", f"<hosting><vrt_hst>{user}</vrt_hst></hosting>")) == 0
    assert info(client, "gen_info/htype") == "vrt_hst"


def test_forwarding_is_kept(client: wire.Client) -> None:
    setup = "<gen_setup><name>a.example</name><htype>std_fwd</htype></gen_setup>"
    target = "<hosting><std_fwd><dest_url>https://b.example/</dest_url></std_fwd></hosting>"
    client.result(f"<webspace><add>{setup}{target}</add></webspace>")
    assert info(client, "hosting/std_fwd/dest_url") == "https://b.example/"


def test_an_address_that_is_not_the_servers_is_1018(client: wire.Client) -> None:
    setup = "<gen_setup><name>a.example</name><ip_address>198.51.100.1</ip_address></gen_setup>"
    assert client.code(f"<webspace><add>{setup}</add></webspace>") == 1018


def test_an_unknown_plan_is_1013(hosted: wire.Client) -> None:
    assert hosted.code(wire.webspace_add("b.example", login="web2", plan="<plan-name>gold</plan-name>")) == 1013


def test_an_unknown_limit_is_1019(hosted: wire.Client) -> None:
    limits = "<limits><limit><name>max_cats</name><value>9</value></limit></limits>"
    assert hosted.code(wire.webspace_add("b.example", login="web2", settings=limits)) == 1019


def test_a_licence_without_room_is_1024(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"lim_dom": 0}})
    assert client.code(wire.webspace_add(owner="")) == 1024


def test_the_licence_tells_its_limits(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"lim_dom": 7}})
    key = client.result("<server><get><key/></get></server>")
    assert {each.findtext("name"): each.findtext("value") for each in key.iter("property")}["lim_dom"] == "7"


def test_the_plan_gives_the_limits(hosted: wire.Client) -> None:
    result = hosted.result(wire.webspace_get("<id>1</id>", "limits"))
    assert {each.findtext("name"): each.findtext("value") for each in result.iter("limit")}["max_box"] == "10"


def test_the_system_users_password_is_shown_as_a_hash(hosted: wire.Client) -> None:
    shown = hosting(hosted)
    assert shown["ftp_password"].startswith("$5$")
    assert shown["ftp_password_type"] == "crypt"


def test_the_password_can_be_shown_in_plain_as_old_servers_do(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"plain_ftp_passwords": True}})
    client.result(wire.webspace_add(owner=""))
    assert hosting(client)["ftp_password"] == wire.PASSWORD


@pytest.mark.parametrize("status", [16, 32, 64, 0])
def test_the_status_that_is_set_is_read_back(status: int, hosted: wire.Client) -> None:
    assert hosted.code(wire.status_set(status)) == 0
    assert info(hosted, "gen_info/status") == str(status)


def test_a_status_that_is_none_is_1025(hosted: wire.Client) -> None:
    assert hosted.code(wire.status_set(2)) == 1025


def test_a_new_name_moves_the_zone_with_it(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_set("<id>1</id>", "<gen_setup><name>new.example</name></gen_setup>"))
    results = hosted.results("<dns><get_rec><filter><site-id>1</site-id></filter></get_rec></dns>")
    assert all((result.findtext("data/host") or "").endswith("new.example.") for result in results)


def test_a_new_name_must_be_free(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_add("b.example", login="web2", external_id="svc:2"))
    assert hosted.code(wire.webspace_set("<id>1</id>", "<gen_setup><name>b.example</name></gen_setup>")) == 1007


def test_the_owner_can_change(hosted: wire.Client) -> None:
    hosted.result(wire.customer_add("other", "cust:2"))
    hosted.result(wire.webspace_set("<id>1</id>", "<gen_setup><owner-login>other</owner-login></gen_setup>"))
    assert info(hosted, "gen_info/owner-login") == "other"


def test_limits_that_are_set_lock_the_subscription(hosted: wire.Client) -> None:
    limits = "<limits><limit><name>max_box</name><value>3</value></limit></limits>"
    hosted.result(wire.webspace_set("<id>1</id>", limits))
    assert info(hosted, "subscriptions/subscription/locked") == "true"


def test_a_new_password_does_not_lock_it(hosted: wire.Client) -> None:
    password = wire.properties({"ftp_password": "Another-one-2"})
    hosted.result(wire.webspace_set("<id>1</id>", f"<hosting><vrt_hst>{password}</vrt_hst></hosting>"))
    assert info(hosted, "subscriptions/subscription/locked") == "false"


def test_a_removed_subscription_is_gone_and_its_name_free(hosted: wire.Client) -> None:
    assert hosted.code(REMOVE.format("<id>1</id>")) == 0
    assert hosted.code(REMOVE.format("<id>1</id>")) == 1013
    assert hosted.code(wire.webspace_add()) == 0


def test_a_number_is_never_given_twice(hosted: wire.Client) -> None:
    hosted.result(REMOVE.format("<id>1</id>"))
    assert hosted.result(wire.webspace_add()).findtext("id") != "1"


def test_an_empty_filter_removes_everything(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_add("b.example", login="web2", external_id="svc:2"))
    assert len(hosted.results(REMOVE.format(""))) == 2
    assert [child.tag for child in hosted.result(wire.webspace_get(""))] == ["status"]


def test_an_external_id_may_be_given_to_several_subscriptions(hosted: wire.Client) -> None:
    hosted.result(wire.webspace_add("b.example", login="web2", external_id="svc:1"))
    assert len(hosted.results(wire.webspace_get("<external-id>svc:1</external-id>"))) == 2


def test_every_part_of_the_dataset_is_served(hosted: wire.Client) -> None:
    parts = [
        *("gen_info", "hosting", "hosting-basic", "limits", "stat", "prefs", "disk_usage", "performance"),
        *("subscriptions", "permissions", "plan-items", "php-settings", "resource-usage", "mail", "aps-filter"),
        "packages",
    ]
    data = hosted.result(wire.webspace_get("<id>1</id>", *parts)).find("data")
    assert [part.tag for part in data or ()] == parts


def test_what_happens_out_of_band_is_seen(hosted: wire.Client, adjust: wire.Adjust) -> None:
    day = {"date": "2026-01-02", "counters": {"http_out": 500}}
    adjust({"webspaces": [{"webspace": "svc:1", "status": 256, "real_size": 4096, "traffic": [day]}]})
    assert (info(hosted, "gen_info/status"), info(hosted, "gen_info/real_size")) == ("256", "4096")
    traffic = hosted.result("<webspace><get_traffic><filter><id>1</id></filter></get_traffic></webspace>")
    assert traffic.findtext("traffic/http_out") == "500"


@pytest.mark.parametrize("operator", ["webspace", "site"])
def test_traffic_is_cut_to_the_days_that_are_asked_for(operator: str, hosted: wire.Client, adjust: wire.Adjust) -> None:
    days = [{"date": f"2026-01-0{day}", "counters": {"http_out": day}} for day in (1, 2, 3)]
    adjust({"webspaces": [{"webspace": "svc:1", "traffic": days}]})
    asked = "<filter><id>1</id></filter><since_date>2026-01-02</since_date><to_date>2026-01-02</to_date>"
    result = hosted.result(f"<{operator}><get_traffic>{asked}</get_traffic></{operator}>")
    assert [day.findtext("date") for day in result.findall("traffic")] == ["2026-01-02"]


def test_mail_traffic_that_is_reported_counts_as_a_change(hosted: wire.Client) -> None:
    counters = "".join(f"<{name}>1</{name}>" for name in ("smtp_in", "smtp_out", "pop3_imap_in", "pop3_imap_out"))
    report = f"<set_traffic><dom_id>1</dom_id><date>2026-01-02</date>{counters}</set_traffic>"
    assert hosted.code(f"<webspace>{report}</webspace>") == 0
    asked = "<resource-usage><from>2026-01-01T00:00:00</from></resource-usage>"
    result = hosted.result(f"<webspace><get-changed>{asked}</get-changed></webspace>")
    assert result.findtext("subscription/external-id") == "svc:1"


@pytest.mark.parametrize(
    ("kind", "name"), [("limit", "max_box"), ("permission", "manage_dns"), ("physical-hosting", "ftp_login")]
)
def test_descriptors_list_the_names_that_may_be_used(kind: str, name: str, hosted: wire.Client) -> None:
    operation = f"get-{kind}-descriptor"
    result = hosted.result(f"<webspace><{operation}><filter><id>1</id></filter></{operation}></webspace>")
    assert name in {each.findtext("name") for each in result.iter("property")}


def test_the_ledger_tells_whose_change_it_was(hosted: wire.Client, simulator: RunningSimulator) -> None:
    hosted.result(wire.status_set(16))
    hosted.result(REMOVE.format("<id>1</id>"))
    effects = simulator.ledger.effects(reference="svc:1")
    assert [effect.operation for effect in effects] == ["webspace.add", "webspace.set", "webspace.del"]
    assert effects[1].details["status"] == "16"


def test_no_password_is_in_the_ledger_or_the_state(hosted: wire.Client, simulator: RunningSimulator) -> None:
    password = wire.properties({"ftp_password": "Another-one-2"})
    hosted.result(wire.webspace_set("<id>1</id>", f"<hosting><vrt_hst>{password}</vrt_hst></hosting>"))
    shown = "".join(httpx.get(f"{simulator.control_url}{path}").text for path in ("/ledger", "/state"))
    assert [secret for secret in (wire.PASSWORD, "Another-one-2", "$5$") if secret in shown] == []
