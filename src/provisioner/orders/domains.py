"""What a domain and a command to it must have, before anything is spent. Pure: state in, complaint or normal form out.

Everything here raises a `DomainRefused` with a stable code and a JSON pointer. `at` is the pointer of the object that
the fields stand in, such as `/data` or `/data/items/0`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import idna

from provisioner.orders import contacts as contact_rules
from provisioner.orders.domain_refusals import (
    AuthCodeMissing,
    DnssecRefused,
    NameRefused,
    NameServersRefused,
    NotRestorable,
    YearsRefused,
)
from provisioner.orders.tlds import TldRules

Attributes = Mapping[str, Any]

# Hexadecimal digits of a digest by its type (IANA, "DS RR Type Digest Algorithms").
DIGEST_DIGITS: Final[Mapping[int, int]] = {1: 40, 2: 64, 3: 64, 4: 96, 5: 64, 6: 64}
_ZONE_KEY: Final = 0x0100  # RFC 4034 §2.1.1

_KEPT: Final = ("domain", "dnssec", "max_price", "auto_renew", "lock", "confirmed", "hosting", "registrar")


def settle(
    terms: Attributes,
    rules: TldRules,
    *,
    at: str,
    transfer: bool,
    has_auth_code: bool = False,
    contacts: Mapping[str, Attributes],
    nameservers: Sequence[Attributes] = (),
) -> dict[str, Any]:
    """The attributes of a domain service: `terms` as a message has them, checked, completed and in normal form.

    `contacts` are the customer's by id, as far as `terms` name any; `nameservers` those of the hosting panel or of
    the registrar account, for terms that give none. Settled attributes can be settled again, with corrections.
    """
    check_name(terms["domain"], rules, f"{at}/domain")
    if transfer and rules.transfer_needs_auth_code and not has_auth_code:
        raise AuthCodeMissing(f"{at}/auth_code", f"is required: transfers under .{rules.tld} need one")
    given = terms.get("nameservers")
    check_dnssec(terms.get("dnssec", ()), rules, f"{at}/dnssec")
    settled = {name: terms[name] for name in _KEPT if name in terms}
    return settled | {
        "years": _transfer_years(terms, rules, at) if transfer else _registration_years(terms, rules, at),
        "contacts": contact_rules.settle_contacts(terms["contacts"], contacts, rules, f"{at}/contacts"),
        "nameservers": _name_servers(nameservers if given is None else given, terms, rules, at, transfer=transfer),
        "dnssec": list(terms.get("dnssec", ())),
        "rules": rules.as_json(),
    }


def settle_command(
    verb: str, inputs: Attributes, attributes: Attributes, *, at: str, contacts: Mapping[str, Attributes]
) -> dict[str, Any]:
    """The inputs of a command to a domain, checked against the rules kept in its attributes, in normal form."""
    rules = TldRules.from_json(attributes["rules"])
    if verb == "renew":
        _check_renewal(inputs["years"], rules, f"{at}/years")
    elif verb == "restore" and not rules.redemption_days:
        raise NotRestorable(at, f"cannot be done: under .{rules.tld} nothing is restored")
    elif verb == "set-nameservers":
        check_name_servers(inputs["nameservers"], attributes["domain"], rules, f"{at}/nameservers")
    elif verb == "set-dnssec":
        check_dnssec(inputs["records"], rules, f"{at}/records")
    elif verb == "set-contacts":
        return {**inputs, "contacts": _new_contacts(inputs, attributes, contacts, rules, at)}
    return dict(inputs)


def check_name(domain: str, rules: TldRules, at: str) -> None:
    """Raise NameRefused unless this is one valid label directly under the suffix."""
    label = domain.removesuffix(f".{rules.tld}")
    if "." in label:
        raise NameRefused(at, f"must have one label before .{rules.tld}; this one lies within another domain")
    if len(label) < rules.name_min_length:
        raise NameRefused(at, f"must have {rules.name_min_length} or more characters before .{rules.tld}")
    _check_label(label, at)


def check_transfer_years(years: int, rules: TldRules, at: str) -> None:
    """Raise YearsRefused for another number than a transfer adds; the registry does not let anybody choose."""
    if years != rules.transfer_years:
        adds = f"adds {rules.transfer_years}" if rules.transfer_years else "adds none; leave it out"
        raise YearsRefused(at, f"cannot be chosen: a transfer under .{rules.tld} {adds}")


def check_name_servers(given: Sequence[Attributes], domain: str, rules: TldRules, at: str) -> None:
    """Raise NameServersRefused unless their number fits, none comes twice, and those within the domain have addresses.

    Addresses are for those only: a registry takes them from nowhere else (RFC 5732 §1).
    """
    if not rules.nameservers_min <= len(given) <= rules.nameservers_max:
        between = f"from {rules.nameservers_min} to {rules.nameservers_max}"
        raise NameServersRefused(at, f"must have {between} entries for a domain under .{rules.tld}")
    names = [server["name"] for server in given]
    for index, server in enumerate(given):
        if server["name"] in names[:index]:
            raise NameServersRefused(f"{at}/{index}/name", "is there already")
        _check_glue(server, domain, f"{at}/{index}")


def check_dnssec(records: Sequence[Attributes], rules: TldRules, at: str) -> None:
    """Raise DnssecRefused unless they are of the registry's kind, with digests as long as their type."""
    if records and rules.dnssec == "none":
        raise DnssecRefused(at, f"must be left out: .{rules.tld} has no DNSSEC")
    for index, record in enumerate(records):
        if ("digest" in record) != (rules.dnssec == "ds"):
            wanted = "a DS record" if rules.dnssec == "ds" else "a DNSKEY record"
            raise DnssecRefused(f"{at}/{index}", f"must be {wanted}: .{rules.tld} takes no others")
        _check_record(record, f"{at}/{index}")


