"""The two views for storefronts, and one row for each shard of the outbox."""

import sqlalchemy as sa
from alembic import op

from provisioner.store.tables import SHARDS, UtcDateTime

revision = "0002"
down_revision = "0001"

LATEST_NOTE = """
    (SELECT n.text FROM notes n WHERE n.subject_kind = 'order' AND n.subject_id = o.id ORDER BY n.at DESC LIMIT 1)
"""
COLUMNS = f"""
    o.id AS order_id, o.customer_id, o.environment, o.status, o.item_count, o.requested_changes, o.created_by,
    o.placed_at, o.updated_at, o.attempt, o.error, o.markup_only, {LATEST_NOTE} AS note
"""
RECENT = f"""
CREATE VIEW recent_orders AS
SELECT {COLUMNS},
    CASE o.status
        WHEN 'draft' THEN 'Draft'
        WHEN 'started' THEN 'Started'
        WHEN 'scheduled' THEN 'Scheduled'
        WHEN 'deleted' THEN 'Deleted'
        WHEN 'provisioning_started' THEN 'Provisioning started'
        WHEN 'provisioning_failed' THEN 'Provisioning failed'
        WHEN 'provisioning_finished' THEN 'Provisioning finished'
    END AS label
FROM orders o
WHERE o.status NOT IN ('completed', 'completed_with_errors')
"""  # noqa: S608 - made of constants of this file
HISTORICAL = f"""
CREATE VIEW historical_orders AS
SELECT {COLUMNS},
    CASE o.status
        WHEN 'draft' THEN 'Draft'
        WHEN 'completed' THEN 'Completed'
        WHEN 'completed_with_errors' THEN 'Completed with errors'
        ELSE 'In progress'
    END AS label,
    CASE o.status
        WHEN 'draft' THEN 'draft'
        WHEN 'completed' THEN 'all'
        WHEN 'completed_with_errors' THEN 'all'
        ELSE 'active'
    END AS tab
FROM orders o
WHERE o.status NOT IN ('deleted', 'provisioning_finished')
"""  # noqa: S608 - made of constants of this file


def upgrade() -> None:
    """Apply the change."""
    op.execute(RECENT)
    op.execute(HISTORICAL)
    shards = sa.table(
        "relay_shards",
        sa.column("shard", sa.SmallInteger),
        sa.column("owner", sa.String),
        sa.column("lease_ends_at", UtcDateTime),
    )
    op.bulk_insert(shards, [{"shard": shard, "owner": None, "lease_ends_at": None} for shard in range(SHARDS)])
