"""One message as the broker handed it over, and a consumer that acknowledges it only when that is right.

dramatiq decodes a body into a call of whatever actor the body names. Here no body is decoded: any bytes become one
call of one actor, chosen by the queue. An ack is refused unless it comes through the consumer that received the
message (delivery tags start again at 1 on each channel) and unless the message was marked as committed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from time import monotonic
from typing import Any, Final

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.errors import BrokerConnectionError
from pika.exceptions import AMQPError

from provisioner.kernel import crash, log

FLUSH_SECONDS: Final = 5.0

# pika asserts where a connection ends at an unlucky moment.
CONNECTION_ERRORS: Final = (AMQPError, AssertionError, OSError)

_log = log.get(__name__)


class ConsumerLostError(BrokerConnectionError):
    """The connection to the broker ended; dramatiq's consumer thread makes a new one."""

    def __init__(self, error: BaseException) -> None:
        self.message = f"{type(error).__name__}: {error}"


@dataclass(slots=True, eq=False)
class Delivery:
    """A message in hand. `committed`: what it means is in the database; `settled`: its ack is on the way."""

    raw: bytes = field(repr=False)
    queue: str
    tag: int
    consumer: "SafeConsumer" = field(repr=False)
    committed: bool = False
    settled: bool = False

    @property
    def stale(self) -> bool:
        """True when its channel is gone: the broker delivers it again, and this copy can no longer be acked."""
        return self.consumer.closed


class SafeConsumer(Consumer):
    """Reads one queue on a connection of its own. All use of the connection is by the consumer's thread."""

    def __init__(self, connection: Any, queue: str, prefetch: int, idle_seconds: float) -> None:
        self.closed = False
        self._connection = connection
        self._queue = queue
        self._channel = connection.channel()
        self._channel.basic_qos(prefetch_count=prefetch)
        self._incoming: Iterator[Any] = self._channel.consume(queue, inactivity_timeout=idle_seconds)

    def __next__(self) -> MessageProxy | None:
        """The next message, or None when none came for a while. StopIteration: the queue was deleted."""
        try:
            method, _properties, body = next(self._incoming)
        except CONNECTION_ERRORS as error:
            raise ConsumerLostError(error) from error
        if method is None:
            return None
        return self._wrap(Delivery(body, self._queue, method.delivery_tag, self))

    def ack(self, message: MessageProxy) -> None:
        """Called by dramatiq after the actor, whatever became of it: settles what was committed, and nothing else."""
        delivery: Delivery = message.args[0]
        if delivery.settled:
            return
        if not delivery.committed:
            _log.warning("message left unacked", queue=delivery.queue, bytes=len(delivery.raw), stale=delivery.stale)
            return
        with crash.scope(f"intake/{delivery.queue}"):
            crash.point("before_ack")
            self.settle(delivery)
            crash.point("after_ack")

    def nack(self, message: MessageProxy) -> None:
        """As `ack`: a message that cannot be taken in is never rejected, as that could lose it."""
        self.ack(message)

    def settle(self, delivery: Delivery) -> None:
        """Acknowledge, from any thread. A lost ack is harmless: the message comes again, and again has no effect."""
        delivery.settled = True
        if delivery.consumer is not self or self.closed:
            _log.info("stale ack dropped", queue=delivery.queue)
            return
        try:
            self._connection.add_callback_threadsafe(partial(self._channel.basic_ack, delivery.tag))
        except AMQPError as error:
            _log.info("ack lost with its connection", queue=delivery.queue, error=type(error).__name__)

    def close(self) -> None:
        """Send the acks that are on the way, then end the connection."""
        self.closed = True
        try:
            self._flush()
            self._connection.close()
        except CONNECTION_ERRORS as error:
            _log.debug("connection was closed already", queue=self._queue, error=type(error).__name__)

    def _flush(self) -> None:
        """Callbacks run in the order in which they were added, so when ours has run the acks are sent."""
        flushed = Event()
        deadline = monotonic() + FLUSH_SECONDS
        self._connection.add_callback_threadsafe(flushed.set)
        while not flushed.is_set() and monotonic() < deadline:
            self._connection.process_data_events(time_limit=0)

    def _wrap(self, delivery: Delivery) -> MessageProxy:
        return MessageProxy(Message(self._queue, ACTOR, (delivery,), {}, {}))


ACTOR: Final = "take"
