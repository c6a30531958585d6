"""How far bulks stand: counted when it is asked, told when it has changed, and the end of a bulk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.messages.events import Event
from provisioner.messages.events_domains import bulk_progress
from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.tables import operations, outbox
from provisioner.store.tables_domains import bulk_lines, bulks
from provisioner.store.writing import Writing

RUNNING: Final = "running"
FINISHED: Final = "finished"
EVERY_SECONDS: Final = 5.0
LINES_A_SECOND: Final = 10_000  # of a bulk whose count takes long, progress is told less often
MOST_REFUSED: Final = 100

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Lines by what became of them; `failed` has the refused ones too, `open` are those still at work."""

    succeeded: int
    failed: int
    open: int
    refused: int


def without_file() -> list[sa.Column[Any]]:
    """The columns of a bulk but for its file, which may be large."""
    return [column for column in bulks.c if column is not bulks.c.sealed_csv]


def progress_of(connection: sa.Connection, bulk_id: str) -> Progress:
    """Count the lines of a bulk, each found by index."""
    child = operations.c.id == bulk_lines.c.operation_id
    query = sa.select(operations.c.state, sa.func.count()).join_from(bulk_lines, operations, child)
    states = {row[0]: int(row[1]) for row in connection.execute(_of(query, bulk_id).group_by(operations.c.state))}
    refused = connection.scalar(_of(sa.select(sa.func.count()).select_from(bulk_lines), bulk_id).where(_REFUSED)) or 0
    succeeded = states.get(OperationState.SUCCEEDED.value, 0)
    ended = sum(count for state, count in states.items() if OperationState(state) in ENDED_OPERATIONS)
    return Progress(succeeded, ended - succeeded + refused, sum(states.values()) - ended, refused)


_REFUSED: Final = bulk_lines.c.operation_id.is_(None)


def _of(query: sa.Select[Any], bulk_id: str) -> sa.Select[Any]:
    return query.where(bulk_lines.c.bulk_id == bulk_id)


def refused_lines(connection: sa.Connection, bulk_id: str, limit: int = MOST_REFUSED) -> list[dict[str, Any]]:
    """The first refused lines: {line, column, message}."""
    query = _of(sa.select(bulk_lines.c.error), bulk_id).where(_REFUSED).order_by(bulk_lines.c.line).limit(limit)
    return [dict(error) for error in connection.scalars(query)]


def tell_progress(writing: Writing, row: Row) -> str:
    """Tell how a locked bulk stands, unless that was told last; its state. `is_started`: all its lines were."""
    progress = progress_of(writing.connection, row["id"])
    state = FINISHED if row["is_started"] and not progress.open else RUNNING
    event = _event(writing.connection, row, progress, state)
    version = row["version"]
    if event.data != _told_last(writing.connection, row):
        version += 1
        writing.tell(event, f"bulk/{row['id']}", version)
    values = {"version": version, "state": state, "updated_at": writing.now()}
    writing.execute(sa.update(bulks).where(bulks.c.id == row["id"]).values(**values))
    return state


def _event(connection: sa.Connection, row: Row, progress: Progress, state: str) -> Event:
    return bulk_progress(
        row["id"],
        total=row["total"],
        started=row["started"],
        succeeded=progress.succeeded,
        failed=progress.failed,
        refused=refused_lines(connection, row["id"]),
        state="finished" if state == FINISHED else "running",
    )


def _told_last(connection: sa.Connection, row: Row) -> Any:
    here = (outbox.c.subject == f"bulk/{row['id']}", outbox.c.sequence == row["version"])
    body: str | None = connection.scalar(sa.select(outbox.c.body).where(*here))
    return None if body is None else json.loads(body)["data"]


class BulkProgress:
    """Tells of bulks that move; several schedulers may do it at once."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    def tell(self) -> list[str]:
        """Look at each bulk that was not looked at for some seconds; the ids of those that are finished now."""
        with self._database.read() as connection:
            query = sa.select(bulks.c.id, bulks.c.total, bulks.c.updated_at).where(bulks.c.state == RUNNING)
            now = self._database.moment(connection)
            waited = [(row.id, (now - row.updated_at).total_seconds(), row.total) for row in connection.execute(query)]
        due = [bulk_id for bulk_id, seconds, total in waited if seconds >= EVERY_SECONDS + total / LINES_A_SECOND]
        return [bulk_id for bulk_id in due if self._tell(bulk_id) == FINISHED]

    def _tell(self, bulk_id: str) -> str:
        with self._database.begin() as connection:
            here = (bulks.c.id == bulk_id, bulks.c.state == RUNNING)
            started = bulks.c.sealed_csv.is_(None).label("is_started")
            locked = sa.select(*without_file(), started).where(*here).with_for_update(skip_locked=True)
            row = connection.execute(locked).mappings().first()
            if row is None:
                return RUNNING
            context = Context(row["environment"], row["correlation_id"])
            return tell_progress(Writing(connection, self._database, self._announcer, context), dict(row))
