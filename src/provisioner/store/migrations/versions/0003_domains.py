"""Domains: contacts, what registries tell, what an account allows, bulks; new columns of services and operations."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import JSON, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the change."""
    _services_and_operations()
    _contacts()
    _registries()
    _accounts()
    _bulks()


def _services_and_operations() -> None:
    op.add_column("operations", sa.Column("sealed_secret", sa.LargeBinary()))
    op.add_column("operations", sa.Column("patient_until", UtcDateTime()))
    op.add_column("operations", sa.Column("woken", sa.Boolean()))
    op.add_column("services", sa.Column("name", sa.String(255)))
    op.add_column("services", sa.Column("upkeep_at", UtcDateTime()))
    op.add_column("services", sa.Column("upkeep_workflow", sa.String(100)))
    op.add_column("services", sa.Column("bulk_id", sa.String(200)))
    live = sa.text("name IS NOT NULL AND status NOT IN ('cancelled', 'failed')")
    op.create_index(
        "uq_services_live_name",
        "services",
        ["name", "environment"],
        unique=True,
        postgresql_where=live,
        sqlite_where=live,
    )
    for column in ("upkeep_at", "bulk_id"):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_services_{column}", "services", [column], postgresql_where=given, sqlite_where=given)


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.String(200), nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="pk_contacts"),
    )
    op.create_index("ix_contacts_customer_id", "contacts", ["customer_id"])


def _registries() -> None:
    op.create_table(
        "poll_messages",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("message_id", sa.String(400), nullable=False),
        sa.Column("queued_at", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("domain", sa.String(255)),
        sa.Column("service_id", sa.String(200)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("account", "message_id", name="pk_poll_messages"),
    )
    op.create_index("ix_poll_messages_account_received_at", "poll_messages", ["account", "received_at"])
    op.create_index("ix_poll_messages_service_id", "poll_messages", ["service_id"])
    op.create_table(
        "poll_leases",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_ends_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("account", name="pk_poll_leases"),
    )


def _accounts() -> None:
    op.create_table(
        "account_sessions",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket", sa.String(200)),
        sa.Column("lease_ends_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("account", "slot", name="pk_account_sessions"),
    )
    op.create_table(
        "account_turns",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", name="pk_account_turns"),
    )


def _bulks() -> None:
    op.create_table(
        "bulks",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("environment", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.String(200), nullable=False),
        sa.Column("actor_organisation", sa.String(200), nullable=False),
        sa.Column("actor_role", sa.String(100), nullable=False),
        sa.Column("correlation_id", sa.String(200)),
        sa.Column("defaults", JSON, nullable=False),
        sa.Column("sealed_csv", sa.LargeBinary()),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("next_line", sa.Integer(), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bulks"),
    )
    op.create_index("ix_bulks_state", "bulks", ["state"])
    op.create_table(
        "bulk_lines",
        sa.Column("bulk_id", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("service_id", sa.String(200)),
        sa.Column("operation_id", sa.String(200)),
        sa.Column("error", JSON),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulks.id"], name="fk_bulk_lines_bulk_id"),
        sa.PrimaryKeyConstraint("bulk_id", "line", name="pk_bulk_lines"),
    )
    op.create_index("ix_bulk_lines_operation_id", "bulk_lines", ["operation_id"])
