"""The rows of what is new: a customer, a service, its first period, and what is sealed for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.passwords import generate
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ServiceStatus
from provisioner.orders.tlds import TldRules
from provisioner.store import credentials
from provisioner.store.database import Database
from provisioner.store.domains import PRODUCT
from provisioner.store.events import Row
from provisioner.store.tables import customers, operations, services

Sealed = tuple[str, str]  # what a storefront sealed: the id of our key, and the box


@dataclass(frozen=True, slots=True)
class Sealing:
    """Opens what storefronts sealed, makes passwords, and seals both for their rows. Raises KeyRingError."""

    ring: KeyRing
    box: SecretBox

    def customer(self, customer_id: str) -> bytes:
        """The password of a new customer."""
        return self._sealed(customers.c.sealed_password, customer_id, generate())

    def service(self, service_id: str, attributes: Mapping[str, Any], given: Sealed | None) -> bytes:
        """The password of a new service: the storefront's, else one of our own; of a domain its authorisation code."""
        password = self.ring.unseal(*given) if given else generate(*code_length(attributes))
        return self._sealed(services.c.sealed_password, service_id, password)

    def operation(self, operation_id: str, given: Sealed | Secret | None) -> bytes | None:
        """What an operation alone may see."""
        if given is None:
            return None
        secret = given if isinstance(given, Secret) else self.ring.unseal(*given)
        return self._sealed(operations.c.sealed_secret, operation_id, secret)

    def key(self, service_id: str, key: Secret) -> bytes:
        """The private key of a certificate service."""
        return self._sealed(services.c.sealed_password, service_id, key)

    def open_key(self, service: Mapping[str, Any]) -> Secret | None:
        """The private key that a certificate service has; None where it has none."""
        column = services.c.sealed_password
        return credentials.unseal_password(self.box, column, service["id"], service["sealed_password"])

    def _sealed(self, column: sa.Column[bytes], key: str, secret: Secret) -> bytes:
        return credentials.seal(self.box, column, key, secret.reveal().encode())


def code_length(attributes: Mapping[str, Any]) -> tuple[int, ...]:
    """The characters of a domain's authorisation codes; nothing for other services."""
    return (TldRules.from_json(attributes["rules"]).auth_code_length,) if "rules" in attributes else ()


def service_row(
    service_id: str,
    *,
    customer_id: str,
    order_id: str | None,
    environment: str,
    product: str,
    account: str | None,
    attributes: Mapping[str, Any],
    sealed_password: bytes | None,
    parent_id: str | None = None,
) -> Row:
    """A service at its beginning. Of a domain, `name` is the domain itself."""
    return {
        "id": service_id,
        "ownership_mark": f"svc:{service_id}",
        "customer_id": customer_id,
        "order_id": order_id,
        "environment": environment,
        "product": product,
        "status": ServiceStatus.PROVISIONING.value,
        "intended_status": ServiceStatus.ACTIVE.value,
        "version": 0,
        "generation": 1,
        "vendor_account": account,
        "attributes": attributes,
        "data": {},
        "warnings": [],
        "sealed_password": sealed_password,
        "name": attributes["domain"] if product == PRODUCT else None,
        "parent_id": parent_id,
    }


def first_period(service_id: str) -> Row:
    """The period that a new service begins with."""
    return {"service_id": service_id, "version": 0, "status": ServiceStatus.PROVISIONING.value}


def upsert_customer(database: Database, row: Mapping[str, Any], now: sa.ColumnElement[datetime]) -> sa.Insert:
    """A known customer keeps its password; its profile is the newest."""
    dialect = postgresql if database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(customers).values(**row, updated_at=now)
    return insert.on_conflict_do_update(
        index_elements=[customers.c.customer_id],
        set_={"profile": insert.excluded.profile, "updated_at": insert.excluded.updated_at},
    )
