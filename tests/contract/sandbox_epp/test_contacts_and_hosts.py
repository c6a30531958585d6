"""Contacts and hosts."""

import pytest

from tests.contract.sandbox_epp import frames, wire

ADDRESS = "<host:addr ip='v4'>192.0.2.1</host:addr><host:addr ip='v6'>2001:db8::1</host:addr>"


def test_a_contact_is_shown_as_it_was_given(client: wire.Client) -> None:
    shown = client.ask(frames.of_contact("info", "OWNER-1"))
    assert shown.text("contact:name") == "Jan O'Neil & Co"
    assert (shown.text("contact:voice"), shown.text("contact:cc")) == ("+420.123456789", "CZ")
    assert shown.attributes("contact:status", "s") == ["ok"]


def test_a_handle_is_used_once(client: wire.Client) -> None:
    assert client.code(frames.contact_create()) == 2302


def test_a_local_address_may_be_in_any_letters(client: wire.Client) -> None:
    assert client.code(frames.contact_create("LOCAL-1", name="Jürgen Müller", form="loc", city="Köln")) == 1000
    assert client.ask(frames.of_contact("info", "LOCAL-1")).text("contact:city") == "Köln"


@pytest.mark.parametrize(
    ("replaced", "field"),
    [
        ({"voice": "0301234567"}, "contact:voice"),
        ({"voice": "+49.123456789012345"}, "contact:voice"),
        ({"email": "nobody"}, "contact:email"),
        ({"cc": "Deutschland"}, "contact:cc"),
        ({"cc": "cz"}, "contact:cc"),
        ({"city": "Köln"}, "contact:city"),
    ],
)
def test_what_registries_do_not_take_is_refused_with_the_field(
    replaced: dict[str, str], field: str, client: wire.Client
) -> None:
    answer = client.ask(frames.contact_create("OTHER-1", **replaced))
    assert (answer.code, answer.has(field)) == (2005, True)


def test_a_contact_without_a_city_is_incomplete(client: wire.Client) -> None:
    assert client.code(frames.contact_create("OTHER-1", city="")) == 2003


@pytest.mark.parametrize("handle", ["ab", "x" * 17, "with space", "-dash"])
def test_a_handle_that_is_none_is_refused(handle: str, client: wire.Client) -> None:
    assert client.code(frames.contact_create(handle)) == 2005


def test_a_contact_in_use_is_linked(registered: wire.Client) -> None:
    assert "linked" in registered.ask(frames.of_contact("info", "OWNER-1")).attributes("contact:status", "s")


def test_a_check_tells_which_handles_are_free(client: wire.Client) -> None:
    answer = client.ask(
        "<check><contact:check><contact:id>OWNER-1</contact:id><contact:id>FREE-1</contact:id></contact:check></check>"
    )
    assert answer.attributes("contact:id", "avail") == ["0", "1"]


def test_another_registrars_contact_is_shown_for_its_code_only(client: wire.Client, other: wire.Client) -> None:
    assert client.code(frames.of_contact("info", "OWNER-1")) == 1000
    right = "<contact:authInfo><contact:pw>Contact-Code-123</contact:pw></contact:authInfo>"
    wrong = right.replace("123", "999")
    codes = [other.code(frames.of_contact("info", "OWNER-1", more)) for more in ("", right, wrong)]
    assert codes == [2201, 1000, 2202]


def test_an_address_is_replaced_as_a_whole(client: wire.Client) -> None:
    address = "<contact:addr><contact:city>Brno</contact:city><contact:cc>CZ</contact:cc></contact:addr>"
    postal = f"<contact:postalInfo type='int'><contact:name>New Name</contact:name>{address}</contact:postalInfo>"
    assert client.code(frames.contact_update("OWNER-1", f"<contact:chg>{postal}</contact:chg>")) == 1000
    shown = client.ask(frames.of_contact("info", "OWNER-1"))
    assert (shown.text("contact:city"), shown.texts("contact:street")) == ("Brno", [])


def test_what_may_be_shown_is_kept(client: wire.Client) -> None:
    hidden = "<contact:disclose flag='0'><contact:name type='int'/><contact:voice/></contact:disclose>"
    assert client.code(frames.contact_update("OWNER-1", f"<contact:chg>{hidden}</contact:chg>")) == 1000
    shown = client.ask(frames.of_contact("info", "OWNER-1"))
    assert shown.attribute("contact:disclose", "flag") == "0"


