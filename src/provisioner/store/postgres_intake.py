"""A new order on PostgreSQL, written in one round trip: every row hangs on the inbox row being new."""

import base64
from typing import Any, Final

from psycopg.types.json import Jsonb

from provisioner.messages.envelope import Message
from provisioner.store.acceptance import OrderIntake, OrderRows
from provisioner.store.events import Row

PLACE: Final = """
WITH new AS (
    INSERT INTO inbox (source, message_id, type, body_hash, outcome, received_at)
    VALUES (%(source)s, %(message_id)s, %(type)s, %(body_hash)s, 'accepted', now())
    RETURNING 1
), customer AS (
    INSERT INTO customers (customer_id, profile, sealed_password, updated_at)
    SELECT %(customer_id)s, %(profile)s, %(sealed_password)s, now() FROM new
    ON CONFLICT (customer_id) DO UPDATE SET profile = excluded.profile, updated_at = excluded.updated_at
), placed AS (
    INSERT INTO orders (id, customer_id, environment, status, version, attempt, item_count, requested_changes,
                        markup_only, created_by, correlation_id, placed_at, updated_at)
    SELECT %(order_id)s, %(customer_id)s, %(environment)s, %(status)s, %(version)s, 1, %(item_count)s,
           %(requested_changes)s, %(markup_only)s, %(created_by)s, %(correlation_id)s, now(), now() FROM new
), transition AS (
    INSERT INTO order_transitions (order_id, version, source, target, actor, message_id, at)
    SELECT %(order_id)s, %(version)s, 'started', %(status)s, %(actor)s, %(message_id)s, now() FROM new
), event AS (
    INSERT INTO outbox (event_id, shard, type, subject, sequence, body, created_at)
    SELECT %(event_id)s, %(shard)s, %(event_type)s, %(subject)s, %(version)s, %(body)s, now() FROM new
), service AS (
    INSERT INTO services (id, ownership_mark, customer_id, order_id, environment, product, status, intended_status,
                          version, generation, vendor_account, attributes, data, warnings, sealed_password, name,
                          created_at, updated_at)
    SELECT s.id, s.ownership_mark, %(customer_id)s, %(order_id)s, %(environment)s, s.product, s.status,
           s.intended_status, 0, 1, s.vendor_account, s.attributes, '{}', '[]', decode(s.sealed, 'base64'),
           s.name, now(), now()
    FROM new, jsonb_to_recordset(%(services)s) AS s(id text, ownership_mark text, product text, status text,
        intended_status text, vendor_account text, attributes jsonb, sealed text, name text)
), period AS (
    INSERT INTO service_periods (service_id, version, status, started_at)
    SELECT s.id, 0, s.status, now() FROM new, jsonb_to_recordset(%(services)s) AS s(id text, status text)
), item AS (
    INSERT INTO order_items (order_id, item_id, position, product, change, service_id, status, attributes, requires,
                             warnings)
    SELECT %(order_id)s, i.item_id, i.position, i.product, i.change, i.service_id, i.status, i.attributes,
           i.requires, '[]'
    FROM new, jsonb_to_recordset(%(items)s) AS i(item_id text, position int, product text, change text,
        service_id text, status text, attributes jsonb, requires jsonb)
)
INSERT INTO operations (id, resource, workflow, state, order_id, item_id, service_id, customer_id, vendor_account,
                        environment, generation, actor_role, correlation_id, inputs, fence, due_at, deadline, since,
                        created_at, sealed_secret)
SELECT o.id, o.resource, o.workflow, o.state, %(order_id)s, o.item_id, o.service_id, %(customer_id)s,
       o.vendor_account, %(environment)s, 1, %(role)s, %(correlation_id)s, '{}', 0, now(),
       now() + make_interval(secs => %(deadline)s), now(), now(), decode(o.sealed, 'base64')
FROM new, jsonb_to_recordset(%(operations)s) AS o(id text, resource text, workflow text, state text, item_id text,
    service_id text, vendor_account text, sealed text)
"""


class PostgresOrderIntake(OrderIntake):
    """Orders go in one statement; those with what is not common (requirements, a note, new contacts) as anywhere."""

    def _write(self, message: Message, rows: OrderRows) -> list[str]:
        if rows.requirements or rows.note or rows.contacts:
            return super()._write(message, rows)
        with self._database.direct() as connection:
            connection.execute(PLACE, _parameters(rows, self._deadline_seconds))
        return []


def _parameters(rows: OrderRows, deadline: float) -> dict[str, Any]:
    order, event = rows.order, rows.event
    return {
        **rows.inbox,
        **rows.customer,
        "profile": Jsonb(rows.customer["profile"]),
        "order_id": order["id"],
        "environment": order["environment"],
        "status": order["status"],
        "version": order["version"],
        "item_count": order["item_count"],
        "requested_changes": Jsonb(order["requested_changes"]),
        "markup_only": order["markup_only"],
        "created_by": Jsonb(order["created_by"]),
        "correlation_id": order["correlation_id"],
        "actor": rows.transition["actor"],
        "event_id": event["event_id"],
        "shard": event["shard"],
        "event_type": event["type"],
        "subject": event["subject"],
        "body": event["body"],
        "services": Jsonb([_sealed(row, "sealed_password") for row in rows.services]),
        "items": Jsonb(rows.items),
        "operations": Jsonb([_sealed(row, "sealed_secret") for row in rows.operations]),
        "role": rows.operations[0]["actor_role"],
        "deadline": deadline,
    }


def _sealed(row: Row, column: str) -> Row:
    """JSON has no bytes."""
    value: bytes | None = row[column]
    return {**row, column: None, "sealed": None if value is None else base64.b64encode(value).decode()}
