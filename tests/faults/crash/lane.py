"""A production that is used for one cell after another: its own broker, database, vendor and relay.

Between two cells everything is emptied: the tables, the queues, the vendor. So each cell begins with nothing.
"""

import contextlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import TupleRow

from provisioner.intake import topology
from provisioner.store.database import Database
from provisioner.store.tables import metadata
from tests.faults.crash.scenarios import OTHER_PASSWORD, PASSWORD
from tests.faults.crash.story import Message, Scenario, panel_account, seal_with
from tests.support.forking import fork
from tests.support.judge.collect import database_now, kept_secrets, merged, tables_of, told_by
from tests.support.judge.history import History
from tests.support.postgres import PostgresCluster
from tests.support.processes import Child, wait_for
from tests.support.production import AUTHORITY, HEARD, Production, production, subscribe
from tests.support.rabbit import NAME_ON_DISK_SECONDS, RabbitNode

LEASE_SECONDS: Final = 1.5
PACE: Final[Mapping[str, str]] = {
    "PROVISIONER_LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "PROVISIONER_HEARTBEAT_SECONDS": "0.3",
    "PROVISIONER_SWEEP_SECONDS": "0.25",
    "PROVISIONER_LOOKUP_WAITS_SECONDS": "0.1,0.1",
    "PROVISIONER_RELAY_IDLE_SECONDS": "0.2",
    "PROVISIONER_BACKOFF_MOST_SECONDS": "0.5",
    "PROVISIONER_BREAKER_MOST_SECONDS": "0.5",
    "PROVISIONER_POLL_SECONDS": "0.5",
}
DATABASE_PASSWORD: Final = "Canary-database-6Zk3pL8v"
KEPT_TABLES: Final = frozenset({"vendor_accounts", "relay_shards"})
RELAY: Final = "relay"
SCHEDULER: Final = "scheduler"
WORKER: Final = "worker"

_MIGRATING: Final = threading.Lock()  # Alembic keeps its context in a module

_LEFT: Final = """
SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM quarantine),
       (SELECT count(*) FROM operations WHERE ended_at IS NULL AND state <> 'held'
          AND NOT (%s AND state = 'waiting' AND coalesce(due_at > now() + interval '30 seconds', true))),
       (SELECT count(*) FROM outbox WHERE published_at IS NULL)
"""
_SERVICES: Final = "SELECT EXISTS (SELECT FROM services WHERE status = %s)"


