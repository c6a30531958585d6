"""The sides of the contest, each a process of its own that is told of orders and writes them to its database."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pika

from benchmarks import plain
from benchmarks.reference import bodies, order_ids
from benchmarks.servers import Place
from provisioner.intake.topology import ORDERS, STOREFRONT
from tests.support.processes import wait_for

PERSISTENT: Final = 2
STOP_SECONDS: Final = 60
COMPLETED: Final = "SELECT count(*) FROM orders WHERE status = 'completed'"


class Process:
    """A child that says `ready` and then reads what to do from its standard input, or only runs."""

    def __init__(self, module: str, place: Place, settings: Mapping[str, str]) -> None:
        urls = {"PROVISIONER_DATABASE_URL": place.database_url, "PROVISIONER_BROKER_URL": place.broker_url}
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **urls, **settings},
        )
        if self._read() != "ready\n":
            self._child.wait(STOP_SECONDS)
            raise RuntimeError(f"benchmarks.{module} did not start")

    @property
    def pid(self) -> int:
        return self._child.pid

    def tell(self, line: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(f"{line}\n")
        self._child.stdin.flush()

    def stop(self) -> None:
        """End the child and wait for it."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _read(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()


class Side(Protocol):
    """One way to do orders. `completed` is SQL that counts those that are done."""

    completed: str

    @property
    def pid(self) -> int:
        """Its process."""
        ...

    def place(self, prefix: str, count: int) -> None:
        """Hand in so many orders; returns before they are done."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class Told:
    """A side without a broker: its process is told how many orders to do."""

    def __init__(self, module: str, place: Place, completed: str) -> None:
        self.completed = completed
        self._process = Process(module, place, {})

    @property
    def pid(self) -> int:
        return self._process.pid

    def place(self, prefix: str, count: int) -> None:
        self._process.tell(f"{prefix} {count}")

    def stop(self) -> None:
        self._process.stop()


class Plain:
    """The plain actor, fed through its own queue."""

    completed = "SELECT count(*) FROM plain_orders WHERE status = 'completed'"

    def __init__(self, place: Place) -> None:
        self._process = Process("plain", place, {})
        self._broker = plain.open_broker(place.broker_url)

    @property
    def pid(self) -> int:
        return self._process.pid

    def place(self, prefix: str, count: int) -> None:
        plain.publish(self._broker, order_ids(prefix, count))

    def stop(self) -> None:
        self._broker.close()
        self._process.stop()


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings of our worker that bear on speed."""

    worker_threads: int = 16
    claim_batch: int = 64
    intake_threads: int = 4
    prefetch: int = 50

    def environment(self, folder: Path) -> dict[str, str]:
        return {
            "PROVISIONER_DATA_DIR": str(folder),
            "PROVISIONER_LOG_LEVEL": "warning",
            "PROVISIONER_WORKER_THREADS": str(self.worker_threads),
            "PROVISIONER_CLAIM_BATCH": str(self.claim_batch),
            "PROVISIONER_INTAKE_THREADS": str(self.intake_threads),
            "PROVISIONER_PREFETCH": str(self.prefetch),
            "PROVISIONER_DATABASE_POOL_SIZE": str(self.worker_threads + self.intake_threads + 2),
            "BENCH_JOURNAL": str(folder / "journal.json"),
        }


class Ours:
    """The worker role, fed through the exchange of the storefronts."""

    completed = COMPLETED

    def __init__(self, place: Place, folder: Path, settings: WorkerSettings) -> None:
        folder.mkdir(parents=True)
        self._process = Process("worker", place, settings.environment(folder))
        self._connection = pika.BlockingConnection(pika.URLParameters(place.broker_url))
        self._channel: Any = self._connection.channel()
        wait_for(self._consumed, "our worker consumes the orders' queue", interval=0.1)

    @property
    def pid(self) -> int:
        return self._process.pid

    def place(self, prefix: str, count: int) -> None:
        self.publish(list(bodies(order_ids(prefix, count))))

    def publish(self, messages: Sequence[bytes]) -> None:
        """Publish persistent messages, without waiting for the broker to confirm each."""
        properties = pika.BasicProperties(delivery_mode=PERSISTENT)
        for body in messages:
            self._channel.basic_publish(STOREFRONT, "order.place.v1", body, properties)

    def stop(self) -> None:
        self._connection.close()
        self._process.stop()

    def _consumed(self) -> bool:
        channel: Any = self._connection.channel()
        try:
            return bool(channel.queue_declare(ORDERS, passive=True).method.consumer_count)
        except pika.exceptions.ChannelClosedByBroker:
            return False


def floor(place: Place) -> Side:
    return Told("floor", place, COMPLETED)


def dbos(place: Place) -> Side:
    return Told("durable", place, "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")
