"""What the world's DNS says of a name, told in sentences that a customer understands."""

from collections.abc import Iterator

import dns.rcode
import pytest

from adapters.acme import AcmeAuthority
from provisioner.ports.certificates import Challenge, Method
from provisioner.ports.outcomes import Done, Pending, Unavailable
from tests.contract.acme import zones
from tests.contract.acme.between import Between
from tests.contract.acme.world import PebbleWorld
from tests.contract.acme.zones import FIRST, SECOND, THIRD, World
from tests.support.pebble import Pebble

OURS = "192.0.2.10"
OURS_TOO = "2001:db8::10"
THEIRS = "198.51.100.7"
SHOP = "shop.example"
RECORD = Challenge(SHOP, Method.DNS, f"_acme-challenge.{SHOP}", "the-value", "https://ca.example/chal/1")


@pytest.fixture
def servers() -> Iterator[World]:
    """The world's name servers; two of them are responsible for our shop, and show nothing yet."""
    with zones.running() as world:
        world.delegate(SHOP, FIRST, SECOND)
        yield world


@pytest.fixture
def authority(world: PebbleWorld, servers: World) -> AcmeAuthority:
    return world.opened(**servers.settings)


@pytest.fixture
def choosy(scripted_world: PebbleWorld, wire: Between, servers: World) -> AcmeAuthority:
    """An authority that says by which names CAA records may call it."""
    wire.offer(meta={"caaIdentities": ["CA.example", "pki.example"]})
    servers.put(SHOP, "A", OURS)
    return scripted_world.opened(**servers.settings)


def reason(outcome: Done | Pending) -> str:
    assert isinstance(outcome, Pending)
    return outcome.reason


def code(outcome: Done | Pending) -> str:
    assert isinstance(outcome, Pending)
    return outcome.code


# -- where names lead


