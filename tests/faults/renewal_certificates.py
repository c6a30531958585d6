"""Many certificates that are due within a week, renewed by real processes at an authority that counts."""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from adapters.sandbox.faults import Fault
from provisioner.intake import topology
from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import CertificateFacts, renew_at
from provisioner.store import credentials
from provisioner.store.tables import operations
from provisioner.store.tables_certificates import certificates as kept
from provisioner.store.upkeep import STARTED
from tests.faults.judging import unpublished
from tests.faults.measuring import distribution
from tests.faults.renewal_measuring import Watched, leaks, most_within, over_time
from tests.faults.renewal_squeezed import FACTOR, squeeze
from tests.faults.renewal_stock import PREFIX, Stock, order_hostings, put_stock
from tests.support.judge.collect import told_by
from tests.support.judge.verdict import Wrong
from tests.support.processes import Child, ends_with_us, start, wait_for
from tests.support.production import Production, authority_account

PROJECT: Final = str(Path(__file__).parents[2])
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
OURS: Final = 250
THEIRS: Final = 300
"""Orders within three hours: what we allow ourselves, and what the authority allows."""
LEAD_SECONDS: Final = 8.0
LOOK_EVERY_SECONDS: Final = 0.5
PATIENCE: Final = 3.0
"""So many times as long as it should take is waited at most."""
CANARIES: Final = 5
ALWAYS: Final = 1_000_000_000


@dataclass(frozen=True)
class Run:
    """One run: the stock, the processes, and whether the authority goes away for a day."""

    shop: Production
    stock: Stock
    away: bool

    def squeezed(self, span: timedelta) -> timedelta:
        """A span of the week as long as it is here."""
        return span / self.stock.factor

    def start(self, role: str) -> Child:
        """A process for which time is squeezed."""
        shop = self.shop
        log = shop.folder / f"{role}-{len(shop.children)}.log"
        command = [*ends_with_us(), sys.executable, "-m", "tests.faults.renewal_squeezed", role]
        environ = {**shop.environ, "PYTHONPATH": PROJECT, FACTOR: str(self.stock.factor)}
        child = start(command, log=log, env=environ, cwd=shop.folder)
        shop.children.append(child)
        return child


def run(shop: Production, *, certificates: int, week: float, away: bool) -> tuple[dict[str, Any], bool]:
    """Have so many renewed; what was measured and found, and whether every promise was kept."""
    with pytest.MonkeyPatch.context() as patch:
        hostings = min(max(certificates // 50, 5), 100)
        stock = Stock(certificates, hostings, week, datetime.now(UTC))
        squeeze(patch.setattr, stock.factor)
        return _run(Run(shop, stock, away))


def _run(plain: Run) -> tuple[dict[str, Any], bool]:
    shop = plain.shop
    children = {role: plain.start(role) for role in ("worker", "scheduler", "relay")}
    shop.vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE], timeout=180)
    order_hostings(shop, plain.stock)
    run, key = _supply(plain)
    watched = Watched(shop, {name: children[name] for name in ("worker", "scheduler")})
    began = time.monotonic()
    _watch(run, watched)
    seconds = time.monotonic() - began
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=300)
    return _told(run, watched, key, seconds)


def _supply(plain: Run) -> tuple[Run, Secret]:
    """Bring in the authority and the stock; the run with the moment from which on they are due, and their key."""
    shop = plain.shop
    shop.authority.simulator.adjust(
        {"settings": {"validation": "none", "renewal_info": False, "lifetime_hours": plain.stock.lifetime / HOUR}}
    )
    shop.store.accounts.add(authority_account(shop.vendors), "test")
    to_insert = timedelta(seconds=LEAD_SECONDS + plain.stock.count / 300)
    stock = Stock(plain.stock.count, plain.stock.hostings, plain.stock.week, datetime.now(UTC) + to_insert)
    return Run(shop, stock, plain.away), put_stock(shop, stock)


# -- while it goes on


def _watch(run: Run, watched: Watched) -> None:
    """Return when everything is renewed and installed, or when that took far too long."""
    deadline = time.monotonic() + LEAD_SECONDS + PATIENCE * max(run.stock.week, 60)
    while (done := renewed(run.shop)) < run.stock.count and time.monotonic() < deadline:
        _go_away(run)
        watched.look(done / run.stock.count)
        time.sleep(LOOK_EVERY_SECONDS)
    while watched.open() and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
    watched.look(1)


def _go_away(run: Run) -> None:
    """On the second day the authority answers nothing but 502."""
    day = (datetime.now(UTC) - run.stock.start) // run.squeezed(DAY)
    faults = run.shop.authority.faults
    if run.away and day == 1 and not faults.remaining():
        faults.plan("*", Fault.BAD_GATEWAY_BEFORE_EFFECT, times=ALWAYS)
    elif day != 1:
        faults.clear()


def renewed(shop: Production) -> int:
    """How many services have a certificate that they did not begin with."""
    query = sa.select(sa.func.count(sa.distinct(kept.c.service_id))).where(kept.c.order_url.is_not(None))
    with shop.store.database.read() as connection:
        return int(connection.scalar(query) or 0)


# -- afterwards


