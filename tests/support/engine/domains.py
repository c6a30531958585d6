"""The domain workflows at work on the memory journal, at a registry in memory."""

from datetime import timedelta
from typing import Any

import pytest

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ServiceStatus
from provisioner.workflows import domains
from provisioner.workflows.journal import ServiceRecord
from provisioner.workflows.memory import NewOperation
from tests.support.engine.harness import MemoryHarness
from tests.support.engine.registrar import FakeRegistrar
from tests.support.engine.world import World

REGISTERED = domains  # by being imported
NAME = "example.test"
OWN_CODE = "own-auth-code-0123456789"
DAY = 86_400.0

RULES: dict[str, Any] = {
    "tld": "test",
    "min_years": 1,
    "max_years": 10,
    "transfer_years": 1,
    "host_model": "objects",
    "transfer_confirmation": "none",
    "transfer_out": "approve",
    "restore_report": True,
    "add_grace_days": 5,
    "auto_renew_grace_days": 45,
    "redemption_days": 30,
    "registry_auto_renews": False,
    "renew_days_before": 30,
    "renew_spread_days": 14,
}


def contact(contact_id: str = "ada", **fields: Any) -> dict[str, Any]:
    """A whole contact."""
    return {
        "contact_id": contact_id,
        "name": "Ada Example",
        "email": f"{contact_id}@example.org",
        "phone": "+49.301234567",
        "street": ["Example Street 1"],
        "city": "Berlin",
        "postal_code": "10115",
        "country": "DE",
        **fields,
    }


def ordered(rules: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """What a domain service's attributes are."""
    return {
        "domain": NAME,
        "years": 1,
        "contacts": {"registrant": contact(), "admin": contact(), "tech": contact("tech")},
        "nameservers": [{"name": "ns1.host.example"}, {"name": "ns2.host.example"}],
        "dnssec": [],
        "auto_renew": True,
        "lock": True,
        "rules": {**RULES, **(rules or {})},
        **fields,
    }


class DomainWorld(World):
    """One engine, one registry, one domain service `s-1`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.memory_harness = MemoryHarness()
        super().__init__(self.memory_harness, patch)
        self.registry = FakeRegistrar(self.memory_harness.clock)
        self.adapter = self.registry
        self.attributes = ordered()
        self.status = ServiceStatus.PROVISIONING
        self.ref: str | None = None
        self.data: dict[str, Any] = {}
        self.asked = 0

    def order(self, **fields: Any) -> None:
        """Change what is ordered; `rules` are those that differ."""
        self.attributes = ordered(**fields)

    def ask(
        self,
        workflow: str,
        *,
        resource: str = "service:s-1",
        secret: str | None = None,
        deadline: float | None = DAY,
        **inputs: Any,
    ) -> str:
        """Accept an operation on the service; its id."""
        self.asked += 1
        operation_id = f"op-{self.asked}"
        service = ServiceRecord(
            "s-1", "domain", self.status, self.attributes, self.ref, self.data, password=Secret(OWN_CODE)
        )
        self.harness.accept(
            NewOperation(
                operation_id,
                workflow,
                resource,
                inputs,
                vendor_account="panel-1",
                service=service,
                deadline=None if deadline is None else self.harness.now() + timedelta(seconds=deadline),
                secret=None if secret is None else Secret(secret),
            )
        )
        return operation_id

    def have_registered(self, **facts: Any) -> None:
        """The service has its domain at the registry."""
        domain = self.registry.have(NAME, auth_code=OWN_CODE, hosts=("ns1.host.example", "ns2.host.example"), **facts)
        expires = domain.expires.strftime("%Y-%m-%dT%H:%M:%S.0Z")
        self.status, self.ref = ServiceStatus.ACTIVE, NAME
        self.data = {"roid": domain.roid, "expires_at": expires, "paid_until": expires}

    def do(self, workflow: str, **inputs: Any) -> str:
        """Accept an operation and run it to its end."""
        operation_id = self.ask(workflow, **inputs)
        self.run_all()
        return operation_id

    @property
    def service(self) -> ServiceRecord:
        """How the service stands."""
        return self.harness.service("s-1")

    @property
    def upkeep_in_days(self) -> float | None:
        """In how many days the domain is looked after next."""
        upkeep = self.memory_harness.memory.upkeeps.get("s-1")
        if upkeep is None or upkeep.at is None:
            return None
        return (upkeep.at - self.harness.now()).total_seconds() / DAY

    def error_fields(self, operation_id: str = "op-1") -> tuple[str, ...]:
        """What the customer could correct."""
        error = self.standing(operation_id).error
        return () if error is None else error.fields
