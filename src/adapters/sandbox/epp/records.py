"""What the registry remembers. Records are never changed in place: a new one is saved over the old.

`key` is the record's own name; `marks` names the other records that it holds on to, for looking them up the other way.
Passwords and authorisation codes are kept as salted hashes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

ContactRole = Literal["admin", "billing", "tech"]
GraceKind = Literal["addPeriod", "autoRenewPeriod", "renewPeriod", "transferPeriod"]
RemovalStage = Literal["redemptionPeriod", "pendingRestore", "pendingDelete"]
MessageKind = Literal["text", "panData", "trnData", "renData", "changePoll"]
TransferStatus = Literal[
    "pending", "clientApproved", "clientCancelled", "clientRejected", "serverApproved", "serverCancelled"
]
NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """A registrar's account: its password, its money, and its failed logins since the last good one."""

    id: str
    password: str
    balance: Decimal
    failed_logins: int = 0

    @property
    def key(self) -> str:
        """The login name."""
        return self.id

    @property
    def marks(self) -> frozenset[str]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsored:
    """What contacts, hosts and domains have in common (RFC 5730 §2.8)."""

    roid: str
    registrar: str
    created_by: str
    created_at: datetime
    updated_by: str = ""
    updated_at: datetime | None = None
    transferred_at: datetime | None = None
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """A name and address in one form, `int` (ASCII) or `loc`."""

    form: str
    name: str
    organisation: str = ""
    street: tuple[str, ...] = ()
    city: str
    state: str = ""
    postal_code: str = ""
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What of a contact may be shown (`flag`), as pairs of an element's name and its form."""

    flag: bool
    elements: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Sponsored):
    """A contact (RFC 5733). `extension`: texts and attributes of the registry's own extension, each by its path."""

    id: str
    postal: tuple[PostalAddress, ...]
    voice: str = ""
    voice_extension: str = ""
    fax: str = ""
    email: str
    auth: str = ""
    disclosure: Disclosure | None = None
    extension: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The handle."""
        return self.id

    @property
    def marks(self) -> frozenset[str]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a host; `version` is v4 or v6."""

    text: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Sponsored):
    """A host object (RFC 5732). `parent` is the domain that it lies within, empty for a host of elsewhere."""

    name: str
    parent: str = ""
    addresses: tuple[Address, ...] = ()

    @property
    def key(self) -> str:
        """The name."""
        return self.name

    @property
    def marks(self) -> frozenset[str]:
        """The domain that it lies within."""
        return frozenset({f"domain:{self.parent}"} if self.parent else ())


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server of a domain; addresses only where hosts are attributes."""

    name: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A DNSSEC key (RFC 5910 §4)."""

    flags: int
    protocol: int
    algorithm: int
    public_key: str


@dataclass(frozen=True, slots=True)
class DsRecord:
    """A delegation signer (RFC 5910 §4), with the key that it was made from if that was told."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: str
    of_key: KeyRecord | None = None


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace period (RFC 3915 §3.1): a deletion before `until` gives `refund` back."""

    kind: GraceKind
    until: datetime
    refund: Decimal


@dataclass(frozen=True, slots=True)
class Removal:
    """Where a deleted domain is on its way out, and when the next stage begins."""

    stage: RemovalStage
    deleted_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """The last transfer of a domain (RFC 5730 §2.9.3.4), pending or over."""

    status: TransferStatus
    requester: str
    requested_at: datetime
    actor: str
    acts_at: datetime
    expires_at: datetime | None
    years: int
    fee: Decimal
    transaction: str = ""
    server_transaction: str = ""


@dataclass(frozen=True, slots=True)
class PendingCreate:
    """A registration that the registry has not decided (RFC 5731 §3.3)."""

    decides_at: datetime
    approved: bool
    transaction: str
    server_transaction: str
    fee: Decimal


@dataclass(frozen=True, slots=True)
class PendingRenewal:
    """A renewal that the registry has not decided."""

    years: int
    transaction: str
    server_transaction: str
    fee: Decimal


@dataclass(frozen=True, slots=True)
class PendingRestore:
    """The request or the report of a restore that the registry has not decided; a report costs nothing."""

    is_report: bool
    transaction: str
    server_transaction: str
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Sponsored):
    """A domain (RFC 5731)."""

    name: str
    expires_at: datetime
    registrant: str = ""
    contacts: tuple[tuple[ContactRole, str], ...] = ()
    nameservers: tuple[NameServer, ...] = ()
    auth: str = ""
    dnssec: tuple[DsRecord | KeyRecord, ...] = ()
    max_signature_life: int = 0
    graces: tuple[Grace, ...] = ()
    removal: Removal | None = None
    transfer: Transfer | None = None
    pending: PendingCreate | None = None
    renewal: PendingRenewal | None = None
    restore: PendingRestore | None = None

    @property
    def key(self) -> str:
        """The name."""
        return self.name

    @property
    def marks(self) -> frozenset[str]:
        """Its contacts and its name servers."""
        handles = {self.registrant, *(handle for _, handle in self.contacts)} - {""}
        return frozenset(f"contact:{handle}" for handle in handles) | {f"host:{ns.name}" for ns in self.nameservers}

    @property
    def in_transfer(self) -> bool:
        """True while another registrar's request stands."""
        return self.transfer is not None and self.transfer.status == "pending"

    @property
    def due_at(self) -> datetime:
        """When something happens to it by itself. While a restore waits for its decision, nothing does."""
        if self.pending is not None:
            return self.pending.decides_at
        if self.restore is not None:
            return NEVER
        if self.removal is not None:
            return self.removal.until
        if self.transfer is not None and self.in_transfer:
            return min(self.transfer.acts_at, self.expires_at)
        return self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in a registrar's poll queue. `subject` is a domain; what `kind` says is told with it.

    `data` is the notice's own content, as texts: see `notices`.
    """

    number: int
    registrar: str
    queued_at: datetime
    kind: MessageKind
    text: str
    data: dict[str, str]

    @property
    def key(self) -> str:
        """The number in the queue."""
        return str(self.number)

    @property
    def marks(self) -> frozenset[str]:
        """The registrar that it is for."""
        return frozenset({f"registrar:{self.registrar}"})
