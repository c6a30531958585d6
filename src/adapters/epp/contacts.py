"""Contacts (RFC 5733) under handles of our own: made once, adopted when they are ours, written as a whole.

At a registry that keeps no contacts (data model `thin`) there is nothing to do. What a registry wants beyond RFC 5733
is sent as the account's templates say. What it keeps of that cannot be read back: an update that has it is always sent.
"""

from dataclasses import dataclass
from typing import Final

from adapters.epp import commands, errors
from adapters.epp.errors import Act
from adapters.epp.registry import Registry, told
from adapters.epp.replies import ContactData
from adapters.epp.templates import Filling, Template, ValuesMissing
from provisioner.kernel import passwords
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import RegistrarContact

_PLAIN: Final = ("name", "organisation", "city", "state", "postal_code", "country", "phone", "fax", "email")
_POSTAL: Final = ("name", "organisation", "city", "state", "postal_code")
STALE: Final = "the registry also keeps the former address in ASCII, which no command takes away"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Makes, finds and changes contacts. Pointers of a refusal begin at the contact."""

    registry: Registry

    def ensure(self, contact: RegistrarContact) -> Done:
        """The contact; raises Rejected `handle_taken` when the handle is another registrar's, `contact_invalid`."""
        if self._keeps_none:
            return Done(contact.handle)
        extension = _filled(self.registry.settings.contact_create_extension, contact)
        # RFC 5733 wants a code; it is never used, and RFC 9154 has nobody keep one.
        command = commands.contact_create(contact, passwords.generate(), extension)
        try:
            self.registry.ask(command, contact.handle, values=_values(contact))
        except Rejected as refused:
            return self._adopted(contact, refused)
        return Done(contact.handle)

    def find(self, contact: RegistrarContact) -> Done | None:
        """The contact if it is ours, and as given as far as the registry shows."""
        if self._keeps_none:
            return Done(contact.handle)
        data = self._seen(contact.handle)
        return Done(contact.handle) if data and self._is_ours(data) and _is_as(data, contact) else None

    def update(self, contact: RegistrarContact) -> Done:
        """Read, compare, and write all of it when anything differs, or could."""
        if self._keeps_none:
            return Done(contact.handle)
        return self._written(self._own(contact), contact)

    def _written(self, data: ContactData, contact: RegistrarContact) -> Done:
        """What is there becomes the contact."""
        extension = _filled(self.registry.settings.contact_update_extension, contact)
        if extension is None and _is_as(data, contact):
            return Done(contact.handle)
        _refuse_locked(data)
        try:
            self.registry.ask(commands.contact_update(contact, extension), values=_values(contact))
        except Rejected as refused:
            return self._changed_anyway(contact, extension, refused)
        return Done(contact.handle, warnings=_warnings(data, contact))

    @property
    def _keeps_none(self) -> bool:
        return self.registry.settings.data_model == "thin"

    def _seen(self, handle: str) -> ContactData | None:
        """None when it does not exist or is not shown to us."""
        reply = self.registry.ask(commands.contact_info(handle), handle)
        return told(reply, ContactData) if reply.succeeded else None

    def _own(self, contact: RegistrarContact) -> ContactData:
        data = self._seen(contact.handle)
        if data is None:
            raise Rejected("not_found", f"there is no contact {contact.handle} that we may read")
        if not self._is_ours(data):
            raise Rejected("not_ours", f"contact {contact.handle} is with registrar {data.registrar}")
        return data

    def _is_ours(self, data: ContactData) -> bool:
        return self.registry.is_us(data.registrar)

    def _adopted(self, contact: RegistrarContact, refused: Rejected) -> Done:
        """One of ours that is there becomes the contact: it may have changed while no domain here had it."""
        data = self._seen(contact.handle) if errors.wants_a_look(refused, Act.CONTACT) else None
        if data is None or not self._is_ours(data):
            raise _with_fields(contact, refused) from refused
        return self._written(data, contact)

    def _changed_anyway(self, contact: RegistrarContact, extension: Filling | None, refused: Rejected) -> Done:
        can_tell = extension is None and errors.wants_a_look(refused, Act.CONTACT)
        if can_tell and _is_as(self._own(contact), contact):
            return Done(contact.handle)
        raise _with_fields(contact, refused) from refused


def _filled(template: Template | None, contact: RegistrarContact) -> Filling | None:
    """What the template makes of the contact; its registry-specific values come before its own fields."""
    if template is None:
        return None
    own = {name: getattr(contact, name) for name in _PLAIN}
    try:
        return template.filled({**own, **contact.extra})
    except ValuesMissing as missing:
        fields = tuple(f"/{name}" if name in own else f"/extra/{name}" for name in missing.names)
        raise Rejected("contact_invalid", f"this registry wants of a contact: {missing}", fields=fields) from None


def _is_as(data: ContactData, contact: RegistrarContact) -> bool:
    return data.street == contact.street and all(getattr(data, name) == getattr(contact, name) for name in _PLAIN)


def _refuse_locked(data: ContactData) -> None:
    if "serverUpdateProhibited" in data.statuses:
        raise Rejected("locked_by_registry", f"the registry has set serverUpdateProhibited on contact {data.handle}")
    if "clientUpdateProhibited" in data.statuses:
        raise Rejected("update_prohibited", f"clientUpdateProhibited is set on contact {data.handle}")


def _values(contact: RegistrarContact) -> dict[str, str]:
    named = {getattr(contact, name): f"/{name}" for name in _PLAIN if getattr(contact, name)}
    extra = {value: f"/extra/{name}" for name, value in contact.extra.items() if value}
    return {**extra, **named, **{line: f"/street/{index}" for index, line in enumerate(contact.street) if line}}


def _with_fields(contact: RegistrarContact, refused: Rejected) -> Rejected:
    """Where a registry names nothing, what is not ASCII is what it most likely did not like (RFC 5733 §2.5)."""
    if refused.code != "contact_invalid" or refused.fields:
        return refused
    fields = _not_ascii(contact)
    return (
        errors.with_words(refused, refused.code, "the registry takes letters of ASCII only", *fields)
        if fields
        else refused
    )


def _not_ascii(contact: RegistrarContact) -> tuple[str, ...]:
    plain = tuple(f"/{name}" for name in _POSTAL if not getattr(contact, name).isascii())
    return plain + tuple(f"/street/{index}" for index, line in enumerate(contact.street) if not line.isascii())


def _warnings(data: ContactData, contact: RegistrarContact) -> tuple[str, ...]:
    return (STALE,) if "int" in data.postal_types and _not_ascii(contact) else ()
