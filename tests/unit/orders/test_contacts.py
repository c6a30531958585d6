"""Contacts: what is refused and where, and what a good one becomes."""

from typing import Any

import pytest

from provisioner.orders.contacts import referenced, settle_contact, settle_contacts
from provisioner.orders.domain_refusals import DomainRefused
from tests.unit.orders.domain_terms import CONTACT, rules


def refusal(contact: dict[str, Any], **of_tld: Any) -> tuple[str, str]:
    """The code and the pointer of what is wrong with this contact."""
    with pytest.raises(DomainRefused) as told:
        settle_contact({**CONTACT, **contact}, "/data/contact", rules(**of_tld))
    return told.value.code, told.value.pointer


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+49 30 1234567", "+49.301234567"),
        ("+49.301234567", "+49.301234567"),
        ("+49 (0)30 / 123-4567", "+49.301234567"),
        ("+1 202-555-0143", "+1.2025550143"),
        ("+39 06 1234 5678", "+39.0612345678"),
        ("+358 9 1234567", "+358.91234567"),
    ],
)
def test_a_telephone_number_becomes_what_registries_read(written: str, kept: str) -> None:
    settled = settle_contact({**CONTACT, "phone": written, "fax": written}, "/data/contact")

    assert (settled["phone"], settled["fax"]) == (kept, kept)


def test_a_contact_in_normal_form_stays_as_it_is() -> None:
    once = settle_contact(CONTACT, "/data/contact")

    assert settle_contact(once, "/data/contact") == once


@pytest.mark.parametrize(
    "number", ["030 1234567", "0049 30 1234567", "+999 1234567", "+49 1", "+49 30 12345678901234", "+"]
)
@pytest.mark.parametrize("field", ["phone", "fax"])
def test_a_bad_telephone_number_is_named(field: str, number: str) -> None:
    assert refusal({field: number}) == ("phone_invalid", f"/data/contact/{field}")


@pytest.mark.parametrize("code", ["XX", "UK", "EU", "ZZ", "AN"])
def test_a_code_of_no_country_is_named(code: str) -> None:
    assert refusal({"country": code}) == ("country_unknown", "/data/contact/country")


@pytest.mark.parametrize("code", ["DE", "GB", "AQ", "SS"])
def test_a_code_of_a_country_is_taken(code: str) -> None:
    assert settle_contact({**CONTACT, "country": code}, "/data/contact")["country"] == code


@pytest.mark.parametrize("field", ["organisation", "state", "postal_code", "fax"])
def test_what_a_registry_wants_and_a_contact_lacks_is_named(field: str) -> None:
    assert refusal({}, required_fields=(field,)) == ("contact_incomplete", f"/data/contact/{field}")


@pytest.mark.parametrize("extra", [None, {}, {"vat_number": ""}, {"other": "1"}])
def test_what_one_registry_wants_beside_is_named(extra: dict[str, str] | None) -> None:
    wanting = {"required_extra": ("vat_number",)}

    assert refusal({"extra": extra}, **wanting) == ("contact_incomplete", "/data/contact/extra/vat_number")


def test_a_contact_that_has_it_all_is_taken() -> None:
    whole = {**CONTACT, "state": "BE", "extra": {"vat_number": "1"}}
    wanting = rules(required_fields=("state",), required_extra=("vat_number",))

    assert settle_contact(whole, "/data/contact", wanting)["extra"] == {"vat_number": "1"}


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(DomainRefused) as told:
        settle_contact({**CONTACT, "phone": "+49 1"}, "/data/contact")

    assert (
        str(told.value)
        == "/data/contact/phone must be an international number with + and the country's code, as +49 30 123456."
    )


# -- by role


def by_role(contacts: dict[str, Any], **of_tld: Any) -> dict[str, dict[str, Any]]:
    return settle_contacts(contacts, {"owner-1": CONTACT}, rules(**of_tld), "/data/contacts")


def test_contacts_that_are_named_become_whole() -> None:
    settled = by_role({"registrant": "owner-1", "tech": {**CONTACT, "name": "Tech"}})

    assert {role: contact["name"] for role, contact in settled.items()} == {
        "registrant": "Erika Mustermann",
        "tech": "Tech",
    }


def test_the_contacts_that_are_only_named_are_told() -> None:
    assert referenced({"registrant": "owner-1", "tech": CONTACT, "admin": "owner-2"}) == {"owner-1", "owner-2"}


def test_a_contact_that_nobody_knows_is_named() -> None:
    with pytest.raises(DomainRefused) as told:
        by_role({"registrant": "owner-1", "tech": "nobody"})

    assert (told.value.code, told.value.pointer) == ("contact_unknown", "/data/contacts/tech")


def test_a_role_that_a_registry_wants_is_named() -> None:
    with pytest.raises(DomainRefused) as told:
        by_role({"registrant": "owner-1"}, contact_roles=("registrant", "admin"))

    assert (told.value.code, told.value.pointer) == ("contact_role_missing", "/data/contacts/admin")


def test_what_is_wrong_with_a_contact_is_named_in_its_role() -> None:
    with pytest.raises(DomainRefused) as told:
        by_role({"registrant": "owner-1", "tech": {**CONTACT, "phone": "1"}})

    assert told.value.pointer == "/data/contacts/tech/phone"
