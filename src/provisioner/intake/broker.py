"""dramatiq's broker and worker, reduced to what is safe here: consume own queues with own declarations, one actor.

There is no middleware but the one that dramatiq's worker adds to start its consumers: no retries, callbacks,
pipelines, time limits or age limits. Timers, retries and dead letters are rows of the database.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import dramatiq

from provisioner.intake.connection import Link
from provisioner.intake.delivery import ACTOR, CONNECTION_ERRORS, ConsumerLostError, Delivery, SafeConsumer
from provisioner.intake.topology import Part, TopologyError, declare
from provisioner.kernel import log

IDLE_MILLISECONDS: Final = 500

_log = log.get(__name__)


class QueueBroker(dramatiq.Broker):
    """Consumes queues; each consumer declares the topology first, so that a deleted queue comes back."""

    def __init__(self, link: Link, wanted: tuple[Part, ...]) -> None:
        super().__init__(middleware=[])
        self._link = link
        self._wanted = wanted

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = IDLE_MILLISECONDS) -> dramatiq.Consumer:
        """A consumer with a connection of its own. Raises ConsumerLostError; dramatiq then tries again."""
        try:
            connection = self._link.open(queue_name)
        except CONNECTION_ERRORS as error:
            raise ConsumerLostError(error) from error
        try:
            declare(connection, self._wanted)
            return SafeConsumer(connection, queue_name, prefetch, timeout / 1000)
        except (*CONNECTION_ERRORS, TopologyError) as error:
            close_quietly(connection)
            raise ConsumerLostError(error) from error

    def declare_queue(self, queue_name: str) -> None:
        """Note that a queue is to be consumed; nothing is asked of RabbitMQ yet."""
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.queues[queue_name] = None
        self.emit_after("declare_queue", queue_name)


class QueueWorker:
    """Threads that hand each message of some queues to one function."""

    def __init__(
        self,
        broker: QueueBroker,
        queues: Sequence[str],
        take: Callable[[Delivery], None],
        *,
        threads: int,
        prefetch: int,
    ) -> None:
        self._queues = queues
        self._threads = threads
        dramatiq.Actor(take, broker=broker, actor_name=ACTOR, queue_name=queues[0], priority=0, options={})
        for queue in queues:
            broker.declare_queue(queue)
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=IDLE_MILLISECONDS)
        self._worker.queue_prefetch = prefetch

    def start(self) -> None:
        """Start the threads; consumers connect in their own time and for ever."""
        self._worker.start()

    def stop(self, grace: float) -> None:
        """End the threads after what they have in hand, or after `grace` seconds; unread messages go back."""
        self._worker.stop(timeout=int(grace * 1000))

    def complete(self) -> bool:
        """True while every thread lives."""
        consumers, workers = list(self._worker.consumers.values()), list(self._worker.workers)
        expected = (len(self._queues), self._threads)
        return (len(consumers), len(workers)) == expected and all(one.is_alive() for one in (*consumers, *workers))


def close_quietly(connection: Any) -> None:
    """Close a connection that may have ended already."""
    try:
        connection.close()
    except CONNECTION_ERRORS as error:
        _log.debug("connection was closed already", error=type(error).__name__)
