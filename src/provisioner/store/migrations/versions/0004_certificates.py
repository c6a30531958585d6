"""Certificates: each that was ever obtained, what an authority's limits were spent on; services within services."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import JSON, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the change."""
    _services()
    _certificates()
    _allowances()


def _services() -> None:
    op.add_column("services", sa.Column("parent_id", sa.String(200)))
    given = sa.text("parent_id IS NOT NULL")
    op.create_index("ix_services_parent_id", "services", ["parent_id"], postgresql_where=given, sqlite_where=given)
    planned, columns = sa.text("upkeep_at IS NOT NULL"), ["vendor_account", "upkeep_at"]
    name = "ix_services_vendor_account_upkeep_at"
    op.create_index(name, "services", columns, postgresql_where=planned, sqlite_where=planned)


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("service_id", sa.String(200), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("serial", sa.String(100), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("csr", sa.Text()),
        sa.Column("sealed_key", sa.LargeBinary()),
        sa.Column("vendor_account", sa.String(100)),
        sa.Column("order_url", sa.Text()),
        sa.Column("obtained_at", UtcDateTime(), nullable=False),
        sa.Column("installed_at", UtcDateTime()),
        sa.Column("installed_as", sa.String(100)),
        sa.Column("removed_at", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.Column("key_revealed_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_certificates_service_id"),
        sa.PrimaryKeyConstraint("id", name="pk_certificates"),
    )
    op.create_index("ix_certificates_service_id", "certificates", ["service_id"])
    op.create_index("ix_certificates_not_after", "certificates", ["not_after"])


def _allowances() -> None:
    op.create_table(
        "allowances",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("once", sa.String(400), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "subject", "once", name="pk_allowances"),
    )
    op.create_index("ix_allowances_at", "allowances", ["at"])
