"""A store on either database, the storefront that sends it messages, and a hosting panel that answers at once."""

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from provisioner.intake.accept import Intake, Receipt
from provisioner.kernel.clock import Clock, FakeClock, SystemClock
from provisioner.kernel.ids import RandomIds
from provisioner.kernel.sealing import KeyRing, seal_to_public_key
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingSubscription
from provisioner.ports.outcomes import Done
from provisioner.store.accounts import NewAccount
from provisioner.store.migrate import migrate
from provisioner.store.store import Store, open_store
from provisioner.store.tables import metadata, relay_shards
from provisioner.workflows import hosting as _hosting
from provisioner.workflows import scheduled as _scheduled
from provisioner.workflows.backoff import Waits
from provisioner.workflows.engine import Engine, Report
from provisioner.workflows.journal import Claim
from provisioner.workflows.recorder import Surroundings
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for

WORKFLOW_MODULES: Final = (_hosting, _scheduled)  # importing them registers their workflows
ACCOUNT: Final = "panel-1"
SIZE_LIMIT: Final = 262_144

# On PostgreSQL the store asks `now()`. A function of that name, found before the built-in one, lets a test move time.
CLOCK_SCHEMA: Final = """
CREATE SCHEMA clock;
CREATE TABLE clock.passed (seconds float8 NOT NULL);
INSERT INTO clock.passed VALUES (0);
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + make_interval(secs => (SELECT seconds FROM clock.passed))';
"""
_RESTART_SEQUENCES: Final = """
SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false)
FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


@dataclass(frozen=True)
class Opening:
    """How to open a store: where it is, and what its settings say."""

    url: str
    folder: Path
    clock: Clock
    settings: Mapping[str, Any] = field(default_factory=dict)

    def open(self, ring: KeyRing, **settings: Any) -> Store:
        """The store, with settings of its own added."""
        given = {"data_dir": self.folder, "database_url": Secret(self.url), **self.settings, **settings}
        return open_store(Settings(**given), ring, self.clock, RandomIds())


class Stage:
    """A store with everything around it that a test needs. Time stands still on SQLite until `let_pass`."""

    def __init__(self, opening: Opening, ring: KeyRing) -> None:
        self.opening = opening
        self.ring = ring
        self.store = opening.open(ring)
        self.shop = Storefront(self.store, ring)
        self.panel = FakePanel()
        self._others: list[Store] = []

    @property
    def is_postgres(self) -> bool:
        """Which database it is."""
        return self.store.database.is_postgres

    def another(self, **settings: Any) -> Store:
        """The same database as another process sees it."""
        other = self.opening.open(KeyRing.load(self.opening.folder / "keys.json"), **settings)
        self._others.append(other)
        return other

    def close(self) -> None:
        """Close every connection."""
        for store in (self.store, *self._others):
            store.close()

    # -- time

    def now(self) -> datetime:
        """The store's clock."""
        return self.store.queries.now()

    def let_pass(self, seconds: float) -> None:
        """Move the store's clock on."""
        if isinstance(self.opening.clock, FakeClock):
            self.opening.clock.advance(seconds)
        if self.is_postgres:
            self.sql("UPDATE clock.passed SET seconds = seconds + :seconds", seconds=seconds)

    # -- rows

    def rows(self, table: str | sa.Table, order: str | None = None, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table (with all its types) or a view, those whose columns have these values."""
        if isinstance(table, str) and table not in metadata.tables:
            query: sa.Select[Any] = sa.select(sa.text("*")).select_from(sa.table(table))
        else:
            source = metadata.tables[table] if isinstance(table, str) else table
            query = sa.select(source).order_by(*source.primary_key.columns)
        query = query.where(*(sa.column(name) == value for name, value in where.items()))
        if order is not None:
            query = query.order_by(None).order_by(sa.text(order))
        with self.store.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def row(self, table: str, **where: Any) -> dict[str, Any]:
        """The one row with these values."""
        found = self.rows(table, **where)
        assert len(found) == 1, f"{len(found)} rows of {table} have {where}"
        return found[0]

    def count(self, table: str, **where: Any) -> int:
        """How many rows there are."""
        return len(self.rows(table, **where))

    def sql(self, statement: str, **parameters: Any) -> list[Any]:
        """Run a statement behind the store's back; its rows, if it has any."""
        with self.store.database.begin() as connection:
            result = connection.execute(sa.text(statement), parameters)
            return list(result) if result.returns_rows else []

    def events(self, stream: str) -> list[dict[str, Any]]:
        """The events of a stream, in order, as they are published."""
        return [json.loads(row["body"]) for row in self.rows("outbox", order="sequence", subject=stream)]

    def told(self, stream: str) -> list[str]:
        """The statuses that a stream told, in order."""
        return [str(event["data"].get("status", event["type"])) for event in self.events(stream)]

    def operation(self, service_id: str | None = "s-1", workflow: str = "hosting.create") -> dict[str, Any]:
        """The newest operation of a workflow on a service."""
        return self.rows("operations", order="position DESC", service_id=service_id, workflow=workflow)[0]

    # -- work

    def add_account(self, name: str = ACCOUNT, *, concurrency: int = 2, environment: str = "live") -> None:
        """Add a vendor account that the fake panel stands behind."""
        self.store.accounts.add(new_account(name, concurrency=concurrency, environment=environment), "tester")

    def take(self, limit: int = 100, owner: str = "worker-1") -> list[Claim]:
        """Claim what is due."""
        return self.store.claims.take(owner, limit)

    def claim(self) -> Claim:
        """Claim the one operation that is due."""
        claims = self.take()
        assert len(claims) == 1, f"{len(claims)} operations are due"
        return claims[0]

    def engine(self, store: Store | None = None) -> Engine:
        """An engine whose every adapter is the fake panel."""
        journal = (store or self.store).journal
        jitter = random.Random(7)  # noqa: S311 - jitter is no secret
        around = Surroundings(journal, SystemClock(), Waits(), jitter, lambda: False)
        return Engine(around, lambda _name: self.panel)

    def work(self) -> list[Report]:
        """Run what is due, until nothing is."""
        reports: list[Report] = []
        while claims := self.take():
            reports += [self.engine().run(claim) for claim in claims]
        return reports


class Storefront:
    """Sends messages through the intake function, each with an id of its own."""

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self._ring = ring
        self._numbers = count(1)
        self.rung: list[str] = []
        self.intake = Intake(store, size_limit=SIZE_LIMIT, ring=self.rung.extend)

    def send(self, message: Mapping[str, Any]) -> Receipt:
        """Send one message, whole."""
        queue = "orders" if str(message.get("type")).startswith("order.") else "lifecycle"
        return self.intake.receive(json.dumps(message).encode(), queue)

    def message(self, type_: str, data: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
        """A CloudEvent, ready to be sent."""
        return {
            "specversion": "1.0",
            "id": f"m-{next(self._numbers)}",
            "source": "https://shop.example.com/",
            "type": type_,
            "datacontenttype": "application/json",
            "environment": "live",
            "actorid": "clerk-7",
            "actororg": "shop",
            "actorrole": "admin",
            **attributes,
            "data": data,
        }

    def say(self, type_: str, data: Mapping[str, Any], **attributes: Any) -> Receipt:
        """Make and send a message."""
        return self.send(self.message(type_, data, **attributes))

    # -- orders

    def order(
        self,
        order_id: str = "o-1",
        items: Sequence[Mapping[str, Any]] | None = None,
        *,
        customer_id: str = "c-1",
        note: str | None = None,
        **attributes: Any,
    ) -> dict[str, Any]:
        """An order message; of one hosting item when none are given."""
        number = order_id.partition("-")[2]
        data: dict[str, Any] = {
            "order_id": order_id,
            "customer": {"customer_id": customer_id, "name": "Demo Customer", "email": "demo@example.com"},
            "items": list(items or [hosting(f"s-{number}")]),
        }
        if note is not None:
            data["note"] = note
        return self.message("order.place.v1", data, **attributes)

    def place(self, order_id: str = "o-1", items: Sequence[Mapping[str, Any]] | None = None, **more: Any) -> Receipt:
        """Place an order."""
        return self.send(self.order(order_id, items, **more))

    def retry(self, order_id: str = "o-1", **data: Any) -> Receipt:
        """Have failed items tried again."""
        return self.say("order.retry.v1", {"order_id": order_id, **data})

    # -- services

    def suspend(self, service_id: str = "s-1", **attributes: Any) -> Receipt:
        """Suspend a service."""
        return self.say("service.suspend.v1", {"service_id": service_id, "reason": "unpaid"}, **attributes)

    def resume(self, service_id: str = "s-1", **attributes: Any) -> Receipt:
        """Resume a service."""
        return self.say("service.resume.v1", {"service_id": service_id}, **attributes)

    def cancel(self, service_id: str = "s-1", *, at: datetime | None = None, **attributes: Any) -> Receipt:
        """Cancel a service, now or at the end of its term."""
        when = {"when": "immediate"} if at is None else {"when": "end_of_term", "at": at.isoformat(timespec="seconds")}
        return self.say("service.cancel.v1", {"service_id": service_id, "reason": "moved", **when}, **attributes)

    def sealed(self, content: str | bytes) -> dict[str, str]:
        """A password or a file as a storefront sends it."""
        public = self._ring.public_key()
        return {"key_id": public.key_id, "box": seal_to_public_key(public, content)}


def hosting(service_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    """A hosting item; its id is `i-` and the service's."""
    return {
        "product": "hosting",
        "item_id": f"i-{service_id}",
        "change": "purchase",
        "service_id": service_id,
        "plan": "basic",
        "domain": f"{service_id}.example.com",
        **fields,
    }


def markup(item_id: str = "m-1", **fields: Any) -> dict[str, Any]:
    """A change of mark-up."""
    return {"product": "markup", "item_id": item_id, "change": "markup_change", "text": "ten per cent", **fields}


def new_account(name: str = ACCOUNT, *, concurrency: int = 2, environment: str = "live") -> NewAccount:
    """A vendor account of an adapter that is called `fake`."""
    return NewAccount(
        name, "fake", "hosting", environment, {"endpoint": "in-process"}, {"token": Secret("t-1")}, concurrency
    )


class FakePanel(HostingPanel):
    """A hosting panel in memory. `before` is called with each operation's name before it takes effect."""

    def __init__(self, account: VendorAccount | None = None, clock: Clock | None = None) -> None:
        self.account = account
        self.clock = clock
        self.before: Callable[[str, str], None] = lambda _operation, _subject: None
        self.effects: list[str] = []
        self.passwords: dict[str, str] = {}
        self.customers: dict[str, HostingCustomer] = {}
        self.subscriptions: dict[str, HostingSubscription] = {}
        self.closed = False
        self._lock = threading.Lock()

    def ensure_customer(self, customer: HostingCustomer) -> Done:
        self.before("ensure_customer", customer.customer_id)
        with self._lock:
            if customer.customer_id not in self.customers:
                self.effects.append(f"customer {customer.customer_id}")
            self.customers[customer.customer_id] = customer
        return Done(f"cg-{customer.customer_id}")

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        return Done(f"cg-{customer.customer_id}") if customer.customer_id in self.customers else None

    def create_subscription(self, subscription: HostingSubscription) -> Done:
        self.before("create_subscription", subscription.service_id)
        with self._lock:
            self.effects.append(f"subscription {subscription.service_id}")
            self.subscriptions[subscription.service_id] = subscription
        return Done(f"sg-{subscription.service_id}", {"domain": subscription.domain})

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        self.before("find_subscription", subscription.service_id)
        known = subscription.service_id in self.subscriptions
        return Done(f"sg-{subscription.service_id}", {"domain": subscription.domain}) if known else None

    def suspend(self, ref: str) -> Done:
        return self._change("suspend", ref)

    def resume(self, ref: str) -> Done:
        return self._change("resume", ref)

    def remove_subscription(self, ref: str) -> Done:
        self.subscriptions.pop(ref.removeprefix("sg-"), None)
        return self._change("remove", ref)

    def remove_customer(self, ref: str) -> Done:
        return self._change("remove-customer", ref)

    def _change(self, operation: str, ref: str) -> Done:
        self.before(operation, ref)
        with self._lock:
            self.effects.append(f"{operation} {ref}")
        return Done(ref)

    def ping(self) -> Done:
        return Done()

    def close(self) -> None:
        self.closed = True


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Make these calls at the same moment, each on a thread; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait(10)
        try:
            results[index] = call()
        except Exception as error:  # noqa: BLE001 - handed to the test, which asserts on it
            results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    return results


def while_locked(
    postgres: PostgresCluster, stage: Stage, statement: str, *calls: Callable[[], Any], then: str = "COMMIT"
) -> list[Any]:
    """Make calls while another transaction holds what a statement locks; end it when all of them wait for it."""
    with postgres.connect(stage.opening.url) as blocker, ThreadPoolExecutor(len(calls)) as pool:
        blocker.execute("BEGIN")
        blocker.execute(statement.encode())
        made = [pool.submit(call) for call in calls]
        wait_for(lambda: _waiting(postgres, stage) == len(calls), "all calls wait for the lock")
        blocker.execute(then.encode())
    return [each.exception() or each.result() for each in made]


def _waiting(postgres: PostgresCluster, stage: Stage) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with postgres.connect() as connection:
        row = connection.execute(query, (stage.opening.url.rsplit("/", 1)[1],)).fetchone()
    return int(row[0]) if row else 0


def add_clock(url: str) -> None:
    """Give a PostgreSQL database a clock that a test can move, and have every session find it before the built-in."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in filter(str.strip, CLOCK_SCHEMA.split(";\n")):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            f'ALTER DATABASE "{engine.url.database}" SET search_path = public, clock, pg_catalog'
        )
    engine.dispose()


def empty(url: str) -> None:
    """Empty every table of a migrated PostgreSQL database, as if it had just been made.

    Rows are deleted, which takes a twentieth of TRUNCATE's time: that makes every table and index a new file.
    """
    tables = (table.name for table in metadata.sorted_tables if table is not relay_shards)
    emptying = (
        "SET LOCAL session_replication_role = replica",  # no foreign key is checked: all rows go
        *(f"DELETE FROM {name}" for name in tables),  # noqa: S608 - names of our own tables
        _RESTART_SEQUENCES,
        "UPDATE relay_shards SET owner = NULL, lease_ends_at = NULL WHERE owner IS NOT NULL",
        "UPDATE clock.passed SET seconds = 0 WHERE seconds <> 0",
    )
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(";".join(emptying).encode())


def migrated(opening: Opening, ring: KeyRing) -> None:
    """Bring an empty database to the newest tables."""
    store = opening.open(ring)
    migrate(store.database)
    store.close()


def after(start: datetime, **delta: float) -> datetime:
    """So much later, in whole seconds."""
    return (start + timedelta(**delta)).replace(microsecond=0)


def each(claims: Sequence[Claim]) -> Iterator[str]:
    """The operations' ids."""
    return (claim.operation_id for claim in claims)
