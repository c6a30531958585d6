"""Since when a vendor account is closed, or fails; how many events told of it."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the change. Of what is closed already, the last change is the best guess."""
    op.add_column("vendor_accounts", sa.Column("closed_at", UtcDateTime()))
    op.add_column("vendor_accounts", sa.Column("broken_at", UtcDateTime()))
    op.add_column("vendor_accounts", sa.Column("told", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE vendor_accounts SET closed_at = updated_at WHERE state <> 'open'")
