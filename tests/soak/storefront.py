"""The storefront of a soak: publishes with confirms at a bounded rate, hears every event, and answers some."""

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from provisioner.intake import topology
from provisioner.kernel.secret import Secret
from tests.soak.workload import Sending, Workload

HEARD: Final = "heard"
AWAY: Final = (pika.exceptions.AMQPError, AMQPConnectorException, OSError, AssertionError)
ENDED: Final = frozenset({"completed", "completed_with_errors"})
BREATH: Final = 0.2
IDLE: Final = 0.02


@dataclass(slots=True)
class Tempo:
    """Orders a second, and how many orders may be on their way at once."""

    rate: float
    in_flight: int


@dataclass(slots=True)
class Storefront:
    """Two threads, `start` to `stop`. Two files: what the broker confirmed, and what was heard."""

    workload: Workload
    url: Secret
    folder: Path
    tempo: Tempo
    placed: int = 0
    all_placed: bool = False
    last_word: float = field(default_factory=time.monotonic)
    _sent: set[bytes] = field(default_factory=set)
    _placed_ids: set[str] = field(default_factory=set)
    _ended_ids: set[str] = field(default_factory=set)
    _answers: deque[Sending] = field(default_factory=deque)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    @property
    def accepted_file(self) -> Path:
        """One JSON line for each message that the broker confirmed: id, key and body."""
        return self.folder / "accepted.jsonl"

    @property
    def heard_file(self) -> Path:
        """One JSON line for each event that was heard, repetitions too."""
        return self.folder / "heard.jsonl"

    @property
    def in_flight(self) -> int:
        """Orders that were placed and of whose end nothing was heard yet."""
        return len(self._placed_ids - self._ended_ids)

    @property
    def sent(self) -> int:
        """How many different messages the broker has confirmed."""
        return len(self._sent)

    @property
    def has_nothing_to_say(self) -> bool:
        """True when every order is placed and every answer given."""
        return self.all_placed and not self._answers

    def start(self) -> None:
        """Start publishing and listening."""
        for work in (self._publish_all, self._listen):
            thread = threading.Thread(target=self._guarded, args=(work,), name=work.__name__, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End both threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except BaseException as error:
            self.failures.append(error)
            raise

    # -- publishing

    def _publish_all(self) -> None:
        with self.accepted_file.open("a") as accepted:
            for sending in self._sendings():
                self._publish(sending)
                accepted.write(json.dumps(_noted(sending)) + "\n")
                accepted.flush()
                self._count(sending)

    def _sendings(self) -> Iterator[Sending]:
        """Answers before new orders; new orders at their rate, and not too many on their way."""
        placements = self.workload.placements()
        next_at = time.monotonic()
        while not self._stop.is_set():
            if self._answers:
                yield self._answers.popleft()
            elif not self.all_placed and time.monotonic() >= next_at and self.in_flight < self.tempo.in_flight:
                next_at = max(next_at + 1 / self.tempo.rate, time.monotonic() - 1)
                yield from next(placements, [])
                self.all_placed = len(self._placed_ids) >= self.workload.orders
            else:
                self._stop.wait(IDLE)
        self._close()

    def _publish(self, sending: Sending) -> None:
        """Publish until the broker has confirmed it; a lost confirm makes it a repetition."""
        while not self._stop.is_set():
            try:
                self._channel().basic_publish(
                    topology.STOREFRONT, sending.key, sending.body, _PERSISTENT, mandatory=True
                )
            except AWAY:
                self._close()
                self._stop.wait(BREATH)
            else:
                return

    def _count(self, sending: Sending) -> None:
        self.last_word = time.monotonic()
        self._sent.add(sending.body)
        if sending.order_id is not None:
            self._placed_ids.add(sending.order_id)
            self.placed = len(self._placed_ids)

    _connection: Any = None
    _open_channel: Any = None

    def _channel(self) -> Any:
        if self._open_channel is None:
            self._connection = self._connect()
            self._open_channel = self._connection.channel()
            self._open_channel.confirm_delivery()
        return self._open_channel

    def _close(self) -> None:
        connection, self._connection, self._open_channel = self._connection, None, None
        _close(connection)

    # -- listening

    def _listen(self) -> None:
        with self.heard_file.open("a") as heard:
            while not self._stop.is_set():
                try:
                    self._hear(heard)
                except AWAY:
                    self._stop.wait(BREATH)

    def _hear(self, heard: Any) -> None:
        connection = self._connect()
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            for method, _properties, body in channel.consume(HEARD, inactivity_timeout=BREATH):
                if method is not None:
                    heard.write(body.decode() + "\n")
                    heard.flush()
                    self._take(json.loads(body))
                    channel.basic_ack(method.delivery_tag)
                if self._stop.is_set():
                    return
        finally:
            _close(connection)

    def _take(self, event: dict[str, Any]) -> None:
        self.last_word = time.monotonic()
        self._answers.extend(self.workload.answer(event))
        if event["type"] == "order.status-changed.v1" and event["data"]["status"] in ENDED:
            self._ended_ids.add(event["data"]["order_id"])

    def _connect(self) -> Any:
        parameters = pika.URLParameters(self.url.reveal())
        parameters.heartbeat = 10
        parameters.blocked_connection_timeout = 60
        return pika.BlockingConnection(parameters)


_PERSISTENT: Final = pika.BasicProperties(delivery_mode=2)


def _noted(sending: Sending) -> dict[str, str | None]:
    body = base64.b64encode(sending.body).decode()
    return {"message_id": sending.message_id, "key": sending.key, "order_id": sending.order_id, "body": body}


def _close(connection: Any) -> None:
    try:
        if connection is not None and connection.is_open:
            connection.close()
    except AWAY:
        pass
