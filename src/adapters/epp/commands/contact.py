"""Commands on contacts (RFC 5733)."""

from typing import Any

from adapters.epp.commands.extensions import add_filling
from adapters.epp.commands.frames import Command, Draft
from adapters.epp.templates import Filling
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import RegistrarContact


def contact_check(handles: tuple[str, ...]) -> Command:
    """Are these handles free? Answer: a `Checked` each."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.contact.check(list(handles))
        return draft.text()

    return Command("contact-check", build)


def contact_info(handle: str) -> Command:
    """What is it like? Answer: `ContactData`."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.contact.info(handle)
        return draft.text()

    return Command("contact-info", build)


def contact_create(contact: RegistrarContact, auth_code: Secret, extension: Filling | None = None) -> Command:
    """Make it, with an `int` address if all of that is ASCII, else with a `loc` one. Answer: `Created`."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.contact.create(
            contact.handle,
            postal_infos=[_address(contact)],
            voice=contact.phone or None,
            fax=contact.fax or None,
            email=contact.email,
            auth_info=auth_code.reveal(),
        )
        add_filling(draft.frame(), extension)
        return draft.text()

    return Command("contact-create", build, transform=True, secrets=(auth_code,))


def contact_update(contact: RegistrarContact, extension: Filling | None = None) -> Command:
    """Make it so as a whole: registries replace an address, they do not merge it. What is empty is cleared."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        change = {
            "postal_infos": [_address(contact)],
            "voice": contact.phone,
            "fax": contact.fax,
            "email": contact.email,
        }
        draft.contact.update(contact.handle, change=change)
        add_filling(draft.frame(), extension)
        return draft.text()

    return Command("contact-update", build, transform=True)


def _address(contact: RegistrarContact) -> dict[str, Any]:
    address = {
        "name": contact.name,
        "org": contact.organisation,
        "street": list(contact.street),
        "city": contact.city,
        "sp": contact.state,
        "pc": contact.postal_code,
        "cc": contact.country,
    }
    ascii_only = all(text.isascii() for value in address.values() for text in value)
    return {"type": "int" if ascii_only else "loc", **address}
