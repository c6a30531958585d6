"""How long operations may take."""

from datetime import datetime

import sqlalchemy as sa

from provisioner.store.database import Database
from provisioner.store.tables import operations


def give_time_back(
    connection: sa.Connection, database: Database, where: sa.ColumnElement[bool], *, since: datetime | None = None
) -> None:
    """Put deadlines off by the time that operations waited for an operator: that is not their vendor's fault.

    They waited for as long as they are in their state, but not before `since`.
    """
    columns = (operations.c.id, operations.c.since, operations.c.deadline)
    open_ones = (where, operations.c.ended_at.is_(None), operations.c.deadline.is_not(None))
    query = sa.select(*columns).where(*open_ones).order_by(operations.c.position).with_for_update()
    now = database.moment(connection)
    later = [
        {"operation": found.id, "later": found.deadline + (now - max(found.since, since or found.since))}
        for found in connection.execute(query)
    ]
    here = operations.c.id == sa.bindparam("operation")
    if later:
        connection.execute(sa.update(operations).where(here).values(deadline=sa.bindparam("later")), later)
