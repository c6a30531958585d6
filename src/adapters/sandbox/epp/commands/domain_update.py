"""`domain:update` (RFC 5731 §3.2.5), with DNSSEC."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from adapters.sandbox.epp import codes
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands import delegation, dnssec
from adapters.sandbox.epp.commands.domain_create import remember_code
from adapters.sandbox.epp.commands.parameters import (
    DOMAIN_STATUSES,
    changed,
    check_new_code,
    code_given,
    forbid,
    statuses,
)
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import ContactRole, Domain, NameServer
from adapters.sandbox.epp.refusals import Code, Refusal

_LOCK: Final = "clientUpdateProhibited"


def update(call: Call) -> Answer:
    """Add, remove and change; everything or nothing."""
    body = call.request.body
    found = call.registry.domain(body.value("domain:name"))
    call.own(found)
    _check_allowed(call, found)
    after = _changed(call, found)
    call.registry.domains.save(replace(after, updated_by=call.registrar, updated_at=call.now))
    if body.find("domain:chg") is not None and _new_code(body) is not None:
        remember_code(call, found.name, _new_code(body) or "")
    call.record(found.name, _differences(found, after), roid=found.roid)
    return Answer()


def _check_allowed(call: Call, found: Domain) -> None:
    body = call.request.body
    names = [part.name for part in body.children[1:] if part.children] + list(call.request.extensions)
    if not names:
        raise Refusal(Code.MISSING, "Nothing is to be changed", "domain:update")
    forbid(found, "update", "serverUpdateProhibited")
    if _LOCK in found.statuses and not _only_unlocks(body, names):
        raise Refusal(Code.STATUS, f"{_LOCK} does not allow the update", "domain:status", _LOCK)


def _only_unlocks(body: Part, names: list[str]) -> bool:
    """True when the lock itself is all that the update lifts."""
    removal = body.find("domain:rem")
    if names != ["domain:rem"] or removal is None:
        return False
    lifted = {part.attributes.get("s") for part in removal.children if part.name == "domain:status"}
    return len(lifted) == len(removal.children) and _LOCK in lifted


def _changed(call: Call, found: Domain) -> Domain:
    body, settings = call.request.body, call.registry.settings
    add, remove = body.find("domain:add"), body.find("domain:rem")
    new, old = delegation.name_servers(call, add, found.name), _old_servers(call, remove, found)
    given = statuses(add, "domain", DOMAIN_STATUSES), statuses(remove, "domain", DOMAIN_STATUSES)
    contacts = delegation.contacts(call, add), _old_contacts(remove)
    code = _new_code(body)
    return replace(
        found,
        nameservers=delegation.check_count(_servers(found, new, old)),
        contacts=changed("contact", found.contacts, *contacts, "domain:contact"),
        statuses=changed("status", found.statuses, *given, "domain:status"),
        registrant=_registrant(call, found),
        auth=found.auth if code is None else codes.hashed(check_new_code(settings, code)),
        dnssec=dnssec.updated(found, call.request.extensions, settings),
        max_signature_life=dnssec.signature_life(
            call.request.extensions.get("secDNS:update"), found.max_signature_life
        ),
    )


def _servers(found: Domain, new: tuple[NameServer, ...], old: tuple[NameServer, ...]) -> tuple[NameServer, ...]:
    left = changed("name server", found.nameservers, (), old, "domain:ns")
    for server in new:
        if any(server.name == each.name for each in left):
            raise Refusal(Code.POLICY, "This name server already exists", "domain:ns", server.name)
    return (*left, *new)


def _old_servers(call: Call, remove: Part | None, found: Domain) -> tuple[NameServer, ...]:
    """The name servers to be removed, as the domain has them; addresses do not matter."""
    present = {server.name: server for server in found.nameservers}
    asked = None if remove is None else remove.find("domain:ns")
    if asked is None:
        return ()
    if call.registry.settings.host_model == "objects":
        wanted = [server.name for server in delegation.name_servers(call, remove, found.name)]
    else:
        wanted = [part.value("domain:hostName").lower() for part in asked.all("domain:hostAttr")]
    return tuple(present.get(name, NameServer(name)) for name in wanted)


def _old_contacts(remove: Part | None) -> tuple[tuple[ContactRole, str], ...]:
    parts = [] if remove is None else remove.all("domain:contact")
    return tuple((cast("ContactRole", part.attributes.get("type", "")), part.text) for part in parts)


def _registrant(call: Call, found: Domain) -> str:
    change = call.request.body.find("domain:chg")
    given = None if change is None else change.find("domain:registrant")
    if given is None:
        return found.registrant
    if not given.text:
        raise Refusal(Code.POLICY, "A domain needs a registrant", "domain:registrant")
    return delegation.usable_contact(call, given.text, "domain:registrant")


def _new_code(body: Part) -> str | None:
    change = body.find("domain:chg")
    return None if change is None else code_given(change, "domain")


def _differences(before: Domain, after: Domain) -> dict[str, str]:
    """What tells this change from another, for the ledger; a code is only said to have changed."""
    lists = {
        "statuses": (before.statuses, after.statuses),
        "nameservers": (tuple(s.name for s in before.nameservers), tuple(s.name for s in after.nameservers)),
        "contacts": tuple(tuple(f"{role}:{handle}" for role, handle in d.contacts) for d in (before, after)),
        "dnssec": tuple(tuple(map(_dnssec_text, d.dnssec)) for d in (before, after)),
    }
    told: dict[str, str] = {}
    for name, (old, new) in lists.items():
        told[f"{name}_added"] = " ".join(each for each in new if each not in old)
        told[f"{name}_removed"] = " ".join(each for each in old if each not in new)
    told["registrant"] = after.registrant if after.registrant != before.registrant else ""
    if after.auth != before.auth:
        told["auth_code"] = "set" if after.auth else "cleared"
    return {name: text for name, text in told.items() if text}


def _dnssec_text(record: dnssec.DnssecRecord) -> str:
    return f"{getattr(record, 'key_tag', 'key')}/{record.algorithm}"


HANDLERS: Final[Mapping[str, Handler]] = {"domain:update": update}
