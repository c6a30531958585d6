"""Registering, looking at and changing domains."""

import pytest

from adapters.sandbox.epp import RunningRegistry
from tests.contract.sandbox_epp import frames, wire

NS = "ns1.hosting.example", "ns2.hosting.example"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("free.test", ""),
        ("taken.test", "In use"),
        ("reserved-name.test", "Reserved"),
        ("free.example", "Zone not served"),
        ("deep.free.test", "Zone not served"),
        ("-wrong.test", "Invalid name"),
        ("müller.test", "Invalid name"),
        ("xn--mller-kva.test", ""),
    ],
)
def test_a_check_says_whether_a_name_can_be_registered(name: str, reason: str, client: wire.Client) -> None:
    answer = client.ask(frames.check(name))
    assert answer.attribute("domain:name", "avail") == ("0" if reason else "1")
    assert answer.text("domain:reason") == reason


def test_a_create_tells_the_dates(client: wire.Client) -> None:
    answer = client.ask(frames.create("new.test", years="2"))
    created, expires = answer.text("domain:crDate"), answer.text("domain:exDate")
    assert (answer.code, int(expires[:4]) - int(created[:4])) == (1000, 2)


def test_a_new_domain_is_shown_whole(client: wire.Client) -> None:
    client.code(frames.create("new.test", servers=frames.host_objects(*NS)))
    shown = client.ask(frames.info("new.test"))
    assert shown.attributes("domain:status", "s") == ["ok"]
    assert shown.texts("domain:hostObj") == list(NS)
    assert shown.attributes("domain:contact", "type") == ["admin", "tech"]
    assert shown.attributes("rgp:rgpStatus", "s") == ["addPeriod"]


def test_a_code_is_never_shown(registered: wire.Client) -> None:
    assert not registered.ask(frames.info("ours.test", frames.CODE)).has("domain:authInfo")


def test_a_registry_of_the_old_kind_shows_the_code(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"show_auth_codes": True}})
    client.code(frames.create("new.test"))
    assert client.ask(frames.info("new.test")).text("domain:pw") == frames.CODE


def test_our_own_domain_with_a_wrong_code_is_refused(registered: wire.Client) -> None:
    assert registered.code(frames.info("ours.test", "Not-The-Code-1234")) == 2202


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (frames.create("-wrong.test"), 2005),
        (frames.create("reserved-name.test"), 2306),
        (frames.create("deep.new.test"), 2306),
        (frames.create("new.test", years="11"), 2306),
        (frames.create("new.test", years="12", unit="m"), 2306),
        (frames.create("new.test", years="one"), 2005),
        (frames.create("new.test", owner=""), 2003),
        (frames.create("new.test", owner="NOBODY"), 2303),
        (frames.create("new.test", owner="SEED-B"), 2201),
        (frames.create("new.test", code="short"), 2005),
        (frames.create("new.test", servers=frames.host_objects("ns9.hosting.example")), 2303),
        (frames.create("new.test", servers=frames.host_objects(NS[0], NS[0])), 2306),
        (frames.create("new.test", servers=frames.host_attributes("ns1.elsewhere.example")), 2102),
    ],
)
def test_a_create_that_cannot_be_is_refused_and_makes_nothing(
    body: str, code: int, client: wire.Client, simulator: RunningRegistry
) -> None:
    assert client.code(body) == code
    assert simulator.ledger.effects(operation="domain:create") == []


def test_a_refusal_names_the_field(client: wire.Client) -> None:
    answer = client.ask(frames.create("new.test", owner="NOBODY"))
    assert answer.text("domain:registrant") == "NOBODY"
    assert answer.text("epp:reason")


def test_a_refusal_never_repeats_a_code(client: wire.Client) -> None:
    assert b"short-code" not in client.ask(frames.create("new.test", code="short-code")).content


def test_the_registrant_of_a_registry_that_keeps_no_contacts_is_refused(
    client: wire.Client, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"data_model": "thin"}})
    assert client.code(frames.create("new.test")) == 2306
    assert client.code(frames.create("new.test", owner="")) == 1000


def test_hosts_can_be_attributes(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"host_model": "attributes"}})
    glue = frames.host_attributes("ns1.new.test", "192.0.2.1")
    assert client.code(frames.create("new.test", servers=glue)) == 1000
    assert client.ask(frames.info("new.test")).text("domain:hostAddr") == "192.0.2.1"
    assert client.code(frames.create("b.test", servers=frames.host_objects(NS[0]))) == 2102
    assert client.code(frames.update("new.test", frames.rem(frames.host_attributes("ns1.new.test")))) == 1000