def test_a_name_that_leads_here_is_done(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", OURS)
    servers.put(SHOP, "AAAA", "2001:DB8:0::10")
    assert authority.points_to([SHOP], [OURS, OURS_TOO]) == Done()


def test_a_name_that_leads_elsewhere_is_told_with_where(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", THEIRS)
    assert reason(authority.points_to([SHOP], [OURS])) == f"{SHOP} leads to {THEIRS} instead of {OURS}."


def test_an_ipv6_address_elsewhere_counts_although_ipv4_leads_here(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", OURS)
    servers.put(SHOP, "AAAA", "2001:db8::bad")
    assert "2001:db8::bad" in reason(authority.points_to([SHOP], [OURS]))


def test_each_name_has_its_own_sentence(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", THEIRS)
    told = reason(authority.points_to([SHOP, f"www.{SHOP}"], [OURS]))
    assert told == f"{SHOP} leads to {THEIRS} instead of {OURS}. www.{SHOP} is not known in the DNS yet."


def test_a_name_without_an_address_is_told_apart_from_one_that_is_not_known(
    authority: AcmeAuthority, servers: World
) -> None:
    servers.put(SHOP, "MX", "10 mail.example.")
    assert reason(authority.points_to([SHOP], [OURS])) == f"{SHOP} has no address yet."


def test_a_name_that_nobody_has_delegated_is_not_known(authority: AcmeAuthority) -> None:
    assert reason(authority.points_to(["new.example"], [OURS])) == "new.example is not known in the DNS yet."


def test_one_of_the_servers_that_is_behind_is_waited_for(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", OURS, at=(FIRST,))
    assert "ns2.hoster.example" in reason(authority.points_to([SHOP], [OURS]))


def test_one_of_the_servers_that_still_leads_elsewhere_is_waited_for(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", OURS, at=(FIRST,))
    servers.put(SHOP, "A", THEIRS, at=(SECOND,))
    assert THEIRS in reason(authority.points_to([SHOP], [OURS]))


def test_what_a_resolver_remembers_does_not_count(authority: AcmeAuthority, servers: World) -> None:
    servers.resolver.records[f"{SHOP}.", "A"] = [THEIRS]
    servers.resolver.records[f"{SHOP}.", "NS"] = ["ns.old.example."]
    servers.put(SHOP, "A", OURS)
    assert authority.points_to([SHOP], [OURS]) == Done()


def test_a_moved_delegation_is_seen_at_once(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", THEIRS)
    authority.points_to([SHOP], [OURS])
    servers.delegate(SHOP, THIRD)
    servers.put(SHOP, "A", OURS, at=(THIRD,))
    assert authority.points_to([SHOP], [OURS]) == Done()


def test_servers_whose_addresses_do_not_come_along_are_looked_up(authority: AcmeAuthority, servers: World) -> None:
    servers.registry.glue = False
    servers.put(SHOP, "A", OURS)
    assert authority.points_to([SHOP], [OURS]) == Done()


def test_an_alias_is_followed_to_another_zone(authority: AcmeAuthority, servers: World) -> None:
    servers.put(f"www.{SHOP}", "CNAME", "cdn.hosting.example.")
    servers.delegate("hosting.example", THIRD)
    servers.put("cdn.hosting.example", "A", OURS, at=(THIRD,))
    assert authority.points_to([f"www.{SHOP}"], [OURS]) == Done()


def test_an_alias_that_leads_to_itself_comes_to_an_end(authority: AcmeAuthority, servers: World) -> None:
    servers.put(f"www.{SHOP}", "CNAME", f"www.{SHOP}.")
    assert reason(authority.points_to([f"www.{SHOP}"], [OURS]))


def test_servers_that_do_not_answer_are_told(authority: AcmeAuthority, servers: World) -> None:
    servers.servers[FIRST].silent = servers.servers[SECOND].silent = True
    told = reason(authority.points_to([SHOP], [OURS]))
    assert told == f"The name servers that are responsible for {SHOP} do not answer."


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_server_that_refuses_to_tell_is_passed_over(
    authority: AcmeAuthority, servers: World, code: dns.rcode.Rcode
) -> None:
    servers.put(SHOP, "A", OURS)
    servers.servers[FIRST].code = code
    assert authority.points_to([SHOP], [OURS]) == Done()


def test_resolvers_that_do_not_answer_are_no_fault_of_the_customers(authority: AcmeAuthority, servers: World) -> None:
    servers.resolver.silent = True
    with pytest.raises(Unavailable) as away:
        authority.points_to([SHOP], [OURS])
    assert away.value.code == "dns_unavailable"


def test_a_wildcard_leads_nowhere_by_itself(authority: AcmeAuthority) -> None:
    assert authority.points_to([f"*.{SHOP}"], [OURS]) == Done()


# -- CAA


@pytest.mark.parametrize(
    "records",
    [
        ['0 issue "ca.example"'],
        ['0 issue "other.example"', '0 issue "PKI.example; validationmethods=http-01"'],
        ['0 iodef "mailto:security@shop.example"'],
        ['0 issuewild ";"'],
    ],
)
def test_caa_records_that_allow_the_authority_are_no_hindrance(
    choosy: AcmeAuthority, servers: World, records: list[str]
) -> None:
    servers.put(SHOP, "CAA", *records)
    assert choosy.points_to([SHOP], [OURS]) == Done()


@pytest.mark.parametrize("records", [['0 issue "other.example"'], ['0 issue ";"'], ['128 tbs "unknown"']])
def test_caa_records_that_shut_the_authority_out_are_told(
    choosy: AcmeAuthority, servers: World, records: list[str]
) -> None:
    servers.put(SHOP, "CAA", *records)
    told = reason(choosy.points_to([SHOP], [OURS]))
    assert f"A CAA record of {SHOP} allows only other authorities" in told
    assert "ca.example or pki.example" in told


def test_only_a_caa_record_is_told_with_its_code(choosy: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "CAA", '0 issue "other.example"')
    assert code(choosy.points_to([SHOP], [OURS])) == "caa_forbids"
    assert code(choosy.points_to([SHOP], [THEIRS])) == ""
    assert code(choosy.points_to([f"*.{SHOP}"], [OURS])) == "caa_forbids"


def test_servers_that_do_not_answer_are_no_caa_record(choosy: AcmeAuthority, servers: World) -> None:
    servers.servers[FIRST].silent = servers.servers[SECOND].silent = True
    outcome = choosy.points_to([f"*.{SHOP}"], [OURS])
    assert ("do not answer" in reason(outcome), code(outcome)) == (True, "")


def test_caa_records_of_the_name_above_count_for_one_that_has_none(choosy: AcmeAuthority, servers: World) -> None:
    servers.put(f"deep.www.{SHOP}", "A", OURS)
    servers.put(SHOP, "CAA", '0 issue "other.example"')
    assert f"A CAA record of {SHOP} " in reason(choosy.points_to([f"deep.www.{SHOP}"], [OURS]))


def test_nearer_caa_records_count_before_those_above(choosy: AcmeAuthority, servers: World) -> None:
    servers.put(f"www.{SHOP}", "A", OURS)
    servers.put(f"www.{SHOP}", "CAA", '0 issue "ca.example"')
    servers.put(SHOP, "CAA", '0 issue "other.example"')
    assert choosy.points_to([f"www.{SHOP}"], [OURS]) == Done()


def test_a_wildcard_has_caa_records_of_its_own(choosy: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "CAA", '0 issue "ca.example"', '0 issuewild ";"')
    assert "CAA" in reason(choosy.points_to([SHOP, f"*.{SHOP}"], [OURS]))


def test_an_authority_that_does_not_say_its_name_is_not_shut_out(authority: AcmeAuthority, servers: World) -> None:
    servers.put(SHOP, "A", OURS)
    servers.put(SHOP, "CAA", '0 issue "other.example"')
    assert authority.points_to([SHOP], [OURS]) == Done()


# -- the record of a challenge


def test_a_record_that_all_servers_show_is_done(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "TXT", '"another"', '"the-value"')
    assert authority.shows(RECORD) == Done()


def test_a_record_in_several_strings_is_one(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "TXT", '"the-" "value"')
    assert authority.shows(RECORD) == Done()


def test_a_record_that_one_server_does_not_show_yet_is_waited_for(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "TXT", '"the-value"', at=(FIRST,))
    told = reason(authority.shows(RECORD))
    assert told == f"The TXT record of {RECORD.place} is not shown yet by ns2.hoster.example."


def test_an_older_value_is_not_the_record(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "TXT", '"yesterdays-value"')
    assert "ns1.hoster.example and ns2.hoster.example" in reason(authority.shows(RECORD))


def test_a_record_at_the_end_of_an_alias_is_found(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "CNAME", "shop.validation.example.")
    servers.delegate("validation.example", THIRD)
    servers.put("shop.validation.example", "TXT", '"the-value"', at=(THIRD,))
    assert authority.shows(RECORD) == Done()


def test_servers_that_are_down_do_not_hold_up_a_record(authority: AcmeAuthority, servers: World) -> None:
    servers.put(RECORD.place, "TXT", '"the-value"')
    servers.servers[SECOND].silent = True
    assert authority.shows(RECORD) == Done()


def test_a_record_is_not_shown_by_servers_none_of_which_answers(authority: AcmeAuthority, servers: World) -> None:
    servers.servers[FIRST].silent = servers.servers[SECOND].silent = True
    assert "do not answer" in reason(authority.shows(RECORD))


def test_a_file_needs_no_dns(authority: AcmeAuthority, servers: World) -> None:
    assert authority.shows(Challenge(SHOP, Method.HTTP, "token", "content", "https://ca.example/2")) == Done()
    assert servers.resolver.asked == []


def test_a_server_that_serves_everything_itself_is_enough(world: PebbleWorld, pebble: Pebble) -> None:
    authority, challenge = world.opened(), Challenge(SHOP, Method.DNS, "_acme-challenge.all.test", "v", "https://x")
    assert isinstance(authority.shows(challenge), Pending)
    pebble.challenges.show(challenge)
    assert authority.shows(challenge) == Done()
    assert authority.points_to(["all.test"], ["127.0.0.1"]) == Done()
