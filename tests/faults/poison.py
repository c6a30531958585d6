"""Fuzzed bodies among good orders, on the real broker: what `make fuzz` and the poison test run.

    python -m tests.faults.poison [SEED]

FUZZ_BODIES and FUZZ_ORDERS say how many. As many good orders go first, at the same pace and without the bodies, so
that the time of an order among poison stands beside the time of one alone. The last line is one JSON object; the exit
code is 0 when nothing was lost, doubled, stuck or leaked: a body that is not in quarantine, or of which nobody was
told, is lost; one that is there or was told twice is doubled; a process or a thread that ended is stuck.
"""

import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from provisioner.intake import topology
from provisioner.store.tables import operations, orders, quarantine
from tests.faults import bodies
from tests.faults.judging import Verdict, judge, unpublished, wait_completed
from tests.faults.measuring import distribution
from tests.support.postgres import PostgresCluster
from tests.support.processes import Child, wait_for
from tests.support.production import Production, hosting_order, production
from tests.support.rabbit import RabbitNode

PATIENCE_SECONDS = 1800.0
ORDERS_PER_SECOND = 10.0  # few enough that none waits for another

Parcel = tuple[bytes, str]  # a body and its routing key


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `set_aside`: the body of each row in quarantine; `told`: how often each row was told of."""

    verdict: Verdict
    published: Collection[bytes]
    set_aside: Mapping[str, bytes]
    told: Mapping[str | None, int]
    workflows: Sequence[str]
    restarts: int
    threads: tuple[int, int]
    seconds: float
    alone: Mapping[str, float]
    among_poison: Mapping[str, float]

    @property
    def missing(self) -> list[bytes]:
        """Bad bodies that are not in quarantine, or not as the bytes that were sent."""
        there = set(self.set_aside.values())
        return [body for body in self.published if body not in there]

    @property
    def untold(self) -> list[str]:
        """Rows in quarantine of which the storefront was not told."""
        return [row for row in self.set_aside if not self.told.get(row)]

    @property
    def repeated(self) -> list[str | None]:
        """Rows in quarantine that hold another row's body, or of which the storefront was told more than once."""
        rows = {body: row for row, body in self.set_aside.items()}
        again: list[str | None] = [row for row, body in self.set_aside.items() if rows[body] != row]
        return again + [row for row, times in self.told.items() if times > 1 or row not in self.set_aside]

    @property
    def ended(self) -> int:
        """How many processes ended, and how many threads of the worker."""
        before, after = self.threads
        return self.restarts + abs(before - after)


def run(shop: Production, *, number_of_orders: int, number_of_bodies: int, seed: int) -> Outcome:
    """Publish good orders alone, then good and bad in random order; wait until all is settled, and look."""
    bad = bodies.fuzzed(number_of_bodies, seed)
    alone, among = range(number_of_orders), range(number_of_orders, 2 * number_of_orders)
    shop.start_all()
    shop.vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE])
    worker = shop.children[0]
    threads = settled_threads(worker)
    chance = random.Random(seed)  # noqa: S311 - a run is repeated from its seed
    taken_alone = measure(shop, [], alone, chance)
    started = time.monotonic()
    taken_among = measure(shop, bad, among, chance)
    shop.vhost.wait_empty(*topology.INTAKE_QUEUES)
    seconds = time.monotonic() - started
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=PATIENCE_SECONDS)
    return Outcome(
        verdict=judge(shop, [*alone, *among], canaries=[bodies.CANARY]),
        published={body for body, _ in bad},
        set_aside=set_aside(shop),
        told=told(shop),
        workflows=workflows(shop),
        restarts=sum(not child.running for child in shop.children),
        threads=(threads, psutil.Process(worker.pid).num_threads()),
        seconds=seconds,
        alone=taken_alone,
        among_poison=taken_among,
    )


def measure(shop: Production, bad: list[Parcel], good: range, chance: random.Random) -> Mapping[str, float]:
    """Publish, wait until every good order is completed; how many seconds each took since it was published."""
    published = publish(shop, mixed(bad, good, chance))
    with shop.vhost.channel() as channel:
        for body, _ in bad[::20]:  # doorbells get some too
            channel.basic_publish("", topology.ADVANCE, body, mandatory=True)
    wait_completed(shop, good, timeout=PATIENCE_SECONDS)
    with shop.store.database.read() as connection:
        ended = connection.execute(sa.select(orders.c.id, orders.c.updated_at)).all()
    return distribution([row.updated_at.timestamp() - published[row.id] for row in ended if row.id in published])


