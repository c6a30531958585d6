"""Certificates near their end are looked at by the scheduler; keys of earlier CSRs are kept."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the change."""
    _certificates()
    _requests()


def _certificates() -> None:
    """What is there already is looked at once, and then when it is time."""
    op.add_column("certificates", sa.Column("watch_at", UtcDateTime()))
    op.execute("UPDATE certificates SET watch_at = obtained_at")
    planned = sa.text("watch_at IS NOT NULL")
    name = "ix_certificates_watch_at"
    op.create_index(name, "certificates", ["watch_at"], postgresql_where=planned, sqlite_where=planned)


def _requests() -> None:
    op.create_table(
        "certificate_requests",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("service_id", sa.String(200), nullable=False),
        sa.Column("csr", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_certificate_requests_service_id"),
        sa.PrimaryKeyConstraint("id", name="pk_certificate_requests"),
    )
    op.create_index("ix_certificate_requests_service_id", "certificate_requests", ["service_id"])
