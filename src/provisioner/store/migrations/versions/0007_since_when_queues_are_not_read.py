"""Since when nothing could be read off the queue of a registrar account, and when that was told."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("poll_leases", sa.Column("failing_since", UtcDateTime()))
    op.add_column("poll_leases", sa.Column("told_at", UtcDateTime()))
