"""Read-only queries about bulks and about what registries told, as records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError
from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState
from provisioner.store.bulk_progress import progress_of, refused_lines
from provisioner.store.database import Database
from provisioner.store.tables import operations
from provisioner.store.tables_domains import bulk_lines, bulks, poll_messages

MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class PollRecord:
    """A message of a registry. `service_id`: the service that its domain belongs to, if it is one of ours."""

    account: str
    message_id: str
    queued_at: str
    kind: str
    domain: str | None
    service_id: str | None
    text: str
    data: Mapping[str, Any]
    received_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class BulkRecord:
    """A bulk. `total` counts the lines with content; `failed` has the refused ones too."""

    id: str
    kind: str
    customer_id: str
    environment: str
    state: str
    total: int
    started: int
    succeeded: int
    failed: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line of a bulk's file whose domain was not transferred, and why, in the registry's words."""

    line: int
    service_id: str
    code: str
    message: str


class DomainQueries:
    """Asks the database. All methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def polls(self, *, account: str | None = None, limit: int = 50) -> list[PollRecord]:
        """The messages of registries received last, newest first."""
        columns = [poll_messages.c[name] for name in PollRecord.__dataclass_fields__]
        query = sa.select(*columns).order_by(poll_messages.c.received_at.desc(), poll_messages.c.message_id)
        if account is not None:
            query = query.where(poll_messages.c.account == account)
        with self._database.read() as connection:
            return [PollRecord(**row) for row in connection.execute(query.limit(min(limit, MOST))).mappings()]

    def bulks(self, *, state: str | None = None, limit: int = 50) -> list[BulkRecord]:
        """The bulks taken in last, newest first."""
        query = sa.select(*_OF_BULK).order_by(bulks.c.created_at.desc(), bulks.c.id)
        if state is not None:
            query = query.where(bulks.c.state == state)
        with self._database.read() as connection:
            found = connection.execute(query.limit(min(limit, MOST))).mappings().all()
            return [_bulk(connection, row) for row in found]

    def bulk(self, bulk_id: str, *, refused: int) -> tuple[BulkRecord, list[dict[str, Any]]]:
        """One bulk, and its first refused lines: {line, column, message}. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(*_OF_BULK).where(bulks.c.id == bulk_id)).mappings().first()
            if row is None:
                raise NotFoundError(f"there is no bulk {bulk_id}")
            return _bulk(connection, row), refused_lines(connection, bulk_id, refused)

    def failed_lines(self, bulk_id: str, *, limit: int) -> list[FailedLine]:
        """The first lines whose transfer was begun and came to nothing."""
        reached = sa.select(bulk_lines.c.line, bulk_lines.c.service_id, operations.c.error)
        joined = reached.join(operations, operations.c.id == bulk_lines.c.operation_id)
        failed = (bulk_lines.c.bulk_id == bulk_id, operations.c.state.in_(_CAME_TO_NOTHING))
        query = joined.where(*failed).order_by(bulk_lines.c.line).limit(min(limit, MOST))
        with self._database.read() as connection:
            return [_failed(row) for row in connection.execute(query)]


_CAME_TO_NOTHING: Final = sorted(state.value for state in ENDED_OPERATIONS - {OperationState.SUCCEEDED})
_OF_BULK: Final = [bulks.c[name] for name in BulkRecord.__dataclass_fields__ if name not in ("succeeded", "failed")]


def _bulk(connection: sa.Connection, row: sa.RowMapping) -> BulkRecord:
    progress = progress_of(connection, row["id"])
    return BulkRecord(**row, succeeded=progress.succeeded, failed=progress.failed)


def _failed(row: Any) -> FailedLine:
    error = row.error or {}
    return FailedLine(row.line, row.service_id, error.get("code", ""), error.get("message", ""))
