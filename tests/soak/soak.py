"""The soak: orders go through real processes while a nemesis strikes; at the end the judge decides.

    storefront ──▶ RabbitMQ ──▶ two workers ──▶ two simulated Plesk servers, a registry, a certificate authority
        ▲                        │   PostgreSQL, a scheduler
        └──── two relays ◀───────┘   every way of a worker to broker, database and vendor is a proxy that can be cut

Everything is drawn from one seed: the orders, the answers of the storefront, the strikes and their places. What the
machine does in between is not: a soak that failed is repeated with its seed, and its folder tells what happened.
"""

import json
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import StoreUnavailable
from provisioner.orders.statuses import ENDED_OPERATIONS
from provisioner.store.tables import inbox, operations, orders, outbox, quarantine, vendor_accounts
from tests.soak.estate import Estate, estate
from tests.soak.evidence import gather
from tests.soak.nemesis import KILLS, PARTITION_SECONDS, Nemesis
from tests.soak.storefront import Storefront, Tempo
from tests.soak.strikes import COUNTS, plan
from tests.soak.vendors import SERVERS
from tests.soak.workload import Workload
from tests.support.judge.judge import judge
from tests.support.judge.verdict import Verdict

TURN_SECONDS: Final = 0.02
DUTY_SECONDS: Final = 1.0
PROGRESS_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 2.0
LONGEST_REST: Final = 240.0
LONG: Final = timedelta(seconds=90)
RATE: Final = 12.0
DOORBELLS_LOST: Final = "doorbells are lost"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. `doorbells`: False drops every one of them; `kinds`: which faults strike, all of them by default.

    `partition_seconds`: how long a worker is cut off from broker or database.
    """

    seed: int
    orders: int
    rate: float = RATE
    in_flight: int = 200
    doorbells: bool = True
    kinds: Collection[str] = tuple(COUNTS)
    partition_seconds: float = PARTITION_SECONDS

    def command(self) -> str:
        """How it is repeated."""
        parts = [f"make soak ORDERS={self.orders} SEED={self.seed}"]
        if not self.doorbells:
            parts.append("DOORBELLS=no")
        if options := " ".join(self._options()):
            parts.append(f"ARGS='{options}'")
        return " ".join(parts)

    def _options(self) -> Iterator[str]:
        """What differs from what `make soak` does by itself, and has no name there."""
        if set(self.kinds) != set(COUNTS):
            yield " ".join(["--kinds", *self.kinds])
        if self.rate != RATE:
            yield f"--rate {self.rate!r}"
        if self.partition_seconds != PARTITION_SECONDS:
            yield f"--partition {self.partition_seconds!r}"


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    plan: Plan
    folder: Path
    verdict: Verdict
    faults: Mapping[str, int]
    kills: int
    seconds: float
    rest_seconds: float
    rested: bool
    workflows: Sequence[str]
    own_ends: Mapping[str, Sequence[int]]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """True when the promise was kept and no process ended by itself."""
        return self.verdict.good and self.rested and not self.own_ends

    def story(self) -> str:
        """What went wrong, where to look, and how to repeat it."""
        place = f"logs, accepted messages, heard events and the history are in {self.folder}"
        return "\n".join([str(self.verdict), place, f"repeat it with: {self.plan.command()}", self.line()])

    def line(self) -> str:
        """The last line that is printed: one JSON object."""
        counts = self.verdict.counts()
        counts["stuck"] += 0 if self.rested else 1
        told = {
            "seed": self.plan.seed,
            "orders": self.plan.orders,
            "kills": self.kills,
            "faults": dict(self.faults),
            "workflows": list(self.workflows),
            "seconds": round(self.seconds, 1),
            "rest_seconds": round(self.rest_seconds, 1),
            "ended_by_themselves": {name: list(codes) for name, codes in self.own_ends.items()},
            **self.figures,
        }
        return json.dumps({**told, **counts})


def soak(wanted: Plan, folder: Path | None = None, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Run one. Everything that was seen stays in the folder, readable by its owner only; `tell` hears how it goes."""
    place = folder or Path(tempfile.mkdtemp(prefix=f"provisioner-soak-{wanted.seed}-"))
    with estate(place, doorbells=wanted.doorbells) as made:
        return _Soak(wanted, made, tell).run()


def _may_rest() -> sa.ColumnElement[bool]:
    """Of operations: those that have ended, wait for an operator, or wait for minutes, and those behind such a wait.

    For minutes waits what looks again where a name leads, and what an authority's limits put off.
    """
    ahead = operations.alias("ahead")
    behind = sa.exists().where(
        ahead.c.resource == operations.c.resource, ahead.c.position < operations.c.position, _waits(ahead)
    )
    ended = [state.value for state in ENDED_OPERATIONS]
    return sa.or_(operations.c.state.in_([*ended, "held"]), _waits(operations), behind)


def _waits(row: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        row.c.workflow.like("certificate.%"),
        row.c.state.in_(["waiting", "uncertain"]),
        row.c.due_at > datetime.now(UTC) + LONG,
    )


