"""What is for a service that has ended, as certificates are for hosting: it sees to its own end."""

from typing import Final

import sqlalchemy as sa

from provisioner.orders.statuses import ServiceStatus
from provisioner.store.tables import services
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations_of, wake_others

ENDING: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)


def wake_dependents(writing: Writing, service_id: str) -> None:
    """The upkeep of services within this one, and whatever of theirs waits, is due at once.

    Their operations are locked before they are, as everywhere; whoever adds one has locked this service before.
    """
    within = (services.c.parent_id == service_id, services.c.status.not_in(ENDING))
    query = sa.select(services.c.id, services.c.product).where(*within).order_by(services.c.id)
    for dependent_id, product in writing.connection.execute(query).all():
        lock_operations_of(writing.connection, dependent_id)
        due = {"upkeep_at": writing.now(), "upkeep_workflow": f"{product}.upkeep", "updated_at": writing.now()}
        here = services.c.id == dependent_id
        writing.execute(sa.update(services).where(here, services.c.status.not_in(ENDING)).values(**due))
        wake_others(writing.connection, writing.database, dependent_id)
