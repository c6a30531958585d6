"""The inbox: one row for each message taken in, so that none is taken in twice."""

from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import RefusedError
from provisioner.messages.envelope import Message
from provisioner.store.database import Database
from provisioner.store.events import Row
from provisioner.store.tables import inbox


class Duplicate(RefusedError):
    """This message was taken in before, with the same body."""

    code: ClassVar[str] = "duplicate_message"


class IdReused(RefusedError):
    """Another message came with this id and another body; give every message an id of its own."""

    code: ClassVar[str] = "id_reused"


def check_new(connection: sa.Connection, message: Message) -> None:
    """Raise Duplicate or IdReused when the inbox has the message's id already."""
    known = connection.scalar(
        sa.select(inbox.c.body_hash).where(inbox.c.source == message.source, inbox.c.message_id == message.id)
    )
    if known == message.body_hash:
        raise Duplicate
    if known is not None:
        raise IdReused


def take_in(connection: sa.Connection, database: Database, row: Row, message: Message) -> None:
    """Write a message's inbox row. Raises Duplicate or IdReused, also when another process was faster just now."""
    dialect = postgresql if database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(inbox).values(**row, received_at=database.now())
    written = insert.on_conflict_do_nothing().returning(inbox.c.message_id)  # an insert's rowcount tells nothing
    if connection.scalar(written) is None:
        check_new(connection, message)


def inbox_row(message: Message, outcome: str, detail: str | None = None) -> Row:
    """The row that makes a message known."""
    return {
        "source": message.source,
        "message_id": message.id,
        "type": message.type,
        "body_hash": message.body_hash,
        "outcome": outcome,
        "detail": detail,
    }
