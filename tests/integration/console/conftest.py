"""An installation as `provisioner` opens it, on SQLite or PostgreSQL, with a simulated vendor beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.app.main import CommandInstallation
from provisioner.app.sandboxes import simulators
from provisioner.console.cli import main
from provisioner.console.installation import RunningSandbox, SandboxOptions
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.store.accounts import NewAccount

OPERATOR = "demo"


@dataclass(frozen=True)
class Ended:
    """How one command line ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSandbox]:
    with simulators(SandboxOptions(simulator="plesk")) as (running,):
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommandInstallation]:
    url = Secret(request.getfixturevalue("database_url")) if request.param == "postgres" else None
    made = opened(tmp_path, url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[CommandInstallation]:
    """One on SQLite, for what does not depend on the database."""
    made = opened(tmp_path, None)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line on an installation."""
    monkeypatch.setenv("SUDO_USER", OPERATOR)

    def run(installation: CommandInstallation, *arguments: str) -> Ended:
        capfd.readouterr()
        code = main(lambda _config: installation, arguments)
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return run


def opened(folder: Path, url: Secret | None) -> CommandInstallation:
    settings = Settings(
        data_dir=folder / "data",
        database_url=url,
        worker_threads=2,
        sweep_seconds=0.05,
        backoff_first_seconds=0.1,
        backoff_most_seconds=0.2,
        lookup_waits_seconds=(0.1,),
    )
    return CommandInstallation(settings)


def add_server(installation: CommandInstallation, vendor: RunningSandbox, name: str = "plesk-1") -> None:
    account = NewAccount(name, vendor.adapter, vendor.product, "sandbox", vendor.settings, vendor.credentials)
    installation.store().accounts.add(account, "test")
