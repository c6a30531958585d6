"""What is for a service, as certificates are for hosting, hears of its end and of its return."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.spread import share
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.tables import services
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations_of, wake_others

ENDING: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)
SOON: Final = 300.0
"""In seconds: within these the upkeep after a return is spread, as many services may return at once."""


def wake_dependents(writing: Writing, service_id: str) -> None:
    """The service has ended: the upkeep of services within it, and whatever of theirs waits, is due at once."""
    for dependent_id, product in _dependents(writing, service_id):
        due = {"upkeep_at": writing.now(), "upkeep_workflow": f"{product}.upkeep"}
        _change(writing, dependent_id, due)
        wake_others(writing.connection, writing.database, dependent_id)


def resume_dependents(writing: Writing, service_id: str) -> None:
    """The service is back: what is planned for services within it comes soon, and whatever of theirs waits is due.

    For what nothing is planned, such as a certificate that was removed, nothing is planned now either.
    """
    for dependent_id, _ in _dependents(writing, service_id):
        soon = writing.database.now(SOON * share(dependent_id))
        _change(writing, dependent_id, {"upkeep_at": soon}, services.c.upkeep_at > soon)
        wake_others(writing.connection, writing.database, dependent_id)


def _dependents(writing: Writing, service_id: str) -> Iterator[tuple[str, str]]:
    """Id and product of those that go on; their operations are locked.

    All operations are locked before any of the services: an installation's end locks all services of its site, too.
    Whoever adds one has locked this service before.
    """
    within = (services.c.parent_id == service_id, services.c.status.not_in(ENDING))
    query = sa.select(services.c.id, services.c.product).where(*within).order_by(services.c.id)
    found = writing.connection.execute(query).all()
    for dependent_id, _ in found:
        lock_operations_of(writing.connection, dependent_id)
    yield from ((dependent_id, product) for dependent_id, product in found)


def _change(writing: Writing, service_id: str, values: dict[str, Any], *where: sa.ColumnElement[bool]) -> None:
    here = (services.c.id == service_id, services.c.status.not_in(ENDING), *where)
    writing.execute(sa.update(services).where(*here).values(**values, updated_at=writing.now()))
