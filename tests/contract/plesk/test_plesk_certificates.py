"""The contract of certificates, and what is Plesk's own beside it, against the simulated server."""

from collections.abc import Iterator

import pytest

from adapters.plesk import PleskHosting
from provisioner.ports.certificates import Site
from tests.contract.certificate_host_suite import CertificateHostSuite
from tests.contract.plesk import simulated, simulated_sites
from tests.contract.plesk.simulated_sites import SitesWorld


@pytest.fixture(scope="module")
def world() -> Iterator[SitesWorld]:
    with simulated_sites.running() as world:
        yield world


@pytest.fixture
def host(world: SitesWorld) -> Iterator[PleskHosting]:
    with simulated.opened(simulated_sites.account(world.ports)) as host:
        yield host


@pytest.fixture
def site(host: PleskHosting) -> Site:
    return simulated_sites.new_site(host)


class TestPleskKeepsTheContractOfCertificates(CertificateHostSuite):
    pass
