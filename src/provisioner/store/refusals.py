"""Messages that were understood and not allowed: noted in the inbox, told to the storefront, kept in the audit."""

from provisioner.messages.envelope import Message
from provisioner.messages.events import message_rejected
from provisioner.store.audit import note_action
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.writing import Writing


class Refusals:
    """Writes refusals."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    def note(self, message: Message, reason: str, detail: str, pointer: str | None = None) -> None:
        """Note a refusal (`pointer`: where) in one transaction with its inbox row. Raises Duplicate and IdReused."""
        with self._database.begin() as connection:
            take_in(connection, self._database, inbox_row(message, reason, detail), message)
            event = message_rejected(
                message_id=message.id,
                source=message.source,
                message_type=message.type,
                reason=reason,
                detail=detail,
                pointer=pointer,
                quarantine_id=None,
            )
            context = Context(message.environment, message.correlation_id)
            stream = f"message/{message.source}/{message.id}"
            Writing(connection, self._database, self._announcer, context).tell(event, stream, 1)
            seen = {"type": message.type, "reason": reason, "detail": detail}
            of = ("message", message.id)
            note_action(connection, self._database, message.actor.id, "message.refused", of=of, detail=seen)
