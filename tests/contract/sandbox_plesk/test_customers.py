"""customer: accounts."""

import pytest

from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire


def get(key: str, parts: str = "<gen_info/>") -> str:
    return f"<customer><get><filter>{key}</filter><dataset>{parts}</dataset></get></customer>"


def change(key: str, values: str) -> str:
    return f"<customer><set><filter>{key}</filter><values><gen_info>{values}</gen_info></values></set></customer>"


def remove(key: str) -> str:
    return f"<customer><del><filter>{key}</filter></del></customer>"


def test_a_new_customer_is_found_by_every_unique_key(client: wire.Client) -> None:
    made = client.result(wire.customer_add(login="jdoe", external_id="cust:1"))
    number, guid = made.findtext("id"), made.findtext("guid")
    keys = [f"<id>{number}</id>", f"<guid>{guid}</guid>", "<login>jdoe</login>", "<external-id>cust:1</external-id>"]
    assert [client.result(get(key)).findtext("data/gen_info/login") for key in keys] == ["jdoe"] * 4


def test_the_answer_echoes_the_value_of_the_filter(hosted: wire.Client) -> None:
    assert hosted.result(get("<login>jdoe</login>")).findtext("filter-id") == "jdoe"


def test_general_information_holds_the_hash_of_the_password(hosted: wire.Client) -> None:
    info = hosted.result(get("<login>jdoe</login>")).find("data/gen_info")
    assert info is not None
    assert (info.findtext("password") or "").startswith("$5$")
    assert info.findtext("password_type") == "crypt"


def test_a_login_that_is_taken_is_1007_in_the_vendors_words(hosted: wire.Client) -> None:
    result = hosted.result(wire.customer_add(login="jdoe", external_id="cust:2"))
    assert wire.code_of(result) == 1007
    assert result.findtext("errtext") == "Client with login name 'jdoe' already exists."


def test_the_administrators_login_is_taken(client: wire.Client) -> None:
    assert client.code(wire.customer_add(login="admin")) == 1007


def test_an_external_id_that_is_taken_is_refused(hosted: wire.Client) -> None:
    result = hosted.result(wire.customer_add(login="other", external_id="cust:1"))
    assert wire.code_of(result) == 1007
    assert "external id already exist" in (result.findtext("errtext") or "")


def test_customers_without_an_external_id_do_not_collide(client: wire.Client) -> None:
    assert [client.code(wire.customer_add(login=login, external_id="")) for login in ("a1", "a2")] == [0, 0]


def test_a_weak_password_is_1019(client: wire.Client) -> None:
    info = "<pname>J</pname><login>jdoe</login><passwd>abc</passwd>"
    assert client.code(f"<customer><add><gen_info>{info}</gen_info></add></customer>") == 1019


def test_an_unknown_owner_is_1015(client: wire.Client) -> None:
    assert client.code(wire.customer_add(more="<owner-login>nobody</owner-login>")) == 1015


def test_a_licence_without_room_is_1024(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"lim_cl": 0}})
    assert client.code(wire.customer_add()) == 1024


@pytest.mark.parametrize(
    "operation", [get("<id>99</id>"), change("<id>99</id>", "<cname>x</cname>"), remove("<id>99</id>")]
)
def test_an_unknown_customer_is_1013_with_the_filter_and_no_id(operation: str, client: wire.Client) -> None:
    result = client.result(operation)
    assert wire.code_of(result) == 1013
    assert (result.findtext("errtext"), result.findtext("filter-id")) == ("client does not exist", "99")
    assert result.find("id") is None


def test_an_empty_filter_means_every_customer(client: wire.Client) -> None:
    client.results(wire.customer_add("one1", "c:1") + wire.customer_add("two2", "c:2"))
    assert [result.findtext("data/gen_info/login") for result in client.results(get(""))] == ["one1", "two2"]


def test_an_empty_filter_on_an_empty_panel_is_ok_without_data(client: wire.Client) -> None:
    result = client.result(get(""))
    assert [child.tag for child in result] == ["status"]


def test_the_owners_filter_finds_all_and_an_unknown_owner_nothing(hosted: wire.Client) -> None:
    assert hosted.result(get("<owner-login>admin</owner-login>")).findtext("id") == "2"
    nothing = hosted.result(get("<owner-login>nobody</owner-login>"))
    assert [child.tag for child in nothing] == ["status", "filter-id"]


def test_several_values_of_one_kind_give_a_result_each(hosted: wire.Client) -> None:
    results = hosted.results(get("<id>2</id><id>99</id>"))
    assert [wire.code_of(result) for result in results] == [0, 1013]


def test_values_that_are_set_are_read_back_and_the_others_stay(hosted: wire.Client) -> None:
    hosted.result(change("<id>2</id>", "<pname>Joan</pname><status>16</status><city>Ulm</city>"))
    info = hosted.result(get("<id>2</id>")).find("data/gen_info")
    assert info is not None
    shown = [info.findtext(name) for name in ("pname", "status", "city", "email")]
    assert shown == ["Joan", "16", "Ulm", "j@example.com"]


def test_a_login_can_be_changed_to_a_free_one_only(client: wire.Client) -> None:
    client.results(wire.customer_add("one1", "c:1") + wire.customer_add("two2", "c:2"))
    assert client.code(change("<login>one1</login>", "<login>two2</login>")) == 1007
    assert client.code(change("<login>one1</login>", "<login>three3</login>")) == 0


def test_the_guid_can_be_issued_anew(hosted: wire.Client) -> None:
    before = hosted.result(get("<id>2</id>")).findtext("data/gen_info/guid")
    hosted.result(change("<id>2</id>", "<guid/>"))
    assert hosted.result(get("<id>2</id>")).findtext("data/gen_info/guid") != before


def test_a_status_that_is_none_is_1025(hosted: wire.Client) -> None:
    assert hosted.code(change("<id>2</id>", "<status>2</status>")) == 1025


def test_removing_a_customer_removes_his_subscriptions(hosted: wire.Client) -> None:
    assert hosted.code(remove("<id>2</id>")) == 0
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 1013


def test_statistics_and_domains_are_told(hosted: wire.Client) -> None:
    assert hosted.result(get("<id>2</id>", "<stat/>")).findtext("data/stat/active_domains") == "1"
    listing = "<customer><get-domain-list><filter><id>2</id></filter></get-domain-list></customer>"
    assert hosted.result(listing).findtext("domains/domain/external-id") == "svc:1"


def test_every_accepted_change_is_in_the_ledger_and_no_refused_one(
    hosted: wire.Client, simulator: RunningSimulator
) -> None:
    hosted.result(change("<id>2</id>", "<status>16</status>"))
    hosted.result(wire.customer_add(login="jdoe", external_id="cust:2"))
    hosted.result(remove("<id>2</id>"))
    effects = simulator.ledger.effects(reference="cust:1")
    assert [effect.operation for effect in effects] == ["customer.add", "customer.set", "customer.del"]
    assert simulator.ledger.effects(reference="cust:2") == []