@pytest.mark.parametrize(("wanted", "seen"), [("all", 2), ("del", 1), ("sub", 1), ("none", 0)])
def test_an_info_shows_the_hosts_that_were_asked_for(wanted: str, seen: int, registered: wire.Client) -> None:
    registered.code(frames.of_host("create", "ns1.ours.test", "<host:addr ip='v4'>192.0.2.1</host:addr>"))
    registered.code(frames.update("ours.test", frames.add(frames.host_objects(NS[0]))))
    shown = registered.ask(frames.info("ours.test", hosts=wanted))
    assert len(shown.texts("domain:hostObj")) + len(shown.texts("domain:host")) == seen


def test_an_update_changes_name_servers_contacts_statuses_and_registrant_at_once(registered: wire.Client) -> None:
    registered.code(frames.contact_create("SECOND-1"))
    add = frames.host_objects(NS[0]) + "<domain:contact type='billing'>SECOND-1</domain:contact>"
    remove = "<domain:contact type='admin'>OWNER-1</domain:contact>"
    change = "<domain:registrant>SECOND-1</domain:registrant>"
    body = frames.add(add + frames.status("clientHold")) + frames.rem(remove) + frames.chg(change)
    assert registered.code(frames.update("ours.test", body)) == 1000
    shown = registered.ask(frames.info("ours.test"))
    assert shown.text("domain:registrant") == "SECOND-1"
    assert shown.attributes("domain:contact", "type") == ["tech", "billing"]
    assert (shown.text("domain:hostObj"), shown.attributes("domain:status", "s")) == (NS[0], ["clientHold"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("", 2003),
        (frames.add(frames.status("serverHold")), 2306),
        (frames.rem(frames.host_objects(NS[0])), 2306),
        (frames.add(frames.host_objects("ns9.hosting.example")), 2303),
        (frames.add("<domain:contact type='admin'>OWNER-1</domain:contact>"), 2306),
        (frames.chg("<domain:registrant/>"), 2306),
        (frames.chg("<domain:registrant>NOBODY</domain:registrant>"), 2303),
        (frames.chg(frames.auth("short")), 2005),
        (frames.add(frames.host_objects(NS[0]) + frames.status("clientFunny")), 2306),
    ],
)
def test_an_update_that_cannot_be_is_refused_whole(
    change: str, code: int, registered: wire.Client, simulator: RunningRegistry
) -> None:
    assert registered.code(frames.update("ours.test", change)) == code
    assert simulator.ledger.effects(operation="domain:update") == []


def test_a_domain_locked_against_updates_takes_only_the_lifting_of_that_lock(registered: wire.Client) -> None:
    lock = frames.status("clientUpdateProhibited")
    registered.code(frames.update("ours.test", frames.add(lock)))
    hold = frames.add(frames.status("clientHold"))
    assert registered.code(frames.update("ours.test", hold)) == 2304
    assert registered.code(frames.update("ours.test", hold + frames.rem(lock))) == 2304
    assert registered.code(frames.update("ours.test", frames.rem(lock))) == 1000


def test_another_registrars_domain_cannot_be_changed(client: wire.Client) -> None:
    assert client.code(frames.update("taken.test", frames.add(frames.status("clientHold")))) == 2201


@pytest.mark.parametrize(
    "clearing", ["<domain:authInfo><domain:null/></domain:authInfo>", frames.auth("")], ids=["null", "empty"]
)
def test_a_code_can_be_set_and_cleared(clearing: str, registered: wire.Client) -> None:
    registered.code(frames.update("ours.test", frames.chg(frames.auth("Another-Code-12345"))))
    assert registered.code(frames.info("ours.test", "Another-Code-12345")) == 1000
    registered.code(frames.update("ours.test", frames.chg(clearing)))
    assert registered.code(frames.info("ours.test", "Another-Code-12345")) == 2202


def test_a_code_is_taken_as_it_is(registered: wire.Client) -> None:
    registered.code(frames.update("ours.test", frames.chg(frames.auth("a&amp;b+$ =&lt;&quot;12345678"))))
    assert registered.code(frames.info("ours.test", "a&amp;b+$ =&lt;&quot;12345678")) == 1000


