"""Many domains that are due on one day: how the store starts them, and some of them renewed for real.

All are in the store. How they are started is looked at in the store alone, one round of the scheduler after another,
with PostgreSQL's own plans; what was started counts as done at once. Then as many as the registry has are renewed by
real processes, while the others are due tomorrow.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import psutil
import sqlalchemy as sa

from adapters.sandbox.epp import RunningRegistry
from provisioner.intake import topology
from provisioner.store.tables import operations, services
from tests.faults.bulk import US, adjust
from tests.faults.judging import unpublished
from tests.faults.measuring import distribution
from tests.faults.renewal_measuring import MEBIBYTE, Watched
from tests.support.judge.verdict import Wrong
from tests.support.processes import wait_for
from tests.support.production import REGISTRAR, Production, registrar_account

SESSIONS: Final = 4
PER_SECOND: Final = 250
PREFIX: Final = "due-"
DUE_IN_DAYS: Final = 25
ROUNDS: Final = 100
ENDED_BEFORE: Final = 100_000
LOOK_EVERY_SECONDS: Final = 0.5
SECONDS_A_DOMAIN: Final = 1.0  # of patience

CUSTOMER: Final = """
INSERT INTO customers (customer_id, profile, updated_at) VALUES ('owner', '{}', now())
"""
DOMAINS: Final = """
INSERT INTO services (id, ownership_mark, customer_id, environment, product, status, intended_status, version,
                      generation, vendor_account, ref, attributes, data, warnings, created_at, updated_at, name,
                      upkeep_at, upkeep_workflow)
SELECT domain, 'svc' || chr(58) || domain, 'owner', 'live', 'domain', 'active', 'active', 1, 1, :account, domain,
       json_build_object('domain', domain, 'auto_renew', true, 'rules', json_build_object('hosts', 'none')), '{}', '[]',
       now(), now(), domain, now() - n % 86400 * interval '1 second', 'domain.upkeep'
FROM (SELECT n, :prefix || lpad(n::text, greatest(5, length(n::text)), '0') || '.com' AS domain
      FROM generate_series(1, :number) AS n) AS made
"""
ENDED: Final = """
INSERT INTO operations (id, resource, workflow, state, service_id, environment, generation, inputs, fence, since,
                        created_at, ended_at, vendor_account)
SELECT 'upkeep' || chr(58) || id || '-before', 'service' || chr(58) || id, 'domain.upkeep', 'succeeded', id, 'live', 1,
       '{}', 1, now(), now(), now(), vendor_account
FROM services WHERE product = 'domain' LIMIT :number
"""
END_OPEN: Final = "UPDATE operations SET state = 'succeeded', due_at = NULL, ended_at = now() WHERE ended_at IS NULL"
NOT_TODAY: Final = """
UPDATE services SET upkeep_at = CASE WHEN id = ANY(:today) THEN now() ELSE now() + interval '1 day' END,
                    upkeep_workflow = 'domain.upkeep' WHERE product = 'domain'
