"""Why a domain message is refused before anything is spent.

RefusedError
└── DomainRefused            has a pointer to the field
    ├── NameRefused          name_not_allowed
    ├── YearsRefused         years_out_of_range
    ├── PhoneRefused         phone_invalid
    ├── CountryUnknown       country_unknown
    ├── ContactIncomplete    contact_incomplete
    ├── ContactUnknown       contact_unknown
    ├── RoleMissing          contact_role_missing
    ├── NameServersRefused   nameservers_invalid
    ├── DnssecRefused        dnssec_invalid
    ├── AuthCodeMissing      auth_code_required
    └── NotRestorable        not_restorable
"""

from typing import ClassVar

from provisioner.kernel.errors import RefusedError


class DomainRefused(RefusedError):
    """A field of a domain message cannot be right.

    `pointer` is a JSON pointer (RFC 6901) from the body's root on, `complaint` what is wrong there, without a full
    stop. No value of a field is quoted.
    """

    code: ClassVar[str] = "domain_refused"

    def __init__(self, pointer: str, complaint: str) -> None:
        super().__init__(f"{pointer} {complaint}.")
        self.pointer = pointer
        self.complaint = complaint


class NameRefused(DomainRefused):
    """The name cannot be registered under its top-level domain."""

    code = "name_not_allowed"


class YearsRefused(DomainRefused):
    """The top-level domain does not allow so many years."""

    code = "years_out_of_range"


class PhoneRefused(DomainRefused):
    """The telephone number is none of the international numbering plan."""

    code = "phone_invalid"


class CountryUnknown(DomainRefused):
    """No country has this code."""

    code = "country_unknown"


class ContactIncomplete(DomainRefused):
    """The registry wants something that the contact lacks."""

    code = "contact_incomplete"


class ContactUnknown(DomainRefused):
    """The customer has no contact of this id."""

    code = "contact_unknown"


class RoleMissing(DomainRefused):
    """The registry wants a contact in a role that has none."""

    code = "contact_role_missing"


class NameServersRefused(DomainRefused):
    """The name servers cannot be those of this domain."""

    code = "nameservers_invalid"


class DnssecRefused(DomainRefused):
    """The DNSSEC records cannot be those of this domain."""

    code = "dnssec_invalid"


class AuthCodeMissing(DomainRefused):
    """The transfer needs the domain's authorisation code."""

    code = "auth_code_required"


class NotRestorable(DomainRefused):
    """The registry restores nothing under this top-level domain, or the domain is gone for good."""

    code = "not_restorable"
