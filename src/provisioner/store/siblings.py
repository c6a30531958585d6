"""The certificates of one website know of each other: which is in use since when, and what an installation spares."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.orders.siblings import displaced, needs_siblings
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.tables import services
from provisioner.store.writing import Writing
from provisioner.workflows.journal import Claim, Ending, installed_by

DAY: Final = 86_400.0


def beside(connection: sa.Connection, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Status and data of the other services of an operation's website, if it is told of them."""
    if not needs_siblings(row["workflow"], row["inputs"]):
        return []
    parent = sa.select(services.c.parent_id).where(services.c.id == row["service_id"]).scalar_subquery()
    others = (services.c.parent_id == parent, services.c.id != row["service_id"])
    query = sa.select(services.c.status, services.c.data).where(*others).order_by(services.c.id)
    return [dict(found) for found in connection.execute(query).mappings()]


def displace(writing: Writing, claim: Claim, ending: Ending) -> None:
    """What an operation has installed takes the place of what was, which is looked after within a day.

    The operation is locked already, and only one is at work at a site. All services of the site are locked here, in
    the order of their ids.
    """
    name = installed_by(ending.service)
    if name is None or claim.service is None or claim.parent is None:
        return
    here = services.c.parent_id == claim.parent.service_id
    query = sa.select(services).where(here).order_by(services.c.id).with_for_update()
    for service in writing.connection.execute(query).mappings().all():
        told = displaced(ServiceStatus(service["status"]), service["data"], name)
        if told is not None and service["id"] != claim.service.service_id:
            _put_aside(writing, dict(service), told)


def _put_aside(writing: Writing, service: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """For what nobody looks after, such as one that was revoked, nothing is planned now either."""
    tomorrow = writing.database.now(DAY)
    planned = sa.case((services.c.upkeep_at > tomorrow, tomorrow), else_=services.c.upkeep_at)
    values = {"data": {**service["data"], **told}, "upkeep_at": planned, "updated_at": writing.now()}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(**values))