def _check_label(label: str, at: str) -> None:
    """IDNA 2008 (RFC 5891 §4.2): an A-label must be that of exactly one valid U-label."""
    if not label.startswith("xn--"):
        return
    try:
        valid = idna.alabel(idna.ulabel(label)).decode() == label
    except idna.IDNAError:
        valid = False
    if not valid:
        raise NameRefused(at, "has a label in xn-- form that IDNA 2008 does not allow")


def _registration_years(terms: Attributes, rules: TldRules, at: str) -> int:
    years: int = terms.get("years", rules.min_years)
    if not rules.min_years <= years <= rules.max_years:
        between = f"from {rules.min_years} to {rules.max_years}"
        raise YearsRefused(f"{at}/years", f"must be {between} for a domain under .{rules.tld}")
    return years


def _transfer_years(terms: Attributes, rules: TldRules, at: str) -> int:
    years: int = terms.get("years", rules.transfer_years)
    check_transfer_years(years, rules, f"{at}/years")
    return years


def _check_renewal(years: int, rules: TldRules, at: str) -> None:
    if years > rules.max_years:
        raise YearsRefused(at, f"must be from 1 to {rules.max_years} for a domain under .{rules.tld}")


def _name_servers(
    given: Sequence[Attributes], terms: Attributes, rules: TldRules, at: str, *, transfer: bool
) -> list[dict[str, Any]]:
    """In normal form. A transfer without any keeps those that the domain has."""
    if given or not transfer:
        check_name_servers(given, terms["domain"], rules, f"{at}/nameservers")
    return [{"name": server["name"], "addresses": list(server.get("addresses", ()))} for server in given]


def _check_glue(server: Attributes, domain: str, at: str) -> None:
    within = f".{server['name']}".endswith(f".{domain}")
    if within and not server.get("addresses"):
        raise NameServersRefused(f"{at}/addresses", "is required: this name server lies within the domain itself")
    if not within and server.get("addresses"):
        raise NameServersRefused(f"{at}/addresses", "must be left out: this name server lies outside of the domain")


def _check_record(record: Attributes, at: str) -> None:
    if "digest" not in record:
        if not record["flags"] & _ZONE_KEY:
            raise DnssecRefused(f"{at}/flags", "must be those of a zone key: 256 or 257")
        return
    digits = DIGEST_DIGITS.get(record["digest_type"])
    if digits is None:
        raise DnssecRefused(f"{at}/digest_type", f"must be one of {', '.join(map(str, DIGEST_DIGITS))}")
    if len(record["digest"]) != digits:
        raise DnssecRefused(f"{at}/digest", f"must have {digits} hexadecimal digits for its type")


def _new_contacts(
    inputs: Attributes, attributes: Attributes, known: Mapping[str, Attributes], rules: TldRules, at: str
) -> dict[str, dict[str, Any]]:
    """The roles that were given, checked with the others as they are. What a command leaves out it does not change."""
    merged = {**attributes["contacts"], **inputs["contacts"]}
    settled = contact_rules.settle_contacts(merged, known, rules, f"{at}/contacts")
    return {role: contact for role, contact in settled.items() if role in inputs["contacts"]}
