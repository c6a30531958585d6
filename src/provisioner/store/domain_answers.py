"""What registrants have answered to the tries of a transfer."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.store.tables import delivered_events, operations
from provisioner.workflows.domains.transfer import confirmation_key

TRANSFER: Final = "domain.transfer"
CONFIRMED: Final = "confirmed"


def has_confirmed(connection: sa.Connection, order_id: str, item_id: str) -> bool:
    """Whether the registrant has agreed to the last try of an order's transfer."""
    here = (operations.c.order_id == order_id, operations.c.item_id == item_id, operations.c.workflow == TRANSFER)
    last = sa.select(operations.c.id).where(*here).order_by(operations.c.position.desc()).limit(1)
    operation_id = connection.scalar(last)
    answer = None if operation_id is None else answer_to(connection, operation_id)
    return answer is not None and bool(answer[CONFIRMED])


def answer_to(connection: sa.Connection, operation_id: str) -> Mapping[str, Any] | None:
    """The answer that this try was given: `{confirmed, reason?}`; none as long as it has none."""
    query = sa.select(delivered_events.c.data).where(delivered_events.c.key == confirmation_key(operation_id))
    answer: Mapping[str, Any] | None = connection.scalar(query)
    return answer