@dataclass
class Lane:
    """Made with `lane()`. Servers that are killed are started by the thread that made it, with which they end."""

    rabbit: RabbitNode
    postgres: PostgresCluster
    production: Production
    database_url: str
    published: list[str] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, Child] = field(default_factory=dict)
    _started: int = 0
    _panel_settings: Mapping[str, str] = field(default_factory=dict)
    _eye: psycopg.Connection[TupleRow] | None = None

    # -- beginning

    def begin(self, scenario: Scenario) -> None:
        """Empty everything, and do to the vendor what the scenario wants."""
        self._forget_children()
        self._empty_queues()
        self._empty_tables()
        self._know_authority(in_use=scenario.certificates)
        self._set_up_panel({})
        self.production.vendors.reset()
        self.published.clear()
        self.heard.clear()
        scenario.prepare(self.production.vendors)

    def _forget_children(self) -> None:
        kept = list(self.kept.values())
        for child in self.production.children:
            if child not in kept:
                child.log.unlink(missing_ok=True)
        self.production.children[:] = kept

    def _empty_queues(self) -> None:
        queues = (*topology.INTAKE_QUEUES, topology.ADVANCE)
        wait_for(lambda: not any(map(self.production.vhost.consumers, queues)), "nobody consumes any more")
        with self.production.vhost.channel() as channel:
            for queue in (*queues, HEARD):
                channel.queue_purge(queue)

    def _empty_tables(self) -> None:
        wait_for(self._try_to_empty_tables, "the tables are empty", interval=0.05)

    def _try_to_empty_tables(self) -> bool:
        """False when the relay or the scheduler, which look at the tables all the time, was in the way."""
        try:
            self._truncate()
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def _truncate(self) -> None:
        names = ", ".join(table.name for table in metadata.sorted_tables if table.name not in KEPT_TABLES)
        with self.postgres.connect(self.database_url) as connection:
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY".encode())
            connection.execute("UPDATE vendor_accounts SET state = 'open', failures = 0, broken_until = NULL")

    def _know_authority(self, *, in_use: bool) -> None:
        """Have hosting get certificates by itself, or not."""
        environment = "live" if in_use else "sandbox"
        with self.postgres.connect(self.database_url) as connection:
            connection.execute("UPDATE vendor_accounts SET environment = %s WHERE name = %s", (environment, AUTHORITY))

    def begin_phase(self, scenario: Scenario, number: int) -> None:
        """Do what others do when a phase begins, the panel's operator among them."""
        self._set_up_panel(scenario.settings.get(number, self._panel_settings))
        scenario.begin_phase(number, self.production.vendors)

    def _set_up_panel(self, settings: Mapping[str, str]) -> None:
        if settings != self._panel_settings:
            changed = panel_account(self.production.vendors, settings)
            self.production.store.accounts.add(changed, "test", replace=True)
            self._panel_settings = settings

    # -- processes

    def start(self, role: str, **environ: str) -> Child:
        """Start a process of ours."""
        self._started += 1
        folder = self.production.folder
        log = folder / f"{role}-{self._started}.log"
        child = fork([role], log=log, env={**self.production.environ, **PACE, **environ}, cwd=folder)
        self.production.children.append(child)
        return child

    def keep(self, role: str) -> None:
        """Have a relay or a scheduler running, as most cells want it; it lives from cell to cell."""
        if role not in self.kept or not self.kept[role].running:
            self.kept[role] = self.start(role)

    def let_go(self, role: str) -> None:
        """Have none running: it gives its leases back."""
        if role in self.kept:
            self.kept.pop(role).stop()

    # -- servers

    def kill_database(self) -> None:
        """SIGKILL PostgreSQL and start it again."""
        self.postgres.kill()
        self.postgres.start()
        self.production.store.database.engine.dispose()  # our own look at it begins anew

    def kill_broker(self) -> None:
        """SIGKILL RabbitMQ and start it again; its queues were declared when the lane was made."""
        self.rabbit.kill(queues_are_old=True)
        self.rabbit.start()
        subscribe(self.production.vhost)

    # -- the storefront

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish with confirms, so that from now on it is a promise."""
        self.production.publish(*messages)
        self.published += [json.dumps(message) for message in messages]

    def nothing_is_left(self, *, waits: bool = False) -> bool:
        """True when every message is taken in, every operation has ended and every event was published.

        With `waits` operations that wait for more than half a minute do not count.
        """
        return self._look(_LEFT, waits) == (len(self.published), 0, 0)

    def has_begun(self, operation: str) -> bool:
        """True when a ledger has an entry of this kind."""
        return any(vendor.ledger.effects(operation=operation) for vendor in self.production.vendors)

    def has_service(self, status: str) -> bool:
        """True when a service has this status."""
        return self._look(_SERVICES, status) == (True,)

    def _look(self, question: LiteralString, *values: str | bool) -> object:
        """A row of the answer, on one connection for as long as that lasts; None while the database is away."""
        try:
            if self._eye is None or self._eye.closed:
                self._eye = self.postgres.connect(self.database_url)
            return self._eye.execute(question, values).fetchone()
        except psycopg.OperationalError:
            self.close_eye()
            return None

    def close_eye(self) -> None:
        """Give up the connection by which the database is looked at; the next look makes another."""
        if self._eye is not None:
            self._eye.close()
            self._eye = None

    def is_consumed(self) -> bool:
        """True when one worker reads each queue of the storefront, and nothing waits in them."""
        return all(queue == (0, 1) for queue in self._queues())

    def messages_left(self) -> int:
        """How many messages still wait to be taken in."""
        return sum(messages for messages, _consumers in self._queues())

    def _queues(self) -> list[tuple[int, int]]:
        """Messages that are ready and consumers, of each queue that is taken in."""
        with self.production.vhost.channel() as channel:
            found = [channel.queue_declare(name, passive=True).method for name in topology.INTAKE_QUEUES]
        return [(queue.message_count, queue.consumer_count) for queue in found]

    def listen(self) -> None:
        """Take what was told out of the queue that hears everything."""
        self.heard += self.production.heard()

    @property
    def seal(self) -> Any:
        """Seals as a storefront does."""
        return seal_with(self.production.installed.keys().public_key())

    # -- evidence

    def history(self) -> History:
        """What is left of the cell, for the judge."""
        database = self.production.store.database
        return History(
            taken_at=database_now(database),
            lease_seconds=LEASE_SECONDS,
            published=list(self.published),
            tables=tables_of(database),
            effects=merged(self.production.vendors),
            heard=list(self.heard),
            logs={child.log.name: child.output() for child in self.production.children},
            canaries=self._canaries(database),
        )

    def _canaries(self, database: Database) -> dict[str, str]:
        panel, registry, authority = (vendor.credentials for vendor in self.production.vendors)
        return {
            "the password of an order": PASSWORD,
            "the password of a retry": OTHER_PASSWORD,
            "the password of the database": DATABASE_PASSWORD,
            "the password of the broker": self.rabbit.password,
            "the password of the panel": panel["password"].reveal(),
            "the secret key of the panel": panel["secret_key"].reveal(),
            "the password of the registrar": registry["password"].reveal(),
            "the key of the account at the authority": told_by(authority["account_key"].reveal()),
            **kept_secrets(database, Path(self.production.environ["PROVISIONER_KEY_RING"])),
        }


@contextmanager
def lane() -> Iterator[Lane]:
    """A lane with a running relay; everything of it ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="provisioner-crash-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        rabbit = RabbitNode.create()
        stack.callback(rabbit.remove)
        postgres = PostgresCluster.create(fsync=False)
        stack.callback(postgres.remove)
        url = postgres.create_database()
        # This cluster trusts everybody on loopback: the password is there to be looked for in logs.
        with_password = url.replace("postgres@", f"postgres:{DATABASE_PASSWORD}@")
        with _MIGRATING:
            made = stack.enter_context(production(folder, rabbit.new_vhost(), with_password, certificates=True))
        time.sleep(NAME_ON_DISK_SECONDS)
        own = Lane(rabbit, postgres, made, url)
        stack.callback(own.close_eye)
        yield own
