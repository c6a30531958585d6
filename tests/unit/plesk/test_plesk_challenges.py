from dataclasses import replace

import pytest

from provisioner.ports.outcomes import Misconfigured, Rejected, Uncertain
from tests.unit.plesk.scripted import ABSENT, MADE, OK, ScriptedServer, hosting, refused
from tests.unit.plesk.scripted_sites import RECORD, SITE, ZONE, record, server, site

PLACE = "_acme-challenge.demo.example"


def test_a_host_is_sent_relative_to_the_zone() -> None:
    panel = server().on("dns/get_rec", ABSENT, record(f"{PLACE}.", "value-1")).on("dns/add_rec", MADE)
    hosting(panel).show_challenge(SITE, RECORD)
    assert [(each.tag, each.text) for each in panel.body("dns/add_rec")] == [
        ("site-id", "7"),
        ("type", "TXT"),
        ("host", "_acme-challenge"),
        ("value", "value-1"),
    ]


@pytest.mark.parametrize("host", [PLACE, f"{PLACE}.", PLACE.upper()])
@pytest.mark.parametrize("value", ["value-1", '"value-1"'])
def test_a_record_is_recognised_however_plesk_writes_it(host: str, value: str) -> None:
    panel = server().on("dns/get_rec", record(host, value))
    hosting(panel).show_challenge(SITE, RECORD)
    assert "dns/add_rec" not in panel.operations()


@pytest.mark.parametrize(
    "other",
    [
        record(f"{PLACE}.", "value-2"),
        record(f"{PLACE}.", "value-1", kind="CNAME"),
        record("www.demo.example.", "value-1"),
        record(f"{PLACE}.", "VALUE-1"),
    ],
)
def test_a_record_that_is_another_is_neither_taken_for_it_nor_removed(other: str) -> None:
    panel = server().on("dns/get_rec", other)
    hosting(panel).hide_challenge(SITE, RECORD)
    assert "dns/del_rec" not in panel.operations()


def test_a_record_that_is_there_twice_is_removed_twice_by_number() -> None:
    twice = record(f"{PLACE}.", "value-1", number="5") + record(f"{PLACE}.", "value-1", number="6")
    panel = server().on("dns/get_rec", twice).on("dns/del_rec", OK)
    hosting(panel).hide_challenge(SITE, RECORD)
    removed = [body.findtext("filter/id") for name, body in panel.asked if name == "dns/del_rec"]
    assert removed == ["5", "6"]


def test_a_record_that_plesk_finds_there_already_is_done_when_it_shows_it() -> None:
    panel = server().on("dns/get_rec", ABSENT, record(f"{PLACE}.", "value-1")).on("dns/add_rec", refused(1007))
    assert hosting(panel).show_challenge(SITE, RECORD).ref == PLACE


def test_a_record_that_plesk_accepts_and_does_not_show_is_uncertain() -> None:
    panel = server().on("dns/add_rec", MADE)
    with pytest.raises(Uncertain) as failed:
        hosting(panel).show_challenge(SITE, RECORD)
    assert failed.value.code == "not_shown_yet"


@pytest.mark.parametrize(
    "zone",
    [
        ZONE.replace("master", "slave"),
        ZONE.replace("enabled", "disabled"),
        ABSENT,
        "<result><status>ok</status></result>",
        refused(1026, "no DNS server"),
    ],
)
def test_a_zone_that_this_server_does_not_serve_shows_nothing(zone: str) -> None:
    panel = server().on("dns/get", zone)
    assert hosting(panel).certificate_terms(SITE).data["dns"] == "elsewhere"
    with pytest.raises(Rejected) as failed:
        hosting(panel).show_challenge(SITE, RECORD)
    assert failed.value.code == "challenge_not_possible"


def test_a_login_that_is_refused_is_no_answer_about_the_zone() -> None:
    with pytest.raises(Misconfigured):
        hosting(server().on("dns/get", refused(1001))).certificate_terms(SITE)


def test_the_nearest_zone_above_a_name_is_its_own() -> None:
    near = site("shop.demo.example", number="9", webspace_id="7")
    place = "_acme-challenge.www.shop.demo.example"
    panel = server().on("site/get", site(), site() + near).on("dns/get_rec", ABSENT, record(f"{place}.", "value-1"))
    hosting(panel.on("dns/add_rec", MADE)).show_challenge(SITE, replace(RECORD, place=place))
    assert panel.body("dns/add_rec").findtext("site-id") == "9"
    assert panel.body("dns/add_rec").findtext("host") == "_acme-challenge.www"


def test_a_domain_in_another_script_is_met_by_its_a_label() -> None:
    shown = site("bücher.example").replace("<ascii-name>bücher", "<ascii-name>xn--bcher-kva")
    place = "_acme-challenge.xn--bcher-kva.example"
    panel = server().on("site/get", shown).on("dns/get_rec", ABSENT, record(f"{place}.", "value-1"))
    hosting(panel.on("dns/add_rec", MADE)).show_challenge(SITE, replace(RECORD, place=place))
    assert panel.body("dns/add_rec").findtext("host") == "_acme-challenge"


def addresses_of(panel: ScriptedServer, **settings: str) -> object:
    return hosting(panel, **settings).certificate_terms(SITE).data["addresses"]


def translated() -> ScriptedServer:
    pair = "<ip_address>10.0.0.7</ip_address><public_ip_address>198.51.100.7</public_ip_address><type>shared</type>"
    listed = f"<result><status>ok</status><addresses><ip_info>{pair}</ip_info></addresses></result>"
    return server().on("site/get", site(address="10.0.0.7")).on("ip/get", listed)


def test_behind_address_translation_the_public_address_counts() -> None:
    assert addresses_of(translated()) == ["198.51.100.7"]


def test_a_resellers_login_is_not_asked_for_the_servers_addresses() -> None:
    panel = translated()
    assert addresses_of(panel, role="reseller") == ["10.0.0.7"]
    assert "ip/get" not in panel.operations()
