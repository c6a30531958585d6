"""What a registry answered, as plain values. Dates and amounts are the registry's own texts, verbatim.

A `Reply` says what came back, never what to do about it: its code is judged by the table of the adapter.
No value in here is a secret, except where its type says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import DnsKey, DsRecord, Host

LEAST_CODE: Final = 1000
LEAST_FAILURE: Final = 2000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a command failed (RFC 5730 §2.6, extValue): `element` is the local name of what the registry refused."""

    element: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of messages, as many replies tell it: how many wait, and the id of the oldest."""

    count: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server says of itself (RFC 5730 §2.4). `objects` and `extensions` are namespace URIs."""

    server: str
    server_date: str
    languages: tuple[str, ...]
    objects: tuple[str, ...]
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fee:
    """What one command would cost for `years` (RFC 8748): the sum of all fees and credits of that command.

    `amount` is empty when the registry names no fee; then `reason` may say why. `fee_class` is the registry's.
    """

    command: str
    amount: str
    currency: str
    years: int
    fee_class: str = ""
    reason: str = ""

    @property
    def premium(self) -> bool:
        """True when the registry files the name outside its standard prices."""
        return self.fee_class.lower() not in ("", "standard")


@dataclass(frozen=True, slots=True)
class Checked:
    """One name or handle of a check. `fee` is there when it was asked for and the registry has prices."""

    name: str
    available: bool
    reason: str = ""
    fee: Fee | None = None


@dataclass(frozen=True, slots=True)
class DomainData:
    """A domain (RFC 5731 §3.1.2). `contacts` are (role, handle); `hosts` the host objects that lie within it.

    `auth_code` is there when the registry shows it, which one after RFC 9154 never does.
    """

    name: str
    roid: str = ""
    registrar: str = ""
    registrant: str = ""
    contacts: tuple[tuple[str, str], ...] = ()
    nameservers: tuple[Host, ...] = ()
    hosts: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    rgp_statuses: tuple[str, ...] = ()
    created_at: str = ""
    updated_at: str = ""
    expires_at: str = ""
    transferred_at: str = ""
    dnssec: tuple[DsRecord | DnsKey, ...] = ()
    auth_code: Secret | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A domain, contact or host that was made. `name` is the handle of a contact; only domains expire."""

    name: str
    created_at: str
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A domain that was renewed."""

    name: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class TransferData:
    """A transfer (RFC 5731 §3.1.3). `status`: pending, clientApproved, serverApproved, clientRejected, ….

    `acting` decides, or decided; at `acts_at` the registry does it by itself.
    """

    name: str
    status: str
    requested_by: str
    requested_at: str
    acting: str
    acts_at: str
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class ContactData:
    """A contact (RFC 5733 §3.1.2), by its `int` address where it has one, else by its `loc` address."""

    handle: str
    roid: str = ""
    registrar: str = ""
    statuses: tuple[str, ...] = ()
    name: str = ""
    organisation: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    fax: str = ""
    email: str = ""
    created_at: str = ""
    updated_at: str = ""
    postal_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostData:
    """A host object (RFC 5732 §3.1.2)."""

    name: str
    roid: str = ""
    registrar: str = ""
    statuses: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    created_at: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """A message of the queue. `kind`: as in `ports.registrar.PollQueue`. `raw` is the whole reply without secrets.

    `is_whole` is False for one that is badly written: some letters are lost, or all but its id.

    `data` by kind; every value is text, but `succeeded`, which is bool:

    registration, action  succeeded, cl_trid, sv_trid, at (panData), command (of ours that is answered, or empty)
    transfer              status, requested_by, requested_at, acting, acts_at, expires_at (trnData)
    renewal               expires_at (renData)
    change                operation, op, state (before or after), at, sv_trid, who, reason (changePoll)
    other                 nothing
    """

    message_id: str
    queued_at: str
    text: str
    kind: str
    domain: str
    data: Mapping[str, Any]
    raw: str
    is_whole: bool = True


ReplyData = (
    Greeting | tuple[Checked, ...] | DomainData | Created | Renewed | TransferData | ContactData | HostData | Polled
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `data` is what the command asked for; None when the registry gave none (most failures).

    `extensions` are the URIs that this session may use: whether a fee could be asked for, say.
    """

    code: int
    message: str
    cl_trid: str = ""
    sv_trid: str = ""
    reasons: tuple[Reason, ...] = ()
    data: ReplyData | None = None
    queue: Queue | None = None
    extensions: frozenset[str] = field(default_factory=frozenset)

    @property
    def succeeded(self) -> bool:
        """True for the codes 1000 to 1999."""
        return LEAST_CODE <= self.code < LEAST_FAILURE

    @property
    def pending(self) -> bool:
        """True for 1001: accepted, and the registry decides later."""
        return self.code == LEAST_CODE + 1
