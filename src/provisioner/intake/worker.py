"""What a worker process reads: the storefronts' queues, and doorbells on threads of their own."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final

from pika.exceptions import ConnectionClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from provisioner.intake import topology
from provisioner.intake.broker import QueueBroker, QueueWorker, close_quietly
from provisioner.intake.connection import Link
from provisioner.intake.delivery import CONNECTION_ERRORS, Delivery
from provisioner.intake.receiving import Receive, Receiver, SetAside
from provisioner.kernel import log
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret

LONGEST_OPERATION_ID: Final = 200
DOORBELL_THREADS: Final = 4

_log = log.get(__name__)


class _Reader:
    """Reads queues of one broker, each group of them on threads of its own."""

    def __init__(self, link: Link, delivery_limit: int) -> None:
        self._link = link
        self._wanted = topology.parts(delivery_limit)
        self._stopping = Event()
        self._workers: list[QueueWorker] = []

    def start(self) -> None:
        """Declare the topology and start all threads. A broker that is away is waited for in the background.

        Raises TopologyError when a queue there differs, SettingsError when the broker refuses user or virtual host.
        """
        self._declare()
        for worker in self._workers:
            worker.start()

    def stop(self, grace: float = 30.0) -> None:
        """Stop consuming, finish what is in hand within `grace` seconds, and give the rest back to the queues."""
        self._stopping.set()
        deadline = monotonic() + grace
        for worker in self._workers:
            worker.stop(max(deadline - monotonic(), 0.0))

    def healthy(self) -> bool:
        """False when a thread has died, which none does by itself."""
        return self._stopping.is_set() or all(worker.complete() for worker in self._workers)

    def _read(self, queues: tuple[str, ...], take: Callable[[Delivery], None], threads: int, prefetch: int) -> None:
        broker = QueueBroker(self._link, self._wanted)
        self._workers.append(QueueWorker(broker, queues, take, threads=threads, prefetch=prefetch))

    def _declare(self) -> None:
        try:
            connection = self._link.open("declaration")
        except CONNECTION_ERRORS as error:
            if _is_refusal(error):
                told = "the broker refuses the user, the password or the virtual host of broker_url"
                raise SettingsError(told) from error
            _log.warning("the broker is away; intake waits for it", error=type(error).__name__)
            return
        try:
            topology.declare(connection, self._wanted)
        except CONNECTION_ERRORS as error:
            _log.warning("the broker went away; intake waits for it", error=type(error).__name__)
        finally:
            close_quietly(connection)


def _is_refusal(error: Exception) -> bool:
    """Whether the broker said no. pika guesses so too where a connection was only lost while it logged in."""
    guessed = isinstance(error, (ProbableAuthenticationError, ProbableAccessDeniedError))
    return guessed and ConnectionClosedByBroker.__name__ in str(error)


class IntakeWorker(_Reader):
    """Hands each message to `receive(raw, queue)`, which returns when it has committed what the message means.

    `receive` raises StoreUnavailable while the database is away: the message is then held, unacked. Any other
    exception is a fault in the program: the message goes to `set_aside(raw, queue, error)`, and if that fails too it
    stays unacked. `on_doorbell(operation_id)` is called after the doorbell was acked, on threads of its own, so that
    slow work never delays a message; without it doorbells are left to other processes.
    """

    def __init__(
        self,
        broker_url: Secret,
        receive: Receive,
        set_aside: SetAside,
        on_doorbell: Callable[[str], None] | None = None,
        *,
        threads: int = 2,
        doorbell_threads: int = DOORBELL_THREADS,
        prefetch: int = 10,
        delivery_limit: int = topology.DELIVERY_LIMIT,
        heartbeat: int = 30,
        blocked_seconds: float = 20.0,
    ) -> None:
        super().__init__(Link(BrokerAddress.parse(broker_url), heartbeat, blocked_seconds), delivery_limit)
        self._read(topology.INTAKE_QUEUES, Receiver(receive, set_aside, self._stopping).take, threads, prefetch)
        if on_doorbell is not None:
            self._read((topology.ADVANCE,), _Doorman(on_doorbell).take, doorbell_threads, doorbell_threads)


class DoorbellWorker(_Reader):
    """Answers doorbells and takes no messages in; `on_doorbell(operation_id)` is called after the ack."""

    def __init__(
        self,
        broker_url: Secret,
        on_doorbell: Callable[[str], None],
        *,
        delivery_limit: int = topology.DELIVERY_LIMIT,
        heartbeat: int = 30,
        blocked_seconds: float = 20.0,
    ) -> None:
        super().__init__(Link(BrokerAddress.parse(broker_url), heartbeat, blocked_seconds), delivery_limit)
        self._read((topology.ADVANCE,), _Doorman(on_doorbell).take, DOORBELL_THREADS, DOORBELL_THREADS)


class _Doorman:
    """Answers doorbells: acks first, works afterwards. What is no operation's id is ignored."""

    def __init__(self, on_doorbell: Callable[[str], None]) -> None:
        self._on_doorbell = on_doorbell

    def take(self, delivery: Delivery) -> None:
        delivery.consumer.settle(delivery)
        if 0 < len(delivery.raw) <= LONGEST_OPERATION_ID and delivery.raw.isascii():
            operation_id = delivery.raw.decode("ascii")
            if operation_id.isprintable():
                self._on_doorbell(operation_id)