def mixed(bad: list[Parcel], good: range, chance: random.Random) -> list[tuple[str | None, Parcel]]:
    """Good and bad in random order, a good one with its order's id; each tenth bad one twice, with another key."""
    everything: list[tuple[str | None, Parcel]] = [(None, parcel) for parcel in bad]
    everything += [(None, (body, chance.choice(bodies.KEYS))) for body, _ in bad[::10]]
    for number in good:
        order = hosting_order(number)
        everything.append((order["data"]["order_id"], (json.dumps(order).encode(), order["type"])))
    chance.shuffle(everything)
    return everything


def publish(shop: Production, everything: list[tuple[str | None, Parcel]]) -> dict[str, float]:
    """Send, the good ones at a steady pace; at what time each of those was sent, by its order's id."""
    sent: dict[str, float] = {}
    with shop.vhost.channel() as channel:
        for order_id, (body, key) in everything:
            if order_id is not None:
                time.sleep(1 / ORDERS_PER_SECOND)
                sent[order_id] = time.time()
            channel.basic_publish(topology.STOREFRONT, key, body, mandatory=True)
    return sent


def settled_threads(worker: Child) -> int:
    """How many threads a worker has, once that no longer grows."""
    process, counts = psutil.Process(worker.pid), [0]

    def same_for_a_second() -> bool:
        counts.append(process.num_threads())
        return len(counts) > 10 and len(set(counts[-10:])) == 1

    wait_for(same_for_a_second, "the number of threads settles", interval=0.1)
    return counts[-1]


def set_aside(shop: Production) -> dict[str, bytes]:
    """The body of every row in quarantine, opened, by the row's id."""
    with shop.store.database.read() as connection:
        rows = list(connection.scalars(sa.select(quarantine.c.id)))
    return {row: shop.store.quarantine.body(row)[0] for row in rows}


def told(shop: Production) -> Counter[str | None]:
    """How often the storefront was told of each row in quarantine, repetitions of an event apart."""
    heard = {event["id"]: event["data"] for event in shop.heard() if event["type"] == "message.rejected.v1"}
    return Counter(data["quarantine_id"] for data in heard.values())


def workflows(shop: Production) -> list[str]:
    """Those of every operation."""
    with shop.store.database.read() as connection:
        return list(connection.scalars(sa.select(operations.c.workflow).distinct().order_by(operations.c.workflow)))


def report(outcome: Outcome, seed: int) -> dict[str, Any]:
    """The counts of a run."""
    counts = outcome.verdict.counts()
    counts["lost"] += len(outcome.missing) + len(outcome.untold)
    counts["doubled"] += len(outcome.repeated)
    counts["stuck"] += outcome.ended
    return {
        "seed": seed,
        "bodies": len(outcome.published),
        "kills": 0,
        "workflows": list(outcome.workflows),
        "seconds": round(outcome.seconds, 1),
        "order_seconds_alone": outcome.alone,
        "order_seconds_among_poison": outcome.among_poison,
        **counts,
    }


def kept(counts: Mapping[str, Any]) -> bool:
    """Whether a report tells of nothing lost, doubled, stuck or leaked."""
    return not any(counts[wrong] for wrong in ("lost", "doubled", "stuck", "leaked_secrets"))


def sizes() -> tuple[int, int]:
    """How many orders and how many bodies."""
    return int(os.environ.get("FUZZ_ORDERS", "40")), int(os.environ.get("FUZZ_BODIES", "300"))


def main(seed: int) -> int:
    """Run on servers of our own; 0 when the promise was kept."""
    number_of_orders, number_of_bodies = sizes()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="provisioner-fuzz-")))
        rabbit, postgres = RabbitNode.create(), None
        stack.callback(rabbit.remove)
        postgres = PostgresCluster.create(fsync=False)
        stack.callback(postgres.remove)
        shop = stack.enter_context(production(folder, rabbit.new_vhost(), postgres.create_database()))
        outcome = run(shop, number_of_orders=number_of_orders, number_of_bodies=number_of_bodies, seed=seed)
    counts = report(outcome, seed)
    sys.stdout.write(f"threads of the worker {outcome.threads}\n{json.dumps(counts)}\n")
    return 0 if kept(counts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(2**32)))
