"""The floor: the rows of one order in four commits of bare psycopg, one data-modifying statement each.

The same tables, keys, indexes and row sizes as the worker's, and nothing else: no broker, no decoding, no fencing, no
claim, no look at what the rows say. Nothing that writes these rows in four commits can be faster than this. It is
told on its standard input which orders to write, a line each time: a prefix and a count.
"""

import os
import queue
import sys
import threading
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.child import say_ready, wanted
from benchmarks.reference import order_ids

ACCEPT: Final = """
WITH inboxed AS (
    INSERT INTO inbox (source, message_id, type, body_hash, outcome, received_at)
    VALUES ('https://bench.example/', %(order)s, 'order.place.v1', %(hash)s, 'accepted', now()) RETURNING message_id
), customer AS (
    INSERT INTO customers (customer_id, profile, sealed_password, updated_at)
    SELECT %(order)s, %(profile)s, %(sealed)s, now() FROM inboxed
), placed AS (
    INSERT INTO orders (id, customer_id, environment, status, version, attempt, item_count, requested_changes,
                        markup_only, created_by, correlation_id, placed_at, updated_at)
    SELECT %(order)s, %(order)s, 'live', 'provisioning_started', 2, 1, 1, '["purchase"]', false, %(actor)s, %(order)s,
           now(), now() FROM inboxed
), item AS (
    INSERT INTO order_items (order_id, item_id, position, product, change, service_id, status, attributes, requires,
                             warnings)
    SELECT %(order)s, '1', 0, 'hosting', 'purchase', %(order)s, 'started', %(attributes)s, '[]', '[]' FROM inboxed
), service AS (
    INSERT INTO services (id, ownership_mark, customer_id, order_id, environment, product, status, intended_status,
                          version, generation, vendor_account, attributes, data, warnings, sealed_password,
                          created_at, updated_at)
    SELECT %(order)s, 'svc:' || %(order)s, %(order)s, %(order)s, 'live', 'hosting', 'provisioning', 'active', 0, 1,
           'floor', %(attributes)s, '{}', '[]', %(sealed)s, now(), now() FROM inboxed
), period AS (
    INSERT INTO service_periods (service_id, version, status, started_at)
    SELECT %(order)s, 0, 'provisioning', now() FROM inboxed
), history AS (
    INSERT INTO order_transitions (order_id, version, source, target, actor, message_id, at)
    SELECT %(order)s, 2, 'started', 'provisioning_started', 'bench', %(order)s, now() FROM inboxed
), told AS (
    INSERT INTO outbox (event_id, shard, type, subject, sequence, body, created_at)
    SELECT %(order)s || '/2', 0, 'order.status-changed.v1', 'order/' || %(order)s, 2, %(body)s, now() FROM inboxed
), intended AS (
    INSERT INTO steps (operation_id, name, state, effect_class, attempts, looks, fence, started_at, updated_at)
    SELECT %(order)s, 'step-1', 'intended', 'checkable', 1, 0, 1, now(), now() FROM inboxed
)
INSERT INTO operations (id, resource, workflow, state, order_id, item_id, service_id, customer_id, vendor_account,
                        environment, generation, actor_role, correlation_id, inputs, fence, lease_owner, due_at,
                        deadline, since, created_at)
SELECT %(order)s, 'service:' || %(order)s, 'hosting.create', 'running', %(order)s, '1', %(order)s, %(order)s, 'floor',
       'live', 1, 'customer_admin', %(order)s, '{}', 1, 'floor', now() + interval '15 s', now() + interval '1 day',
       now(), now() FROM inboxed
"""
RESULT: Final = """
WITH done AS (
    UPDATE steps SET state = 'done', result = %(result)s, updated_at = now()
    WHERE operation_id = %(order)s AND name = %(step)s
), attempt AS (
    INSERT INTO attempts (operation_id, step, number, action, outcome, exchanges, milliseconds, at)
    VALUES (%(order)s, %(step)s, 1, 'call', 'done', '[]', 0.01, now())
)"""
NEXT: Final = f"""{RESULT}
INSERT INTO steps (operation_id, name, state, effect_class, attempts, looks, fence, started_at, updated_at)
VALUES (%(order)s, %(next)s, 'intended', 'checkable', 1, 0, 1, now(), now())
"""  # noqa: S608 - made of constants of this file
FINISH: Final = f"""{RESULT}, served AS (
    UPDATE services SET status = 'active', ref = %(order)s, data = %(data)s, version = 1, updated_at = now()
    WHERE id = %(order)s
), past AS (
    UPDATE service_periods SET ended_at = now() WHERE service_id = %(order)s AND ended_at IS NULL
), period AS (
    INSERT INTO service_periods (service_id, version, status, started_at) VALUES (%(order)s, 1, 'active', now())
), item AS (
    UPDATE order_items SET status = 'succeeded' WHERE order_id = %(order)s AND item_id = '1'
), placed AS (
    UPDATE orders SET status = 'completed', version = 5, updated_at = now() WHERE id = %(order)s
), history AS (
    INSERT INTO order_transitions (order_id, version, source, target, actor, at)
    VALUES (%(order)s, 4, 'provisioning_started', 'provisioning_finished', 'worker', now()),
           (%(order)s, 5, 'provisioning_finished', 'completed', 'worker', now())
), told AS (
    INSERT INTO outbox (event_id, shard, type, subject, sequence, body, created_at)
    VALUES (%(order)s || '/s1', 0, 'service.status-changed.v1', 'service/' || %(order)s, 1, %(body)s, now()),
           (%(order)s || '/3', 0, 'item.status-changed.v1', 'order/' || %(order)s, 3, %(body)s, now()),
           (%(order)s || '/4', 0, 'order.status-changed.v1', 'order/' || %(order)s, 4, %(body)s, now()),
           (%(order)s || '/5', 0, 'order.status-changed.v1', 'order/' || %(order)s, 5, %(body)s, now())
)
UPDATE operations SET state = 'succeeded', due_at = NULL, lease_owner = NULL, since = now(), ended_at = now()
WHERE id = %(order)s
"""  # noqa: S608 - made of constants of this file
BODY: Final = "x" * 480  # about as long as the events are
THREADS: Final = 16  # more are no faster, and fewer are slower
FIXED: Final = {
    "hash": "0" * 64,
    "profile": Jsonb({"name": "Example Ltd", "email": "hostmaster@example.com", "city": "Berlin", "country": "DE"}),
    "sealed": b"x" * 80,
    "actor": Jsonb({"user": "shop-user-7", "organisation": "reseller-3"}),
    "attributes": Jsonb({"plan": "Basic", "domain": "example.com"}),
    "body": BODY,
    "data": Jsonb({"id": 8, "domain": "example.com", "login": "example", "ip_address": "192.0.2.7"}),
}


def write_order(connection: "psycopg.Connection[Any]", order: str) -> None:
    """The four commits of one order."""
    row = {**FIXED, "order": order, "result": Jsonb({"ref": order, "data": {"id": 7}, "warnings": []})}
    connection.execute(ACCEPT, row)
    connection.execute(NEXT, {**row, "step": "step-1", "next": "step-2"})
    connection.execute(NEXT, {**row, "step": "step-2", "next": "step-3"})
    connection.execute(FINISH, {**row, "step": "step-3"})


def _write_orders(dsn: str, orders: "queue.SimpleQueue[str | None]") -> None:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=1) as connection:
        while (order := orders.get()) is not None:
            write_order(connection, order)


def main() -> int:
    dsn = os.environ["PROVISIONER_DATABASE_URL"].replace("+psycopg", "")
    orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=_write_orders, args=(dsn, orders)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    say_ready()
    for prefix, count in wanted():
        for order in order_ids(prefix, count):
            orders.put(order)
    for _ in threads:
        orders.put(None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
