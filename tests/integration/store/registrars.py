"""A registrar account with a registry behind it, and what a storefront says about domains."""

import random
from typing import Any, Final

import pytest

from provisioner.intake.accept import Receipt
from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.ports.registrar import Registrar
from provisioner.workflows import domains as _domains
from provisioner.workflows.backoff import Waits
from provisioner.workflows.engine import Engine, Report
from provisioner.workflows.journal import Claim
from provisioner.workflows.recorder import Surroundings
from tests.integration.store.estate import REGISTRAR, add_registrar
from tests.support.domains import customer, terms
from tests.support.engine.registrar import FakeRegistrar
from tests.support.stores import Stage

WORKFLOW_MODULES: Final = (_domains,)  # importing them registers their workflows
NAME: Final = "name1.com"


class DomainStage:
    """A stage with one registrar account; `registry` is what stands behind it, unless a test puts in an `adapter`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.shop = stage.shop
        self.registry = FakeRegistrar(FakeClock(stage.now()))
        self.adapter: Registrar = self.registry
        add_registrar(stage, settings={"host": "in-process", "nameservers": "ns1.parking.net, ns2.parking.net"})

    def order(self, **changes: Any) -> Receipt:
        """Order the registration of name1.com as `domain-1`."""
        return self.shop.place("o-1", [item(**changes)], customer_id="customer-1")

    def say(self, verb: str, service_id: str = "domain-1", **data: Any) -> Receipt:
        """A command to a domain."""
        return self.shop.say(f"domain.{verb}.v1", {"service_id": service_id, **data})

    def register(self, number: int = 1, **changes: Any) -> Receipt:
        """Register a domain without an order."""
        return self.shop.say("domain.register.v1", {"customer": customer(number), **terms(number), **changes})

    def work(self) -> list[Report]:
        """Run what is due, until nothing is."""
        reports: list[Report] = []
        while claims := self.stage.take():
            reports += self.run(claims)
        return reports

    def run(self, claims: list[Claim]) -> list[Report]:
        """Run what was claimed."""
        jitter = random.Random(7)  # noqa: S311 - jitter is no secret
        around = Surroundings(self.stage.store.journal, SystemClock(), Waits(), jitter, lambda: False)
        engine = Engine(around, lambda name: self.adapter if name == REGISTRAR else self.stage.panel)
        return [engine.run(claim) for claim in claims]

    def service(self, service_id: str = "domain-1") -> dict[str, Any]:
        """The row of a service."""
        return self.stage.row("services", id=service_id)


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A domain item; its id is `domain`."""
    return {"product": "domain", "item_id": "domain", "change": "purchase", **terms(number), **changes}


def without(terms_of_domain: dict[str, Any], *fields: str) -> dict[str, Any]:
    """The same without some fields."""
    return {name: value for name, value in terms_of_domain.items() if name not in fields}


@pytest.fixture
def desk(stage: Stage) -> DomainStage:
    """A stage with a registrar, on each database."""
    return DomainStage(stage)