def test_half_an_address_is_refused(client: wire.Client) -> None:
    postal = "<contact:postalInfo type='int'><contact:name>New Name</contact:name></contact:postalInfo>"
    assert client.code(frames.contact_update("OWNER-1", f"<contact:chg>{postal}</contact:chg>")) == 2003


@pytest.mark.parametrize("change", ["", "<contact:chg/>"])
def test_an_update_of_nothing_is_refused(change: str, client: wire.Client) -> None:
    assert client.code(frames.contact_update("OWNER-1", change)) == 2003


def test_a_locked_contact_is_not_changed(client: wire.Client) -> None:
    lock = "<contact:status s='clientUpdateProhibited'/>"
    client.code(frames.contact_update("OWNER-1", f"<contact:add>{lock}</contact:add>"))
    mail = "<contact:chg><contact:email>b@example.com</contact:email></contact:chg>"
    assert client.code(frames.contact_update("OWNER-1", mail)) == 2304
    assert client.code(frames.contact_update("OWNER-1", f"<contact:rem>{lock}</contact:rem>")) == 1000


def test_a_contact_that_nobody_uses_can_be_deleted(client: wire.Client) -> None:
    assert client.code(frames.of_contact("delete", "OWNER-1")) == 1000
    assert client.code(frames.of_contact("info", "OWNER-1")) == 2303


def test_a_host_of_elsewhere_needs_no_address(client: wire.Client) -> None:
    assert client.code(frames.of_host("create", "ns1.elsewhere.example")) == 1000
    assert client.code(frames.of_host("create", "ns1.elsewhere.example")) == 2302
    assert client.code(frames.of_host("create", "ns2.elsewhere.example", ADDRESS)) == 2306


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("ns1.ours.test", ADDRESS, 1000),
        ("ns1.ours.test", "", 2003),
        ("ns1.taken.test", ADDRESS, 2201),
        ("ns1.nothing-here.test", ADDRESS, 2303),
        ("ns1.ours.test", "<host:addr ip='v4'>300.0.2.1</host:addr>", 2005),
        ("ns1.ours.test", "<host:addr ip='v4'>2001:db8::1</host:addr>", 2005),
        ("not a name", "", 2005),
    ],
)
def test_a_host_within_a_domain_needs_that_domain_and_an_address(
    name: str, more: str, code: int, registered: wire.Client
) -> None:
    assert registered.code(frames.of_host("create", name, more)) == code


def test_a_hosts_addresses_can_be_changed(registered: wire.Client) -> None:
    registered.code(frames.of_host("create", "ns1.ours.test", ADDRESS))
    add, remove = "<host:addr ip='v4'>192.0.2.2</host:addr>", "<host:addr ip='v4'>192.0.2.1</host:addr>"
    change = f"<host:add>{add}</host:add><host:rem>{remove}</host:rem>"
    assert registered.code(frames.of_host("update", "ns1.ours.test", change)) == 1000
    assert registered.ask(frames.of_host("info", "ns1.ours.test")).texts("host:addr") == ["2001:db8::1", "192.0.2.2"]
    assert registered.code(frames.of_host("update", "ns1.ours.test", f"<host:rem>{remove}</host:rem>")) == 2306


def test_a_renamed_host_is_renamed_in_its_domains(registered: wire.Client) -> None:
    registered.code(frames.of_host("create", "ns1.ours.test", ADDRESS))
    registered.code(frames.update("ours.test", frames.add(frames.host_objects("ns1.ours.test"))))
    rename = "<host:chg><host:name>ns9.ours.test</host:name></host:chg>"
    assert registered.code(frames.of_host("update", "ns1.ours.test", rename)) == 1000
    assert registered.ask(frames.info("ours.test")).text("domain:hostObj") == "ns9.ours.test"


def test_a_host_in_use_is_linked_and_stays(client: wire.Client, other: wire.Client) -> None:
    client.code(frames.create("new.test", servers=frames.host_objects("ns1.hosting.example")))
    assert "linked" in other.ask(frames.of_host("info", "ns1.hosting.example")).attributes("host:status", "s")
    assert other.code(frames.of_host("delete", "ns1.hosting.example")) == 2305


def test_another_registrars_host_cannot_be_changed(client: wire.Client) -> None:
    assert client.code(frames.of_host("delete", "ns1.hosting.example")) == 2201


def test_a_registry_whose_hosts_are_attributes_has_no_host_objects(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"host_model": "attributes"}})
    client.send(wire.document("<hello/>"))
    assert wire.NAMESPACES["host"] not in client.receive().texts("epp:objURI")
