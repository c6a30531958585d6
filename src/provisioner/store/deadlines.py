"""How long operations may take."""

import sqlalchemy as sa

from provisioner.store.database import Database
from provisioner.store.tables import operations


def give_time_back(connection: sa.Connection, database: Database, where: sa.ColumnElement[bool]) -> None:
    """Put deadlines off by the time that operations waited for an operator: that is not their vendor's fault."""
    columns = (operations.c.id, operations.c.since, operations.c.deadline)
    open_ones = (where, operations.c.ended_at.is_(None), operations.c.deadline.is_not(None))
    now = database.moment(connection)
    for operation_id, since, deadline in connection.execute(sa.select(*columns).where(*open_ones)).all():
        later = deadline + (now - since)
        connection.execute(sa.update(operations).where(operations.c.id == operation_id).values(deadline=later))
