"""Messages that could not be taken in: kept sealed, without expiry, until an operator replays or discards them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.sealing import SecretBox
from provisioner.messages.events import message_rejected
from provisioner.store import credentials
from provisioner.store.audit import note_action
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.tables import quarantine
from provisioner.store.writing import Writing

OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a message is put aside, and what could be read of it. `detail` never quotes a secret."""

    reason: str
    detail: str
    pointer: str | None = None
    source: str | None = None
    message_id: str | None = None
    type: str | None = None
    correlation_id: str | None = None
    environment: str = "live"


class Quarantine:
    """Keeps, shows, replays and discards."""

    def __init__(self, database: Database, announcer: Announcer, ids: Ids, box: SecretBox) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._box = box

    def keep(self, raw: bytes, queue: str, reject: Reject) -> str:
        """Put a message aside, once however often it comes, and tell the storefront; its id here."""
        fingerprint = hashlib.sha256(raw).hexdigest()
        with self._database.begin() as connection:
            known = self._seen_again(connection, fingerprint, reject)
            if known is not None:
                return known
            quarantine_id = self._ids.new()
            row = {**self._row_of(quarantine_id, raw, queue, reject), "fingerprint": fingerprint}
            if not self._insert(connection, row):  # another process was faster, just now
                return self._seen_again(connection, fingerprint, reject) or quarantine_id
            self._tell(connection, quarantine_id, reject)
        return quarantine_id

    def _insert(self, connection: sa.Connection, row: Mapping[str, Any]) -> bool:
        dialect = postgresql if self._database.is_postgres else sqlite
        insert: postgresql.Insert = dialect.insert(quarantine).values(**row)
        written = insert.on_conflict_do_nothing().returning(quarantine.c.id)  # an insert's rowcount tells nothing
        return connection.scalar(written) is not None

    def _seen_again(self, connection: sa.Connection, fingerprint: str, reject: Reject) -> str | None:
        again = (
            sa.update(quarantine)
            .where(quarantine.c.fingerprint == fingerprint)
            .values(
                times_seen=quarantine.c.times_seen + 1,
                status=OPEN,
                settled_at=None,
                reason=reject.reason,
                detail=reject.detail,
                pointer=reject.pointer,
            )
        )
        known: str | None = connection.scalar(again.returning(quarantine.c.id))
        return known

    def _row_of(self, quarantine_id: str, raw: bytes, queue: str, reject: Reject) -> dict[str, Any]:
        return {
            "id": quarantine_id,
            "queue": queue,
            "source": reject.source,
            "message_id": reject.message_id,
            "type": reject.type,
            "reason": reject.reason,
            "detail": reject.detail,
            "pointer": reject.pointer,
            "body": credentials.seal(self._box, quarantine.c.body, quarantine_id, raw),
            "size": len(raw),
            "times_seen": 1,
            "status": OPEN,
            "received_at": self._database.now(),
        }

    def _tell(self, connection: sa.Connection, quarantine_id: str, reject: Reject) -> None:
        event = message_rejected(
            message_id=reject.message_id,
            source=reject.source,
            message_type=reject.type,
            reason=reject.reason,
            detail=reject.detail,
            pointer=reject.pointer,
            quarantine_id=quarantine_id,
        )
        context = Context(reject.environment, reject.correlation_id)
        writing = Writing(connection, self._database, self._announcer, context)
        writing.tell(event, f"message/{quarantine_id}", 1)

    def body(self, quarantine_id: str) -> tuple[bytes, str]:
        """The bytes as they came, and the queue. Raises NotFoundError."""
        with self._database.read() as connection:
            row = self._row(connection, quarantine_id)
        return credentials.unseal(self._box, quarantine.c.body, quarantine_id, row["body"]), row["queue"]

    def settle(self, quarantine_id: str, status: str, actor: str) -> None:
        """Note that a message was `replayed` or `discarded`; raises RefusedError when it is settled already."""
        with self._database.begin() as connection:
            row = self._row(connection, quarantine_id, lock=True)
            if row["status"] != OPEN:
                raise RefusedError(f"message {quarantine_id} in quarantine was {row['status']} before")
            now = self._database.now()
            where = quarantine.c.id == quarantine_id
            connection.execute(sa.update(quarantine).where(where).values(status=status, settled_at=now))
            of = ("quarantine", quarantine_id)
            detail = {"reason": row["reason"]}
            note_action(connection, self._database, actor, f"quarantine.{status}", of=of, detail=detail)

    def _row(self, connection: sa.Connection, quarantine_id: str, *, lock: bool = False) -> Mapping[str, Any]:
        query = sa.select(quarantine).where(quarantine.c.id == quarantine_id)
        row = connection.execute(query.with_for_update() if lock else query).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no message {quarantine_id} in quarantine")
        return dict(row)
