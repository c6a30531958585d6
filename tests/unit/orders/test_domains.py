"""Domains: what is refused before anything is spent, and where; and what good terms become."""

from typing import Any

import pytest

from provisioner.orders.domain_refusals import DomainRefused
from provisioner.orders.domains import DIGEST_DIGITS, settle, settle_command
from provisioner.orders.tlds import TldRules
from tests.unit.orders.domain_terms import CONTACT, DS, GLUE, KEY, OUTSIDE, TERMS, rules

AT = "/data/items/0"


def settled(of: TldRules | None = None, /, *, transfer: bool = False, **terms: Any) -> dict[str, Any]:
    """What these terms become; a transfer has its authorisation code."""
    whole = {name: value for name, value in {**TERMS, **terms}.items() if value is not None}
    return settle(whole, of or rules(), at=AT, transfer=transfer, has_auth_code=transfer, contacts={"owner-1": CONTACT})


def refusal(of: TldRules | None = None, /, **terms: Any) -> tuple[str, str]:
    """The code and the pointer of what is wrong with these terms."""
    with pytest.raises(DomainRefused) as told:
        settled(of, **terms)
    return told.value.code, told.value.pointer


def test_the_smallest_terms_are_completed() -> None:
    assert settled() == {
        "domain": "example.com",
        "years": 1,
        "contacts": {"registrant": {**CONTACT, "phone": "+49.301234567"}},
        "nameservers": [],
        "dnssec": [],
        "rules": rules().as_json(),
    }


def test_what_was_asked_for_is_kept() -> None:
    asked: dict[str, Any] = {
        "max_price": {"amount": "12.00", "currency": "EUR"},
        "auto_renew": False,
        "lock": True,
        "registrar": "registry-1",
        "hosting": "hosting-77",
    }

    assert asked.items() <= settled(**asked).items()


def test_settled_terms_can_be_settled_again() -> None:
    once = settled(nameservers=[GLUE, OUTSIDE], dnssec=[DS])

    assert settle(once, rules(), at=AT, transfer=False, contacts={}) == once


def test_a_domain_without_name_servers_gets_those_that_stand_ready() -> None:
    got = settle(TERMS, rules(nameservers_min=1), at=AT, transfer=False, contacts={}, nameservers=[OUTSIDE])

    assert got["nameservers"] == [OUTSIDE]


# -- names


@pytest.mark.parametrize("name", ["a.com", "ab.com"])
def test_a_name_that_is_too_short_is_refused(name: str) -> None:
    assert refusal(rules(name_min_length=3), domain=name) == ("name_not_allowed", f"{AT}/domain")


def test_a_name_of_one_letter_is_taken_where_it_is_allowed() -> None:
    assert settled(rules(name_min_length=1), domain="a.com")["domain"] == "a.com"


def test_a_name_within_another_domain_is_refused() -> None:
    assert refusal(domain="www.example.com") == ("name_not_allowed", f"{AT}/domain")


@pytest.mark.parametrize("label", ["xn--bcher-kva", "xn--e1afmkfd", "xn--fa-hia"])
def test_an_a_label_of_a_valid_name_is_taken(label: str) -> None:
    assert settled(domain=f"{label}.com")["domain"] == f"{label}.com"


@pytest.mark.parametrize(
    "label",
    [
        "xn--i-7iq",  # a symbol: IDNA 2003 had it
        "xn--bcher-",  # nothing but ASCII
        "xn--Bcher-kva",  # encodes a capital letter
        "xn--99999999999",
        "xn--0ca24w-",
        "xn--a",
    ],
)
def test_an_a_label_that_idna_2008_does_not_know_is_refused(label: str) -> None:
    assert refusal(domain=f"{label}.com") == ("name_not_allowed", f"{AT}/domain")


# -- years


@pytest.mark.parametrize("years", [1, 6])
def test_years_outside_of_the_range_are_refused(years: int) -> None:
    assert refusal(rules(min_years=2, max_years=5), years=years) == ("years_out_of_range", f"{AT}/years")


