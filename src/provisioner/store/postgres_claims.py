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
    AND NOT EXISTS (SELECT 1 FROM operation_requirements q WHERE q.operation_id = o.id
        AND (SELECT r.state FROM operations r WHERE r.id = q.required_id) <> 'succeeded' OFFSET 0)
"""  # noqa: S608 - made of constants of this file
# Sorted by account too, although there is only one, so that one index alone gives the order: the one that leads to the
# first due operations without reading those of others, however many wait.
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
        SELECT o.id, o.due_at, o.position FROM operations o
        WHERE o.vendor_account BETWEEN room.name AND room.name AND {DUE}
        ORDER BY o.vendor_account, o.due_at LIMIT greatest(room.slots, 0)) d
    UNION ALL
    (SELECT o.id, o.due_at, o.position FROM operations o WHERE o.vendor_account IS NULL AND {DUE}
        ORDER BY o.vendor_account, o.due_at LIMIT %(limit)s)
), chosen AS (
    SELECT id FROM due ORDER BY due_at, position LIMIT %(limit)s
)
UPDATE operations o SET state = 'running', fence = o.fence + 1, lease_owner = %(owner)s, woken = NULL,
    due_at = now() + make_interval(secs => %(lease)s)
FROM chosen WHERE o.id = chosen.id AND {TAKEABLE}
RETURNING o.id
"""  # noqa: S608 - made of constants of this file
_SERVICE: Final = (
    "id",
    "customer_id",
    "product",
    "status",
    "version",
    "attributes",
    "ref",
    "data",
    "suspended_by",
    "sealed_password",
    "vendor_account",
    "created_at",
)
# What a claim needs of each table; a column comes as "table.column". `parents` are services too.
COLUMNS: Final = {
    "operations": (
        "id",
        "workflow",
        "resource",
        "fence",
        "inputs",
        "order_id",
        "item_id",
        "vendor_account",
        "actor_role",
        "deadline",
        "environment",
        "correlation_id",
        "sealed_secret",
        "created_at",
    ),
    "customers": ("customer_id", "profile", "sealed_password"),
    "services": _SERVICE,
    "parents": _SERVICE,
    "orders": ("id", "status", "version", "attempt"),
}
LOAD: Final = f"""
SELECT now() AS now, a.failures AS account_failures,
    {", ".join(f'{table}.{name} AS "{table}.{name}"' for table, names in COLUMNS.items() for name in names)},
    CASE WHEN operations.fence > 1 THEN (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.started_at) FROM steps t
        WHERE t.operation_id = operations.id) END AS steps,
    (SELECT jsonb_object_agg(v.key, v.data) FROM delivered_events v WHERE v.key = operations.event_key) AS events,
    (SELECT jsonb_agg(o.workflow ORDER BY o.position) FROM operations o WHERE o.resource = operations.resource
        AND o.position > operations.position AND {OPEN}) AS later,
    (SELECT jsonb_agg(jsonb_build_object('item_id', i.item_id, 'status', i.status, 'error', i.error)
        ORDER BY i.position) FROM order_items i WHERE i.order_id = operations.order_id) AS items,
    CASE WHEN operations.workflow = 'certificate.install' THEN (SELECT jsonb_agg(jsonb_build_object(
        'status', b.status, 'data', b.data) ORDER BY b.id) FROM services b
        WHERE b.parent_id = services.parent_id AND b.id <> services.id) END AS beside
FROM operations
LEFT JOIN customers ON customers.customer_id = operations.customer_id
LEFT JOIN services ON services.id = operations.service_id
LEFT JOIN services parents ON parents.id = services.parent_id
LEFT JOIN orders ON orders.id = operations.order_id
LEFT JOIN vendor_accounts a ON a.name = operations.vendor_account
WHERE operations.id = ANY(%(ids)s)
ORDER BY operations.position
"""  # noqa: S608 - made of constants of this file


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
                self._hold(connection, row["operations.id"], row["operations.fence"], str(missing))
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
        operation, order, service = _part(row, "operations"), _part(row, "orders"), _part(row, "services")
        base = claim_from(
            operation,
            self._box,
            now=row["now"],
            customer=_part(row, "customers") or None,
            service=service or None,
            steps=row["steps"] or (),
            events=row["events"] or {},
            later_workflows=tuple(row["later"] or ()),
            account_failures=row["account_failures"] or 0,
            parent=_part(row, "parents") or None,
            beside=row["beside"] or (),
        )
        return StoreClaim(
            **{name: getattr(base, name) for name in Claim.__slots__},
            order=order_state(order, row["items"]) if order else None,
            service_row=service,
            environment=operation["environment"],
            correlation_id=operation["correlation_id"],
        )


def _part(row: Mapping[str, Any], table: str) -> dict[str, Any]:
    """The columns of one table; nothing when it had no row."""
    columns = COLUMNS[table]
    if row[f"{table}.{columns[0]}"] is None:
        return {}
    return {name: row[f"{table}.{name}"] for name in columns}
