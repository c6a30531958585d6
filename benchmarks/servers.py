"""A RabbitMQ and a PostgreSQL of the benchmark's own, with everything synced to disk."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
import psycopg

from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.store.database import Database
from provisioner.store.migrate import migrate
from tests.support.postgres import PostgresCluster
from tests.support.rabbit import RabbitNode


@dataclass(frozen=True, slots=True)
class Place:
    """Where one side of the contest works: a database and a virtual host of its own."""

    database_url: str
    broker_url: str

    @property
    def dsn(self) -> str:
        """The database's URL as psycopg takes it."""
        return self.database_url.replace("+psycopg", "")

    def connect(self) -> "psycopg.Connection[tuple[int]]":
        """A connection in autocommit."""
        return psycopg.connect(self.dsn, autocommit=True)


class Servers:
    """Both servers, running."""

    def __init__(self, postgres: PostgresCluster, rabbit: RabbitNode) -> None:
        self._postgres = postgres
        self._rabbit = rabbit
        self._template = postgres.create_database()
        database = Database(Secret(self._template), SystemClock())
        migrate(database)
        database.close()

    def busy(self) -> float:
        """Seconds of processor time that both servers have used, as far as their processes still run."""
        return sum(busy(pid) for pid in (self._postgres.pid, self._rabbit.pid))

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A database with the worker's tables, still empty, and an empty virtual host."""
        url = self._postgres.create_database(template=self._template)
        try:
            yield Place(url, self._rabbit.new_vhost().url.reveal())
        finally:
            self._postgres.drop_database(url)


def busy(pid: int) -> float:
    """Seconds of processor time that a process and its children have used; those that have ended are not counted."""
    root = psutil.Process(pid)
    seconds = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both servers, and remove them with what they hold at the end."""
    postgres = PostgresCluster.create(fsync=True)
    try:
        rabbit = RabbitNode.create()
        try:
            yield Servers(postgres, rabbit)
        finally:
            rabbit.remove()
    finally:
        postgres.remove()
