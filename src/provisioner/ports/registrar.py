"""A registrar account at a domain registry: contacts, hosts, domains, transfers, and the registry's messages.

Names are A-labels in small letters. Dates of expiry are the registry's, verbatim in UTC; `YYYY-MM-DD` where EPP wants
a date. Amounts are decimal texts. All methods raise the outcomes of `ports.outcomes`. Sources: RFC 5730 to 5733,
RFC 5910 (DNSSEC), RFC 3915 (grace periods), RFC 8748 (fees), RFC 9154 (authorisation information).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioner.kernel.secret import Secret
from provisioner.ports.effects import checkable, idempotent
from provisioner.ports.outcomes import Done, Pending


@dataclass(frozen=True, slots=True)
class RegistrarContact:
    """A contact as a registry keeps it. `handle` is ours, 3 to 16 characters, always the same for the same contact.

    `phone` and `fax` are EPP's `+CC.NUMBER`; `country` is ISO 3166-1 alpha-2; `extra` has what one registry asks for.
    """

    handle: str
    name: str
    email: str
    phone: str
    street: tuple[str, ...]
    city: str
    country: str
    organisation: str = ""
    state: str = ""
    postal_code: str = ""
    fax: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """A name server; `addresses` (IPv4 and IPv6) only where it lies within the domain itself."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """An amount with its currency (ISO 4217)."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class DsRecord:
    """A delegation signer; `digest` in hex."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: str


@dataclass(frozen=True, slots=True)
class DnsKey:
    """A public key, for registries that compute the DS themselves; `public_key` in base64."""

    flags: int
    protocol: int
    algorithm: int
    public_key: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A domain to be. `contacts` maps the roles admin, tech and billing to handles; `max_price` is the fee cap.

    `since`, a time: a domain that was made before, and does not show this authorisation code, is another one.
    """

    domain: str
    years: int
    registrant: str
    contacts: Mapping[str, str]
    hosts: tuple[Host, ...]
    auth_code: Secret
    max_price: Price | None = None
    dnssec: tuple[DsRecord | DnsKey, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class Renewal:
    """From one date of expiry to another; both were read and written down before the call."""

    domain: str
    current_expiry: str
    target_expiry: str
    years: int
    max_price: Price | None = None


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """A transfer to us. `years` 0 leaves the period out. `since`: a transfer asked for before that is another one."""

    domain: str
    auth_code: Secret
    since: str
    years: int = 1
    max_price: Price | None = None


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a registry wants to know after a restore (RFC 3915 §4.2.5). Times are RFC 3339."""

    domain: str
    deleted_at: str
    restored_at: str
    reason: str = "Registrant error."
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryMessage:
    """One message of the poll queue. `kind`: what `data` tells, see `PollQueue`; `domain` is empty if it names none.

    `text` is the registry's; `raw` the whole reply, without secrets.
    """

    message_id: str
    queued_at: str
    kind: str
    domain: str
    text: str
    data: Mapping[str, Any]
    raw: str


class RegistrarContacts(Protocol):
    """Contacts. Codes that workflows act on: `contact_invalid` (Rejected, with fields that begin at the contact)."""

    @checkable(find="find_contact")
    def ensure_contact(self, contact: RegistrarContact) -> Done:
        """The contact under its handle, made when it is missing; one of ours that is there becomes what is given."""
        ...

    def find_contact(self, contact: RegistrarContact) -> Done | None:
        """The contact by its handle, if it is ours and as given; or None. `ref` is the handle."""
        ...

    @idempotent
    def update_contact(self, contact: RegistrarContact) -> Done:
        """Make the contact what is given: read, modified and written as a whole."""
        ...


class DomainRegistrations(Protocol):
    """Registering and renewing.

    Rejected codes: `domain_taken`, `already_here` (an operator has to say whose it is), `price_too_high`,
    `name_not_allowed`, `not_ours`.
    """

    @idempotent
    def quote(self, domain: str, command: str, years: int) -> Done:
        """What a create, renew, transfer or restore would cost. Changes nothing.

        `data`: available (bool, of a create), reason, premium (bool), price {amount, currency} or None.
        """
        ...

    @checkable(find="find_registration", spends=True)
    def register(self, registration: Registration) -> Done | Pending:
        """Register; Pending when the registry decides later (1001). `ref` is the domain.

        `data`: roid, created_at, expires_at; empty where the registry does not show it yet.
        """
        ...

    def find_registration(self, registration: Registration) -> Done | Pending | None:
        """The domain, if it is ours with this authorisation code and registrant; None when it is not (ours).

        Where the registry shows no code, it is one that was made since `since`.
        """
        ...

    @checkable(find="find_renewal", spends=True)
    def renew(self, renewal: Renewal) -> Done | Pending:
        """Renew to the target date. `data`: expires_at."""
        ...

    def find_renewal(self, renewal: Renewal) -> Done | Pending | None:
        """Done when the domain expires on the target date, None when still on the current one.

        A registry may make 1 March of 29 February, so a day off the target is the target.
        Raises Rejected `expiry_unexpected` for any other date.
        """
        ...

    @idempotent
    def delete(self, domain: str, roid: str) -> Done:
        """Delete. One that is gone, waits for its deletion, or has another `roid` is Done.

        `data`: state (`deleted`, `redemption`).
        """
        ...


class DomainRestores(Protocol):
    """Restoring from redemption (RFC 3915). Rejected codes: `not_restorable`, `price_too_high`."""

    @checkable(find="find_restore", spends=True)
    def request_restore(self, domain: str, max_price: Price | None) -> Done | Pending:
        """Ask for the restore. `data`: report_due (bool)."""
        ...

    def find_restore(self, domain: str, max_price: Price | None) -> Done | Pending | None:
        """Done when the domain waits for the report or is restored, None when it is still in redemption."""
        ...

    @idempotent
    def report_restore(self, report: RestoreReport) -> Done:
        """Send the report; Done too when none is wanted any more. `data`: decides_later, where the registry does."""
        ...


class DomainTransfers(Protocol):
    """Transfers. Rejected codes: `auth_code_wrong`, `transfer_locked`, `transfer_refused`, `transfer_cancelled`."""

    @checkable(find="find_transfer", spends=True, ends=("transfer_refused", "transfer_cancelled"))
    def request_transfer(self, request: TransferRequest) -> Done | Pending:
        """Ask for the domain; Pending while the losing registrar or the registry has not decided.

        `data`: expires_at. The reason of Pending names the date on which the registry decides by itself.
        """
        ...

    def find_transfer(self, request: TransferRequest) -> Done | Pending | None:
        """Done when the domain is ours; Pending while our request stands; None when there is none.

        Raises Rejected `transfer_refused` or `transfer_cancelled` when our request ended so.
        """
        ...

    @idempotent
    def cancel_transfer(self, domain: str) -> Done:
        """Withdraw our request; Done too when none stands. `data`: cancelled (bool)."""
        ...

    @idempotent
    def answer_transfer(self, domain: str, answer: str) -> Done:
        """`approve` or `reject` another registrar's request; Done too when none stands."""
        ...


class DomainChanges(Protocol):
    """Looking at a domain and changing it; each change reads first and sends only the difference."""

    @idempotent
    def look(self, domain: str) -> Done:
        """What the registry says now. Changes nothing.

        `data`: exists, ours (bool), roid, registrar, registrant, contacts {role: handle}, nameservers [name],
        hosts [name], statuses, grace_statuses, created_at, expires_at, transferred_at, dnssec, looked_at.
        """
        ...

    @idempotent
    def ensure_host(self, host: Host) -> Done:
        """The name server as a host object, where the registry has such objects; otherwise nothing to do."""
        ...

    @idempotent
    def remove_host(self, host: str) -> Done:
        """Remove a name server that is an object; one that is gone is Done. Rejected codes: `in_use`, `not_ours`."""
        ...

    @idempotent
    def change_nameservers(self, domain: str, hosts: tuple[Host, ...]) -> Done:
        """Make these the name servers. Rejected codes: `host_unknown`, `locked_by_registry`."""
        ...

    @idempotent
    def change_contacts(self, domain: str, registrant: str, contacts: Mapping[str, str]) -> Done:
        """Make these handles the contacts; an empty registrant stays."""
        ...

    @idempotent
    def change_dnssec(self, domain: str, records: tuple[DsRecord | DnsKey, ...]) -> Done:
        """Make these the records; none removes them all."""
        ...

    @idempotent
    def change_statuses(self, domain: str, add: tuple[str, ...], remove: tuple[str, ...]) -> Done:
        """Set and lift client statuses such as `clientTransferProhibited`."""
        ...

    @idempotent
    def change_auth_code(self, domain: str, auth_code: Secret | None) -> Done:
        """Set the authorisation code, or clear it (None)."""
        ...


class PollQueue(Protocol):
    """The registry's messages to this account. One consumer at a time.

    Kinds: `registration` (panData of a create), `transfer` (trnData), `renewal` (renData), `change` (changePoll),
    `action` (any other panData), `other`. Of a transfer `data` has `status` and `requested_at` as in trnData, and
    `ours`: whether it is one to this account.
    """

    def next_message(self) -> RegistryMessage | None:
        """The oldest message, or None when the queue is empty. It stays until it is acknowledged."""
        ...

    def acknowledge(self, message_id: str) -> None:
        """Take a message off the queue; one that is gone already does no harm."""
        ...


class Registrar(
    RegistrarContacts, DomainRegistrations, DomainRestores, DomainTransfers, DomainChanges, PollQueue, Protocol
):
    """All that a registrar account can do."""
