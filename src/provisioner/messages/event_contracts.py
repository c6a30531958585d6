"""What the `data` of each event is. For the published schemas and for tests; `events` builds the same at run time."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from provisioner.messages.fields import Contract, Identifier, Moment, Reference, Several, Word

OrderStatus = Literal[
    "draft",
    "started",
    "scheduled",
    "deleted",
    "provisioning_started",
    "provisioning_failed",
    "provisioning_finished",
    "completed",
    "completed_with_errors",
]
ItemStatus = Literal["started", "waiting_vendor", "unknown_outcome", "succeeded", "failed", "cancelled"]
ServiceStatus = Literal["ordered", "provisioning", "active", "suspended", "cancelling", "cancelled", "failed"]

LONGEST_CSR: Final = 65_536

Words = Annotated[str, Field(max_length=2_000)]
Fact = Annotated[str, Field(max_length=300)]
Count = Annotated[int, Field(ge=0)]


class Problem(Contract):
    """Why something failed. `fields` are JSON pointers to what the customer could correct."""

    code: Word
    message: Words
    vendor_code: Fact | None
    fields: Several[Fact]


class EventEnvelope(Contract):
    """The attributes beside `data` of every event. `sequence` grows by subject; `id` is the same on a repetition."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Reference
    type: Annotated[str, Field(min_length=1, max_length=512)]
    subject: Fact
    time: Moment
    datacontenttype: Literal["application/json"]
    environment: Literal["live", "sandbox"]
    sequence: Annotated[int, Field(ge=0)]
    correlationid: Fact | None = None
    data: dict[str, Any]


class OrderStatusChanged(Contract):
    """An order has another status; `section` says whether it can still change, `rollup` is the word for customers."""

    order_id: Identifier
    status: OrderStatus
    previous: OrderStatus | None
    section: Literal["recent", "historical"]
    rollup: Literal["in_progress", "completed", "completed_with_errors"]
    reason: Words | None
    attempt: int
    error: Problem | None


class ItemStatusChanged(Contract):
    """One item of an order has another status. The subject is the order, so that its events stay in order."""

    order_id: Identifier
    item_id: Identifier
    service_id: Identifier | None
    product: Word
    status: ItemStatus
    previous: ItemStatus | None
    error: Problem | None
    warnings: Several[Words]


class ServiceStatusChanged(Contract):
    """A service has another status. `suspended_by` is the role that suspended it, while it is suspended."""

    service_id: Identifier
    product: Word
    status: ServiceStatus
    previous: ServiceStatus | None
    reason: Words | None
    customer_id: Identifier
    suspended_by: Fact | None


class MessageRejected(Contract):
    """A message was not accepted. It is kept in quarantine, where an operator can replay it after a correction."""

    message_id: Fact | None
    source: Fact | None
    message_type: Fact | None
    reason: Word
    detail: Words
    pointer: Fact | None
    quarantine_id: Fact | None


class OperationNeedsAttention(Contract):
    """An operation waits for an operator; nothing happens to it until somebody decides."""

    operation_id: Identifier
    workflow: Fact
    order_id: Identifier | None
    item_id: Identifier | None
    service_id: Identifier | None
    reason: Word
    detail: Words
    vendor_account: Fact | None
    since: Moment


class VendorAccountNeedsAttention(Contract):
    """A vendor account waits for an operator, and no operation has told it.

    It was noticed by what is done without any, such as the reading of a registry's messages.
    """

    vendor_account: Fact
    adapter: Fact
    product: Fact
    reason: Word
    detail: Words
    since: Moment


class DomainNotice(Contract):
    """A registry told us something about a domain. `kind` says what `data` has; `text` is the registry's."""

    service_id: Identifier | None
    domain: Fact
    kind: Word
    text: Words
    data: dict[str, Any]


class RefusedLine(Contract):
    """A line of a file that was not taken: its number, the column (its number, from 1) if one is to blame, and why."""

    line: Count
    column: Count | None
    message: Words


class BulkProgress(Contract):
    """How far a bulk stands. `total` counts the lines with content; `refused` shows the first hundred bad ones.

    `started` have an operation, which has `succeeded` or `failed` or is at work; refused lines count as failed.
    """

    bulk_id: Identifier
    total: Count
    started: Count
    succeeded: Count
    failed: Count
    refused: Several[RefusedLine]
    state: Literal["running", "finished"]


CertificateChange = Literal["csr_made", "issued", "renewed", "uploaded", "installed", "removed", "revoked", "problem"]


class CertificateChanged(Contract):
    """Something became of a certificate. `service_id` is the hosting service that it is for.

    `names` to `fingerprint` (SHA-256 of the certificate, hex) are those of the certificate that the change is about;
    `csr` (PEM) comes with `csr_made`. `code` and `message`, for customers, come with `problem`: another try follows
    by itself unless the service's status says that it has failed.
    """

    certificate_id: Identifier
    service_id: Identifier
    change: CertificateChange
    names: Several[Fact]
    issuer: Words | None
    not_after: Moment | None
    fingerprint: Fact | None
    csr: Annotated[str, Field(max_length=LONGEST_CSR)] | None
    code: Word | None
    message: Words | None
