"""The name servers and contacts that a domain command names (RFC 5731 §1.1, §3.2)."""

from typing import Final, cast

from adapters.sandbox.epp import names
from adapters.sandbox.epp.call import Call
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Address, ContactRole, NameServer
from adapters.sandbox.epp.refusals import Code, Refusal

MAX_NAME_SERVERS: Final = 13
_ROLES: Final = ("admin", "billing", "tech")


def name_servers(call: Call, part: Part | None, domain: str) -> tuple[NameServer, ...]:
    """The name servers of an `ns` element. Raises Refusal (2005, 2102, 2303, 2306)."""
    found = None if part is None else part.find("domain:ns")
    if found is None:
        return ()
    model = call.registry.settings.host_model
    wanted = "domain:hostObj" if model == "objects" else "domain:hostAttr"
    if found.children[0].name != wanted:
        raise Refusal(Code.OPTION, f"Hosts are {model} here", found.children[0].name)
    if model == "objects":
        servers = tuple(_object(call, each) for each in found.children)
    else:
        servers = tuple(_attribute(each, domain) for each in found.children)
    if len({server.name for server in servers}) < len(servers):
        raise Refusal(Code.POLICY, "A name server is named twice", "domain:ns")
    return servers


def check_count(servers: tuple[NameServer, ...]) -> tuple[NameServer, ...]:
    """The same name servers. Raises Refusal (2306) when there are too many."""
    if len(servers) > MAX_NAME_SERVERS:
        raise Refusal(Code.POLICY, f"A domain has at most {MAX_NAME_SERVERS} name servers", "domain:ns")
    return servers


def contacts(call: Call, part: Part | None) -> tuple[tuple[ContactRole, str], ...]:
    """The contacts of a command with their roles. Raises Refusal (2005, 2201, 2303, 2306)."""
    given = [] if part is None else part.all("domain:contact")
    for each in given:
        if each.attributes.get("type") not in _ROLES:
            raise Refusal(Code.VALUE, "A contact is admin, billing or tech", "domain:contact", each.text)
        usable_contact(call, each.text, "domain:contact")
    return tuple((cast("ContactRole", each.attributes["type"]), each.text) for each in given)


def usable_contact(call: Call, handle: str, element: str) -> str:
    """The handle of one of the caller's contacts. Raises Refusal (2201, 2303, 2306)."""
    if call.registry.settings.data_model == "thin":
        raise Refusal(Code.POLICY, "This registry keeps no contacts", element, handle)
    call.own(call.registry.contact(handle, element), "The contact belongs to another registrar")
    return handle


def _object(call: Call, part: Part) -> NameServer:
    name = names.normal(part.text, part.name)
    return NameServer(call.registry.host(name, part.name).name)


def _attribute(part: Part, domain: str) -> NameServer:
    name = names.normal(part.value("domain:hostName"), "domain:hostName")
    addresses = tuple(_address(each) for each in part.all("domain:hostAddr"))
    if addresses and not name.endswith(f".{domain}"):
        raise Refusal(Code.POLICY, "Only a host within the domain has addresses", "domain:hostAddr", addresses[0].text)
    if not addresses and name.endswith(f".{domain}"):
        raise Refusal(Code.MISSING, "A host within the domain needs addresses", "domain:hostAddr")
    return NameServer(name, addresses)


def _address(part: Part) -> Address:
    return names.address(part.text, part.attributes.get("ip", "v4"), part.name)
