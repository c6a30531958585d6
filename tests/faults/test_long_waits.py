"""What waits holds nothing: no thread, no memory, no time of those who look for what is due.

LONG_WAITS says how many operations wait (`make long-waits`: 100,000).
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psutil
import pytest
import sqlalchemy as sa

from provisioner.store.postgres_claims import TAKE
from provisioner.store.tables import operations
from tests.faults.judging import wait_completed
from tests.faults.measuring import Measured, goals_count
from tests.faults.scene import operation_rows, wait_working
from tests.support.processes import Child, wait_for
from tests.support.production import Production, hosting_order, message

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WAITING: Final = int(os.environ.get("LONG_WAITS", "2000"))
GOAL_SECONDS_LATE: Final = 5.0
FAR_TOO_LATE_SECONDS: Final = 60.0
GROWTH_BYTES: Final = 64 * 1024 * 1024

INSERT: Final = """
INSERT INTO operations (id, resource, workflow, state, environment, generation, inputs, fence, due_at, reason, since,
                        created_at, vendor_account)
SELECT 'waiting-' || n, 'term:waiting-' || n, 'service.at-end-of-term', 'waiting', 'live', 1, '{}', 1,
       now() + interval '1 day' + n % 60 * interval '1 day', 'waiting for the end of the term', now(), now(),
       CASE WHEN n % 2 = 0 THEN 'plesk-1' END
FROM generate_series(1, :number) AS n
"""


def test_many_waiting_operations_cost_a_worker_no_memory_and_delay_nothing(
    shop: Production, measured: Measured
) -> None:
    worker, scheduler = shop.start("worker"), shop.start("scheduler")
    wait_working(shop)
    shop.publish(hosting_order(1))
    wait_completed(shop, [1])
    before = memory(worker, scheduler)
    insert_waiting(shop, WAITING)
    due = datetime.now(UTC) + timedelta(seconds=5)
    data = {"service_id": "service-1", "when": "end_of_term", "at": due.isoformat(), "reason": "closed"}
    shop.publish(message("service.cancel.v1", "cancel-1", data), hosting_order(2))
    begun = wait_for(lambda: begun_at(shop), "the service is cancelled", timeout=FAR_TOO_LATE_SECONDS)[0]
    wait_completed(shop, [2])
    growth = [after - was for after, was in zip(memory(worker, scheduler), before, strict=True)]

    late = (begun - due).total_seconds()
    measured(
        waiting=WAITING,
        seconds_late=round(late, 2),
        goal_of_seconds_late=GOAL_SECONDS_LATE,
        growth_mb_of_worker_and_scheduler=[round(each / 2**20, 1) for each in growth],
    )
    assert late >= 0
    if goals_count("LONG_WAITS"):
        assert late <= GOAL_SECONDS_LATE
    assert max(growth) < GROWTH_BYTES
    assert all(row["fence"] == 1 for row in operation_rows(shop) if row["id"].startswith("waiting-"))


def test_who_looks_for_due_operations_reads_an_index_and_never_the_table(shop: Production, measured: Measured) -> None:
    insert_waiting(shop, max(WAITING, 2000))
    with shop.store.database.begin() as connection:
        connection.execute(sa.text("ANALYZE operations"))
    parameters = {"limit": 16, "breaker": 5, "owner": "nobody", "lease": 1.0}
    sweeps = statements(shop, lambda: shop.store.housekeeping.due_operations(100))
    plans = {"take": plan_of(shop, TAKE, parameters), "sweep": plan_of(shop, *sweeps[-1])}

    measured(**{name: sorted({node["Node Type"] for node in nodes(plan)}) for name, plan in plans.items()})
    for plan in plans.values():
        scans = [node for node in nodes(plan) if node.get("Relation Name") == "operations"]
        assert scans
        assert "Seq Scan" not in {node["Node Type"] for node in scans}


def insert_waiting(shop: Production, number: int) -> None:
    """Operations that wait for days, as a year of cancelled services leaves them."""
    with shop.store.database.begin() as connection:
        connection.execute(sa.text(INSERT), {"number": number})


def begun_at(shop: Production) -> list[datetime]:
    """When the cancelling of the service was begun; empty before."""
    with shop.store.database.read() as connection:
        query = sa.select(operations.c.created_at).where(operations.c.workflow == "hosting.cancel")
        return list(connection.scalars(query))


def memory(*children: Child) -> list[int]:
    """The resident memory of each, in bytes."""
    return [psutil.Process(child.pid).memory_info().rss for child in children]


def statements(shop: Production, act: Callable[[], object]) -> list[tuple[str, Any]]:
    """What is asked of the database meanwhile, as the driver gets it, with its parameters."""
    asked: list[tuple[str, Any]] = []
    engine = shop.store.database.engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    act()
    sa.event.remove(engine, "before_cursor_execute", note)
    return asked


def plan_of(shop: Production, statement: str, parameters: Any) -> dict[str, Any]:
    """PostgreSQL's plan of a statement, which is not run."""
    with shop.store.database.direct() as connection:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = (json.loads(row[0]) if isinstance(row[0], str) else row[0])[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
