"""`domain:check` and `domain:info` (RFC 5731 §3.1.1, §3.1.2)."""

from collections.abc import Mapping
from typing import Final, cast

from adapters.sandbox.epp import agreement, codes, names, views
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands.parameters import code_given
from adapters.sandbox.epp.nodes import Node, branch, leaf, optional
from adapters.sandbox.epp.records import Domain
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.registry import Registry

RESERVED: Final = "reserved"
_HOSTS: Final = ("all", "del", "none", "sub")


def why_not(registry: Registry, name: str) -> str:
    """Why a name cannot be registered, or nothing if it can. Raises Refusal (2005) for what is no name."""
    zone = names.zone_of(names.normal(name, "domain:name"), registry.settings.zones)
    if not zone or "." in name[: -len(zone) - 1]:
        return "Zone not served"
    if name.startswith(RESERVED):
        return "Reserved"
    return "" if registry.domains.get(name) is None else "In use"


def check(call: Call) -> Answer:
    """Which names can be registered, and what that would cost."""
    asked = [part.text.lower() for part in call.request.body.all("domain:name")]
    data = branch("domain:chkData", *(_checked(call.registry, name) for name in asked))
    fee = call.request.extensions.get("fee:check")
    extensions = () if fee is None else (agreement.checked(call.registry.settings, asked, fee),)
    return Answer(data=(data,), extensions=extensions)


def info(call: Call) -> Answer:
    """All about a domain, for its registrar or whoever knows its code."""
    body = call.request.body
    named = body.find("domain:name")
    found = call.registry.domain(body.value("domain:name"))
    _authorise(call, found)
    asked = "all" if named is None else named.attributes.get("hosts", "all")
    if asked not in _HOSTS:
        raise Refusal(Code.VALUE, "hosts is all, del, none or sub", "domain:name", asked)
    code = call.registry.plain_codes.get(found.name, "") if found.registrar == call.registrar else ""
    data = views.domain(call.registry, found, cast("views.HostsAsked", asked), code)
    extensions = (views.grace(found, call.now), views.dnssec(found))
    return Answer(data=(data,), extensions=tuple(each for each in extensions if each is not None))


def authorised(found: Domain, code: str) -> None:
    """Raises Refusal (2202) when this is not the domain's code."""
    if not codes.matches(code, found.auth):
        raise Refusal(Code.AUTH_INFO, "authInfo pw is invalid", "domain:authInfo")


def _authorise(call: Call, found: Domain) -> None:
    code = code_given(call.request.body, "domain")
    if code is not None:
        authorised(found, code)
    else:
        call.own(found)


def _checked(registry: Registry, name: str) -> Node:
    try:
        reason = why_not(registry, name)
    except Refusal:
        reason = "Invalid name"
    available = leaf("domain:name", name, avail="0" if reason else "1")
    return branch("domain:cd", available, optional("domain:reason", reason))


HANDLERS: Final[Mapping[str, Handler]] = {"domain:check": check, "domain:info": info}
