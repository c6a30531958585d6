"""Domains, contacts, hosts and transfers as registries show them (RFC 5731 to 5733, RFC 5910, RFC 3915)."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from epptools import Response

from adapters.epp import xml
from adapters.epp.namespaces import RGP, SECDNS
from adapters.epp.replies import ContactData, Created, DomainData, HostData, Renewed, TransferData
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import DnsKey, DsRecord, Host


def domain(data: Element, response: Response) -> DomainData:
    """A domain with what the extensions tell of it. Raises ValueError for a number that is none."""
    return DomainData(
        name=xml.text(data, "name").lower(),
        roid=xml.text(data, "roid"),
        registrar=xml.text(data, "clID"),
        registrant=xml.text(data, "registrant"),
        contacts=tuple((each.get("type", ""), xml.own_text(each)) for each in xml.children(data, "contact")),
        nameservers=tuple(_nameservers(xml.child(data, "ns"))),
        hosts=tuple(name.lower() for name in xml.texts(data, "host")),
        statuses=_statuses(data),
        rgp_statuses=tuple(each.get("s", "") for each in response.root.iter(f"{{{RGP}}}rgpStatus")),
        created_at=xml.text(data, "crDate"),
        updated_at=xml.text(data, "upDate"),
        expires_at=xml.text(data, "exDate"),
        transferred_at=xml.text(data, "trDate"),
        dnssec=tuple(_dnssec(response)),
        auth_code=_auth_code(data),
    )


def contact(data: Element, _response: Response) -> ContactData:
    """A contact."""
    postal = {each.get("type", ""): each for each in xml.children(data, "postalInfo")}
    chosen = postal.get("int", next(iter(postal.values()), None))
    address = xml.child(chosen, "addr")
    return ContactData(
        handle=xml.text(data, "id"),
        roid=xml.text(data, "roid"),
        registrar=xml.text(data, "clID"),
        statuses=_statuses(data),
        name=xml.text(chosen, "name"),
        organisation=xml.text(chosen, "org"),
        street=xml.texts(address, "street"),
        city=xml.text(address, "city"),
        state=xml.text(address, "sp"),
        postal_code=xml.text(address, "pc"),
        country=xml.text(address, "cc"),
        phone=xml.text(data, "voice"),
        fax=xml.text(data, "fax"),
        email=xml.text(data, "email"),
        created_at=xml.text(data, "crDate"),
        updated_at=xml.text(data, "upDate"),
        postal_types=tuple(postal),
    )


def host(data: Element, _response: Response) -> HostData:
    """A host object."""
    return HostData(
        name=xml.text(data, "name").lower(),
        roid=xml.text(data, "roid"),
        registrar=xml.text(data, "clID"),
        statuses=_statuses(data),
        addresses=xml.texts(data, "addr"),
        created_at=xml.text(data, "crDate"),
        updated_at=xml.text(data, "upDate"),
    )


def created(data: Element, _response: Response) -> Created:
    """What was made."""
    return Created(_name(data), xml.text(data, "crDate"), xml.text(data, "exDate"))


def renewed(data: Element, _response: Response) -> Renewed:
    """What was renewed."""
    return Renewed(_name(data), xml.text(data, "exDate"))


def transfer(data: Element, _response: Response) -> TransferData:
    """How a transfer stands."""
    return TransferData(
        name=_name(data),
        status=xml.text(data, "trStatus"),
        requested_by=xml.text(data, "reID"),
        requested_at=xml.text(data, "reDate"),
        acting=xml.text(data, "acID"),
        acts_at=xml.text(data, "acDate"),
        expires_at=xml.text(data, "exDate"),
    )


def _name(data: Element) -> str:
    """A name in small letters, or a handle as it stands."""
    return xml.text(data, "name").lower() or xml.text(data, "id")


def _statuses(data: Element) -> tuple[str, ...]:
    return tuple(each.get("s", "") for each in xml.children(data, "status"))


def _nameservers(servers: Element | None) -> Iterator[Host]:
    for each in servers if servers is not None else ():
        if xml.local(each) == "hostObj":
            yield Host(xml.own_text(each).lower())
        elif xml.local(each) == "hostAttr":
            yield Host(xml.text(each, "hostName").lower(), xml.texts(each, "hostAddr"))


def _dnssec(response: Response) -> Iterator[DsRecord | DnsKey]:
    for data in response.root.iter(f"{{{SECDNS}}}infData"):
        yield from map(_ds, xml.children(data, "dsData"))
        yield from map(_key, xml.children(data, "keyData"))


def _ds(element: Element) -> DsRecord:
    tag, algorithm, kind = (int(xml.text(element, name)) for name in ("keyTag", "alg", "digestType"))
    return DsRecord(tag, algorithm, kind, "".join(xml.text(element, "digest").split()))


def _key(element: Element) -> DnsKey:
    flags, protocol, algorithm = (int(xml.text(element, name)) for name in ("flags", "protocol", "alg"))
    return DnsKey(flags, protocol, algorithm, "".join(xml.text(element, "pubKey").split()))


def _auth_code(data: Element) -> Secret | None:
    shown = xml.text(xml.child(data, "authInfo"), "pw")
    return Secret(shown) if shown else None
