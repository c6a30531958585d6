"""A domain and a contact, as sections of text. Pure; times are UTC."""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.console.output import Section, moment
from provisioner.console.views import service_sections
from provisioner.store.query_records import ContactRecord, ServiceDetails, ServiceRecord


def domain_sections(details: ServiceDetails) -> list[Section]:
    """A domain: what it is, its contacts, and what any service has."""
    return [_facts(details.service), _contacts(details.service.attributes), *service_sections(details)[1:]]


def contact_sections(contact: ContactRecord, users: Sequence[ServiceRecord]) -> list[Section]:
    """A contact, and the domains that have it."""
    fields = {name: value for name, value in contact.data.items() if name not in ("contact_id", "extra")}
    rows = [(name, _text(value)) for name, value in {**fields, **(contact.data.get("extra") or {})}.items()]
    domains = [(each.name or "", each.id, each.status) for each in users]
    return [Section("What it is", ("", ""), rows), Section("Domains", ("domain", "service", "status"), domains)]


def expires(service: ServiceRecord) -> str:
    """The date of expiry, as far as the registry has told it."""
    return str(service.data.get("expires_at") or "").partition("T")[0]


def is_renewed(service: ServiceRecord) -> str:
    """Whether it is renewed before it expires."""
    return "yes" if service.attributes.get("auto_renew", True) else "no"


def _facts(service: ServiceRecord) -> Section:
    upkeep = f"{service.upkeep_workflow} at {moment(service.upkeep_at)}" if service.upkeep_at else ""
    facts: Mapping[str, Any] = {
        "at the registry": service.data.get("domain_status"),
        "created": service.data.get("created_at"),
        "expires": service.data.get("expires_at"),
        "renewed": is_renewed(service),
        "locked": {True: "yes", False: "no"}.get(service.data.get("locked", None)),
        "name servers": service.data.get("nameservers") or _names(service.attributes),
        "DNSSEC records": len(service.attributes.get("dnssec") or ()) or None,
        "most it may cost": " ".join((service.attributes.get("max_price") or {}).values()),
        "registry's id": service.data.get("roid"),
        "next upkeep": upkeep,
        "warnings": "; ".join(service.warnings),
    }
    return Section("What it is", ("", ""), [(name, _text(value)) for name, value in facts.items() if value])


def _contacts(attributes: Mapping[str, Any]) -> Section:
    contacts: Mapping[str, Any] = attributes.get("contacts") or {}
    rows = [(role, each["contact_id"], each["name"], each["email"], each["phone"]) for role, each in contacts.items()]
    return Section("Contacts", ("role", "contact", "name", "e-mail", "phone"), rows)


def _names(attributes: Mapping[str, Any]) -> list[str]:
    return [server["name"] for server in attributes.get("nameservers") or ()]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