class _Soak:
    def __init__(self, wanted: Plan, made: Estate, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told_at = time.monotonic()
        self._plan = wanted
        self._estate = made
        workload = Workload(wanted.seed, wanted.orders, made.installed.keys().public_key(), SERVERS)
        tempo = Tempo(wanted.rate, wanted.in_flight)
        self._storefront = Storefront(workload, made.vhost.url, made.folder, tempo)
        strikes = [strike for strike in plan(wanted.seed, wanted.orders) if strike.kind in wanted.kinds]
        self._nemesis = Nemesis(made, strikes, wanted.partition_seconds)
        self._on_duty_at = 0.0

    def run(self) -> Outcome:
        started = time.monotonic()
        self._storefront.start()
        while not (self._storefront.all_placed and self._nemesis.is_done):
            self._turn()
        healed = time.monotonic()
        self._heal_vendors()
        rested = self._rest()
        rest_seconds = time.monotonic() - healed
        self._estate.stop()
        self._storefront.stop()
        return self._outcome(started, rest_seconds, rested=rested)

    def _turn(self) -> None:
        if self._storefront.failures:
            raise RuntimeError("the storefront of the soak has failed") from self._storefront.failures[0]
        self._estate.look_after()
        self._nemesis.turn(self._storefront.placed)
        self._be_on_duty()
        self._tell_progress()
        time.sleep(TURN_SECONDS)

    def _tell_progress(self) -> None:
        if time.monotonic() - self._told_at > PROGRESS_SECONDS:
            self._told_at = time.monotonic()
            shop, faults = self._storefront, sum(self._nemesis.struck.values())
            self._tell(f"{shop.placed} orders placed, {shop.in_flight} on their way, {faults} faults")

    # -- the operator

    def _be_on_duty(self) -> None:
        """Open again what was parked, as an operator does who has looked at it."""
        if time.monotonic() < self._on_duty_at:
            return
        self._on_duty_at = time.monotonic() + DUTY_SECONDS
        try:
            with self._estate.store.database.read() as connection:
                parked = sa.select(vendor_accounts.c.name).where(vendor_accounts.c.state == "parked")
                names = list(connection.scalars(parked))
            for name in names:
                self._estate.store.accounts.set_state(name, "open", "operator")
        except StoreUnavailable:
            return

    def _heal_vendors(self) -> None:
        for vendor in self._estate.vendors.values():
            vendor.faults.clear()
        for way in self._estate.vendor_ways.values():
            way.heal()

    # -- the end

    def _rest(self) -> bool:
        """Wait until nothing is left to do; False when that takes too long."""
        deadline = time.monotonic() + LONGEST_REST
        quiet_since: float | None = None
        while time.monotonic() < deadline:
            self._turn()
            if not self._is_quiet():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = time.monotonic()
            elif time.monotonic() - max(quiet_since, self._storefront.last_word) > QUIET_SECONDS:
                return True
            time.sleep(0.2)
        return False

    def _is_quiet(self) -> bool:
        try:
            return self._storefront.has_nothing_to_say and not any(self._left().values())
        except StoreUnavailable:  # it was struck, and somebody may be waiting for it
            return False

    def _left(self) -> dict[str, int]:
        """What is still to be done: messages, operations, orders, events."""
        at_work = sa.select(sa.func.count()).select_from(operations).where(~_may_rest())
        started = sa.select(sa.func.count()).where(orders.c.status == "provisioning_started")
        untold = sa.select(sa.func.count()).where(outbox.c.published_at.is_(None))
        questions = {"operations": at_work, "orders": started, "events": untold}
        taken_in = [sa.select(sa.func.count()).select_from(table) for table in (inbox, quarantine)]
        with self._estate.store.database.read() as connection:
            left = {name: connection.scalar(query) or 0 for name, query in questions.items()}
            known = sum(connection.scalar(query) or 0 for query in taken_in)
        return {**left, "messages": max(self._storefront.sent - known, 0)}

    def _outcome(self, started: float, rest_seconds: float, *, rested: bool) -> Outcome:
        history = gather(self._estate, self._storefront)
        history.save(self._estate.folder / "history")
        verdict = judge(history, repeats=True)
        struck = self._nemesis.struck
        rows = history.table("operations")
        return Outcome(
            plan=self._plan,
            folder=self._estate.folder,
            verdict=verdict,
            faults=dict(sorted(struck.items())),
            kills=sum(struck[kind] for kind in KILLS),
            seconds=time.monotonic() - started,
            rest_seconds=rest_seconds,
            rested=rested,
            workflows=sorted({row["workflow"] for row in rows}),
            own_ends={post.name: post.own_ends for post in self._estate.posts.values() if post.own_ends},
            figures={
                "operations": len(rows),
                "held": sum(row["state"] == "held" for row in rows),
                "waiting": sum(row["state"] == "waiting" for row in rows),
                "certificates": len(history.table("certificates")),
                "quarantined": len(history.table("quarantine")),
                "effects": len(history.effects),
                "doorbells_lost": sum(log.count(DOORBELLS_LOST) for log in history.logs.values()),
                "in_vain": dict(self._nemesis.in_vain),
            },
        )
