"""Events as rows of the outbox, written in the transaction of the change that they tell."""

import zlib
from dataclasses import dataclass
from typing import Any

from provisioner.kernel.clock import Clock
from provisioner.kernel.ids import Ids
from provisioner.messages import events
from provisioner.orders.rollup import ItemError, ItemState, OrderState
from provisioner.orders.statuses import OrderStatus, rollup_word, section
from provisioner.store.tables import SHARDS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What every event of one change carries."""

    environment: str
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Announcer:
    """Makes outbox rows. A stream (`order/1`, `service/7`, `message/…`) is what `sequence` counts in."""

    source: str
    clock: Clock
    ids: Ids

    def row(self, event: events.Event, stream: str, sequence: int, context: Context) -> Row:
        """One row; all rows of a stream are in one shard."""
        event_id = self.ids.new()
        body = events.encode(
            event,
            id=event_id,
            source=self.source,
            time=self.clock.now(),
            sequence=sequence,
            environment=context.environment,
            correlation_id=context.correlation_id,
        )
        return {
            "event_id": event_id,
            "shard": zlib.crc32(stream.encode()) % SHARDS,
            "type": event.type,
            "subject": stream,
            "sequence": sequence,
            "body": body,
        }


def order_event(
    order: OrderState, previous: OrderStatus | None, status: OrderStatus, reason: str | None, error: ItemError | None
) -> events.Event:
    """`order.status-changed.v1` for one transition."""
    return events.order_status_changed(
        order.order_id,
        status=status,
        previous=previous,
        section=section(status),
        rollup=rollup_word(status),
        reason=reason,
        attempt=order.attempt,
        error=error.as_event() if error else None,
    )


def item_event(
    order_id: str, item: ItemState, previous: str, *, service_id: str | None, product: str, warnings: tuple[str, ...]
) -> events.Event:
    """`item.status-changed.v1`."""
    return events.item_status_changed(
        order_id,
        item.item_id,
        service_id=service_id,
        product=product,
        status=item.status,
        previous=previous,
        error=item.error.as_event() if item.error else None,
        warnings=warnings,
    )
