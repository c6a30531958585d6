"""One installation: the parts that its settings describe, opened when they are first asked for."""

import os
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from provisioner.app.plugins import adapter_factories
from provisioner.app.sandboxes import simulators
from provisioner.console.installation import RunningSandbox, SandboxOptions, Submitted
from provisioner.intake import publish as publishing
from provisioner.intake.accept import Intake, Receipt
from provisioner.kernel.clock import Clock, SystemClock
from provisioner.kernel.errors import NotFoundError
from provisioner.kernel.ids import Ids, RandomIds
from provisioner.kernel.sealing import KeyRing
from provisioner.kernel.settings import Settings
from provisioner.ports.outcomes import Done
from provisioner.runner.adapters import OpenAdapters
from provisioner.runner.polling import Polling, with_queue
from provisioner.runner.runner import Pace, Runner
from provisioner.runner.scheduler import Scheduler
from provisioner.store.domains import tld_table
from provisioner.store.migrate import migrate
from provisioner.store.store import Store, open_store
from provisioner.workflows import certificates, domains, hosting, scheduled
from provisioner.workflows.backoff import Waits

WORKFLOW_MODULES: Final = (certificates, domains, hosting, scheduled)  # importing them registers their workflows

Ring = Callable[[Sequence[str]], None]


@dataclass
class Installed:
    """One installation, made of its settings. Parts are opened when they are first asked for, and once."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)

    @cached_property
    def owner(self) -> str:
        """The name under which this process holds leases."""
        return f"{socket.gethostname()}/{os.getpid()}/{self.ids.new()[:8]}"

    # -- parts

    @cached_property
    def _keys(self) -> KeyRing:
        path = self.settings.key_ring
        if self.settings.embedded and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            return KeyRing.create(path)
        return KeyRing.load(path)

    def keys(self) -> KeyRing:
        """The key ring; in embedded mode made when it is missing. Raises KeyRingError."""
        return self._keys

    @cached_property
    def _store(self) -> Store:
        if self.settings.embedded:
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        return open_store(self.settings, self._keys, self.clock, self.ids, tld_table(self.settings.tlds_file))

    def store(self) -> Store:
        """The store. Raises SettingsError and KeyRingError."""
        return self._store

    @cached_property
    def adapters(self) -> OpenAdapters:
        """The adapters of this installation's vendor accounts."""
        return OpenAdapters(self._store.accounts, adapter_factories(), self.clock)

    def intake(self, ring: Ring) -> Intake:
        """The intake function."""
        return Intake(self._store, size_limit=self.settings.message_size_limit_bytes, ring=ring)

    def runner(self) -> Runner:
        """A runner, not started yet."""
        settings = self.settings
        waits = Waits(
            settings.backoff_first_seconds, settings.backoff_most_seconds, tuple(settings.lookup_waits_seconds)
        )
        pace = Pace(
            threads=settings.worker_threads,
            batch=settings.claim_batch,
            sweep=settings.sweep_seconds,
            heartbeat=settings.heartbeat_seconds,
            waits=waits,
        )
        jitter = random.Random()  # noqa: S311 - spreads waits, guards nothing
        return Runner(self._store, self.adapters, owner=self.owner, clock=self.clock, jitter=jitter, pace=pace)

    def scheduler(self, ring: Ring) -> Scheduler:
        """The scheduled jobs."""
        settings = self.settings
        return Scheduler(
            self._store,
            ring,
            self.clock,
            sweep_seconds=settings.sweep_seconds,
            retention_days=settings.inbox_retention_days,
        )

    def polling(self, ring: Ring) -> Polling:
        """The reader of registries' message queues."""
        return Polling(
            self._store.polls,
            self.adapters,
            ring,
            readable=with_queue(adapter_factories()),
            owner=self.owner,
            poll_seconds=self.settings.poll_seconds,
            lease_seconds=self.settings.lease_seconds,
            heartbeat=self.settings.heartbeat_seconds,
        )

    # -- what commands ask for

    def migrate(self) -> str:
        """Bring the database to this version's tables; the revision that it is at now."""
        return migrate(self._store.database)

    def submit(self, raw: bytes, *, direct: bool = False) -> Submitted:
        """Hand one message in: to the broker when there is one, unless `direct`, else to the intake function."""
        if self.settings.broker_url is not None and not direct:
            return Submitted("published", publishing.publish(self.settings.broker_url, raw))
        return _submitted(self.intake(_nobody).receive(raw, "console"))

    def replay(self, quarantine_id: str, actor: str) -> Submitted:
        """Take a message of the quarantine in once more. Raises NotFoundError and RefusedError."""
        raw, queue = self._store.quarantine.body(quarantine_id)
        receipt = self.intake(_nobody).receive(raw, queue)
        if receipt.outcome != "quarantined":
            self._store.quarantine.settle(quarantine_id, "replayed", actor)
        return _submitted(receipt)

    def ping(self, account: str) -> Done:
        """Ask a vendor whether the account works. Raises NotFoundError and the outcomes of `ports.outcomes`."""
        if self._store.accounts.version(account) is None:
            raise NotFoundError(f"there is no server {account}")
        answer: Done = self.adapters(account).ping()
        return answer

    def check_broker(self) -> str:
        """Connect to the broker; what is there, in one sentence. Raises ProvisionerError."""
        if self.settings.broker_url is None:
            return "none is set; messages come through `provisioner submit`"
        return publishing.check(self.settings.broker_url)

    def sandbox(self, options: SandboxOptions) -> AbstractContextManager[Sequence[RunningSandbox]]:
        """Start simulators of vendors on loopback. Raises NotFoundError for a name that is not installed."""
        return simulators(options)

    def close(self) -> None:
        """Close what was opened."""
        if "adapters" in self.__dict__:
            self.adapters.close()
        if "_store" in self.__dict__:
            self._store.close()


def _submitted(receipt: Receipt) -> Submitted:
    return Submitted(receipt.outcome, receipt.detail, receipt.order_id, receipt.quarantine_id)


def _nobody(_operations: Sequence[str]) -> None:
    """Nobody is told: the next sweep finds what is due."""
