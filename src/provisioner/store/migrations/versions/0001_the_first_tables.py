"""The first tables."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import BIG, JSON, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "audit",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("subject_kind", sa.String(100), nullable=False),
        sa.Column("subject_id", sa.String(200), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject_kind", "subject_id"])
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("profile", JSON, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "message_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_table(
        "notes",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("subject_kind", sa.String(100), nullable=False),
        sa.Column("subject_id", sa.String(200), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_subject", "notes", ["subject_kind", "subject_id"])
    op.create_table(
        "outbox",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
        sa.UniqueConstraint("subject", "sequence", name="uq_outbox_subject_sequence"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["shard", "id"],
        postgresql_where=sa.text("published_at IS NULL"),
        sqlite_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(100), nullable=False),
        sa.Column("source", sa.String(200)),
        sa.Column("message_id", sa.String(200)),
        sa.Column("type", sa.String(200)),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("times_seen", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("fingerprint", name="uq_quarantine_fingerprint"),
    )
    op.create_index("ix_quarantine_status_received_at", "quarantine", ["status", "received_at"])
    op.create_table(
        "relay_shards",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_ends_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("shard", name="pk_relay_shards"),
    )
    op.create_table(
        "vendor_accounts",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("adapter", sa.String(100), nullable=False),
        sa.Column("product", sa.String(100), nullable=False),
        sa.Column("environment", sa.String(10), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("broken_until", UtcDateTime()),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'draining', 'parked')", name=op.f("ck_vendor_accounts_state")),
        sa.CheckConstraint("concurrency > 0", name=op.f("ck_vendor_accounts_concurrency")),
        sa.PrimaryKeyConstraint("name", name="pk_vendor_accounts"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("environment", sa.String(10), nullable=False),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("requested_changes", JSON, nullable=False),
        sa.Column("markup_only", sa.Boolean(), nullable=False),
        sa.Column("created_by", JSON, nullable=False),
        sa.Column("correlation_id", sa.String(200)),
        sa.Column("error", JSON),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'started', 'scheduled', 'deleted', 'provisioning_started', 'provisioning_failed', "
            "'provisioning_finished', 'completed', 'completed_with_errors')",
            name=op.f("ck_orders_status"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="fk_orders_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.create_index("ix_orders_status_updated_at", "orders", ["status", "updated_at"])
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("item_id", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(100), nullable=False),
        sa.Column("change", sa.String(100), nullable=False),
        sa.Column("service_id", sa.String(200)),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("requires", JSON, nullable=False),
        sa.Column("error", JSON),
        sa.Column("warnings", JSON, nullable=False),
        sa.CheckConstraint(
            "status IN ('started', 'waiting_vendor', 'unknown_outcome', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_order_items_status"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_items_order_id"),
        sa.PrimaryKeyConstraint("order_id", "item_id", name="pk_order_items"),
    )
    op.create_index("ix_order_items_service_id", "order_items", ["service_id"])
    op.create_table(
        "order_transitions",
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("target", sa.String(100), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("message_id", sa.String(200)),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_transitions_order_id"),
        sa.PrimaryKeyConstraint("order_id", "version", name="pk_order_transitions"),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("ownership_mark", sa.String(200), nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("order_id", sa.String(200)),
        sa.Column("environment", sa.String(10), nullable=False),
        sa.Column("product", sa.String(100), nullable=False),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("intended_status", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("suspended_by", sa.String(100)),
        sa.Column("vendor_account", sa.String(100)),
        sa.Column("ref", sa.String(200)),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("revealed_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ordered', 'provisioning', 'active', 'suspended', 'cancelling', 'cancelled', 'failed')",
            name=op.f("ck_services_status"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="fk_services_customer_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_services_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
        sa.UniqueConstraint("ownership_mark", name="uq_services_ownership_mark"),
    )
    op.create_index("ix_services_customer_id", "services", ["customer_id"])
    op.create_index("ix_services_vendor_account", "services", ["vendor_account"])
    op.create_table(
        "operations",
        sa.Column("position", BIG, sa.Identity(), nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("resource", sa.String(400), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("state", sa.String(100), nullable=False),
        sa.Column("order_id", sa.String(200)),
        sa.Column("item_id", sa.String(200)),
        sa.Column("service_id", sa.String(200)),
        sa.Column("customer_id", sa.String(200)),
        sa.Column("vendor_account", sa.String(100)),
        sa.Column("environment", sa.String(10), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("actor_role", sa.String(100)),
        sa.Column("correlation_id", sa.String(200)),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(200)),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("deadline", UtcDateTime()),
        sa.Column("reason", sa.Text()),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("event_key", sa.String(200)),
        sa.Column("attention", sa.String(100)),
        sa.Column("error", JSON),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'waiting', 'uncertain', 'held', 'compensating', 'succeeded', "
            "'failed', 'compensated', 'superseded', 'cancelled')",
            name=op.f("ck_operations_state"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_operations_order_id"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_operations_service_id"),
        sa.PrimaryKeyConstraint("position", name="pk_operations"),
        sa.UniqueConstraint("id", name="uq_operations_id"),
    )
    op.create_index(
        "ix_operations_account_due",
        "operations",
        ["vendor_account", "due_at"],
        postgresql_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
        sqlite_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
    )
    op.create_index(
        "ix_operations_due_at",
        "operations",
        ["due_at"],
        postgresql_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
        sqlite_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
    )
    op.create_index(
        "ix_operations_event_key",
        "operations",
        ["event_key"],
        postgresql_where=sa.text("event_key IS NOT NULL"),
        sqlite_where=sa.text("event_key IS NOT NULL"),
    )
    op.create_index(
        "ix_operations_open_resource",
        "operations",
        ["resource", "position"],
        postgresql_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
        sqlite_where=sa.text("state NOT IN ('cancelled', 'compensated', 'failed', 'succeeded', 'superseded')"),
    )
    op.create_index("ix_operations_order_id", "operations", ["order_id"])
    op.create_index(
        "ix_operations_running_account",
        "operations",
        ["vendor_account"],
        postgresql_where=sa.text("state = 'running'"),
        sqlite_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_operations_service_id", "operations", ["service_id"])
    op.create_index(
        "uq_operations_one_running",
        "operations",
        ["resource"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
        sqlite_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "service_periods",
        sa.Column("service_id", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_service_periods_service_id"),
        sa.PrimaryKeyConstraint("service_id", "version", name="pk_service_periods"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", BIG, sa.Identity(), nullable=False),
        sa.Column("operation_id", sa.String(200), nullable=False),
        sa.Column("step", sa.String(100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(100), nullable=False),
        sa.Column("code", sa.String(100)),
        sa.Column("vendor_code", sa.String(100)),
        sa.Column("message", sa.Text()),
        sa.Column("exchanges", JSON, nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="fk_attempts_operation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_operation_id", "attempts", ["operation_id"])
    op.create_table(
        "delivered_events",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_delivered_events"),
    )
    op.create_table(
        "operation_requirements",
        sa.Column("operation_id", sa.String(200), nullable=False),
        sa.Column("required_id", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="fk_operation_requirements_operation_id"),
        sa.ForeignKeyConstraint(["required_id"], ["operations.id"], name="fk_operation_requirements_required_id"),
        sa.PrimaryKeyConstraint("operation_id", "required_id", name="pk_operation_requirements"),
    )
    op.create_index("ix_operation_requirements_required_id", "operation_requirements", ["required_id"])
    op.create_table(
        "steps",
        sa.Column("operation_id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("state", sa.String(100), nullable=False),
        sa.Column("effect_class", sa.String(100)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("result", JSON),
        sa.Column("error", JSON),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="fk_steps_operation_id"),
        sa.PrimaryKeyConstraint("operation_id", "name", name="pk_steps"),
    )