def _told(run: Run, watched: Watched, key: Secret, seconds: float) -> tuple[dict[str, Any], bool]:
    issued, orders = _moments(run, "certificate:issue"), _moments(run, "order:create")
    limited = len(run.shop.authority.access.lines(problem="rateLimited"))
    most = most_within(orders, run.squeezed(3 * HOUR))
    plan = run.shop.installed.settings.upkeep_open
    counts = {Wrong.LOST: 0, **_wrong(run, watched, key)}
    told = {
        "certificates": run.stock.count,
        "away": run.away,
        "week_in_seconds": run.stock.week,
        "seconds": round(seconds, 1),
        "issued_per_day": over_time(issued, run.stock.start, run.squeezed(DAY)),
        "issued_per_minute": over_time(issued, run.stock.start, timedelta(minutes=1)),
        "hours_late": _late(run),
        "most_orders_in_3_hours": most,
        "orders": len(orders),
        "refused_by_limit": limited,
        "most_open": watched.most_open,
        "upkeep_open": plan,
        **watched.told(),
        **_ended(run),
        **{name.value: counts[name] for name in Wrong},
    }
    within = most <= OURS and not limited and watched.most_open <= plan
    return told, within and not told["expired"] and not any(counts.values())


def _moments(run: Run, operation: str) -> list[datetime]:
    """When the authority did something, for the names of the stock."""
    effects = run.shop.authority.ledger.effects(operation=operation)
    return [datetime.fromisoformat(effect.at) for effect in effects if PREFIX in effect.reference]


def _late(run: Run) -> dict[str, float]:
    """How many hours of the week lay between when a renewal was due and when it was obtained."""
    obtained = _obtained(run.shop)
    due = {service_id: renew_at(_facts(run, at), service_id) for service_id, at in _stocked(run.shop).items()}
    late = [(at - due[service_id]) * run.stock.factor / HOUR for service_id, at in obtained.items()]
    return distribution(late) if late else {}


def _facts(run: Run, obtained_at: datetime) -> CertificateFacts:
    """What a certificate of the stock says of time."""
    return CertificateFacts((), "", "", "", obtained_at, obtained_at + run.stock.lifetime)


def _stocked(shop: Production) -> dict[str, datetime]:
    """When the certificates of the stock were obtained, by their services."""
    return _column(shop, sa.select(kept.c.service_id, kept.c.not_before).where(kept.c.order_url.is_(None)))


def _obtained(shop: Production) -> dict[str, datetime]:
    """When those that follow were."""
    return _column(shop, sa.select(kept.c.service_id, kept.c.obtained_at).where(kept.c.order_url.is_not(None)))


def _expired(run: Run) -> int:
    """How many ran out before there was another."""
    obtained, now = _obtained(run.shop), datetime.now(UTC)
    return sum(obtained.get(service_id, now) > at + run.stock.lifetime for service_id, at in _stocked(run.shop).items())


def _column(shop: Production, query: sa.Select[Any]) -> dict[str, Any]:
    with shop.store.database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def _ended(run: Run) -> dict[str, Any]:
    """How the operations ended, how many certificates ran out, and how many of the new ones are not in use.

    Those have a twin that is newer, at the same hosting: it is spared.
    """
    here = (operations.c.workflow, operations.c.state)
    states = sa.select(*here, sa.func.count()).where(operations.c.id.startswith(STARTED)).group_by(*here)
    unused = sa.select(sa.func.count()).where(kept.c.order_url.is_not(None), kept.c.installed_at.is_(None))
    with run.shop.store.database.read() as connection:
        ended = {f"{workflow} {state}": count for workflow, state, count in connection.execute(states)}
        return {"ended": ended, "expired": _expired(run), "not_installed": int(connection.scalar(unused) or 0)}


def _wrong(run: Run, watched: Watched, key: Secret) -> Mapping[Wrong, int]:
    names = [run.stock.names(number)[1] for number in range(run.stock.count)]
    effects = run.shop.authority.ledger.effects(operation="certificate:issue")
    issued = Counter(name for effect in effects for name in effect.reference.split(","))
    installs = Counter(
        effect.reference + str(effect.details)
        for effect in run.shop.simulator.ledger.effects(operation="certificate.install")
    )
    leaked = leaks(run.shop, _canaries(run.shop, key))
    sys.stdout.writelines(f"{line}\n" for line in [*leaked, *_still_open(run.shop)])
    return {
        Wrong.LOST: sum(issued[name] == 0 for name in names) + run.stock.count - renewed(run.shop),
        Wrong.DOUBLED: sum(issued[name] > 1 for name in names) + sum(times > 1 for times in installs.values()),
        Wrong.STUCK: watched.open() + sum(not child.running for child in run.shop.children),
        Wrong.LEAKED: len(leaked),
    }


def _canaries(shop: Production, key: Secret) -> dict[str, str]:
    """What tells every key in PEM, and some of the keys themselves."""
    box = SecretBox(shop.installed.keys())
    query = sa.select(kept.c.id, kept.c.sealed_key).where(kept.c.order_url.is_not(None)).limit(CANARIES)
    found = {"any key": "PRIVATE KEY-----", "the key of the stock": told_by(key.reveal())}
    for made, sealed in _column(shop, query).items():
        secret = credentials.unseal_password(box, kept.c.sealed_key, made, sealed)
        assert secret is not None
        found[f"the key of {made}"] = told_by(secret.reveal())
    return found


def _still_open(shop: Production) -> list[str]:
    """What has not ended, and why."""
    query = sa.select(operations).where(operations.c.id.startswith(STARTED), operations.c.ended_at.is_(None))
    with shop.store.database.read() as connection:
        rows = connection.execute(query.limit(20)).mappings()
        return [f"{row['id']} {row['state']} since {row['since']}: {row['reason']}" for row in rows]
