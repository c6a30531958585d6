"""`contact:update` (RFC 5733 §3.2.4). An address is replaced as a whole."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.sandbox.epp import codes
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands import addresses, own_extension
from adapters.sandbox.epp.commands.parameters import changed, code_given, statuses
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Contact, PostalAddress
from adapters.sandbox.epp.refusals import Code, Refusal

_LOCK: Final = "clientUpdateProhibited"
_STATUSES: Final = frozenset({"clientDeleteProhibited", "clientTransferProhibited", _LOCK})


def update(call: Call) -> Answer:
    """Change a contact; everything or nothing."""
    body = call.request.body
    found = call.registry.contact(body.value("contact:id"))
    call.own(found)
    add = statuses(body.find("contact:add"), "contact", _STATUSES)
    remove = statuses(body.find("contact:rem"), "contact", _STATUSES)
    change = body.find("contact:chg")
    if not add and not remove and (change is None or not change.children):
        raise Refusal(Code.MISSING, "Nothing is to be changed", "contact:update")
    if _LOCK in found.statuses and _LOCK not in remove:
        raise Refusal(Code.STATUS, f"{_LOCK} does not allow the update", "contact:status", _LOCK)
    after = replace(found, statuses=changed("status", found.statuses, add, remove, "contact:status"))
    after = after if change is None else _changed(after, change)
    after = replace(after, extension={**found.extension, **own_extension.given(call)})
    call.registry.contacts.save(replace(after, updated_by=call.registrar, updated_at=call.now))
    call.record(found.id, _differences(found, after), roid=found.roid)
    return Answer()


def _changed(found: Contact, change: Part) -> Contact:
    given = {part.name for part in change.children}
    code = code_given(change, "contact")
    voice = change.find("contact:voice")
    extension = "" if voice is None else voice.attributes.get("x", "")
    email = addresses.email(change.value("contact:email")) if "contact:email" in given else found.email
    return replace(
        found,
        postal=_replaced(found.postal, addresses.postal(change)),
        voice=found.voice if voice is None else addresses.phone(change, "contact:voice"),
        voice_extension=found.voice_extension if voice is None else extension,
        fax=addresses.phone(change, "contact:fax") if "contact:fax" in given else found.fax,
        email=email,
        auth=found.auth if code is None else codes.hashed(code),
        disclosure=addresses.disclosure(change) or found.disclosure,
    )


def _replaced(present: tuple[PostalAddress, ...], given: tuple[PostalAddress, ...]) -> tuple[PostalAddress, ...]:
    by_form = {each.form: each for each in (*present, *given)}
    return tuple(by_form.values())


def _differences(before: Contact, after: Contact) -> dict[str, str]:
    """Which parts have changed, for the ledger; the parts themselves are personal."""
    names = ("postal", "voice", "fax", "email", "statuses", "disclosure", "auth", "extension")
    return {"changed": " ".join(name for name in names if getattr(before, name) != getattr(after, name))}


HANDLERS: Final[Mapping[str, Handler]] = {"contact:update": update}
