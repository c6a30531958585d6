"""The audit: who did what, in the transaction in which it was done. Rows are only ever added."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from provisioner.store.database import Database
from provisioner.store.tables import audit


def note_action(
    connection: sa.Connection,
    database: Database,
    actor: str,
    action: str,
    *,
    of: tuple[str, str],
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one line; `of` is the kind and the id of what was acted on, `action` reads `server.drain`."""
    kind, key = of
    row = {"actor": actor, "action": action, "subject_kind": kind, "subject_id": key, "detail": dict(detail or {})}
    connection.execute(sa.insert(audit).values(**row, at=database.now()))
