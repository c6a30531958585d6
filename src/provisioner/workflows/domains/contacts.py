"""Contacts: under handles that follow from our identifiers, each made once and found again."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from provisioner.ports.registrar import Registrar, RegistrarContact
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.fields import within
from provisioner.workflows.operation import Operation

REGISTRANT: Final = "registrant"
HANDLE_LENGTH: Final = 16  # characters; the most that EPP takes (RFC 5733, eppcom:clIDType)


@workflow("contact.update", port=Registrar)
def update_contact(op: Operation, registrar: Registrar) -> None:
    """Make the contact at the registrar what it is with us."""
    contact = contact_of(op.inputs["contact"])
    with within("/contact"):
        op.step("contact", registrar.ensure_contact, contact)
        op.step("update", registrar.update_contact, contact)


def handle_of(contact_id: str) -> str:
    """The handle of a contact, always the same: a letter and 15 characters of base32."""
    digest = hashlib.sha256(contact_id.encode()).digest()
    return "P" + base64.b32encode(digest).decode()[: HANDLE_LENGTH - 1]


def ensure_contacts(op: Operation, registrar: Registrar, contacts: Mapping[str, Any]) -> dict[str, str]:
    """Make each distinct contact once; the handles by role. A contact given by its identifier alone is there."""
    handles: dict[str, str] = {}
    for role in sorted(contacts, key=lambda role: (role != REGISTRANT, role)):
        handle = handle_of(_identifier(contacts[role]))
        if handle not in handles.values() and _is_whole(contacts[role]):
            with within(f"/contacts/{role}"):
                op.step(f"contact-{role}", registrar.ensure_contact, contact_of(contacts[role]))
        handles[role] = handle
    return handles


def others(handles: Mapping[str, str]) -> dict[str, str]:
    """The handles without the registrant's, which EPP has apart."""
    return {role: handle for role, handle in handles.items() if role != REGISTRANT}


def contact_of(kept: Mapping[str, Any]) -> RegistrarContact:
    """A contact as the port has it."""
    return RegistrarContact(
        handle=handle_of(kept["contact_id"]),
        name=kept["name"],
        email=kept["email"],
        phone=kept["phone"],
        street=tuple(kept["street"]),
        city=kept["city"],
        country=kept["country"],
        organisation=kept.get("organisation") or "",
        state=kept.get("state") or "",
        postal_code=kept.get("postal_code") or "",
        fax=kept.get("fax") or "",
        extra=dict(kept.get("extra") or {}),
    )


def _identifier(contact: Any) -> str:
    return str(contact if isinstance(contact, str) else contact["contact_id"])


def _is_whole(contact: Any) -> bool:
    return not isinstance(contact, str) and "name" in contact
