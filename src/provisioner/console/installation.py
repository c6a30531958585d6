"""What the commands act on. The composition root makes one; the console knows nothing of how."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from provisioner.kernel.clock import Clock
from provisioner.kernel.ids import Ids
from provisioner.kernel.sealing import KeyRing
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.ports.outcomes import Done
from provisioner.store.queries import Queries
from provisioner.store.store import Store

Role = Literal["worker", "intake", "runner", "scheduler", "relay", "all"]


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a message. `published`: the broker has it, and what becomes of it is not known here."""

    outcome: Literal["accepted", "duplicate", "rejected", "quarantined", "published"]
    detail: str = ""
    order_id: str | None = None
    quarantine_id: str | None = None

    @property
    def taken(self) -> bool:
        """True unless the message was refused or put aside."""
        return self.outcome in ("accepted", "duplicate", "published")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Which simulator (None: every one that is installed) and where. Port 0 is chosen at run time.

    `data_dir` keeps their memory between two starts; None forgets it.
    """

    simulator: str | None = None
    port: int = 0
    control_port: int = 0
    data_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A simulator that is up. `settings` and `credentials` are what a vendor account of `adapter` needs."""

    name: str
    adapter: str
    product: str
    endpoint: str
    control_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Secret] = field(default_factory=dict)


class Demo(Protocol):
    """An embedded stack of its own, up and running: SQLite in a new folder, simulators, a runner with short waits."""

    @property
    def data_dir(self) -> Path:
        """Where it keeps its database and its keys."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which another `provisioner` command looks at this stack."""
        ...

    @property
    def queries(self) -> Queries:
        """Questions to its database."""
        ...

    def submit(self, raw: bytes) -> Submitted:
        """Take one message in."""
        ...

    def plan_fault(self, rule: Mapping[str, Any]) -> None:
        """Add a rule to the simulator's fault plan, in the words of its control interface."""
        ...


class Installation(Protocol):
    """One installation, made of its settings. Everything is opened when it is first asked for, and once."""

    @property
    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def ids(self) -> Ids:
        """New identifiers."""
        ...

    def store(self) -> Store:
        """The store. Raises SettingsError and KeyRingError."""
        ...

    def keys(self) -> KeyRing:
        """The key ring, the same that the store uses. Raises KeyRingError."""
        ...

    def migrate(self) -> str:
        """Bring the database to this version's tables; the revision that it is at now."""
        ...

    def submit(self, raw: bytes, *, direct: bool = False) -> Submitted:
        """Hand one message in: to the broker when there is one, unless `direct`, else to the intake function."""
        ...

    def replay(self, quarantine_id: str, actor: str) -> Submitted:
        """Take a message of the quarantine in once more. Raises NotFoundError and RefusedError."""
        ...

    def run(self, role: Role) -> int:
        """Run a role until the process is told to stop; the exit code."""
        ...

    def sandbox(self, options: SandboxOptions) -> AbstractContextManager[Sequence[RunningSandbox]]:
        """Start simulators of vendors on loopback. Raises NotFoundError for a name that is not installed."""
        ...

    def ping(self, account: str) -> Done:
        """Ask a vendor whether the account works. Raises NotFoundError and the outcomes of `ports.outcomes`."""
        ...

    def check_broker(self) -> str:
        """Connect to the broker; what is there, in one sentence. Raises ProvisionerError."""
        ...

    def demo(self) -> AbstractContextManager[Demo]:
        """Start a stack for `provisioner demo`; it needs no settings, and leaving it removes what it made."""
        ...


OpenInstallation = Callable[[Path | None], Installation]
"""Makes the installation, given the TOML file that was named on the command line. Raises SettingsError."""
