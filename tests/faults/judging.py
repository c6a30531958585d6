"""What is left when the dust has settled: which orders are lost, doubled or stuck, and which secrets got out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from provisioner.kernel.errors import StoreUnavailable
from provisioner.store.tables import metadata, operations, orders, outbox
from tests.support.processes import wait_for
from tests.support.production import HEARD, Production

COMPLETED = "completed"
ONCE = ("customer.add", "webspace.add")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each list should be empty. Lost: accepted and gone, or called completed without its effects."""

    orders: int
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    leaked_secrets: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """True when the promise was kept."""
        return not (self.lost or self.doubled or self.stuck or self.leaked_secrets)

    def counts(self) -> dict[str, int]:
        """The length of each list."""
        return {name: each if isinstance(each, int) else len(each) for name, each in asdict(self).items()}


def judge(shop: Production, numbers: Iterable[int | str], canaries: Sequence[str] = ()) -> Verdict:
    """The verdict on orders made by `hosting_order(number)`, whose messages the broker has confirmed."""
    asked = [str(number) for number in numbers]
    statuses = statuses_of(shop)
    effects = Counter((effect.operation, effect.reference) for effect in shop.simulator.ledger.effects())
    wanted = {
        number: (("customer.add", f"cust:customer-{number}"), ("webspace.add", f"svc:service-{number}"))
        for number in asked
    }
    completed = [number for number in asked if statuses.get(f"order-{number}") == COMPLETED]
    unmade = [number for number in completed if not all(effects[effect] for effect in wanted[number])]
    return Verdict(
        orders=len(asked),
        lost=(*(number for number in asked if f"order-{number}" not in statuses), *unmade),
        doubled=tuple(reference for (kind, reference), times in effects.items() if kind in ONCE and times > 1),
        stuck=tuple(number for number in asked if statuses.get(f"order-{number}", COMPLETED) != COMPLETED),
        leaked_secrets=tuple(canary for canary in canaries if leaks(shop, canary)),
    )


def statuses_of(shop: Production) -> Mapping[str, str]:
    """The status of every order that is known."""
    with shop.store.database.read() as connection:
        return {row.id: row.status for row in connection.execute(sa.select(orders.c.id, orders.c.status))}


def completed(shop: Production, numbers: Iterable[int | str]) -> int:
    """How many of these orders are completed; 0 while the database is away."""
    ids = [f"order-{number}" for number in numbers]
    query = sa.select(sa.func.count()).where(orders.c.id.in_(ids), orders.c.status == COMPLETED)
    return count(shop, query)


def wait_completed(shop: Production, numbers: Iterable[int | str], timeout: float = 120.0) -> None:
    """Return when every one of these orders is completed."""
    asked = list(numbers)
    wait_for(
        lambda: completed(shop, asked) == len(asked), f"{len(asked)} orders complete", timeout=timeout, interval=0.1
    )


def count(shop: Production, query: sa.Select[Any]) -> int:
    """The answer to a counting query; 0 while the database is away."""
    try:
        with shop.store.database.read() as connection:
            return int(connection.scalar(query) or 0)
    except StoreUnavailable:
        return 0


def unpublished(shop: Production) -> int:
    """How many events wait in the outbox."""
    return count(shop, sa.select(sa.func.count()).where(outbox.c.published_at.is_(None)))


def fences(shop: Production) -> list[int]:
    """The fencing token of every operation: how often each was claimed."""
    with shop.store.database.read() as connection:
        return list(connection.scalars(sa.select(operations.c.fence).order_by(operations.c.position)))


def events_out_of_order(shop: Production) -> list[str]:
    """Take all events out of the queue; the orders whose events, repeats apart, are not 1, 2, 3, … to the last.

    Waits for the relay to publish what was written.
    """
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)
    streams: dict[str, list[int]] = {}
    seen: set[str] = set()
    for event in shop.heard():
        order_id = event["data"].get("order_id")
        if event["id"] not in seen and event["subject"] == order_id:
            seen.add(event["id"])
            streams.setdefault(order_id, []).append(event["sequence"])
    told = _events_of_orders(shop)
    return [order_id for order_id, last in told.items() if streams.get(order_id, []) != list(range(1, last + 1))]


def _events_of_orders(shop: Production) -> Mapping[str, int]:
    """How many events were written about each order: its version counts them."""
    with shop.store.database.read() as connection:
        return {row.id: row.version for row in connection.execute(sa.select(orders.c.id, orders.c.version))}


def leaks(shop: Production, canary: str) -> bool:
    """Whether a text stands in any log, in any event still in the queue, or anywhere in the database."""
    return canary in shop.logs() or _in_events(shop, canary) or _in_database(shop, canary)


def _in_events(shop: Production, canary: str) -> bool:
    bodies = shop.vhost.take(HEARD)
    shop.vhost.publish(*bodies, key=HEARD)
    return any(canary.encode() in body for body in bodies)


def _in_database(shop: Production, canary: str) -> bool:
    """Rows as text show bytes in hex, so both spellings are looked for."""
    with shop.store.database.read() as connection:
        return any(_in_table(connection, table.name, canary) for table in metadata.sorted_tables)


def _in_table(connection: sa.Connection, table: str, canary: str) -> bool:
    row: sa.ColumnClause[str] = sa.literal_column("row_text.*::text")
    source = sa.text(f"{table} AS row_text")
    spellings = [sa.func.strpos(row, text) > 0 for text in (canary, canary.encode().hex())]
    found: Any = connection.scalar(sa.select(sa.func.count()).select_from(source).where(sa.or_(*spellings)))
    return bool(found)
