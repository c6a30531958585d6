"""The zones of sites in the DNS, and the rest of the DNS as tests tell it."""

from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.query
import dns.rcode
import dns.rdatatype
import httpx
import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from tests.contract.sandbox_plesk import wire, world
from tests.contract.sandbox_plesk.world import add_record, ask, values


@pytest.fixture
def simulator() -> Iterator[RunningPlesk]:
    with start_simulator() as running:
        yield running


@pytest.fixture
def plesk(simulator: RunningPlesk, hosted: wire.Client) -> RunningPlesk:
    """A server with the zone example.com."""
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 0
    return simulator


@pytest.fixture
def elsewhere(simulator: RunningPlesk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.control_url) as talking:
        yield talking


def told(elsewhere: httpx.Client, **line: object) -> None:
    elsewhere.post("/dns/records", json=line).raise_for_status()


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_the_address_of_a_site_is_answered_with_authority(plesk: RunningPlesk, *, tcp: bool) -> None:
    answer = ask(plesk, "example.com", "A", tcp=tcp)
    assert [rrset.to_text() for rrset in answer.answer] == ["example.com. 86400 IN A 192.0.2.10"]
    assert answer.flags & dns.flags.AA


def test_www_is_an_alias_and_its_target_comes_along(plesk: RunningPlesk) -> None:
    assert values(plesk, "www.example.com", "CNAME") == {"example.com."}
    assert values(plesk, "www.example.com", "A") == {"192.0.2.10"}


def test_the_name_server_of_a_zone_comes_with_its_address(plesk: RunningPlesk) -> None:
    answer = ask(plesk, "example.com", "NS")
    assert [rrset.to_text() for rrset in answer.answer] == ["example.com. 86400 IN NS ns1.example.com."]
    assert [rrset.to_text() for rrset in answer.additional] == ["ns1.example.com. 86400 IN A 192.0.2.10"]


def test_a_zone_has_a_start_of_authority(plesk: RunningPlesk) -> None:
    (start,) = values(plesk, "example.com", "SOA")
    assert start.startswith("ns1.example.com. hostmaster.example.com. ")


def test_names_are_the_same_in_capital_letters(plesk: RunningPlesk) -> None:
    assert values(plesk, "EXAMPLE.com", "A") == {"192.0.2.10"}


def test_a_name_that_is_not_there_does_not_exist(plesk: RunningPlesk) -> None:
    answer = ask(plesk, "none.example.com", "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]


def test_a_name_without_records_of_a_type_exists(plesk: RunningPlesk) -> None:
    answer = ask(plesk, "example.com", "AAAA")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]


