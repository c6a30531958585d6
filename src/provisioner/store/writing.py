"""One change being written: the transaction, and what every row and event of it carries."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from provisioner.messages.events import Event
from provisioner.store.database import TOLD, Database
from provisioner.store.events import Announcer, Context
from provisioner.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Writing:
    """Handed from one function to the next while a transaction is open."""

    connection: sa.Connection
    database: Database
    announcer: Announcer
    context: Context

    def now(self) -> sa.ColumnElement[datetime]:
        """The time of this transaction."""
        return self.database.now()

    def execute(self, statement: sa.Executable) -> sa.CursorResult[object]:
        """Run a statement in this transaction."""
        return self.connection.execute(statement)

    def tell(self, event: Event, stream: str, sequence: int) -> None:
        """Put an event into the outbox, at its place in its stream."""
        row = self.announcer.row(event, stream, sequence, self.context)
        self.connection.execute(sa.insert(outbox).values(**row, created_at=self.now()))
        self.connection.info[TOLD].append(event)