def test_without_years_it_is_the_fewest() -> None:
    assert settled(rules(min_years=2))["years"] == 2


@pytest.mark.parametrize(("adds", "years"), [(1, 2), (0, 1)])
def test_years_that_a_transfer_does_not_add_are_refused(adds: int, years: int) -> None:
    assert refusal(rules(transfer_years=adds), transfer=True, years=years) == ("years_out_of_range", f"{AT}/years")


@pytest.mark.parametrize("adds", [0, 1])
def test_a_transfer_adds_what_its_registry_says(adds: int) -> None:
    assert settled(rules(transfer_years=adds), transfer=True)["years"] == adds


# -- the authorisation code


def test_a_transfer_without_its_code_is_refused() -> None:
    with pytest.raises(DomainRefused) as told:
        settle(TERMS, rules(), at=AT, transfer=True, contacts={})

    assert (told.value.code, told.value.pointer) == ("auth_code_required", f"{AT}/auth_code")


def test_a_transfer_without_a_code_is_taken_where_none_is_needed() -> None:
    of = rules(transfer_needs_auth_code=False)

    assert settle(TERMS, of, at=AT, transfer=True, contacts={})["domain"] == "example.com"


# -- name servers


@pytest.mark.parametrize(
    ("servers", "place"),
    [
        ([OUTSIDE], ""),
        ([OUTSIDE, {"name": "ns2.example.net"}, {"name": "ns3.example.net"}, {"name": "ns4.example.net"}], ""),
        ([OUTSIDE, OUTSIDE], "/1/name"),
        ([OUTSIDE, {"name": "ns1.example.com", "addresses": []}], "/1/addresses"),
        ([OUTSIDE, {"name": "example.com"}], "/1/addresses"),
        ([GLUE, {"name": "ns1.example.net", "addresses": ["192.0.2.1"]}], "/1/addresses"),
        ([GLUE, {"name": "ns1.myexample.com", "addresses": ["192.0.2.1"]}], "/1/addresses"),
    ],
)
def test_wrong_name_servers_are_refused_at_their_place(servers: list[dict[str, Any]], place: str) -> None:
    of = rules(nameservers_min=2, nameservers_max=3)

    assert refusal(of, nameservers=servers) == ("nameservers_invalid", f"{AT}/nameservers{place}")


def test_a_registration_without_the_name_servers_that_it_needs_is_refused() -> None:
    assert refusal(rules(nameservers_min=1)) == ("nameservers_invalid", f"{AT}/nameservers")


def test_a_transfer_keeps_the_name_servers_that_the_domain_has() -> None:
    assert settled(rules(nameservers_min=2), transfer=True)["nameservers"] == []


def test_name_servers_within_and_without_are_taken() -> None:
    assert settled(nameservers=[GLUE, OUTSIDE])["nameservers"] == [GLUE, OUTSIDE]


# -- DNSSEC


@pytest.mark.parametrize(("kind", "record"), [("ds", KEY), ("key", DS)])
def test_records_of_the_other_kind_are_refused(kind: str, record: dict[str, Any]) -> None:
    assert refusal(rules(dnssec=kind), dnssec=[record]) == ("dnssec_invalid", f"{AT}/dnssec/0")


@pytest.mark.parametrize("record", [DS, KEY])
def test_no_records_are_taken_where_there_is_no_dnssec(record: dict[str, Any]) -> None:
    assert refusal(rules(dnssec="none"), dnssec=[record]) == ("dnssec_invalid", f"{AT}/dnssec")


