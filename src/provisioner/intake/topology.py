"""The exchanges and queues of the broker, as data, and their declaration.

    storefront ──order.#──▶ orders ────┐
        │  └────service.#─▶ lifecycle ─┤ delivery limit reached, or refused
        │   domain.#, contact.#,       │
        │   certificate.#              │
        │ (no binding fits)            ▼
        └─▶ storefront.unroutable ─▶ unroutable ─▶ dead-letters      intake reads all four
    (default exchange) ───────────▶ advance                         doorbells; losing one is harmless
    provisioner.events                                              what the relay publishes

All queues that hold orders are quorum queues, none of them expires anything, and what leaves one of them for
`dead-letters` leaves it only after `dead-letters` has it (at-least-once dead-lettering needs reject-publish).
Source: RabbitMQ, "Quorum Queues" and "Dead Letter Exchanges".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from pika.exceptions import ChannelClosedByBroker

from provisioner.kernel.errors import ProvisionerError

STOREFRONT: Final = "storefront"
UNROUTABLE_EXCHANGE: Final = "storefront.unroutable"
EVENTS: Final = "provisioner.events"

ORDERS: Final = "orders"
LIFECYCLE: Final = "lifecycle"
UNROUTABLE: Final = "unroutable"
DEAD_LETTERS: Final = "dead-letters"
ADVANCE: Final = "advance"

INTAKE_QUEUES: Final = (ORDERS, LIFECYCLE, UNROUTABLE, DEAD_LETTERS)

DELIVERY_LIMIT: Final = 50
# A doorbell is worth something until the next sweep, which comes each second.
DOORBELL_MILLISECONDS: Final = 10_000
DOORBELLS_KEPT: Final = 10_000

LIFECYCLE_FAMILIES: Final = ("service", "domain", "contact", "certificate")

_ACCESS_REFUSED: Final = 403


class TopologyError(ProvisionerError):
    """An exchange or queue on the broker is not as this version needs it."""

    code: ClassVar[str] = "topology"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def declare(self, channel: Any) -> None:
        """Declare it."""
        channel.exchange_declare(self.name, self.kind, durable=True, arguments=dict(self.arguments))

    def require(self, channel: Any) -> None:
        """Refused by the broker if it does not exist."""
        channel.exchange_declare(self.name, passive=True)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def declare(self, channel: Any) -> None:
        """Declare it."""
        channel.queue_declare(self.name, durable=True, arguments=dict(self.arguments))

    def require(self, channel: Any) -> None:
        """Refused by the broker if it does not exist."""
        channel.queue_declare(self.name, passive=True)


@dataclass(frozen=True, slots=True)
class Binding:
    """A way from an exchange to a queue."""

    exchange: str
    queue: str
    key: str

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return f"{self.exchange} to {self.queue}"

    def declare(self, channel: Any) -> None:
        """Bind the queue."""
        channel.queue_bind(self.queue, self.exchange, self.key)

    def require(self, channel: Any) -> None:
        """Nobody can be asked whether a binding exists; who made the queue is trusted to have bound it."""


Part = Exchange | Queue | Binding


def parts(delivery_limit: int = DELIVERY_LIMIT) -> tuple[Part, ...]:
    """Everything, in the order in which it can be declared."""
    safe: dict[str, Any] = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
    guarded = safe | {
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD_LETTERS,
        "x-dead-letter-strategy": "at-least-once",
    }
    doorbell = {
        "x-queue-type": "classic",
        "x-message-ttl": DOORBELL_MILLISECONDS,
        "x-max-length": DOORBELLS_KEPT,
        "x-overflow": "drop-head",
    }
    return (
        Exchange(UNROUTABLE_EXCHANGE, "fanout"),
        Exchange(STOREFRONT, "topic", {"alternate-exchange": UNROUTABLE_EXCHANGE}),
        Exchange(EVENTS, "topic"),
        Queue(DEAD_LETTERS, safe),
        *(Queue(name, guarded) for name in (ORDERS, LIFECYCLE, UNROUTABLE)),
        Queue(ADVANCE, doorbell),
        Binding(STOREFRONT, ORDERS, "order.#"),
        *(Binding(STOREFRONT, LIFECYCLE, f"{family}.#") for family in LIFECYCLE_FAMILIES),
        Binding(UNROUTABLE_EXCHANGE, UNROUTABLE, ""),
    )


def declare(connection: Any, wanted: tuple[Part, ...]) -> None:
    """Declare what is not there yet; what is there stays. Raises TopologyError when something there differs.

    A user who may not declare is content when everything exists.
    """
    for part in wanted:
        refusal = _refusal(connection, part.declare)
        if refusal is not None and refusal.reply_code == _ACCESS_REFUSED:
            refusal = _refusal(connection, part.require)
        if refusal is not None:
            raise TopologyError(f"{part.name}: the broker refuses it as this version needs it: {refusal.reply_text}")


def _refusal(connection: Any, ask: Callable[[Any], None]) -> Any:
    """The broker's refusal, or None. A refusal closes the channel, so each question has its own."""
    channel = connection.channel()
    try:
        ask(channel)
    except ChannelClosedByBroker as refusal:
        return refusal
    channel.close()
    return None