def test_dnssec_records_are_kept_added_and_removed(client: wire.Client) -> None:
    extension = f"<secDNS:create>{frames.ds(1)}</secDNS:create>"
    assert client.code(frames.create("new.test"), extension) == 1000
    change = f"<secDNS:rem>{frames.ds(1)}</secDNS:rem><secDNS:add>{frames.ds(2)}{frames.ds(3)}</secDNS:add>"
    assert client.code(frames.update("new.test", ""), f"<secDNS:update>{change}</secDNS:update>") == 1000
    assert client.ask(frames.info("new.test")).texts("secDNS:keyTag") == ["2", "3"]


def test_all_dnssec_records_can_be_replaced_in_one_update(client: wire.Client) -> None:
    client.code(frames.create("new.test"), f"<secDNS:create>{frames.ds(1)}{frames.ds(2)}</secDNS:create>")
    change = f"<secDNS:rem><secDNS:all>true</secDNS:all></secDNS:rem><secDNS:add>{frames.ds(1)}</secDNS:add>"
    assert client.code(frames.update("new.test", ""), f"<secDNS:update>{change}</secDNS:update>") == 1000
    assert client.ask(frames.info("new.test")).texts("secDNS:keyTag") == ["1"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (f"<secDNS:rem>{frames.ds(9)}</secDNS:rem>", 2306),
        (f"<secDNS:add>{frames.KEY}</secDNS:add>", 2306),
        (f"<secDNS:add>{frames.ds(1, 'AB')}</secDNS:add>", 2005),
        (f"<secDNS:add>{frames.ds(70000)}</secDNS:add>", 2005),
        ("", 2003),
    ],
    ids=["missing", "key", "short digest", "large tag", "nothing"],
)
def test_a_dnssec_change_that_cannot_be_is_refused(change: str, code: int, registered: wire.Client) -> None:
    assert registered.code(frames.update("ours.test", ""), f"<secDNS:update>{change}</secDNS:update>") == code


def test_a_registry_may_want_keys(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"dnssec": "key"}})
    assert client.code(frames.create("new.test"), f"<secDNS:create>{frames.KEY}</secDNS:create>") == 1000
    assert client.ask(frames.info("new.test")).text("secDNS:pubKey") == "AQPJ"
    assert client.code(frames.create("b.test"), f"<secDNS:create>{frames.ds()}</secDNS:create>") == 2306


def test_a_registration_may_wait_for_a_decision(client: wire.Client, adjust: wire.Adjust) -> None:
    assert client.code(frames.create("pending-one.test")) == 1001
    assert client.ask(frames.info("pending-one.test")).attributes("domain:status", "s") == ["pendingCreate"]
    assert client.code(frames.update("pending-one.test", frames.add(frames.status("clientHold")))) == 2304
    adjust({"registrations": [{"domain": "pending-one.test", "approved": True}]})
    told = client.ask(frames.POLL)
    assert (told.attribute("domain:name", "paResult"), told.text("domain:name")) == ("1", "pending-one.test")
    assert client.ask(frames.info("pending-one.test")).attributes("domain:status", "s") == ["inactive"]


@pytest.mark.parametrize(("approved", "years_on"), [(True, 2), (False, 1)], ids=["approved", "refused"])
def test_a_renewal_may_wait_for_a_decision(
    client: wire.Client, adjust: wire.Adjust, *, approved: bool, years_on: int
) -> None:
    client.ask(frames.create("one.test"))
    before = client.ask(frames.info("one.test")).text("domain:exDate")
    adjust({"settings": {"renewals_at_once": False}})
    renewal = frames.renew("one.test", before[:10])
    assert (client.code(renewal), client.code(renewal)) == (1001, 2304)
    assert client.ask(frames.info("one.test")).attributes("domain:status", "s") == ["pendingRenew"]
    adjust({"renewals": [{"domain": "one.test", "approved": approved}]})
    assert client.ask(frames.POLL).attribute("domain:name", "paResult") == str(int(approved))
    after = client.ask(frames.info("one.test")).text("domain:exDate")
    assert int(after[:4]) - int(before[:4]) == years_on - 1


@pytest.mark.parametrize(
    ("name", "approved", "code"), [("pending-one.test", "1", 1000), ("pending-refused-one.test", "0", 2303)]
)
def test_the_clock_decides_about_a_registration(
    name: str, approved: str, code: int, client: wire.Client, adjust: wire.Adjust
) -> None:
    created = client.ask(frames.create(name))
    adjust({"advance_seconds": 3 * 86400})
    told = client.ask(frames.POLL)
    assert told.attribute("domain:name", "paResult") == approved
    assert created.text("epp:svTRID") in told.texts("epp:svTRID")
    assert client.code(frames.info(name)) == code