"""


def run(shop: Production, *, domains: int, renewed: int) -> tuple[dict[str, Any], bool]:
    """Start so many and renew some; what was measured and found, and whether every promise was kept."""
    limits = {"commands_per_second": str(PER_SECOND)}
    shop.store.accounts.add(registrar_account(shop.registry, sessions=SESSIONS, **limits), "test", replace=True)
    put_domains(shop, domains)
    started, within = start_rounds(shop, min(ROUNDS, domains // shop.installed.settings.upkeep_open))
    told, kept = renew(shop, min(renewed, domains))
    seconds_each = told["seconds"] / max(told["renewed"], 1)
    hours = {"hours_for_all_at_this_pace": round(domains * seconds_each / 3600, 1)}
    return {"domains": domains, **started, **told, **hours}, within and kept


def put_domains(shop: Production, number: int) -> None:
    """Domains of one account that are due today, and as many operations that have ended."""
    with shop.store.database.begin() as connection:
        connection.execute(sa.text(CUSTOMER))
        connection.execute(sa.text(DOMAINS), {"number": number, "prefix": PREFIX, "account": REGISTRAR})
        connection.execute(sa.text(ENDED), {"number": min(number, ENDED_BEFORE)})
    with shop.store.database.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


# -- started, in the store alone


def start_rounds(shop: Production, rounds: int) -> tuple[dict[str, Any], bool]:
    """So many rounds of the scheduler; what each took, and that it never started more than there is room for."""
    most, process = shop.installed.settings.upkeep_open, psutil.Process()
    plans = _plans(shop)
    first = _open(shop)
    full = _timed(shop.store.upkeep.start_due)
    before, times, counts = process.memory_info().rss, [], [first]
    for _ in range(rounds):
        _execute(shop, END_OPEN)
        times.append(_timed(shop.store.upkeep.start_due)[1])
        counts.append(_open(shop))
    growth = round((process.memory_info().rss - before) / MEBIBYTE, 1)
    _execute(shop, END_OPEN)
    told = {
        "upkeep_open": most,
        "started_at_most": max(counts),
        "rounds": rounds,
        "milliseconds_of_a_round": distribution([each * 1000 for each in times]),
        "milliseconds_of_a_full_round": round(full[1] * 1000, 1),
        "growth_mb_of_all_rounds": growth,
        "plans": plans,
    }
    return told, max(counts) <= most and not full[0]


def _timed(act: Callable[[], list[str]]) -> tuple[list[str], float]:
    began = time.monotonic()
    found = act()
    return found, time.monotonic() - began


def _plans(shop: Production) -> list[str]:
    """How PostgreSQL finds what one round asks for: milliseconds, and what is read how."""
    asked: list[tuple[str, Any]] = []
    engine = shop.store.database.engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "services" in statement and statement.startswith("SELECT"):
            asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    shop.store.upkeep.start_due()
    sa.event.remove(engine, "before_cursor_execute", note)
    return [_plan(shop, statement, parameters) for statement, parameters in asked]


def _plan(shop: Production, statement: str, parameters: Any) -> str:
    with shop.store.database.direct() as connection:
        row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode(), parameters).fetchone()
    assert row is not None
    found = (json.loads(row[0]) if isinstance(row[0], str) else row[0])[0]
    reads = [
        f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name'))}"
        for node in _nodes(found["Plan"])
        if {"Relation Name", "Index Name"} & set(node)
    ]
    return f"{found['Execution Time']:.1f} ms: {', '.join(reads)}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _execute(shop: Production, statement: str, **parameters: Any) -> None:
    with shop.store.database.begin() as connection:
        connection.execute(sa.text(statement), parameters)


def _open(shop: Production) -> int:
    with shop.store.database.read() as connection:
        query = sa.select(sa.func.count()).where(operations.c.ended_at.is_(None))
        return int(connection.scalar(query) or 0)


# -- renewed, by real processes


def renew(shop: Production, number: int) -> tuple[dict[str, Any], bool]:
    """Renew as many at the registry; what was measured, and whether no limit was exceeded and nothing went wrong."""
    zone = {"prefix": PREFIX, "zone": "com", "count": number, "registrar": US}
    adjust(shop, domains=[{**zone, "created_days_ago": 365 - DUE_IN_DAYS, "years": 1}])
    names = [f"{PREFIX}{place:05}.com" for place in range(1, number + 1)]
    _execute(shop, NOT_TODAY, today=names)
    shop.start_all()
    shop.vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE], timeout=180)
    watched, began = Watched(shop, {"worker": shop.children[0], "scheduler": shop.children[1]}), time.monotonic()
    _watch(shop, names, watched)
    seconds = time.monotonic() - began
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=300)
    return _told(shop, names, watched, seconds)


def _watch(shop: Production, names: list[str], watched: Watched) -> None:
    deadline = time.monotonic() + 60 + len(names) * SECONDS_A_DOMAIN
    while (left := _left(shop) + watched.open()) and time.monotonic() < deadline:
        watched.look(1 - min(left / len(names), 1))
        time.sleep(LOOK_EVERY_SECONDS)
    watched.look(1)


def _left(shop: Production) -> int:
    """How many are due and not started."""
    query = sa.select(sa.func.count()).where(services.c.upkeep_at <= sa.func.now())
    with shop.store.database.read() as connection:
        return int(connection.scalar(query) or 0)


def _told(shop: Production, names: list[str], watched: Watched, seconds: float) -> tuple[dict[str, Any], bool]:
    assert isinstance(shop.registry, RunningRegistry)
    access, most = shop.registry.access, shop.installed.settings.upkeep_open
    commands = access.lines(event="command", account=US)
    renewals = Counter(effect.reference for effect in shop.registry.ledger.effects(operation="domain:renew"))
    counts = {
        Wrong.LOST: sum(renewals[name] == 0 for name in names),
        Wrong.DOUBLED: sum(times > 1 for times in renewals.values()),
        Wrong.STUCK: watched.open() + sum(not child.running for child in shop.children),
        Wrong.LEAKED: 0,
    }
    told = {
        "renewed": len(renewals),
        "seconds": round(seconds, 1),
        "commands": len(commands),
        "commands_each_second": round(len(commands) / seconds, 1),
        "most_commands_in_a_second": access.most_commands(US),
        "commands_allowed": PER_SECOND,
        "most_sessions": access.most_sessions(US),
        "sessions_allowed": SESSIONS,
        "most_open": watched.most_open,
        **watched.told(),
        **{name.value: counts[name] for name in Wrong},
    }
    sys.stdout.writelines(f"{line}\n" for line in _still_open(shop))
    within = access.most_commands(US) <= PER_SECOND and access.most_sessions(US) <= SESSIONS
    return told, within and watched.most_open <= most and not any(counts.values())


def _still_open(shop: Production) -> list[str]:
    query = sa.select(operations).where(operations.c.ended_at.is_(None)).limit(20)
    with shop.store.database.read() as connection:
        rows = connection.execute(query).mappings()
        return [f"{row['id']} {row['state']}: {row['reason']}" for row in rows]
