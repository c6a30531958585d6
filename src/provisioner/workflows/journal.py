"""What the engine writes down, and the Protocol of the place where it writes. It runs alike on any that keeps this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from provisioner.kernel.errors import ProvisionerError
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import PANEL
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.exchange import Exchange
from provisioner.ports.outcomes import Done


class LeaseLost(ProvisionerError):
    """Another worker owns this operation now; nothing was written."""

    code = "lease_lost"


class StepState(StrEnum):
    """What the journal knows of a step."""

    INTENDED = "intended"  # the call may have been made: uncertain after a crash
    DONE = "done"
    FAILED = "failed"  # refused for good
    RETRY = "retry"  # known not to have been executed
    UNCERTAIN = "uncertain"  # sent, outcome unknown
    PENDING = "pending"  # accepted by the vendor, or waiting for something


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it was found in the journal. `looks` counts the look-ups since it became uncertain."""

    name: str
    state: StepState
    attempts: int = 0
    looks: int = 0
    result: Done | None = None
    error: ItemError | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be tried, committed before the call."""

    name: str
    effect_class: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call and how it ended. `duration` in seconds; exchanges are redacted already."""

    number: int
    action: str
    outcome: str
    duration: float
    code: str | None = None
    vendor_code: str | None = None
    message: str | None = None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step came to, to be committed with whatever is written next."""

    record: StepRecord
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When to look again: after `seconds`, or at `at`; neither means only when something else wakes it."""

    seconds: float | None = None
    at: datetime | None = None


class AccountFault(StrEnum):
    """What a call's outcome says about the vendor account itself."""

    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Pause:
    """The operation stops here for now. `attention`: the stable code under which an operator is told.

    `foreseen`: seconds that this wait may well last. The deadline is put off to then if it is earlier (none stays
    none), and nobody is told before that the operation waits long. `account`: the vendor account at which the
    operation goes on, None for the same.
    """

    state: OperationState
    reason: str
    due: Due
    outcomes: tuple[StepOutcome, ...] = ()
    event_key: str | None = None
    attention: str | None = None
    account_fault: AccountFault | None = None
    foreseen: float | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """When the store is to start which workflow on a service next; without a time, never again."""

    at: datetime | None
    workflow: str


NEVER: Final = Upkeep(None, "")


class KeyKind(StrEnum):
    """Kinds of private keys that are made here."""

    EC = "ec"  # P-256
    RSA = "rsa"  # 2048 bits


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """A certificate that the operation has obtained; it is kept for good, with its key (see `Claim.key_of`).

    `source`: authority, customer or panel (which keeps the key itself). `chain` and `csr` are PEM texts.
    """

    chain: str
    source: str
    csr: str = ""
    vendor_account: str | None = None
    order_url: str = ""


@dataclass(frozen=True, slots=True)
class CertificateUse:
    """What has become of the service's certificate of this fingerprint; `installed_as` is its name on the panel."""

    fingerprint: str
    installed_as: str | None = None
    removed: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """What an operation made of its service. `ref` and `data` are the vendor's, None when they stay.

    Without a `status` the service keeps the one that it has at the end of the operation, whoever set it. `data` and
    `attributes` are merged into what is there. `upkeep` None leaves what was planned. `wakes`: the other waiting
    operations of the service become due, also one that is at work and begins to wait. `reason`, in words, is for the
    service's history and events; without one the command's is.
    """

    status: ServiceStatus | None
    ref: str | None = None
    data: Mapping[str, Any] | None = None
    suspended_by: str | None = None
    upkeep: Upkeep | None = None
    attributes: Mapping[str, Any] | None = None
    wakes: bool = False
    reason: str | None = None
    certificate: NewCertificate | None = None
    uses: tuple[CertificateUse, ...] = ()


def installed_by(change: ServiceChange | None) -> str | None:
    """The name under which a certificate is in use since this change, None when there is none."""
    uses = () if change is None else change.uses
    return next((use.installed_as for use in uses if use.installed_as is not None), None)


@dataclass(frozen=True, slots=True)
class NewService:
    """A service within the operation's own service, as a certificate is for hosting."""

    service_id: str
    product: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An operation of its own, started by the success of another.

    `account`: the vendor account at which it begins, None for the same. `key`: a private key is made for it, as its
    secret. `opens`: it is about this new service, whose vendor account the store chooses; without one that takes the
    product, and where the service is there already, nothing is started.
    """

    operation_id: str
    workflow: str
    resource: str
    inputs: Mapping[str, Any]
    account: str | None = None
    key: KeyKind | None = None
    opens: NewService | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """The operation is over."""

    state: OperationState
    outcomes: tuple[StepOutcome, ...] = ()
    error: ItemError | None = None
    service: ServiceChange | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def problem(self) -> Mapping[str, str]:
        """What a certificate service keeps of its failure; nothing of another end."""
        if self.error is None or self.state not in (OperationState.FAILED, OperationState.COMPENSATED):
            return {}
        return {"problem": self.error.message, "problem_code": self.error.code}


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """The customer for whom the operation works. `profile` has the fields of the order message."""

    customer_id: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """The service that the operation changes. `attributes` are what was ordered; `ref` and `data` are the vendor's.

    `accepted_at`: when it was ordered first, whatever was tried again since.
    """

    service_id: str
    product: str
    status: ServiceStatus
    attributes: Mapping[str, Any] = field(default_factory=dict)
    ref: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    suspended_by: str | None = None
    password: Secret | None = None
    vendor_account: str | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An operation, leased to this worker under a fencing token, with all that its journal knows.

    `now` is the journal's clock at the claim, `accepted_at` the same when the operation was accepted;
    `later_workflows` are the open operations accepted after this one on the same resource; `secret` is what was sealed
    for this operation; `parent` is the service that this one is for.
    """

    operation_id: str
    workflow: str
    resource: str
    fence: int
    now: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    order_id: str | None = None
    item_id: str | None = None
    vendor_account: str | None = None
    actor_role: str | None = None
    customer: CustomerRecord | None = None
    service: ServiceRecord | None = None
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    events: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    later_workflows: tuple[str, ...] = ()
    past_deadline: bool = False
    account_failures: int = 0
    secret: Secret | None = None
    accepted_at: datetime | None = None
    parent: ServiceRecord | None = None

    def key_of(self, certificate: NewCertificate) -> Secret | None:
        """The private key of a certificate that this operation obtained: its secret, else what its service has.

        None of what a panel obtained, which keeps the key itself.
        """
        if certificate.source == PANEL:
            return None
        if self.secret is not None or self.service is None:
            return self.secret
        return self.service.password


class Journal(Protocol):
    """Where intents and results are kept. Each method is one commit, refused with LeaseLost under a stale fence.

    StoreUnavailable is raised when the commit is known not to have happened, or may not have: the lease then runs
    out and the operation is found again.
    """

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        """Commit what has come out so far together with the next intent."""
        ...

    def pause(self, claim: Claim, pause: Pause) -> None:
        """Commit what has come out so far and give the operation back until it is due."""
        ...

    def end(self, claim: Claim, ending: Ending) -> None:
        """Commit the end with everything that follows from it: item, order, service, events, follow-ups."""
        ...
