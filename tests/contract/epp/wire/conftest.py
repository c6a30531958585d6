"""What the tests of the wire share: an authority, servers, and the sessions of one account."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import trustme

from adapters.epp import settings
from adapters.epp.sessions import Sessions
from provisioner.kernel.clock import Clock, SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Budget, VendorAccount
from tests.contract.epp.wire.scripted import Registry, registry, server_context

PASSWORD = "pass&w<ord"

Opened = Callable[..., AbstractContextManager[Sessions]]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", "127.0.0.1", "::1")


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def server(certificate: trustme.LeafCert) -> Iterator[Registry]:
    with registry(server_context(certificate)) as running:
        yield running


@pytest.fixture
def opened(ca_file: Path) -> Opened:
    """Sessions with a server, closed at the end. Keywords are settings; limits are far off unless given."""

    @contextlib.contextmanager
    def sessions(
        running: Registry,
        *,
        clock: Clock | None = None,
        budget: Budget | None = None,
        credentials: dict[str, str] | None = None,
        **given: str,
    ) -> Iterator[Sessions]:
        account = account_of(running.port, {"ca_file": str(ca_file)} | given, credentials or {})
        made = Sessions(settings.read(account), account, clock or SystemClock(), budget)
        try:
            yield made
        finally:
            made.close()

    return sessions


def account_of(port: int, given: dict[str, str], credentials: dict[str, str]) -> VendorAccount:
    usual = {
        "host": "localhost",
        "port": str(port),
        "commands_per_second": "0",
        "checks_per_second": "0",
        "command_seconds": "5",
        "connect_seconds": "5",
    }
    logins = {"username": "registrar-1", "password": PASSWORD} | credentials
    return VendorAccount(
        "reg",
        "epp",
        settings={key: value for key, value in (usual | given).items() if value},
        credentials={key: Secret(value) for key, value in logins.items()},
    )
