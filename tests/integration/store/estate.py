"""Domains that are there already: rows as an accepted and finished order leaves them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisioner.kernel.secret import Secret
from provisioner.store.accounts import NewAccount
from provisioner.store.tables import customers, operations, services
from tests.support.stores import Stage

REGISTRAR = "registrar-1"


def add_registrar(stage: Stage, name: str = REGISTRAR, **fields: Any) -> None:
    """A registrar account of an adapter that is called `registry`."""
    account = {"adapter": "registry", "product": "domain", "environment": "live", **fields}
    given = {"settings": {"host": "in-process"}, "credentials": {"password": Secret("p-1")}, **account}
    stage.store.accounts.add(NewAccount(name, **given), "tester")


def add_domain(stage: Stage, number: int = 1, **columns: Any) -> str:
    """An active domain `d-N.example` of customer c-1 at the registrar; the id of its service, `s-N`."""
    service_id, now = f"s-{number}", stage.store.database.now()
    row = {
        "id": service_id,
        "ownership_mark": f"svc:{service_id}",
        "customer_id": "c-1",
        "environment": "live",
        "product": "domain",
        "name": f"d-{number}.example",
        "status": "active",
        "intended_status": "active",
        "version": 1,
        "generation": 1,
        "vendor_account": REGISTRAR,
        "attributes": {"domain": f"d-{number}.example"},
        "data": {},
        "warnings": [],
        "created_at": now,
        "updated_at": now,
        **columns,
    }
    with stage.store.database.begin() as connection:
        if connection.scalar(sa.select(customers.c.customer_id).where(customers.c.customer_id == "c-1")) is None:
            connection.execute(sa.insert(customers).values(customer_id="c-1", profile={}, updated_at=now))
        connection.execute(sa.insert(services).values(**row))
    return service_id


def add_operation(stage: Stage, operation_id: str, *, service_id: str = "s-1", **columns: Any) -> None:
    """An open operation on a service, ready and due unless the columns say otherwise."""
    now = stage.store.database.now()
    row = {
        "id": operation_id,
        "resource": f"service:{service_id}",
        "workflow": "domain.upkeep",
        "state": "ready",
        "service_id": service_id,
        "customer_id": "c-1",
        "vendor_account": REGISTRAR,
        "environment": "live",
        "generation": 1,
        "inputs": {},
        "fence": 0,
        "due_at": now,
        "since": now,
        "created_at": now,
        **columns,
    }
    with stage.store.database.begin() as connection:
        connection.execute(sa.insert(operations).values(**row))


def due_at(stage: Stage, operation_id: str) -> datetime:
    """When an operation is due."""
    found = stage.row("operations", id=operation_id)["due_at"]
    assert isinstance(found, datetime)
    return found