@pytest.mark.parametrize("digest_type", DIGEST_DIGITS)
def test_a_digest_that_is_not_as_long_as_its_type_is_refused(digest_type: int) -> None:
    digest = "ab" * (DIGEST_DIGITS[digest_type] // 2 + 1)

    got = refusal(dnssec=[DS, {**DS, "digest_type": digest_type, "digest": digest}])

    assert got == ("dnssec_invalid", f"{AT}/dnssec/1/digest")


@pytest.mark.parametrize("digest_type", DIGEST_DIGITS)
def test_a_digest_as_long_as_its_type_is_taken(digest_type: int) -> None:
    record = {**DS, "digest_type": digest_type, "digest": "ab" * (DIGEST_DIGITS[digest_type] // 2)}

    assert settled(dnssec=[record])["dnssec"] == [record]


def test_a_type_of_digest_that_nobody_knows_is_refused() -> None:
    assert refusal(dnssec=[{**DS, "digest_type": 99}]) == ("dnssec_invalid", f"{AT}/dnssec/0/digest_type")


def test_a_key_that_is_none_of_a_zone_is_refused() -> None:
    assert refusal(rules(dnssec="key"), dnssec=[{**KEY, "flags": 1}]) == ("dnssec_invalid", f"{AT}/dnssec/0/flags")


def test_keys_are_taken_where_the_registry_wants_them() -> None:
    assert settled(rules(dnssec="key"), dnssec=[KEY])["dnssec"] == [KEY]


# -- contacts, by their place


def test_what_is_wrong_with_a_contact_is_named_where_it_stands() -> None:
    contacts = {"registrant": {**CONTACT, "phone": "12"}}

    assert refusal(contacts=contacts) == ("phone_invalid", f"{AT}/contacts/registrant/phone")


# -- commands


def command(verb: str, of: TldRules | None = None, /, **inputs: Any) -> dict[str, Any]:
    attributes = settled(of)
    return settle_command(verb, inputs, attributes, at="/data", contacts={"owner-1": CONTACT})


@pytest.mark.parametrize(
    ("verb", "inputs", "answer"),
    [
        ("renew", {"years": 6}, ("years_out_of_range", "/data/years")),
        ("set-nameservers", {"nameservers": [OUTSIDE, OUTSIDE]}, ("nameservers_invalid", "/data/nameservers/1/name")),
        ("set-dnssec", {"records": [{**DS, "digest": "ab"}]}, ("dnssec_invalid", "/data/records/0/digest")),
        ("set-contacts", {"contacts": {"registrant": "nobody"}}, ("contact_unknown", "/data/contacts/registrant")),
        ("restore", {"reason": "mistake"}, ("not_restorable", "/data")),
    ],
)
def test_a_wrong_command_is_refused_at_its_place(verb: str, inputs: dict[str, Any], answer: tuple[str, str]) -> None:
    with pytest.raises(DomainRefused) as told:
        command(verb, rules(max_years=5, redemption_days=0), **inputs)

    assert (told.value.code, told.value.pointer) == answer


@pytest.mark.parametrize(
    ("verb", "inputs"),
    [
        ("renew", {"years": 10, "current_expiry": "2027-11-21"}),
        ("set-nameservers", {"nameservers": [GLUE]}),
        ("set-dnssec", {"records": []}),
        ("restore", {"reason": "mistake"}),
        ("lock", {"reason": None}),
    ],
)
def test_a_good_command_stays_as_it_is(verb: str, inputs: dict[str, Any]) -> None:
    assert command(verb, **inputs) == inputs


def test_a_change_of_contacts_has_only_the_roles_that_it_gives() -> None:
    contacts = command("set-contacts", contacts={"tech": {**CONTACT, "name": "Tech"}})["contacts"]

    assert {role: contact["name"] for role, contact in contacts.items()} == {"tech": "Tech"}


def test_a_role_that_neither_a_change_of_contacts_gives_nor_the_domain_has_is_missed() -> None:
    stricter = {**settled(), "rules": rules(contact_roles=("registrant", "admin")).as_json()}

    with pytest.raises(DomainRefused) as told:
        settle_command("set-contacts", {"contacts": {"tech": CONTACT}}, stricter, at="/data", contacts={})

    assert (told.value.code, told.value.pointer) == ("contact_role_missing", "/data/contacts/admin")
