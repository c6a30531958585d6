"""One connection whose publishes are all on the way at once, and are then waited for until the broker confirmed them.

pika's blocking channel waits for each confirm before the next publish. Here its event loop is run by the caller, for
as long as the caller waits, so that there is no second thread and a batch costs one round trip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import pika
from pika.adapters.select_connection import IOLoop, SelectConnection

from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.errors import ProvisionerError

SOCKET_SECONDS: Final = 10
CONNECT_SECONDS: Final = 20.0
CLOSE_SECONDS: Final = 2.0


class BrokerUnavailable(ProvisionerError):
    """The broker does not answer, or it blocks its publishers."""

    code: ClassVar[str] = "broker_unavailable"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish."""

    routing_key: str
    body: bytes
    properties: Any


def parameters(address: BrokerAddress, heartbeat: int, blocked_seconds: float) -> Any:
    """Connection parameters for pika: verified, with heartbeats, and never blocked for ever."""
    context = address.tls_context()
    return pika.ConnectionParameters(
        host=address.host,
        port=address.port,
        virtual_host=address.virtual_host,
        credentials=pika.PlainCredentials(address.user, address.password.reveal()),
        ssl_options=pika.SSLOptions(context, address.host) if context else None,
        heartbeat=heartbeat,
        blocked_connection_timeout=blocked_seconds,
        socket_timeout=SOCKET_SECONDS,
        client_properties={"connection_name": "provisioner relay"},
    )


class ConfirmingChannel:
    """A connection with one channel in confirm mode; once `broken` is set it is of no more use.

    `unwanted` counts the messages that no queue wanted.
    """

    def __init__(self, connection_parameters: Any, exchange: str) -> None:
        self.broken: str | None = None
        self.unwanted = 0
        self._exchange = exchange
        self._loop: Any = IOLoop()
        self._channel: Any = None
        self._ready = False
        self._blocked = False
        self._next_tag = 1
        self._unconfirmed: dict[int, int] = {}
        self._confirmed: set[int] = set()
        self._connection: Any = SelectConnection(
            connection_parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._failed,
            on_close_callback=self._failed,
            custom_ioloop=self._loop,
        )

    def wait_open(self) -> None:
        """Return when messages can be published. Raises BrokerUnavailable."""
        self._run(lambda: self._ready, CONNECT_SECONDS)
        if self.broken is not None or not self._ready:
            raise BrokerUnavailable(f"the broker cannot be published to: {self.broken or 'no answer'}")

    def send(self, messages: Sequence[Outgoing], seconds: float) -> set[int]:
        """Publish all, in order, and wait for the confirms: the positions of the messages that the broker took.

        What no queue wants counts as taken. If an answer is missing after `seconds`, or the connection ends, `broken`
        is set: the fate of the messages that are missing from the answer is unknown. Time for which the broker blocks
        its publishers is not counted.
        """
        self._confirmed = set()
        for position, message in enumerate(messages):
            self._publish(position, message)
        self._run(lambda: not self._unconfirmed, seconds)
        if self._unconfirmed and self.broken is None:
            self.broken = "no confirm came"
        return self._confirmed

    def idle(self, seconds: float) -> None:
        """Wait, and keep the connection alive meanwhile."""
        self._run(lambda: False, seconds)

    def close(self) -> None:
        """End the connection and the event loop."""
        if self._connection.is_open:
            self._connection.close()
            self._run(lambda: self._connection.is_closed, CLOSE_SECONDS, even_if_broken=True)
        self._loop.close()

    def _run(self, done: Callable[[], bool], seconds: float, *, even_if_broken: bool = False) -> None:
        """Run the event loop until `done`, until the connection breaks, or until the time is over."""
        clock = _Countdown(self._loop, seconds)
        while not (done() or clock.expired() or (self.broken is not None and not even_if_broken)):
            self._turn()
            if clock.expired() and self._blocked and self.broken is None:
                clock = _Countdown(self._loop, seconds)
        clock.cancel()

    def _turn(self) -> None:
        """Run the event loop until something stops it; pika raises these for a socket that was reset just now."""
        try:
            self._loop.start()
        except (AssertionError, ValueError) as error:
            self._failed(None, error)

    def _publish(self, position: int, message: Outgoing) -> None:
        if self.broken is not None:
            return
        self._unconfirmed[self._next_tag] = position
        self._next_tag += 1
        self._channel.basic_publish(
            self._exchange, message.routing_key, message.body, message.properties, mandatory=True
        )

    def _opened(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._now_blocked)
        connection.add_on_connection_unblocked_callback(self._now_unblocked)
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._failed)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._answered, callback=self._in_confirm_mode)

    def _in_confirm_mode(self, _frame: Any) -> None:
        self._ready = True
        self._loop.stop()

    def _answered(self, frame: Any) -> None:
        """The broker's ack or nack, of one message or of all up to it."""
        answer = frame.method
        tags = [answer.delivery_tag]
        if answer.multiple:
            tags = [tag for tag in self._unconfirmed if tag <= answer.delivery_tag]
        taken = isinstance(answer, pika.spec.Basic.Ack)
        for tag in tags:
            position = self._unconfirmed.pop(tag, None)
            if taken and position is not None:
                self._confirmed.add(position)
        if not self._unconfirmed:
            self._loop.stop()

    def _returned(self, *_: Any) -> None:
        self.unwanted += 1

    def _failed(self, _source: Any, reason: Any) -> None:
        self.broken = self.broken or f"{type(reason).__name__}: {reason}"
        self._loop.stop()

    def _now_blocked(self, *_: Any) -> None:
        self._blocked = True

    def _now_unblocked(self, *_: Any) -> None:
        self._blocked = False


class _Countdown:
    """Stops an event loop after a time."""

    def __init__(self, loop: Any, seconds: float) -> None:
        self._over = False
        self._loop = loop
        self._handle = loop.call_later(seconds, self._end)

    def expired(self) -> bool:
        """True when the time is over."""
        return self._over

    def cancel(self) -> None:
        """Let the loop run on."""
        if not self._over:
            self._loop.remove_timeout(self._handle)

    def _end(self) -> None:
        self._over = True
        self._loop.stop()