def test_a_name_above_another_exists(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(add_record("A", "a.b", "192.0.2.9"))
    assert ask(plesk, "b.example.com", "A").rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("name", ["other.example", "com", "."])
def test_a_name_outside_of_its_zones_is_refused(name: str, plesk: RunningPlesk) -> None:
    assert ask(plesk, name, "A").rcode() == dns.rcode.REFUSED


def test_two_texts_stand_beside_each_other_at_one_name(plesk: RunningPlesk, client: wire.Client) -> None:
    for text in ("first", "second"):
        assert client.code(add_record("TXT", "_acme-challenge", text)) == 0
    assert values(plesk, "_acme-challenge.example.com", "TXT") == {'"first"', '"second"'}


def test_a_removed_record_is_gone_and_the_other_stays(plesk: RunningPlesk, client: wire.Client) -> None:
    first, _ = (client.result(add_record("TXT", "_acme-challenge", text)).findtext("id") for text in ("a", "b"))
    assert client.code(f"<dns><del_rec><filter><id>{first}</id></filter></del_rec></dns>") == 0
    assert values(plesk, "_acme-challenge.example.com", "TXT") == {'"b"'}


def test_a_relative_host_and_an_absolute_one_are_the_same(plesk: RunningPlesk, client: wire.Client) -> None:
    client.results(add_record("TXT", "x", "relative") + add_record("TXT", "x.example.com.", "absolute"))
    assert values(plesk, "x.example.com", "TXT") == {'"relative"', '"absolute"'}


def test_an_absolute_host_without_its_final_dot_is_taken_as_relative(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(add_record("TXT", "x.example.com", "doubled"))
    assert values(plesk, "x.example.com.example.com", "TXT") == {'"doubled"'}


def test_a_long_text_is_whole_in_pieces(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(add_record("TXT", "long", "x" * 300))
    (text,) = values(plesk, "long.example.com", "TXT")
    assert text == f'"{"x" * 255}" "{"x" * 45}"'


def test_a_caa_record_is_shown(plesk: RunningPlesk, client: wire.Client) -> None:
    assert client.code(add_record("CAA", "", "ca.example", "0 issue")) == 0
    assert values(plesk, "example.com", "CAA") == {'0 issue "ca.example"'}


def test_a_value_that_is_none_of_its_type_is_1019(hosted: wire.Client) -> None:
    assert hosted.code(add_record("CAA", "", "nonsense")) == 1019


def test_a_wildcard_answers_for_names_that_are_not_there(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(add_record("A", "*", "192.0.2.9"))
    assert values(plesk, "anything.example.com", "A") == {"192.0.2.9"}
    assert values(plesk, "mail.example.com", "A") == {"192.0.2.10"}


def test_a_zone_that_is_switched_off_is_refused(plesk: RunningPlesk, client: wire.Client) -> None:
    assert client.code("<dns><disable><filter><site-id>1</site-id></filter></disable></dns>") == 0
    assert ask(plesk, "example.com", "A").rcode() == dns.rcode.REFUSED


def test_a_zone_with_umlauts_is_asked_for_by_its_a_label(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(wire.webspace_add("bücher.example", external_id="svc:2", login="web2"))
    assert values(plesk, "xn--bcher-kva.example", "A") == {"192.0.2.10"}


def test_a_large_answer_is_cut_and_whole_over_tcp(plesk: RunningPlesk, client: wire.Client) -> None:
    client.results("".join(add_record("TXT", "many", f"{number}" * 200) for number in range(1, 6)))
    assert ask(plesk, "many.example.com", "TXT").flags & dns.flags.TC
    assert len(ask(plesk, "many.example.com", "TXT", tcp=True).answer[0]) == 5


def test_a_fault_hides_a_new_record_that_the_panel_shows(plesk: RunningPlesk, client: wire.Client) -> None:
    plesk.faults.plan("dns.add_rec", Fault.SEEN_LATE, seconds=3600)
    client.result(add_record("TXT", "late", "here"))
    assert ask(plesk, "late.example.com", "TXT").rcode() == dns.rcode.NXDOMAIN
    records = client.results("<dns><get_rec><filter><site-id>1</site-id></filter></get_rec></dns>")
    assert "here" in [record.findtext("data/value") for record in records]


def test_a_server_may_refuse_once(plesk: RunningPlesk) -> None:
    plesk.faults.plan("dns.query", Fault.REFUSE, code=int(dns.rcode.SERVFAIL), match="example.com")
    assert ask(plesk, "example.com", "A").rcode() == dns.rcode.SERVFAIL
    assert ask(plesk, "example.com", "A").rcode() == dns.rcode.NOERROR


def test_a_server_may_stay_silent(plesk: RunningPlesk) -> None:
    plesk.faults.plan("dns.query", Fault.TIMEOUT_BEFORE_EFFECT)
    question = dns.message.make_query("example.com", "A")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(question, world.HOST, port=plesk.dns_port, timeout=0.2)


@pytest.mark.usefixtures("plesk")
def test_a_name_that_is_not_the_panels_can_be_told(simulator: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="other.example", type="A", value="127.0.0.1")
    answer = ask(simulator, "other.example", "A")
    assert [rrset.to_text() for rrset in answer.answer] == ["other.example. 60 IN A 127.0.0.1"]
    assert answer.flags & dns.flags.RA


def test_a_record_of_elsewhere_hides_those_of_its_type_only(plesk: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="example.com", type="A", value="203.0.113.9")
    assert values(plesk, "www.example.com", "A") == {"203.0.113.9"}
    assert values(plesk, "example.com", "NS") == {"ns1.example.com."}


def test_a_domain_that_is_delegated_elsewhere_is_not_the_panels(plesk: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="example.com", type="NS", value="ns.other.example")
    told(elsewhere, name="ns.other.example", type="A", value="127.0.0.1")
    assert values(plesk, "example.com", "NS") == {"ns.other.example."}
    assert values(plesk, "example.com", "A") == set()


def test_what_was_told_of_elsewhere_can_be_taken_back(plesk: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="example.com", rcode="NXDOMAIN")
    assert ask(plesk, "www.example.com", "A").rcode() == dns.rcode.NXDOMAIN
    elsewhere.delete("/dns/records")
    assert values(plesk, "example.com", "A") == {"192.0.2.10"}


def test_a_name_may_fail(plesk: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="broken.example", rcode="SERVFAIL")
    assert ask(plesk, "broken.example", "A").rcode() == dns.rcode.SERVFAIL


def test_a_name_may_be_slow(plesk: RunningPlesk, elsewhere: httpx.Client) -> None:
    told(elsewhere, name="example.com", seconds=3600)
    question = dns.message.make_query("example.com", "A")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(question, world.HOST, port=plesk.dns_port, timeout=0.2)


@pytest.mark.parametrize(
    "line",
    [{"name": "a.example"}, {"name": "a.example", "type": "A", "value": "none"}, {"name": "a.example", "rcode": "OK"}],
    ids=["nothing told", "no address", "no such code"],
)
def test_a_line_that_cannot_be_is_refused(line: dict[str, object], elsewhere: httpx.Client) -> None:
    assert elsewhere.post("/dns/records", json=line).status_code == 422


def test_zones_are_there_after_a_restart(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first, None) as client:
        client.results(wire.customer_add() + wire.webspace_add() + add_record("TXT", "kept", "here"))
    with start_simulator(data_dir=tmp_path) as second:
        assert values(second, "kept.example.com", "TXT") == {'"here"'}
