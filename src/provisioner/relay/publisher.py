"""Publishing events with confirms, such that no event overtakes an earlier one of its subject."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker

from provisioner.kernel import log
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.clock import Clock, SystemClock
from provisioner.kernel.secret import Secret
from provisioner.relay.confirms import BrokerUnavailable, ConfirmingChannel, Outgoing, parameters
from provisioner.store.outbox import OutboxEvent

EXCHANGE: Final = "provisioner.events"
CONTENT_TYPE: Final = "application/cloudevents+json"
PERSISTENT: Final = 2

CONFIRM_SECONDS: Final = 10.0
# No wave is begun later than this after its batch was read: well within the lease of the outbox's shards.
BATCH_SECONDS: Final = 5.0

_NOT_FOUND: Final = 404

# pika asserts, or finds a value wrong, where a connection ends at an unlucky moment, and a greeting that does not come
# is no AMQPError.
_AWAY: Final = (AMQPError, AMQPConnectorException, AssertionError, OSError, ValueError)

_log = log.get(__name__)


class ConfirmingPublisher:
    """Publishes batches; makes a new connection when the old one has ended. For one thread."""

    def __init__(
        self,
        broker_url: Secret,
        *,
        heartbeat: int = 30,
        blocked_seconds: float = 20.0,
        confirm_seconds: float = CONFIRM_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._parameters = parameters(BrokerAddress.parse(broker_url), heartbeat, blocked_seconds)
        self._confirm_seconds = confirm_seconds
        self._clock = clock or SystemClock()
        self._channel: ConfirmingChannel | None = None

    def publish(self, events: Sequence[OutboxEvent]) -> list[int]:
        """Publish and wait; the ids of the events that the broker has taken. The others may be published again.

        An event is published after the broker has confirmed the event before it with the same subject, and not at
        all when that one was refused. Raises BrokerUnavailable when there is no connection to be had.
        """
        deadline = self._clock.monotonic() + BATCH_SECONDS
        taken: list[int] = []
        refused: set[str] = set()
        for wave in _waves(events, first_alone=self._channel is None):
            if self._clock.monotonic() > deadline:
                break
            wanted = [event for event in wave if event.subject not in refused]
            confirmed = self._send(wanted)
            taken += [event.id for event in wanted if event.id in confirmed]
            refused |= {event.subject for event in wanted if event.id not in confirmed}
            if self._channel is None:
                break
        return taken

    def idle(self, seconds: float) -> None:
        """Wait, and keep the connection alive meanwhile."""
        if self._channel is None:
            self._clock.sleep(seconds)
        else:
            self._channel.idle(seconds)
            self._drop_if_broken()

    def close(self) -> None:
        """End the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _send(self, wave: Sequence[OutboxEvent]) -> set[int]:
        channel = self._open()
        unwanted_before = channel.unwanted
        positions = channel.send([_outgoing(event) for event in wave], self._confirm_seconds)
        if unwanted := channel.unwanted - unwanted_before:
            _log.warning("no queue is bound for these events", exchange=EXCHANGE, events=unwanted, of=len(wave))
        self._drop_if_broken()
        return {wave[position].id for position in positions}

    def _open(self) -> ConfirmingChannel:
        if self._channel is None:
            _ensure_exchange(self._parameters)
            channel = ConfirmingChannel(self._parameters, EXCHANGE)
            try:
                channel.wait_open()
            except BrokerUnavailable:
                channel.close()
                raise
            self._channel = channel
        return self._channel

    def _drop_if_broken(self) -> None:
        if self._channel is not None and self._channel.broken is not None:
            _log.warning("connection to the broker lost", reason=self._channel.broken)
            self.close()


def _waves(events: Sequence[OutboxEvent], *, first_alone: bool) -> Iterator[list[OutboxEvent]]:
    """Lists of events that may be on the way together: of each subject one, in order.

    On a new connection the first event goes alone. Only a publish tells whether the broker blocks publishers, and
    what is sent then is published once more when the block ends.
    """
    if first_alone and events:
        yield [events[0]]
        events = events[1:]
    seen: defaultdict[str, int] = defaultdict(int)
    waves: list[list[OutboxEvent]] = []
    for event in events:
        place = seen[event.subject]
        seen[event.subject] += 1
        if place == len(waves):
            waves.append([])
        waves[place].append(event)
    yield from waves


def _outgoing(event: OutboxEvent) -> Outgoing:
    properties = pika.BasicProperties(
        content_type=CONTENT_TYPE, delivery_mode=PERSISTENT, message_id=event.event_id, type=event.type
    )
    return Outgoing(event.type, event.body.encode(), properties)


def _ensure_exchange(connection_parameters: Any) -> None:
    """Declare the exchange if it is missing; a user who may not declare is content when it exists."""
    try:
        connection = pika.BlockingConnection(connection_parameters)
        try:
            _declare_if_missing(connection)
        finally:
            connection.close()
    except _AWAY as error:
        raise BrokerUnavailable(f"the broker cannot be published to: {type(error).__name__}: {error}") from error


def _declare_if_missing(connection: Any) -> None:
    try:
        connection.channel().exchange_declare(EXCHANGE, passive=True)
    except ChannelClosedByBroker as missing:
        if missing.reply_code != _NOT_FOUND:
            raise
        connection.channel().exchange_declare(EXCHANGE, "topic", durable=True)
