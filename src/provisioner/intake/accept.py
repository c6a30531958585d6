"""The intake function: whatever came, one transaction says what it means, and only then may it be acknowledged.

bytes ──decode──▶ message ──▶ inbox row + orders, operations, events     accepted
│                  ├──────▶ nothing: it was taken in before            duplicate
│                  ├──────▶ inbox row + audit + message.rejected       rejected: understood, not allowed
└──────────────────┴──────▶ quarantine row + message.rejected          quarantined: an operator may replay it
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from provisioner.kernel import crash, log
from provisioner.kernel.errors import KeyRingError, RefusedError
from provisioner.messages.certificates import GenerateCsr, IssueCertificate, UploadCertificate
from provisioner.messages.contacts import CreateContact, UpdateContact
from provisioner.messages.domains import ConfirmTransfer, RegisterDomain, TransferDomain, TransferInBulk
from provisioner.messages.envelope import Message, Unreadable, decode
from provisioner.messages.orders import CloseOrder, NoteOrder, PlaceOrder, RetryOrder
from provisioner.messages.services import CancelService
from provisioner.orders.commands import plan_certificate, plan_command, plan_domain
from provisioner.orders.domain_refusals import ContactUnknown
from provisioner.orders.plan import plan_order
from provisioner.store.commands import UnknownItem
from provisioner.store.contacts import UnknownContact
from provisioner.store.domains import NoNameServers
from provisioner.store.inbox import Duplicate, IdReused
from provisioner.store.orders import UnknownOrder
from provisioner.store.placement import UnknownServer
from provisioner.store.quarantine import Reject
from provisioner.store.services import UnknownService
from provisioner.store.store import Store

Outcome = Literal["accepted", "duplicate", "rejected", "quarantined"]

# What may become right later (the order is still on its way, a server is added): kept to be replayed.
MENDABLE: Final = (
    IdReused,
    UnknownOrder,
    UnknownService,
    UnknownServer,
    UnknownItem,
    UnknownContact,
    ContactUnknown,
    NoNameServers,
    KeyRingError,
)

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message, and the operations that are now due."""

    outcome: Outcome
    detail: str = ""
    order_id: str | None = None
    quarantine_id: str | None = None
    operations: tuple[str, ...] = ()


class Intake:
    """Takes messages in. `ring` is told which operations are due; losing that costs at most one sweep."""

    def __init__(self, store: Store, *, size_limit: int, ring: Callable[[tuple[str, ...]], None]) -> None:
        self._store = store
        self._size_limit = size_limit
        self._ring = ring

    def receive(self, raw: bytes, queue: str) -> Receipt:
        """Take one message in. Raises StoreUnavailable only: then nothing was written, and nothing may be acked."""
        with crash.scope(f"intake/{queue}"):
            crash.point("before_commit")
            receipt = self._receive(raw, queue)
            crash.point("after_commit")
        if receipt.operations:
            self._ring(receipt.operations)
        return receipt

    def set_aside(self, raw: bytes, queue: str, error: Exception) -> None:
        """Put a message aside that met a fault of ours; it can be replayed when that is mended."""
        detail = f"taking this message in met a fault of the program ({type(error).__name__})"
        self._put_aside(raw, queue, Reject("unexpected_fault", detail))

    def _receive(self, raw: bytes, queue: str) -> Receipt:
        try:
            message = decode(raw, size_limit=self._size_limit)
        except Unreadable as unreadable:
            return self._put_aside(raw, queue, _reject_of(unreadable))
        with log.context(message=message.id, type=message.type, correlation=message.correlation_id):
            return self._take_in(message, raw, queue)

    def _take_in(self, message: Message, raw: bytes, queue: str) -> Receipt:
        try:
            receipt = self._apply(message)
        except Duplicate:
            receipt = Receipt("duplicate", "taken in before")
        except MENDABLE as refused:
            reject = _reject_with(message, refused.code, str(refused), getattr(refused, "pointer", None))
            return self._put_aside(raw, queue, reject)
        except RefusedError as refused:
            receipt = self._refuse(message, refused, queue)
        _log.info(f"message {receipt.outcome}", order=receipt.order_id, detail=receipt.detail)
        return receipt

    def _apply(self, message: Message) -> Receipt:
        data: Any = message.data
        match data:
            case PlaceOrder() | RetryOrder() | CloseOrder() | NoteOrder():
                ids = self._apply_to_order(message, data)
            case RegisterDomain() | TransferDomain():
                ids = self._store.openings.open(message, plan_domain(data))
            case ConfirmTransfer():
                ids = self._store.confirmations.answer(message, data)
            case TransferInBulk():
                ids = self._store.bulks.accept(message, data)
            case IssueCertificate() | GenerateCsr() | UploadCertificate():
                ids = self._store.certificates.ask(message, plan_certificate(data))
            case CreateContact():
                ids = self._store.contacts.create(message, data)
            case UpdateContact():
                ids = self._store.contacts.update(message, data)
            case _:
                ids = self._store.commands.command_service(message, plan_command(data), _end_of_term(data))
        return Receipt("accepted", order_id=getattr(data, "order_id", None), operations=tuple(ids))

    def _apply_to_order(
        self, message: Message, data: PlaceOrder | RetryOrder | CloseOrder | NoteOrder
    ) -> Sequence[str]:
        commands = self._store.commands
        match data:
            case PlaceOrder():
                return self._store.orders.place(message, plan_order(message, data))
            case RetryOrder():
                return commands.retry(message, data)
            case CloseOrder():
                return commands.close(message, data)
            case NoteOrder():
                return commands.note(message, data)

    def _refuse(self, message: Message, refused: RefusedError, queue: str) -> Receipt:
        try:
            self._store.refusals.note(message, refused.code, str(refused), getattr(refused, "pointer", None))
        except Duplicate:
            return Receipt("duplicate", "refused before")
        except IdReused as reused:
            return self._put_aside(message.raw, queue, _reject_with(message, reused.code, str(reused)))
        return Receipt("rejected", f"{refused.code}: {refused}")

    def _put_aside(self, raw: bytes, queue: str, reject: Reject) -> Receipt:
        quarantine_id = self._store.quarantine.keep(raw, queue, reject)
        _log.warning("message quarantined", quarantine=quarantine_id, reason=reject.reason, detail=reject.detail)
        return Receipt("quarantined", f"{reject.reason}: {reject.detail}", quarantine_id=quarantine_id)


def _end_of_term(data: Any) -> datetime | None:
    """When a cancellation is meant for, if not for now."""
    return data.at if isinstance(data, CancelService) and data.when == "end_of_term" else None


def _reject_of(unreadable: Unreadable) -> Reject:
    return Reject(
        reason=unreadable.reason,
        detail=unreadable.detail,
        pointer=unreadable.pointer,
        source=unreadable.source,
        message_id=unreadable.message_id,
        type=unreadable.type,
        correlation_id=unreadable.correlation_id,
    )


def _reject_with(message: Message, reason: str, detail: str, pointer: str | None = None) -> Reject:
    return Reject(
        reason=reason,
        detail=detail,
        pointer=pointer,
        source=message.source,
        message_id=message.id,
        type=message.type,
        correlation_id=message.correlation_id,
        environment=message.environment,
    )
