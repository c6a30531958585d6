"""The tables. PostgreSQL and SQLite hold the same; the migrations are compared with these by a test."""

from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.statuses import (
    ENDED_OPERATIONS,
    ItemStatus,
    OperationState,
    OrderStatus,
    ServiceStatus,
)
from provisioner.store import tables_certificates, tables_domains
from provisioner.store.columns import BIG, ID, JSON, LONG_ID, NAME, TEXT, UtcDateTime, metadata

__all__ = [
    "BIG",
    "JSON",
    "SHARDS",
    "UtcDateTime",
    "attempts",
    "audit",
    "customers",
    "delivered_events",
    "inbox",
    "metadata",
    "notes",
    "operation_requirements",
    "operations",
    "order_items",
    "order_transitions",
    "orders",
    "outbox",
    "quarantine",
    "relay_shards",
    "service_periods",
    "services",
    "steps",
    "tables_certificates",
    "tables_domains",
    "vendor_accounts",
]


def _one_of(column: str, values: type[OrderStatus | ItemStatus | ServiceStatus | OperationState]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _where(condition: sa.TextClause) -> dict[str, Any]:
    """Makes an index one of those rows alone, on both databases."""
    return {"postgresql_where": condition, "sqlite_where": condition}


inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("source", ID, primary_key=True),
    sa.Column("message_id", ID, primary_key=True),
    sa.Column("type", NAME, nullable=False),
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("outcome", NAME, nullable=False),
    sa.Column("detail", TEXT),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index("ix_inbox_received_at", "received_at"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False, unique=True),  # of the body: a redelivery is one row
    sa.Column("queue", NAME, nullable=False),
    sa.Column("source", ID),
    sa.Column("message_id", ID),
    sa.Column("type", ID),
    sa.Column("reason", NAME, nullable=False),
    sa.Column("detail", TEXT, nullable=False),
    sa.Column("pointer", TEXT),
    sa.Column("body", sa.LargeBinary, nullable=False),  # sealed: nobody knows what is in it
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("times_seen", sa.Integer, nullable=False),
    sa.Column("status", NAME, nullable=False),  # open, replayed, discarded
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("settled_at", UtcDateTime),
    sa.Index("ix_quarantine_status_received_at", "status", "received_at"),
)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", ID, primary_key=True),
    sa.Column("profile", JSON, nullable=False),
    sa.Column("sealed_password", sa.LargeBinary),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("customer_id", ID, sa.ForeignKey("customers.customer_id"), nullable=False),
    sa.Column("environment", sa.String(10), nullable=False),
    sa.Column("status", NAME, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # counts the events about this order
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("item_count", sa.Integer, nullable=False),
    sa.Column("requested_changes", JSON, nullable=False),
    sa.Column("markup_only", sa.Boolean, nullable=False),  # such an order is hidden from customers
    sa.Column("created_by", JSON, nullable=False),
    sa.Column("correlation_id", ID),
    sa.Column("error", JSON),
    sa.Column("placed_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    _one_of("status", OrderStatus),
    sa.Index("ix_orders_status_updated_at", "status", "updated_at"),
    sa.Index("ix_orders_customer_id", "customer_id"),
)

order_items = sa.Table(
    "order_items",
    metadata,
    sa.Column("order_id", ID, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("item_id", ID, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("product", NAME, nullable=False),
    sa.Column("change", NAME, nullable=False),
    sa.Column("service_id", ID),
    sa.Column("status", NAME, nullable=False),
    sa.Column("attributes", JSON, nullable=False),
    sa.Column("requires", JSON, nullable=False),
    sa.Column("error", JSON),
    sa.Column("warnings", JSON, nullable=False),
    _one_of("status", ItemStatus),
    sa.Index("ix_order_items_service_id", "service_id"),
)

order_transitions = sa.Table(
    "order_transitions",
    metadata,
    sa.Column("order_id", ID, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("source", NAME, nullable=False),
    sa.Column("target", NAME, nullable=False),
    sa.Column("actor", ID, nullable=False),
    sa.Column("reason", TEXT),
    sa.Column("message_id", ID),
    sa.Column("at", UtcDateTime, nullable=False),
)

services = sa.Table(
    "services",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("ownership_mark", ID, nullable=False, unique=True),
    sa.Column("customer_id", ID, sa.ForeignKey("customers.customer_id"), nullable=False),
    sa.Column("order_id", ID, sa.ForeignKey("orders.id")),
    sa.Column("environment", sa.String(10), nullable=False),
    sa.Column("product", NAME, nullable=False),
    sa.Column("status", NAME, nullable=False),
    sa.Column("intended_status", NAME, nullable=False),  # where the accepted commands lead
    sa.Column("version", sa.Integer, nullable=False),  # counts the events about this service
    sa.Column("generation", sa.Integer, nullable=False),  # counts the commands accepted
    sa.Column("suspended_by", NAME),
    sa.Column("vendor_account", NAME),
    sa.Column("ref", ID),
    sa.Column("attributes", JSON, nullable=False),
    sa.Column("data", JSON, nullable=False),
    sa.Column("warnings", JSON, nullable=False),
    sa.Column("sealed_password", sa.LargeBinary),
    sa.Column("revealed_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("name", sa.String(255)),  # of a domain: itself, in A-labels
    sa.Column("upkeep_at", UtcDateTime),  # when `upkeep_workflow` is to be started next
    sa.Column("upkeep_workflow", NAME),
    sa.Column("bulk_id", ID),
    sa.Column("parent_id", ID),  # the service that it is for, as a certificate is for hosting
    _one_of("status", ServiceStatus),
    sa.Index("ix_services_customer_id", "customer_id"),
    sa.Index("ix_services_vendor_account", "vendor_account"),
)
_LIVE_NAME: Final = sa.text("name IS NOT NULL AND status NOT IN ('cancelled', 'failed')")
_UPKEEP: Final = sa.text("upkeep_at IS NOT NULL")
_OF_BULK: Final = sa.text("bulk_id IS NOT NULL")
_OF_PARENT: Final = sa.text("parent_id IS NOT NULL")
sa.Index("uq_services_live_name", services.c.name, services.c.environment, unique=True, **_where(_LIVE_NAME))
sa.Index("ix_services_upkeep_at", services.c.upkeep_at, **_where(_UPKEEP))
# So that what little is due at an account is not sought among the much of others.
_BY_ACCOUNT: Final = (services.c.vendor_account, services.c.upkeep_at)
sa.Index("ix_services_vendor_account_upkeep_at", *_BY_ACCOUNT, **_where(_UPKEEP))
sa.Index("ix_services_bulk_id", services.c.bulk_id, **_where(_OF_BULK))
sa.Index("ix_services_parent_id", services.c.parent_id, **_where(_OF_PARENT))

service_periods = sa.Table(
    "service_periods",
    metadata,
    sa.Column("service_id", ID, sa.ForeignKey("services.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("status", NAME, nullable=False),
    sa.Column("reason", TEXT),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("subject_kind", NAME, nullable=False),
    sa.Column("subject_id", ID, nullable=False),
    sa.Column("author", ID, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_notes_subject", "subject_kind", "subject_id"),
)

operations = sa.Table(
    "operations",
    metadata,
    sa.Column("position", BIG, sa.Identity(), primary_key=True),  # the order of acceptance
    sa.Column("id", ID, nullable=False, unique=True),
    sa.Column("resource", LONG_ID, nullable=False),
    sa.Column("workflow", NAME, nullable=False),
    sa.Column("state", NAME, nullable=False),
    sa.Column("order_id", ID, sa.ForeignKey("orders.id")),
    sa.Column("item_id", ID),
    sa.Column("service_id", ID, sa.ForeignKey("services.id")),
    sa.Column("customer_id", ID),
    sa.Column("vendor_account", NAME),
    sa.Column("environment", sa.String(10), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("actor_role", NAME),
    sa.Column("correlation_id", ID),
    sa.Column("inputs", JSON, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("lease_owner", ID),
    sa.Column("due_at", UtcDateTime),  # of a running one: when its lease ends
    sa.Column("deadline", UtcDateTime),
    sa.Column("reason", TEXT),
    sa.Column("since", UtcDateTime, nullable=False),  # in this state, for this reason
    sa.Column("event_key", ID),
    sa.Column("attention", NAME),
    sa.Column("error", JSON),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("sealed_secret", sa.LargeBinary),  # what the operation alone may see; gone when it ends
    sa.Column("patient_until", UtcDateTime),  # it may well wait until then
    sa.Column("woken", sa.Boolean),  # while it ran
    _one_of("state", OperationState),
)
_ENDED: Final = ", ".join(sorted(f"'{state.value}'" for state in ENDED_OPERATIONS))
_OPEN: Final = sa.text(f"state NOT IN ({_ENDED})")
_RUNNING: Final = sa.text("state = 'running'")
sa.Index("ix_operations_due_at", operations.c.due_at, **_where(_OPEN))
sa.Index("ix_operations_open_resource", operations.c.resource, operations.c.position, **_where(_OPEN))
sa.Index("uq_operations_one_running", operations.c.resource, unique=True, **_where(_RUNNING))
sa.Index("ix_operations_account_due", operations.c.vendor_account, operations.c.due_at, **_where(_OPEN))
sa.Index("ix_operations_running_account", operations.c.vendor_account, **_where(_RUNNING))
sa.Index("ix_operations_order_id", operations.c.order_id)
sa.Index("ix_operations_service_id", operations.c.service_id)
sa.Index("ix_operations_event_key", operations.c.event_key, **_where(sa.text("event_key IS NOT NULL")))

operation_requirements = sa.Table(
    "operation_requirements",
    metadata,
    sa.Column("operation_id", ID, sa.ForeignKey("operations.id"), primary_key=True),
    sa.Column("required_id", ID, sa.ForeignKey("operations.id"), primary_key=True),
    sa.Index("ix_operation_requirements_required_id", "required_id"),
)

delivered_events = sa.Table(
    "delivered_events",
    metadata,
    sa.Column("key", ID, primary_key=True),
    sa.Column("data", JSON, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("operation_id", ID, sa.ForeignKey("operations.id"), primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("state", NAME, nullable=False),
    sa.Column("effect_class", NAME),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("result", JSON),
    sa.Column("error", JSON),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", BIG, sa.Identity(), primary_key=True),
    sa.Column("operation_id", ID, sa.ForeignKey("operations.id"), nullable=False),
    sa.Column("step", NAME, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("action", NAME, nullable=False),  # call or look-up
    sa.Column("outcome", NAME, nullable=False),
    sa.Column("code", NAME),
    sa.Column("vendor_code", NAME),
    sa.Column("message", TEXT),
    sa.Column("exchanges", JSON, nullable=False),  # redacted requests and responses
    sa.Column("milliseconds", sa.Float, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_attempts_operation_id", "operation_id"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", BIG, sa.Identity(), primary_key=True),
    sa.Column("event_id", ID, nullable=False, unique=True),
    sa.Column("shard", sa.SmallInteger, nullable=False),  # all events of a subject are in one
    sa.Column("type", NAME, nullable=False),
    sa.Column("subject", LONG_ID, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("body", TEXT, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("published_at", UtcDateTime),
    sa.UniqueConstraint("subject", "sequence"),
)
_UNPUBLISHED: Final = sa.text("published_at IS NULL")
sa.Index("ix_outbox_unpublished", outbox.c.shard, outbox.c.id, **_where(_UNPUBLISHED))

relay_shards = sa.Table(
    "relay_shards",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", ID),
    sa.Column("lease_ends_at", UtcDateTime),
)

vendor_accounts = sa.Table(
    "vendor_accounts",
    metadata,
    sa.Column("name", NAME, primary_key=True),
    sa.Column("adapter", NAME, nullable=False),
    sa.Column("product", NAME, nullable=False),
    sa.Column("environment", sa.String(10), nullable=False),
    sa.Column("settings", JSON, nullable=False),
    sa.Column("sealed_credentials", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # changes with the settings: adapters are opened anew
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("state", NAME, nullable=False),  # open, draining, parked
    sa.Column("reason", TEXT),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row; the circuit breaker's count
    sa.Column("broken_until", UtcDateTime),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),  # since when it is drained or parked
    sa.Column("broken_at", UtcDateTime),  # since when its breaker opens again and again
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # counts the events about it
    sa.CheckConstraint("state IN ('open', 'draining', 'parked')", name="state"),
    sa.CheckConstraint("concurrency > 0", name="concurrency"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BIG, sa.Identity(), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", ID, nullable=False),
    sa.Column("action", NAME, nullable=False),
    sa.Column("subject_kind", NAME, nullable=False),
    sa.Column("subject_id", ID, nullable=False),
    sa.Column("detail", JSON, nullable=False),
    sa.Index("ix_audit_subject", "subject_kind", "subject_id"),
)

SHARDS: Final = 16
