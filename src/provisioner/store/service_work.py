"""Operations that nobody asked for by a message: what the program itself has to do with a service."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.orders.statuses import OperationState
from provisioner.store.queueing import new_operation
from provisioner.store.tables import operations
from provisioner.store.writing import Writing


def start_work(
    writing: Writing,
    service: Mapping[str, Any],
    operation_id: str,
    *,
    workflow: str,
    resource: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    deadline: float,
) -> str | None:
    """Add an operation on a service, due at once; its id, or None when there is one of this id already.

    It is no command: the service's generation stays. `deadline` is in seconds from now.
    """
    row = new_operation(
        writing,
        operation_id,
        deadline=deadline,
        resource=resource or f"service:{service['id']}",
        workflow=workflow,
        service_id=service["id"],
        customer_id=service["customer_id"],
        vendor_account=service["vendor_account"],
        environment=service["environment"],
        generation=service["generation"],
        inputs=dict(inputs or {}),
    )
    dialect = postgresql if writing.database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(operations).values(**row)
    unless_known = insert.on_conflict_do_nothing(index_elements=[operations.c.id]).returning(operations.c.id)
    found: str | None = writing.connection.scalar(unless_known)
    return found


def is_queued(connection: sa.Connection, resource: str, workflow: str) -> bool:
    """Whether such an operation waits for its first run: it will see whatever is true until then."""
    unstarted = (operations.c.state == OperationState.READY.value, operations.c.fence == 0)
    here = (operations.c.resource == resource, operations.c.workflow == workflow, operations.c.ended_at.is_(None))
    return bool(connection.scalar(sa.select(sa.exists().where(*here, *unstarted))))
