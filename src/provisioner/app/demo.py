"""The stack of `provisioner demo`: SQLite in a new folder, simulators, and a runner with short waits."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from provisioner.app.installed import Installed
from provisioner.app.sandboxes import simulators
from provisioner.console.installation import RunningSandbox, SandboxOptions, Submitted
from provisioner.kernel import log
from provisioner.kernel.settings import Settings
from provisioner.runner.runner import Runner
from provisioner.store.accounts import NewAccount
from provisioner.store.queries import Queries

FAULTY: Final = "plesk"  # the simulator whose faults the demo plans
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "plesk": {"read_timeout": "2", "nameservers": "ns1.panel.example,ns2.panel.example"},  # what is mute is given up
}


@dataclass(frozen=True, slots=True)
class DemoStack:
    """A stack that is up."""

    installed: Installed
    runner: Runner
    control_url: str

    @property
    def data_dir(self) -> Path:
        """Where it keeps its database and its keys."""
        return self.installed.settings.data_dir

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which another `provisioner` command looks at this stack."""
        return {"PROVISIONER_DATA_DIR": str(self.data_dir)}

    @property
    def queries(self) -> Queries:
        """Questions to its database."""
        return self.installed.store().queries

    def submit(self, raw: bytes) -> Submitted:
        """Take one message in."""
        submitted = self.installed.submit(raw)
        self.runner.wake()
        return submitted

    def plan_fault(self, rule: Mapping[str, Any]) -> None:
        """Add a rule to the simulator's fault plan, in the words of its control interface."""
        httpx.post(f"{self.control_url}/faults", json=dict(rule), timeout=10).raise_for_status()


@contextmanager
def demo_stack() -> Iterator[DemoStack]:
    """A stack that needs no settings; leaving it removes what it made."""
    folder = Path(tempfile.mkdtemp(prefix="provisioner-demo-"))
    try:
        with simulators(SandboxOptions(data_dir=folder / "sandbox")) as running:
            yield from _stack(folder, running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stack(folder: Path, running: Sequence[RunningSandbox]) -> Iterator[DemoStack]:
    installed = Installed(_settings(folder))
    log.configure("error", "auto")
    installed.migrate()
    for simulator in running:
        installed.store().accounts.add(_account(simulator), "demo")
    runner = installed.runner()
    runner.start()
    control_url = next(simulator.control_url for simulator in running if simulator.name == FAULTY)
    try:
        yield DemoStack(installed, runner, control_url)
    finally:
        runner.stop(5.0)
        installed.close()


def _settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        worker_threads=4,
        sweep_seconds=0.1,
        backoff_first_seconds=1.0,
        backoff_most_seconds=5.0,
        lookup_waits_seconds=(0.5, 1.0, 2.0),
    )


def _account(simulator: RunningSandbox) -> NewAccount:
    return NewAccount(
        name=f"{simulator.name}-1",
        adapter=simulator.adapter,
        product=simulator.product,
        environment="sandbox",
        settings={**simulator.settings, **SETTINGS.get(simulator.name, {})},
        credentials=simulator.credentials,
        concurrency=4,
    )
