"""Contacts: who registers a domain and whom a registry may ask. Messages that create and change them."""

from typing import Annotated, Any, Final, Self

from pydantic import Discriminator, Field, Tag, model_validator

from provisioner.messages.fields import (
    Contract,
    Country,
    Email,
    Identifier,
    Line,
    Name,
    Phone,
    broken,
)

Street = Annotated[tuple[Line, ...], Field(strict=False, min_length=1, max_length=3)]
PostalCode = Annotated[Line, Field(max_length=16)]
Extra = Annotated[dict[Name, Line], Field(max_length=30)]


class Contact(Contract):
    """A person or an organisation, as registries want to know them. `contact_id` is the storefront's.

    `phone` and `fax` begin with + and the country's code. `extra` has what one registry asks for beside the rest.
    """

    contact_id: Identifier
    name: Line
    organisation: Line | None = None
    email: Email
    phone: Phone
    fax: Phone | None = None
    street: Street
    city: Line
    state: Line | None = None
    postal_code: PostalCode | None = None
    country: Country
    extra: Extra | None = None


# Marks that stand in pydantic's places and in no body's.
BY_ID: Final = "[contact_id]"
INLINE: Final = "[contact]"


def _kind(value: Any) -> str:
    return BY_ID if isinstance(value, str) else INLINE


# The id of a contact that is known, or a contact as a whole.
ContactReference = Annotated[Annotated[Identifier, Tag(BY_ID)] | Annotated[Contact, Tag(INLINE)], Discriminator(_kind)]


class Contacts(Contract):
    """The contacts of a domain by role: each the id of a contact that is known, or a contact as a whole."""

    registrant: ContactReference
    admin: ContactReference | None = None
    tech: ContactReference | None = None
    billing: ContactReference | None = None


class ChangedContacts(Contract):
    """Contacts of a domain that are to be others, by role; at least one."""

    registrant: ContactReference | None = None
    admin: ContactReference | None = None
    tech: ContactReference | None = None
    billing: ContactReference | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if not any((self.registrant, self.admin, self.tech, self.billing)):
            raise broken("must name one role or more")
        return self


class CreateContact(Contract):
    """Remember a contact of a customer, so that domains can name it by its id."""

    customer_id: Identifier
    contact: Contact


class UpdateContact(Contract):
    """Change a contact, here and at every registry that has it. The whole contact is given."""

    customer_id: Identifier
    contact: Contact
