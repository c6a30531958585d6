"""The adapter keeps the registrar's contract at a simulated registry."""

from collections.abc import Iterator

import pytest

from adapters.epp import EppRegistrar
from tests.contract.epp import simulated
from tests.contract.epp.simulated import EppWorld
from tests.contract.registrar_suite import RegistrarSuite


@pytest.fixture(scope="module")
def simulation() -> Iterator[EppWorld]:
    with simulated.running() as world:
        yield world


class TestEppRegistrar(RegistrarSuite):
    @pytest.fixture
    def world(self, simulation: EppWorld) -> EppWorld:
        return simulation

    @pytest.fixture
    def registrar(self, world: EppWorld) -> Iterator[EppRegistrar]:
        with simulated.opened(simulated.account(world.simulator)) as registrar:
            yield registrar
