"""The tables of domains: contacts, what registries tell, what an account allows all processes, and bulks."""

import sqlalchemy as sa

from provisioner.store.columns import ID, JSON, LONG_ID, NAME, TEXT, UtcDateTime, metadata

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("contact_id", ID, primary_key=True),
    sa.Column("customer_id", ID, nullable=False),  # a contact may be made before its customer's first order
    sa.Column("data", JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # counts the changes
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("ix_contacts_customer_id", "customer_id"),
)

poll_messages = sa.Table(
    "poll_messages",
    metadata,
    sa.Column("account", NAME, primary_key=True),
    sa.Column("message_id", LONG_ID, primary_key=True),
    sa.Column("queued_at", NAME, nullable=False),  # the registry's words
    sa.Column("kind", NAME, nullable=False),
    sa.Column("domain", sa.String(255)),
    sa.Column("service_id", ID),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("data", JSON, nullable=False),
    sa.Column("raw", TEXT, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("acknowledged_at", UtcDateTime),
    sa.Index("ix_poll_messages_account_received_at", "account", "received_at"),
    sa.Index("ix_poll_messages_service_id", "service_id"),
)

poll_leases = sa.Table(
    "poll_leases",
    metadata,
    sa.Column("account", NAME, primary_key=True),
    sa.Column("owner", ID),
    sa.Column("lease_ends_at", UtcDateTime),
    sa.Column("failing_since", UtcDateTime),  # nothing was taken off the queue, and its end was not reached, since
    sa.Column("told_at", UtcDateTime),
)

account_sessions = sa.Table(
    "account_sessions",
    metadata,
    sa.Column("account", NAME, primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ticket", ID),
    sa.Column("lease_ends_at", UtcDateTime),
)

account_turns = sa.Table(
    "account_turns",
    metadata,
    sa.Column("account", NAME, primary_key=True),
    sa.Column("kind", NAME, primary_key=True),
    sa.Column("next_at", UtcDateTime, nullable=False),
)

bulks = sa.Table(
    "bulks",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("customer_id", ID, nullable=False),
    sa.Column("environment", sa.String(10), nullable=False),
    sa.Column("actor_id", ID, nullable=False),
    sa.Column("actor_organisation", ID, nullable=False),
    sa.Column("actor_role", NAME, nullable=False),
    sa.Column("correlation_id", ID),
    sa.Column("defaults", JSON, nullable=False),
    sa.Column("sealed_csv", sa.LargeBinary),  # gone when every line was started
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("next_line", sa.Integer, nullable=False),
    sa.Column("started", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # counts the events about this bulk
    sa.Column("state", NAME, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("ix_bulks_state", "state"),
)

bulk_lines = sa.Table(
    "bulk_lines",
    metadata,
    sa.Column("bulk_id", ID, sa.ForeignKey("bulks.id"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("service_id", ID),
    sa.Column("operation_id", ID),
    sa.Column("error", JSON),
    sa.Index("ix_bulk_lines_operation_id", "operation_id"),
)
