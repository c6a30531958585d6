"""One virtual host of the tests' RabbitMQ, seen from outside: publish, look, take."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import pika
import pika.exceptions

from provisioner.kernel.secret import Secret
from tests.support.processes import wait_for

PERSISTENT = 2
HANDSHAKE_SECONDS = 60.0  # a broker that has just started on a busy machine takes its time
_TOTAL = (
    "{ok, Queue} = rabbit_amqqueue:lookup(%s), "
    "{ok, {_, Total}, _} = ra:leader_query(amqqueue:get_pid(Queue), fun rabbit_fifo:query_messages_total/1), Total."
)


class Node(Protocol):
    """The part of a node that a virtual host asks."""

    def url(self, vhost: str = ..., *, user: str = ..., password: str | None = ...) -> str: ...

    def ctl(self, *arguments: str) -> str: ...

    def rows(self, *arguments: str) -> list[dict[str, Any]]: ...

    def close_all_connections(self, vhost: str | None = ...) -> None: ...


class Vhost:
    """A virtual host; each call uses a connection of its own, so that cuts and restarts leave no trace here."""

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.name = name

    @property
    def url(self) -> Secret:
        """The URL for the part that is tested."""
        return Secret(self.node.url(self.name))

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel with publisher confirms."""
        parameters = pika.URLParameters(self.url.reveal())
        parameters.socket_timeout = parameters.stack_timeout = HANDSHAKE_SECONDS
        connection = pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            if connection.is_open:
                connection.close()

    def publish(self, *bodies: bytes, exchange: str = "", key: str) -> None:
        """Publish persistent messages in order; returns when the broker has confirmed each."""
        properties = pika.BasicProperties(delivery_mode=PERSISTENT)
        with self.channel() as channel:
            for body in bodies:
                channel.basic_publish(exchange, key, body, properties, mandatory=True)

    def take(self, queue: str) -> list[bytes]:
        """Take all messages that are ready out of a queue."""
        return [body for _properties, body in self.take_with_properties(queue)]

    def take_with_properties(self, queue: str) -> list[tuple[Any, bytes]]:
        """As `take`, with the AMQP properties beside each body."""
        taken: list[tuple[Any, bytes]] = []
        with self.channel() as channel:
            while True:
                method, properties, body = channel.basic_get(queue, auto_ack=True)
                if method is None:
                    return taken
                taken.append((properties, body))

    def ready(self, queue: str) -> int:
        """How many messages wait in a queue; what a consumer holds unacked is not counted."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def exists(self, queue: str) -> bool:
        """True if there is a queue with this name."""
        try:
            self.ready(queue)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        return True

    def consumers(self, queue: str) -> int:
        """How many consumers a queue has; 0 too if there is no such queue."""
        with self.channel() as channel:
            try:
                return int(channel.queue_declare(queue, passive=True).method.consumer_count)
            except pika.exceptions.ChannelClosedByBroker:
                return 0

    def total(self, queue: str) -> int:
        """How many messages a quorum queue holds, unacked ones too, asked of the queue itself.

        The figures of `list_queues` may be seconds old.
        """
        name = f'rabbit_misc:r(<<"{self.name}">>, queue, <<"{queue}">>)'
        answer = self.node.ctl("eval", _TOTAL % name)
        return int(answer)

    def wait_empty(self, *queues: str) -> None:
        """Return when these queues hold nothing, not even unacked."""
        for queue in queues:
            wait_for(partial(self._empty, queue), f"{queue} is empty", interval=0.2)

    def wait_consumed(self, queues: Sequence[str], *, timeout: float = 30.0) -> None:
        """Return when each of these queues has a consumer."""
        for queue in queues:
            wait_for(partial(self.consumers, queue), f"{queue} is consumed", timeout=timeout)

    def declare(self, queue: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Declare a durable queue."""
        with self.channel() as channel:
            channel.queue_declare(queue, durable=True, arguments=dict(arguments or {}))

    def bind(self, queue: str, exchange: str, key: str) -> None:
        """Bind a queue to an exchange."""
        with self.channel() as channel:
            channel.queue_bind(queue, exchange, key)

    def delete(self, queue: str) -> None:
        """Delete a queue and what it holds."""
        with self.channel() as channel:
            channel.queue_delete(queue)

    def cut(self) -> None:
        """Close every connection to this virtual host."""
        self.node.close_all_connections(self.name)

    def _empty(self, queue: str) -> bool:
        return self.total(queue) == 0
