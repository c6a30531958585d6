"""Claims on PostgreSQL: two round trips for a whole batch.

The first leases, under a lock that makes the counts of slots exact; the second reads what the journals know. They
are two statements on purpose: the second sees what a worker whose lease has just been taken over still committed.
The first asks once more at the row itself whether it may be taken: the worker may have ended it meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from provisioner.kernel.errors import KeyRingError
from provisioner.orders.rollup import OrderState
from provisioner.store.changes import order_state
from provisioner.store.claims import CLAIM_LOCK, Claims
from provisioner.store.rows import claim_from
from provisioner.workflows.journal import Claim

OPEN: Final = "o.state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"
# While the server was away nobody could keep a lease, so after its start each has one lease time to be kept again.
SETTLED: Final = "now() >= pg_postmaster_start_time() + make_interval(secs => %(lease)s)"
TAKEABLE: Final = f"{OPEN} AND o.state <> 'held' AND o.due_at <= now() AND (o.state <> 'running' OR {SETTLED})"
DUE: Final = f"""
    {TAKEABLE}
    AND o.position = (SELECT min(e.position) FROM operations e WHERE e.resource = o.resource
        AND {OPEN.replace("o.", "e.")})
    AND NOT EXISTS (SELECT 1 FROM operation_requirements q JOIN operations r ON r.id = q.required_id
        WHERE q.operation_id = o.id AND r.state <> 'succeeded' OFFSET 0)
"""  # noqa: S608 - made of constants of this file
TAKE: Final = f"""
WITH room AS (
    SELECT a.name, least(%(limit)s,
        CASE WHEN a.failures >= %(breaker)s THEN 1 ELSE a.concurrency END
        - (SELECT count(*) FROM operations r
           WHERE r.vendor_account = a.name AND r.state = 'running' AND (r.due_at > now() OR NOT {SETTLED}))) AS slots
    FROM vendor_accounts a
    WHERE a.state = 'open' AND (a.broken_until IS NULL OR a.broken_until <= now())
), due AS (
    SELECT d.id, d.due_at, d.position FROM room CROSS JOIN LATERAL (
        SELECT o.id, o.due_at, o.position FROM operations o WHERE o.vendor_account = room.name AND {DUE}
        ORDER BY o.due_at LIMIT greatest(room.slots, 0)) d
    UNION ALL
    (SELECT o.id, o.due_at, o.position FROM operations o WHERE o.vendor_account IS NULL AND {DUE}
        ORDER BY o.due_at LIMIT %(limit)s)
), chosen AS (
    SELECT id FROM due ORDER BY due_at, position LIMIT %(limit)s
)
UPDATE operations o SET state = 'running', fence = o.fence + 1, lease_owner = %(owner)s,
    due_at = now() + make_interval(secs => %(lease)s)
FROM chosen WHERE o.id = chosen.id AND {TAKEABLE}
RETURNING o.id
"""  # noqa: S608 - made of constants of this file
LOAD: Final = """
SELECT o.*, now() AS now, to_jsonb(c) - 'sealed_password' AS customer, c.sealed_password AS customer_password,
    to_jsonb(s) - 'sealed_password' AS service, s.sealed_password AS service_password,
    to_jsonb(d) AS "order", a.failures AS account_failures,
    CASE WHEN o.fence > 1 THEN (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.started_at) FROM steps t
        WHERE t.operation_id = o.id) END AS steps,
    (SELECT jsonb_object_agg(v.key, v.data) FROM delivered_events v WHERE v.key = o.event_key) AS events,
    (SELECT jsonb_agg(l.workflow ORDER BY l.position) FROM operations l WHERE l.resource = o.resource
        AND l.position > o.position
        AND l.state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')) AS later,
    (SELECT jsonb_agg(jsonb_build_object('item_id', i.item_id, 'status', i.status, 'error', i.error)
        ORDER BY i.position) FROM order_items i WHERE i.order_id = o.order_id) AS items
FROM operations o
LEFT JOIN customers c ON c.customer_id = o.customer_id
LEFT JOIN services s ON s.id = o.service_id
LEFT JOIN orders d ON d.id = o.order_id
LEFT JOIN vendor_accounts a ON a.name = o.vendor_account
WHERE o.id = ANY(%(ids)s)
ORDER BY o.position
"""


@dataclass(frozen=True, slots=True)
class StoreClaim(Claim):
    """A claim with its order and service as they were when it was taken, so that a good end needs no reading."""

    order: OrderState | None = None
    service_row: Mapping[str, Any] = field(default_factory=dict)
    environment: str = "live"
    correlation_id: str | None = None


class PostgresClaims(Claims):
    """Takes and keeps leases on PostgreSQL."""

    def take(self, owner: str, limit: int) -> list[Claim]:
        """Up to `limit` due operations; see Claims.take."""
        parameters = {
            "limit": limit,
            "breaker": self.breaker_failures,
            "owner": owner,
            "lease": self.lease_seconds,
        }
        with self._database.direct() as connection, connection.transaction():
            ids = self._lease_batch(connection, parameters)
            rows = self._load_batch(connection, ids) if ids else []
        claims = [self._opened(row) for row in rows]
        return [claim for claim in claims if claim is not None]

    def _opened(self, row: Mapping[str, Any]) -> Claim | None:
        try:
            return self._claim(row)
        except KeyRingError as missing:
            with self._database.begin() as connection:
                self._hold(connection, row["id"], row["fence"], str(missing))
            return None

    def _lease_batch(self, connection: "psycopg.Connection[Any]", parameters: Mapping[str, Any]) -> list[str]:
        with connection.pipeline():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (CLAIM_LOCK,))
            taken = connection.execute(TAKE, parameters)
        return [row[0] for row in taken.fetchall()]

    def _load_batch(self, connection: "psycopg.Connection[Any]", ids: list[str]) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(LOAD, {"ids": ids}).fetchall()

    def _claim(self, row: Mapping[str, Any]) -> Claim:
        customer, service = row["customer"], row["service"]
        base = claim_from(
            row,
            self._box,
            now=row["now"],
            customer=customer and {**customer, "sealed_password": row["customer_password"]},
            service=service and {**service, "sealed_password": row["service_password"]},
            steps=row["steps"] or (),
            events=row["events"] or {},
            later_workflows=tuple(row["later"] or ()),
            account_failures=row["account_failures"] or 0,
        )
        return StoreClaim(
            **{name: getattr(base, name) for name in Claim.__slots__},
            order=order_state(row["order"], row["items"]) if row["order"] else None,
            service_row=service or {},
            environment=row["environment"],
            correlation_id=row["correlation_id"],
        )
