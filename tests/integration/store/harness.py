"""The engine's scenarios on a database: operations are put in as rows, everything else is the store itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState, ServiceStatus
from provisioner.ports.exchange import Exchange
from provisioner.store import credentials
from provisioner.store.accounts import NewAccount
from provisioner.store.changes import error_from
from provisioner.store.rows import step_from
from provisioner.store.tables import customers, operations, services
from provisioner.store.tables_certificates import certificates
from provisioner.store.yielding import wake_pointless
from provisioner.workflows.journal import Attempt, Claim, Journal, NewCertificate, ServiceRecord
from provisioner.workflows.memory import NewOperation
from provisioner.workflows.memory_services import KeptCertificate
from tests.support.engine.harness import Standing
from tests.support.stores import Stage

ACCOUNTS = ("panel-1", "panel-2")


class StoreHarness:
    """A `JournalHarness` on a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._store = stage.store
        self._box = SecretBox(stage.ring)
        for name in ACCOUNTS:
            stage.add_account(name, concurrency=10)

    def forget_accounts(self) -> None:
        """Leave the store without a vendor account."""
        self._stage.sql("DELETE FROM vendor_accounts")

    def patience(self, operation_id: str) -> datetime | None:
        """Until when an operation may well wait."""
        until: datetime | None = self._stage.row("operations", id=operation_id)["patient_until"]
        return until

    def sealed_values(self) -> list[bytes]:
        """Whatever is sealed of operations, services and certificates."""
        columns = (operations.c.sealed_secret, services.c.sealed_password, certificates.c.sealed_key)
        values = [row[column.name] for column in columns for row in self._stage.rows(column.table)]
        return [value for value in values if value is not None]

    @property
    def journal(self) -> Journal:
        return self._store.journal

    @property
    def lease_seconds(self) -> float:
        return self._store.claims.lease_seconds

    def now(self) -> datetime:
        return self._stage.now()

    def let_pass(self, seconds: float) -> None:
        self._stage.let_pass(seconds)

    def accept(self, operation: NewOperation) -> None:
        if self._stage.count("operations", id=operation.operation_id):
            return
        with self._store.database.begin() as connection:
            self._insert_owner(connection, operation)
            now = self._store.database.now()
            row = {
                "id": operation.operation_id,
                "resource": operation.resource,
                "workflow": operation.workflow,
                "state": OperationState.READY.value,
                "service_id": operation.service and operation.service.service_id,
                "customer_id": operation.customer and operation.customer.customer_id,
                "vendor_account": operation.vendor_account,
                "environment": "live",
                "generation": 1,
                "actor_role": operation.actor_role,
                "inputs": dict(operation.inputs),
                "sealed_secret": self._sealed(operations.c.sealed_secret, operation.operation_id, operation.secret),
                "fence": 0,
                "due_at": now,
                "deadline": operation.deadline,
                "since": now,
                "created_at": now,
            }
            connection.execute(sa.insert(operations).values(**row))
            wake_pointless(connection, self._store.database, operation.resource)

    def _insert_owner(self, connection: sa.Connection, operation: NewOperation) -> None:
        customer, service, now = operation.customer, operation.service, self._store.database.now()
        if customer is None or service is None:
            return
        if not self._stage.count("customers", customer_id=customer.customer_id):
            row = {"customer_id": customer.customer_id, "profile": dict(customer.profile), "updated_at": now}
            connection.execute(sa.insert(customers).values(**row))
        if not self._stage.count("services", id=service.service_id):
            made: dict[str, Any] = {
                "id": service.service_id,
                "ownership_mark": service.service_id,
                "customer_id": customer.customer_id,
                "environment": "live",
                "product": service.product,
                "status": service.status.value,
                "intended_status": ServiceStatus.ACTIVE.value,
                "version": 0,
                "generation": 1,
                "vendor_account": service.vendor_account,
                "sealed_password": self._sealed(services.c.sealed_password, service.service_id, service.password),
                "attributes": dict(service.attributes),
                "data": {},
                "warnings": [],
                "created_at": now,
                "updated_at": now,
            }
            connection.execute(sa.insert(services).values(**made))

    def _sealed(self, column: sa.Column[bytes], key: str, secret: Secret | None) -> bytes | None:
        return None if secret is None else credentials.seal(self._box, column, key, secret.reveal().encode())

    def claim_due(self) -> Claim | None:
        claims = self._store.claims.take("worker", 1)
        return claims[0] if claims else None

    def next_due_in(self) -> float | None:
        heads: dict[str, dict[str, Any]] = {}
        for row in self._stage.rows("operations", order="position"):
            if OperationState(row["state"]) not in ENDED_OPERATIONS:
                heads.setdefault(row["resource"], row)
        accounts = {row["name"]: row for row in self._stage.rows("vendor_accounts")}
        times = [_claimable_at(row, accounts.get(row["vendor_account"])) for row in heads.values()]
        known = [at for at in times if at is not None]
        return (min(known) - self.now()).total_seconds() if known else None

    def deliver_event(self, key: str, data: Mapping[str, Any]) -> None:
        self._store.operations.deliver(key, data)

    def release(self, operation_id: str) -> None:
        self._store.operations.release(operation_id, "tester")

    def resolve(self, operation_id: str, *, happened_ref: str | None) -> str:
        return self._store.operations.resolve(operation_id, "tester", happened_ref=happened_ref)

    def close_account(self, name: str) -> None:
        self._store.accounts.set_state(name, "draining", "tester")

    def failures(self, account: str) -> int:
        found: int = self._stage.row("vendor_accounts", name=account)["failures"]
        return found

    def add_taker(self, account: str, product: str) -> None:
        taker = NewAccount(account, "fake", product, "live", {}, {"token": Secret("t-1")}, concurrency=10)
        self._store.accounts.add(taker, "tester")

    def resume_account(self, name: str) -> None:
        self._store.accounts.set_state(name, "open", "tester")

    def standing(self, operation_id: str) -> Standing:
        found = self._stage.rows("operations", id=operation_id)
        if not found:
            raise KeyError(operation_id)
        row = found[0]
        steps = self._stage.rows("steps", order="started_at", operation_id=operation_id)
        return Standing(
            OperationState(row["state"]),
            row["reason"] or "",
            row["attention"],
            None if row["due_at"] is None else (row["due_at"] - self.now()).total_seconds(),
            error_from(row["error"]),
            self._warnings(row),
            {step["name"]: step_from(step) for step in steps},
            tuple(
                (attempt["step"], _attempt_from(attempt))
                for attempt in self._stage.rows("attempts", operation_id=operation_id)
            ),
            row["vendor_account"],
        )

    def _warnings(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self._stage.row("services", id=row["service_id"])["warnings"]) if row["service_id"] else ()

    def service(self, service_id: str) -> ServiceRecord:
        row = self._stage.row("services", id=service_id)
        return ServiceRecord(
            row["id"],
            row["product"],
            ServiceStatus(row["status"]),
            row["attributes"],
            row["ref"],
            row["data"],
            row["suspended_by"],
            credentials.unseal_password(self._box, services.c.sealed_password, row["id"], row["sealed_password"]),
            row["vendor_account"],
        )

    def certificate(self, operation_id: str) -> KeptCertificate:
        row = self._stage.row("certificates", id=operation_id)
        column = certificates.c.sealed_key
        return KeptCertificate(
            row["service_id"],
            NewCertificate(
                row["chain"], row["source"], row["csr"] or "", row["vendor_account"], row["order_url"] or ""
            ),
            row["fingerprint"],
            credentials.unseal_password(self._box, column, operation_id, row["sealed_key"]),
            row["installed_as"],
            row["removed_at"] is not None,
            row["revoked_at"] is not None,
        )


def _claimable_at(row: Mapping[str, Any], account: Mapping[str, Any] | None) -> datetime | None:
    due: datetime | None = row["due_at"]
    if due is None or account is None:
        return due
    if account["state"] != "open":
        return None
    return max(due, account["broken_until"] or due)


def _attempt_from(row: Mapping[str, Any]) -> Attempt:
    exchanges = tuple(Exchange(each["request"], each["response"]) for each in row["exchanges"])
    return Attempt(
        row["number"],
        row["action"],
        row["outcome"],
        row["milliseconds"] / 1000,
        row["code"],
        row["vendor_code"],
        row["message"],
        exchanges,
    )
