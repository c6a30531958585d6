"""The outbox, read by relays. All events of a stream are in one shard, and a shard is leased by one relay at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from provisioner.store.database import Database
from provisioner.store.tables import SHARDS, outbox, relay_shards

LEASE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event to publish; `body` is the CloudEvent as text."""

    id: int
    event_id: str
    type: str
    subject: str
    body: str


class StoreOutbox:
    """One relay's view: `owner` names the relay."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def pending(self, limit: int) -> Sequence[OutboxEvent]:
        """The oldest unpublished events of the shards that this relay holds, in order."""
        with self._database.begin() as connection:
            shards = self._lease(connection)
            columns = (outbox.c.id, outbox.c.event_id, outbox.c.type, outbox.c.subject, outbox.c.body)
            query = (
                sa.select(*columns)
                .where(outbox.c.published_at.is_(None), outbox.c.shard.in_(shards))
                .order_by(outbox.c.id)
                .limit(limit)
            )
            return [OutboxEvent(*row) for row in connection.execute(query)]

    def mark_published(self, ids: Sequence[int]) -> None:
        """Note what the broker confirmed."""
        if not ids:
            return
        with self._database.begin() as connection:
            now = self._database.now()
            connection.execute(sa.update(outbox).where(outbox.c.id.in_(ids)).values(published_at=now))

    def release(self) -> None:
        """Give the shards back, so that another relay goes on at once."""
        with self._database.begin() as connection:
            mine = relay_shards.c.owner == self._owner
            connection.execute(sa.update(relay_shards).where(mine).values(owner=None, lease_ends_at=None))

    def _lease(self, connection: sa.Connection) -> Sequence[int]:
        """Renew the lease of our shards and take the ones that nobody holds."""
        now = self._database.now()
        free = sa.or_(
            relay_shards.c.owner == self._owner,
            relay_shards.c.lease_ends_at.is_(None),
            relay_shards.c.lease_ends_at < now,
        )
        candidates = sa.select(relay_shards.c.shard).where(free).with_for_update(skip_locked=True)
        statement = (
            sa.update(relay_shards)
            .where(relay_shards.c.shard.in_(candidates))
            .values(owner=self._owner, lease_ends_at=self._database.now(LEASE_SECONDS))
        )
        return connection.scalars(statement.returning(relay_shards.c.shard)).all()


ALL_SHARDS: Final = tuple(range(SHARDS))
