"""Ringing doorbells: telling some worker process at once that an operation is due. A lost one costs one sweep."""

import random
from collections import deque
from threading import Condition, Thread
from typing import Any, Final

from provisioner.intake.connection import Link
from provisioner.intake.delivery import CONNECTION_ERRORS
from provisioner.intake.topology import ADVANCE
from provisioner.kernel import log
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.secret import Secret
from provisioner.workflows.backoff import Waits

RINGS_KEPT: Final = 10_000
PATIENCE: Final = Waits(first=0.5, most=15.0)
CLOSE_SECONDS: Final = 2.0

_log = log.get(__name__)
_jitter = random.SystemRandom()


class Doorbell:
    """Publishes from a thread of its own, so that `ring` neither waits nor fails, whatever the broker does."""

    def __init__(self, broker_url: Secret, *, heartbeat: int = 30, blocked_seconds: float = 20.0) -> None:
        self._link = Link(BrokerAddress.parse(broker_url), heartbeat, blocked_seconds)
        self._pulse = heartbeat / 3
        self._rings: deque[str] = deque(maxlen=RINGS_KEPT)
        self._changed = Condition()
        self._closed = False
        self._connection: Any = None
        self._channel: Any = None
        self._thread = Thread(target=self._run, name="doorbell", daemon=True)
        self._thread.start()

    def ring(self, operation_id: str) -> None:
        """Say that an operation is due. Returns at once; when too many wait, the oldest are forgotten."""
        with self._changed:
            self._rings.append(operation_id)
            self._changed.notify()

    def close(self) -> None:
        """Stop; what was not sent yet is forgotten."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        attempt = 0
        while not self._closed:
            try:
                self._serve()
                attempt = 0
            except CONNECTION_ERRORS as error:
                attempt += 1
                _log.info("doorbells are lost: the broker is away", error=type(error).__name__)
                self._pause(PATIENCE.retry(attempt, _jitter))
        self._disconnect()

    def _serve(self) -> None:
        """Publish what waits, or keep the idle connection alive."""
        rings = self._next()
        channel = self._open()
        for operation_id in rings:
            channel.basic_publish("", ADVANCE, operation_id.encode("ascii", errors="replace"))
        self._connection.process_data_events(time_limit=0)

    def _next(self) -> list[str]:
        with self._changed:
            if not self._rings and not self._closed:
                self._changed.wait(self._pulse)
            rings = list(self._rings)
            self._rings.clear()
        return rings

    def _open(self) -> Any:
        if self._connection is None or not self._connection.is_open:
            self._connection = self._link.open("doorbell")
            self._channel = self._connection.channel()
        return self._channel

    def _pause(self, seconds: float) -> None:
        self._disconnect()
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)
            self._rings.clear()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None and connection.is_open:
                connection.close()
        except CONNECTION_ERRORS as error:
            _log.debug("connection was closed already", error=type(error).__name__)
