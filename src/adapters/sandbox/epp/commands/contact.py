"""`contact:check`, `contact:info`, `contact:create` and `contact:delete` (RFC 5733 §3)."""

from collections.abc import Mapping
from typing import Final

from adapters.sandbox.epp import codes, views
from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands import addresses, own_extension
from adapters.sandbox.epp.commands.parameters import code_given
from adapters.sandbox.epp.nodes import Node, branch, leaf
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Contact
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.registry import Registry

MIN_HANDLE, MAX_HANDLE = 3, 16


def check(call: Call) -> Answer:
    """Which handles are free."""
    asked = [part.text for part in call.request.body.all("contact:id")]
    for handle in asked:
        if not MIN_HANDLE <= len(handle) <= MAX_HANDLE:
            raise Refusal(Code.VALUE, "A handle has 3 to 16 characters", "contact:id", handle)
    return Answer(data=(branch("contact:chkData", *(_checked(call.registry, handle) for handle in asked)),))


def info(call: Call) -> Answer:
    """All about a contact, for its registrar or whoever knows its code."""
    found = call.registry.contact(call.request.body.value("contact:id"))
    code = code_given(call.request.body, "contact")
    if code is None:
        call.own(found)
    elif not codes.matches(code, found.auth):
        raise Refusal(Code.AUTH_INFO, "authInfo pw is invalid", "contact:authInfo")
    return Answer(data=(views.contact(call.registry, found),))


def create(call: Call) -> Answer:
    """Make a contact under the handle that the client chose."""
    body = call.request.body
    handle = addresses.handle(body.value("contact:id"))
    if call.registry.contacts.get(handle) is not None:
        raise Refusal(Code.EXISTS, "Contact already exists", "contact:id", handle)
    made = call.registry.contacts.save(_read(call, body, handle))
    call.record(made.id, roid=made.roid)
    shown = leaf("contact:id", made.id), leaf("contact:crDate", written(made.created_at))
    return Answer(data=(branch("contact:creData", *shown),))


def delete(call: Call) -> Answer:
    """Delete a contact that no domain uses."""
    found = call.registry.contact(call.request.body.value("contact:id"))
    call.own(found)
    if "clientDeleteProhibited" in found.statuses:
        raise Refusal(Code.STATUS, "clientDeleteProhibited does not allow it", "contact:status")
    if call.registry.domains.is_marked(f"contact:{found.id}"):
        raise Refusal(Code.ASSOCIATION, "This contact is associated with a domain", "contact:id", found.id)
    call.registry.contacts.drop(found.id)
    call.record(found.id, roid=found.roid)
    return Answer()


def _read(call: Call, body: Part, handle: str) -> Contact:
    voice = body.find("contact:voice")
    return Contact(
        id=handle,
        postal=addresses.postal(body),
        voice=addresses.phone(body, "contact:voice"),
        voice_extension="" if voice is None else voice.attributes.get("x", ""),
        fax=addresses.phone(body, "contact:fax"),
        email=addresses.email(body.value("contact:email")),
        auth=codes.hashed(code_given(body, "contact") or ""),
        disclosure=addresses.disclosure(body),
        extension=own_extension.given(call),
        roid=call.registry.new_roid("C"),
        registrar=call.registrar,
        created_by=call.registrar,
        created_at=call.now,
    )


def _checked(registry: Registry, handle: str) -> Node:
    taken = registry.contacts.get(handle) is not None
    shown = leaf("contact:id", handle, avail="0" if taken else "1")
    return branch("contact:cd", shown, leaf("contact:reason", "In use") if taken else None)


HANDLERS: Final[Mapping[str, Handler]] = {
    "contact:check": check,
    "contact:info": info,
    "contact:create": create,
    "contact:delete": delete,
}
