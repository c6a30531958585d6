"""A registry whose queue is a folder, so that it outlives processes and many can ask it; and processes that read it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from provisioner.kernel import crash
from provisioner.kernel.clock import Clock, FakeClock
from provisioner.kernel.sealing import KeyRing
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Done
from provisioner.ports.registrar import PollQueue, RegistryMessage
from provisioner.runner.adapters import OpenAdapters
from provisioner.runner.polling import Polling, with_queue
from provisioner.store.store import Store
from tests.support.stores import Opening, Stage

LONGEST: Final = 60.0
LEASE_SECONDS: Final = 30.0

_context = multiprocessing.get_context("spawn")


class Registry(PollQueue):
    """Each message is a file in `folder`, named by its id; `readers` has a line for each process that asked.

    With `drops` False it keeps what was acknowledged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before: Callable[[str], None] = lambda _call: None
        self.drops = True
        folder.mkdir(exist_ok=True)

    def queue(self, *message_ids: str, domain: str = "d-1.example") -> None:
        """Put messages behind those that are there."""
        for message_id in message_ids:
            (self.folder / message_id).write_text(domain)

    @property
    def messages(self) -> list[str]:
        """What is not acknowledged yet."""
        return sorted(path.name for path in self.folder.iterdir())

    @property
    def readers(self) -> list[str]:
        """The processes that asked, once for each time."""
        log = self.folder.with_suffix(".readers")
        return log.read_text().split() if log.exists() else []

    def next_message(self) -> RegistryMessage | None:
        self.before("next_message")
        with self.folder.with_suffix(".readers").open("a") as log:
            log.write(f"{os.getpid()}\n")
        for name in self.messages[:1]:
            domain = (self.folder / name).read_text()
            return RegistryMessage(name, "2026-01-01T00:00:00Z", "renewal", domain, "Renewed", {}, "<epp/>")
        return None

    def acknowledge(self, message_id: str) -> None:
        self.before("acknowledge")
        if self.drops:
            (self.folder / message_id).unlink(missing_ok=True)

    def ping(self) -> Done:
        return Done()

    def close(self) -> None:
        pass


def factory_of(registries: Mapping[str, Registry]) -> Callable[[VendorAccount, Clock], Registry]:
    """What opens an account: the registry of its name."""

    def opened(account: VendorAccount, _clock: Clock) -> Registry:
        return registries[account.name]

    return opened


def polling_of(
    store: Store,
    registries: Mapping[str, Registry],
    *,
    owner: str = "here",
    rung: list[str] | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> Polling:
    """A process's polling of these registries, one for each account."""
    factories = {"registry": factory_of(registries)}
    adapters = OpenAdapters(store.accounts, factories, FakeClock())
    ring = [] if rung is None else rung
    return Polling(
        store.polls,
        adapters,
        ring.extend,
        readable=with_queue(factories),
        owner=owner,
        poll_seconds=0.1,
        lease_seconds=lease_seconds,
        heartbeat=0.1,
    )


def reading_process(
    stage: Stage, account: str, folder: Path, *, crash_at: str = "", together: Barrier | None = None
) -> BaseProcess:
    """A process of its own that reads one queue to its end. `crash_at` kills it there; `together` makes it wait."""
    arguments = ((stage.opening.url, stage.opening.folder), account, folder, crash_at, together)
    process = _context.Process(target=_read, args=arguments)
    process.start()
    return process


def barrier(parties: int) -> Barrier:
    """Where so many processes wait for one another."""
    return _context.Barrier(parties)


def ended(process: BaseProcess) -> int | None:
    """Wait for a process's end; its exit code."""
    process.join(LONGEST)
    return process.exitcode


def _read(place: tuple[str, Path], account: str, registry: Path, crash_at: str, together: Barrier | None) -> None:
    """In the other process."""
    url, folder = place
    crash.arm({crash.SPEC_VARIABLE: crash_at})
    store = Opening(url, folder, FakeClock()).open(KeyRing.load(folder / "keys.json"))
    polling = polling_of(store, {account: Registry(registry)}, owner=f"process-{os.getpid()}")
    store.polls.accounts()  # connected before the start
    if together is not None:
        together.wait(LONGEST)
    polling.read(account, threading.Event())
    store.close()


KILLED: Final = -signal.SIGKILL
