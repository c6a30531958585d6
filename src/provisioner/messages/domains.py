"""Messages about domains: register and transfer without an order, and everything that is done to one later."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from provisioner.messages.contacts import ChangedContacts, Contacts
from provisioner.messages.customers import Customer
from provisioner.messages.fields import (
    Amount,
    Base64,
    Contract,
    Currency,
    Day,
    DomainName,
    Hex,
    Identifier,
    IpAddress,
    Sealed,
    SealedFile,
    Several,
    Text,
    broken,
)

Years = Annotated[int, Field(ge=1, le=99)]  # RFC 5731 §2.7; each top-level domain has its own range


class MaxPrice(Contract):
    """The most that something may cost; the registry is not asked for more."""

    amount: Amount
    currency: Currency


class NameServer(Contract):
    """A name server. `addresses` only where its name lies within the domain itself, and there at least one."""

    name: DomainName
    addresses: Annotated[tuple[IpAddress, ...], Field(strict=False, max_length=13)] = ()


NameServers = Annotated[tuple[NameServer, ...], Field(strict=False, max_length=13)]  # RFC 5731 sets no limit; DNS does


class DelegationSigner(Contract):
    """A DS record (RFC 4034 §5); `digest` in hexadecimal digits."""

    key_tag: Annotated[int, Field(ge=0, le=65_535)]
    algorithm: Annotated[int, Field(ge=1, le=255)]
    digest_type: Annotated[int, Field(ge=1, le=255)]
    digest: Hex


class DnsKey(Contract):
    """A DNSKEY record (RFC 4034 §2), for registries that compute the DS themselves; `public_key` in base64."""

    flags: Annotated[int, Field(ge=0, le=65_535)]
    protocol: Literal[3]
    algorithm: Annotated[int, Field(ge=1, le=255)]
    public_key: Base64


# Marks that stand in pydantic's places and in no body's.
DS: Final = "[ds]"
KEY: Final = "[key_data]"


def _kind(value: Any) -> str:
    """Of what was given, and of what is written."""
    if isinstance(value, dict):
        return KEY if value.keys() & {"flags", "protocol", "public_key"} else DS
    return KEY if isinstance(value, DnsKey) else DS


DnssecRecord = Annotated[Annotated[DelegationSigner, Tag(DS)] | Annotated[DnsKey, Tag(KEY)], Discriminator(_kind)]
DnssecRecords = Annotated[tuple[DnssecRecord, ...], Field(strict=False, max_length=13)]


class DomainTerms(Contract):
    """What a registration and a transfer have in common."""

    service_id: Identifier
    domain: DomainName
    years: Years | None = None
    contacts: Contacts
    nameservers: NameServers | None = None
    hosting: Identifier | None = None
    dnssec: DnssecRecords = ()
    max_price: MaxPrice | None = None
    auto_renew: bool = True
    lock: bool = True
    registrar: Identifier | None = None

    @model_validator(mode="after")
    def _one_source_of_name_servers(self) -> Self:
        if self.hosting is not None and self.nameservers is not None:
            raise broken("is not for a domain with `hosting`, which has the panel's name servers", "/nameservers")
        return self


class DomainItem(DomainTerms):
    """A domain: registered (`purchase`) or transferred to us. `registrar` is a vendor account's name.

    `hosting` is a hosting item of this order or a hosting service; the domain gets its name servers. `years` is by
    default the fewest that the top-level domain allows. `auth_code` and `confirmed` (the registrant has agreed) are
    for transfers.
    """

    product: Literal["domain"]
    item_id: Identifier
    change: Literal["purchase", "transfer"]
    auth_code: Sealed | None = None
    confirmed: bool | None = None
    requires: Several[Identifier] = ()

    @model_validator(mode="after")
    def _only_transfers_have(self) -> Self:
        for field in ("auth_code", "confirmed"):
            if self.change == "purchase" and getattr(self, field) is not None:
                raise broken('is only for `change` "transfer"', f"/{field}")
        return self


class RegisterDomain(DomainTerms):
    """Register a domain, without an order.

    `hosting` is a hosting service; the domain gets its name servers. `registrar` is a vendor account's name.
    `years` is by default the fewest that the top-level domain allows.
    """

    customer: Customer


class TransferDomain(DomainTerms):
    """Transfer a domain to us, without an order. `confirmed`: the registrant has agreed.

    Without `nameservers` and `hosting` the domain keeps the name servers that it has.
    """

    customer: Customer
    auth_code: Sealed | None = None
    confirmed: bool | None = None


class RenewDomain(Contract):
    """Renew a domain. With `current_expiry`, only if it still expires on that day: so it is never renewed twice."""

    service_id: Identifier
    years: Years
    current_expiry: Day | None = None
    max_price: MaxPrice | None = None


class CancelTransfer(Contract):
    """Withdraw a transfer to us that has not ended."""

    service_id: Identifier
    reason: Text


class ConfirmTransfer(Contract):
    """The registrant's answer to a transfer to us that waits for it. The first answer to one try counts.

    It may come before the transfer asks for it, but not before that try was begun. With `confirmed` false the transfer
    fails, and `reason` says why.
    """

    service_id: Identifier
    confirmed: bool
    reason: Text | None = None


class SetNameServers(Contract):
    """Make these the name servers of a domain."""

    service_id: Identifier
    nameservers: NameServers


class SetContacts(Contract):
    """Make these the contacts of a domain; a role that is left out stays as it is."""

    service_id: Identifier
    contacts: ChangedContacts


class SetDnssec(Contract):
    """Make these the DNSSEC records of a domain; none removes them all."""

    service_id: Identifier
    records: DnssecRecords


class LockDomain(Contract):
    """Protect a domain against being transferred away."""

    service_id: Identifier
    reason: Text | None = None


class UnlockDomain(Contract):
    """Take the protection against transfers off a domain."""

    service_id: Identifier
    reason: Text | None = None


class MakeAuthCode(Contract):
    """Give a domain a new authorisation code, so that its owner can transfer it. It is revealed once."""

    service_id: Identifier


class DeleteDomain(Contract):
    """Delete a domain now. For some days afterwards most registries can still restore it."""

    service_id: Identifier
    reason: Text


class RestoreDomain(Contract):
    """Restore a domain that was deleted and is still in redemption. It mostly costs more than a renewal."""

    service_id: Identifier
    reason: Text
    max_price: MaxPrice | None = None


class SetAutoRenew(Contract):
    """Say whether a domain is renewed before it expires."""

    service_id: Identifier
    auto_renew: bool


class BulkDefaults(Contract):
    """What every domain of a bulk transfer has; a line of the file may name another registrant."""

    contacts: Contacts
    nameservers: NameServers | None = None
    max_price: MaxPrice | None = None
    auto_renew: bool = True
    lock: bool = True
    registrar: Identifier | None = None
    confirmed: bool | None = None


class TransferInBulk(Contract):
    """Transfer many domains to us, one for each line of a CSV file; each succeeds or fails alone.

    The file, sealed as a whole, has a header line with `domain` and `auth_code`, and if wanted `years`, `registrant`
    (the id of a contact) and `service_id`. A larger file than fits into a message is for the command line,
    which reads it itself.
    """

    bulk_id: Identifier
    customer: Customer
    csv: SealedFile
    defaults: BulkDefaults
