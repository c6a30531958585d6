"""What a contact must have, before a registry is asked. Pure: state in, complaint or normal form out."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import phonenumbers

from provisioner.orders.domain_refusals import (
    ContactIncomplete,
    ContactUnknown,
    CountryUnknown,
    PhoneRefused,
    RoleMissing,
)
from provisioner.orders.tlds import ROLES, TldRules

# ISO 3166-1 alpha-2, all officially assigned codes.
# fmt: off
COUNTRIES: Final = frozenset((  # noqa: SIM905 - a literal for each of 249 would be unreadable
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
).split())
# fmt: on

Contact = Mapping[str, Any]


def settle_contact(contact: Contact, at: str, rules: TldRules | None = None) -> dict[str, Any]:
    """The contact in normal form: `phone` and `fax` as EPP writes them (RFC 5733 §2.5), such as `+49.301234567`.

    `at` is the contact's JSON pointer. Raises PhoneRefused, CountryUnknown, and ContactIncomplete for what `rules`
    want beside.
    """
    if contact["country"] not in COUNTRIES:
        raise CountryUnknown(f"{at}/country", "is no country's code in ISO 3166-1; write the United Kingdom as GB")
    phones = {name: _phone(contact[name], f"{at}/{name}") for name in ("phone", "fax") if contact.get(name)}
    if rules is not None:
        _complete(contact, at, rules)
    return {**contact, **phones}


def referenced(contacts: Mapping[str, str | Contact]) -> frozenset[str]:
    """The ids of the contacts that are only named."""
    return frozenset(contact for contact in contacts.values() if isinstance(contact, str))


def settle_contacts(
    contacts: Mapping[str, str | Contact], known: Mapping[str, Contact], rules: TldRules, at: str
) -> dict[str, dict[str, Any]]:
    """The contacts by role, whole and in normal form; `known` are the customer's, by id. `at` points to all of them.

    Raises ContactUnknown, RoleMissing, and what `settle_contact` raises.
    """
    for role in rules.contact_roles:
        if role not in contacts:
            raise RoleMissing(f"{at}/{role}", f"is required for domains under .{rules.tld}")
    return {role: _settled(contacts[role], known, rules, f"{at}/{role}") for role in ROLES if role in contacts}


def _settled(contact: str | Contact, known: Mapping[str, Contact], rules: TldRules, at: str) -> dict[str, Any]:
    whole = known.get(contact) if isinstance(contact, str) else contact
    if whole is None:
        raise ContactUnknown(at, "names no contact of this customer; create it first, or give it as a whole")
    return settle_contact(whole, at, rules)


def _complete(contact: Contact, at: str, rules: TldRules) -> None:
    for field in _missing(contact, rules):
        raise ContactIncomplete(f"{at}/{field}", f"is required for domains under .{rules.tld}")


def _missing(contact: Contact, rules: TldRules) -> Iterator[str]:
    yield from (field for field in rules.required_fields if not contact.get(field))
    extra = contact.get("extra") or {}
    yield from (f"extra/{name}" for name in rules.required_extra if not extra.get(name))


def _phone(text: str, at: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise PhoneRefused(
            at, "must be an international number with + and the country's code, as +49 30 123456"
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise PhoneRefused(at, "has too few or too many digits for a number of its country")
    return f"+{number.country_code}.{phonenumbers.national_significant_number(number)}"
