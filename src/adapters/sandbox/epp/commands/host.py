"""Host objects (RFC 5732)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.sandbox.epp import names, views
from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands.parameters import changed, statuses
from adapters.sandbox.epp.nodes import Node, branch, leaf
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Address, Host, NameServer
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.registry import Registry

_LOCK: Final = "clientUpdateProhibited"
_STATUSES: Final = frozenset({"clientDeleteProhibited", _LOCK})


def check(call: Call) -> Answer:
    """Which names are free."""
    asked = [part.text.lower() for part in call.request.body.all("host:name")]
    return Answer(data=(branch("host:chkData", *(_checked(call.registry, name) for name in asked)),))


def info(call: Call) -> Answer:
    """All about a host; for everybody."""
    found = call.registry.host(call.request.body.value("host:name"))
    return Answer(data=(views.host(call.registry, found),))


def create(call: Call) -> Answer:
    """Make a host. One within a domain of this registry needs that domain, the caller's, and addresses."""
    body = call.request.body
    name = names.normal(body.value("host:name"), "host:name")
    if call.registry.hosts.get(name) is not None:
        raise Refusal(Code.EXISTS, "Host already exists", "host:name", name)
    made = Host(
        name=name,
        parent=_parent(call, name),
        addresses=_addresses(body),
        roid=call.registry.new_roid("H"),
        registrar=call.registrar,
        created_by=call.registrar,
        created_at=call.now,
    )
    call.registry.hosts.save(_checked_addresses(made))
    call.record(made.name, {"addresses": _told(made)}, roid=made.roid)
    shown = leaf("host:name", made.name), leaf("host:crDate", written(made.created_at))
    return Answer(data=(branch("host:creData", *shown),))


def update(call: Call) -> Answer:
    """Change a host's addresses, statuses or name."""
    body = call.request.body
    found = call.registry.host(body.value("host:name"))
    call.own(found)
    if not any(part.children for part in body.children[1:]):
        raise Refusal(Code.MISSING, "Nothing is to be changed", "host:update")
    after = _checked_addresses(_changed(call, found))
    call.registry.hosts.save(replace(after, updated_by=call.registrar, updated_at=call.now))
    if after.name != found.name:
        call.registry.hosts.drop(found.name)
        _rename(call.registry, found.name, after.name)
    told = {"addresses": _told(after), "name": after.name, "statuses": " ".join(after.statuses)}
    call.record(found.name, told, roid=found.roid)
    return Answer()


def delete(call: Call) -> Answer:
    """Delete a host that no domain uses."""
    found = call.registry.host(call.request.body.value("host:name"))
    call.own(found)
    if "clientDeleteProhibited" in found.statuses:
        raise Refusal(Code.STATUS, "clientDeleteProhibited does not allow it", "host:status")
    if call.registry.domains.is_marked(f"host:{found.name}"):
        raise Refusal(Code.ASSOCIATION, "This host is used by a domain", "host:name", found.name)
    call.registry.hosts.drop(found.name)
    call.record(found.name, roid=found.roid)
    return Answer()


def _changed(call: Call, found: Host) -> Host:
    body = call.request.body
    add, remove = body.find("host:add"), body.find("host:rem")
    given = statuses(add, "host", _STATUSES), statuses(remove, "host", _STATUSES)
    if _LOCK in found.statuses and _LOCK not in given[1]:
        raise Refusal(Code.STATUS, f"{_LOCK} does not allow the update", "host:status", _LOCK)
    renamed = _new_name(call, body.find("host:chg"), found)
    return replace(
        found,
        name=renamed,
        parent=found.parent if renamed == found.name else _parent(call, renamed),
        addresses=changed("address", found.addresses, _addresses(add), _addresses(remove), "host:addr"),
        statuses=changed("status", found.statuses, *given, "host:status"),
    )


def _new_name(call: Call, change: Part | None, found: Host) -> str:
    if change is None:
        return found.name
    name = names.normal(change.value("host:name"), "host:name")
    if call.registry.hosts.get(name) is not None:
        raise Refusal(Code.EXISTS, "Host already exists", "host:name", name)
    if not found.parent and call.registry.domains.is_marked(f"host:{found.name}"):
        raise Refusal(Code.ASSOCIATION, "A host of elsewhere that is used keeps its name", "host:name", found.name)
    return name


def _rename(registry: Registry, old: str, new: str) -> None:
    for domain in registry.domains.marked(f"host:{old}"):
        servers = tuple(NameServer(new) if server.name == old else server for server in domain.nameservers)
        registry.domains.save(replace(domain, nameservers=servers))


def _parent(call: Call, name: str) -> str:
    """The domain of this registry that a host lies within. Raises Refusal (2201, 2303)."""
    domain = names.registrable(name, call.registry.settings.zones)
    if not domain:
        return ""
    found = call.registry.domains.get(domain)
    if found is None:
        raise Refusal(Code.NOT_FOUND, f"There is no domain {domain}", "host:name", name)
    call.own(found, f"The domain {domain} belongs to another registrar")
    return domain


def _checked_addresses(host: Host) -> Host:
    if host.parent and not host.addresses:
        raise Refusal(Code.MISSING, "A host within a domain of this registry needs addresses", "host:addr")
    if host.addresses and not host.parent:
        raise Refusal(Code.POLICY, "A host of elsewhere has no addresses here", "host:addr", host.addresses[0].text)
    return host


def _addresses(part: Part | None) -> tuple[Address, ...]:
    found = [] if part is None else part.all("host:addr")
    return tuple(names.address(each.text, each.attributes.get("ip", "v4"), each.name) for each in found)


def _checked(registry: Registry, name: str) -> Node:
    taken = registry.hosts.get(name) is not None
    shown = leaf("host:name", name, avail="0" if taken else "1")
    return branch("host:cd", shown, leaf("host:reason", "In use") if taken else None)


def _told(host: Host) -> str:
    return " ".join(address.text for address in host.addresses)


HANDLERS: Final[Mapping[str, Handler]] = {
    "host:check": check,
    "host:info": info,
    "host:create": create,
    "host:update": update,
    "host:delete": delete,
}
