"""Domains, contacts and hosts as an info answer shows them."""

from datetime import datetime
from typing import Literal

from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.nodes import Node, branch, leaf, optional
from adapters.sandbox.epp.records import (
    Address,
    Contact,
    Disclosure,
    Domain,
    DsRecord,
    Host,
    KeyRecord,
    NameServer,
    PostalAddress,
    Sponsored,
)
from adapters.sandbox.epp.registry import Registry

HostsAsked = Literal["all", "del", "none", "sub"]


def domain_statuses(domain: Domain) -> tuple[str, ...]:
    """The statuses of a domain: those that were set, and those that follow from where it is."""
    pending = []
    if domain.pending is not None:
        pending.append("pendingCreate")
    if domain.renewal is not None:
        pending.append("pendingRenew")
    if domain.removal is not None:
        pending.append("pendingDelete")
    if domain.in_transfer:
        pending.append("pendingTransfer")
    if domain.restore is not None:
        pending.append("pendingUpdate")
    found = (*domain.statuses, *pending)
    return found or (("ok",) if domain.nameservers else ("inactive",))


def grace_statuses(domain: Domain, now: datetime) -> tuple[str, ...]:
    """The statuses of RFC 3915."""
    if domain.removal is not None:
        return (domain.removal.stage,)
    return tuple(grace.kind for grace in domain.graces if grace.until > now)


def domain(registry: Registry, found: Domain, hosts: HostsAsked = "all", code: str = "") -> Node:
    """`domain:infData`."""
    subordinate = registry.hosts.marked(f"domain:{found.name}") if hosts in ("all", "sub") else []
    shown = found.nameservers if hosts in ("all", "del") else ()
    return branch(
        "domain:infData",
        leaf("domain:name", found.name),
        leaf("domain:roid", found.roid),
        *(leaf("domain:status", s=status) for status in domain_statuses(found)),
        optional("domain:registrant", found.registrant),
        *(leaf("domain:contact", handle, type=role) for role, handle in found.contacts),
        branch("domain:ns", *(_name_server(registry, ns) for ns in shown)) if shown else None,
        *(leaf("domain:host", host.name) for host in subordinate),
        *_sponsorship("domain", found, found.expires_at),
        branch("domain:authInfo", leaf("domain:pw", code)) if code else None,
    )


def grace(found: Domain, now: datetime) -> Node | None:
    """`rgp:infData`, if there is anything to tell."""
    statuses = grace_statuses(found, now)
    return branch("rgp:infData", *(leaf("rgp:rgpStatus", s=status) for status in statuses)) if statuses else None


def dnssec(found: Domain) -> Node | None:
    """`secDNS:infData`, if there is anything to tell."""
    if not found.dnssec:
        return None
    life = optional("secDNS:maxSigLife", str(found.max_signature_life or ""))
    return branch("secDNS:infData", life, *(_dnssec_record(record) for record in found.dnssec))


def contact(registry: Registry, found: Contact) -> Node:
    """`contact:infData`."""
    linked = ("linked",) if registry.domains.is_marked(f"contact:{found.id}") else ()
    extension = {"x": found.voice_extension} if found.voice_extension else {}
    return branch(
        "contact:infData",
        leaf("contact:id", found.id),
        leaf("contact:roid", found.roid),
        *(leaf("contact:status", s=status) for status in (*(found.statuses or ("ok",)), *linked)),
        *(_postal(each) for each in found.postal),
        leaf("contact:voice", found.voice, **extension) if found.voice else None,
        optional("contact:fax", found.fax),
        leaf("contact:email", found.email),
        *_sponsorship("contact", found),
        _disclosure(found.disclosure),
    )


def host(registry: Registry, found: Host) -> Node:
    """`host:infData`."""
    linked = ("linked",) if registry.domains.is_marked(f"host:{found.name}") else ()
    return branch(
        "host:infData",
        leaf("host:name", found.name),
        leaf("host:roid", found.roid),
        *(leaf("host:status", s=status) for status in (*(found.statuses or ("ok",)), *linked)),
        *(leaf("host:addr", each.text, ip=each.version) for each in found.addresses),
        *_sponsorship("host", found),
    )


def _sponsorship(prefix: str, thing: Sponsored, expires_at: datetime | None = None) -> list[Node | None]:
    return [
        leaf(f"{prefix}:clID", thing.registrar),
        leaf(f"{prefix}:crID", thing.created_by),
        leaf(f"{prefix}:crDate", written(thing.created_at)),
        optional(f"{prefix}:upID", thing.updated_by),
        _time(f"{prefix}:upDate", thing.updated_at),
        _time(f"{prefix}:exDate", expires_at),
        _time(f"{prefix}:trDate", thing.transferred_at),
    ]


def _time(name: str, moment: datetime | None) -> Node | None:
    return None if moment is None else leaf(name, written(moment))


def _name_server(registry: Registry, server: NameServer) -> Node:
    if registry.settings.host_model == "objects":
        return leaf("domain:hostObj", server.name)
    return branch("domain:hostAttr", leaf("domain:hostName", server.name), *map(_host_address, server.addresses))


def _host_address(address: Address) -> Node:
    return leaf("domain:hostAddr", address.text, ip=address.version)


def _dnssec_record(record: DsRecord | KeyRecord) -> Node:
    if isinstance(record, KeyRecord):
        return branch(
            "secDNS:keyData",
            leaf("secDNS:flags", str(record.flags)),
            leaf("secDNS:protocol", str(record.protocol)),
            leaf("secDNS:alg", str(record.algorithm)),
            leaf("secDNS:pubKey", record.public_key),
        )
    return branch(
        "secDNS:dsData",
        leaf("secDNS:keyTag", str(record.key_tag)),
        leaf("secDNS:alg", str(record.algorithm)),
        leaf("secDNS:digestType", str(record.digest_type)),
        leaf("secDNS:digest", record.digest),
        None if record.of_key is None else _dnssec_record(record.of_key),
    )


def _postal(postal: PostalAddress) -> Node:
    return branch(
        "contact:postalInfo",
        leaf("contact:name", postal.name),
        optional("contact:org", postal.organisation),
        branch(
            "contact:addr",
            *(leaf("contact:street", line) for line in postal.street),
            leaf("contact:city", postal.city),
            optional("contact:sp", postal.state),
            optional("contact:pc", postal.postal_code),
            leaf("contact:cc", postal.country),
        ),
        type=postal.form,
    )


def _disclosure(disclosure: Disclosure | None) -> Node | None:
    if disclosure is None:
        return None
    elements = (leaf(f"contact:{name}", **({"type": form} if form else {})) for name, form in disclosure.elements)
    return branch("contact:disclose", *elements, flag="1" if disclosure.flag else "0")
