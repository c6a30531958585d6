"""Claims due operations and runs them on a pool of threads; one heartbeat thread keeps their leases."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provisioner.kernel import log
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.runner.adapters import OpenAdapters
from provisioner.runner.patience import PatientJournal
from provisioner.store.claims import Held
from provisioner.store.store import Store
from provisioner.workflows.backoff import Jitter, Waits
from provisioner.workflows.engine import Engine
from provisioner.workflows.journal import Claim, LeaseLost
from provisioner.workflows.recorder import Surroundings

# Between two looks: under load each finds several operations, and what one look costs is shared by them.
BREATH_SECONDS: Final = 0.02

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many at once, and how often. All times in seconds."""

    threads: int
    batch: int
    sweep: float
    heartbeat: float
    waits: Waits
    patience: float = 600.0


class Runner:
    """One for each process. `wake()` makes it look for due operations at once; it looks each sweep anyway."""

    def __init__(
        self, store: Store, adapters: OpenAdapters, *, owner: str, clock: Clock, jitter: Jitter, pace: Pace
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._owner = owner
        self._clock = clock
        self._pace = pace
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._claimed: queue.SimpleQueue[Claim | None] = queue.SimpleQueue()
        self._running: set[Held] = set()
        self._lost: set[Held] = set()  # told already
        self._database_was_away = False
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        journal = PatientJournal(store.journal, clock, give_up_seconds=pace.patience)
        around = Surroundings(journal, clock, pace.waits, jitter, self._stopping.is_set)
        self._engine = Engine(around, adapters)

    # -- the life of a runner

    def start(self) -> None:
        """Start the threads; returns at once."""
        bound = log.bound()
        self._start_thread("dispatch", self._dispatch, bound)
        self._start_thread("heartbeat", self._heartbeat, bound)
        for number in range(self._pace.threads):
            self._start_thread(f"run-{number}", self._work, bound)

    def _start_thread(self, name: str, target: Callable[[], None], bound: Mapping[str, Any]) -> None:
        def run() -> None:
            with log.context(**bound):
                target()

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, grace: float) -> bool:
        """Claim no more, let each operation stop at its next step boundary; True when all have within `grace`.

        Operations that have not stopped keep their adapters: the process ends under them, as in a crash.
        """
        deadline = self._clock.monotonic() + grace
        self._stopping.set()
        self._awake.set()
        self._join(self._threads[:1], deadline)  # what the dispatcher has claimed is in the queue now
        for _ in range(self._pace.threads):
            self._claimed.put(None)
        self._join(self._threads, deadline)
        if self._running:
            return False
        self._adapters.close()
        return True

    def _join(self, threads: Sequence[threading.Thread], deadline: float) -> None:
        for thread in threads:
            thread.join(max(deadline - self._clock.monotonic(), 0.0))

    def healthy(self) -> bool:
        """Whether every thread is alive; the process must end when one is not."""
        return self._stopping.is_set() or all(thread.is_alive() for thread in self._threads)

    def wake(self) -> None:
        """Look for due operations now."""
        self._awake.set()

    @property
    def free(self) -> int:
        """Threads with nothing to do."""
        return self._pace.threads - len(self._running)

    # -- threads

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._awake.wait(self._pace.sweep)
            self._awake.clear()
            try:
                self._take_all()
            except StoreUnavailable as away:
                self._database_was_away = True
                _log.warning("sweep failed", detail=str(away))
                self._stopping.wait(self._pace.sweep)
            self._stopping.wait(BREATH_SECONDS)

    def _take_all(self) -> None:
        """Claim until nothing is due or no thread is free."""
        if self._database_was_away:
            self._keep_leases()  # before anything: our own may have run out meanwhile, and are not to be taken over
            self._database_was_away = False
        while not self._stopping.is_set() and self._take():
            pass

    def _take(self) -> bool:
        """Claim what the free threads can do; True when there may be more."""
        room = min(self.free, self._pace.batch)
        if room <= 0:
            return False
        claims = self._store.claims.take(self._owner, room)
        with self._lock:
            self._running.update(map(_lease, claims))
        for claim in claims:
            self._claimed.put(claim)
        return len(claims) == room

    def _heartbeat(self) -> None:
        while not self._stopping.wait(self._pace.heartbeat) or self._running:
            try:
                self._keep_leases()
            except StoreUnavailable as away:
                _log.warning("heartbeat failed", detail=str(away))
            if self._stopping.is_set():
                self._clock.sleep(min(self._pace.heartbeat, 0.2))

    def _keep_leases(self) -> None:
        with self._lock:
            held = list(self._running)
        kept = self._store.claims.keep(held) if held else set()
        for lease in held:
            if lease.operation_id not in kept and lease in self._running - self._lost:
                self._lost.add(lease)
                _log.warning("lease lost", operation=lease.operation_id)
        self._lost &= set(held)

    def _work(self) -> None:
        while (claim := self._claimed.get()) is not None:
            try:
                self._run(claim)
            finally:
                with self._lock:
                    self._running.discard(_lease(claim))
                self._awake.set()

    # -- one operation

    def _run(self, claim: Claim) -> None:
        bound = {
            "order": claim.order_id,
            "item": claim.item_id,
            "service": claim.service.service_id if claim.service else None,
            "operation": claim.operation_id,
            "account": claim.vendor_account,
        }
        with log.context(**bound):
            try:
                self._advance(claim)
            except LeaseLost as lost:
                _log.warning("lease lost", detail=str(lost))
            except StoreUnavailable as away:
                _log.error("database away; the operation goes on when its lease has run out", detail=str(away))

    def _advance(self, claim: Claim) -> None:
        started = self._clock.monotonic()
        try:
            report = self._engine.run(claim)
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception as fault:  # noqa: BLE001 - a fault of ours in a workflow or adapter: an operator is told, the thread lives
            _log.exception("unexpected fault", workflow=claim.workflow)
            reason = f"unexpected fault in {claim.workflow}: {type(fault).__name__}"
            report = self._engine.hold(claim, reason, "unexpected_fault")
        if claim.account_failures and report.vendor_answered and claim.vendor_account:
            self._store.accounts.recovered(claim.vendor_account)
        milliseconds = round((self._clock.monotonic() - started) * 1000, 1)
        _log.info(f"operation {report.state}", workflow=claim.workflow, detail=report.reason, milliseconds=milliseconds)


def _lease(claim: Claim) -> Held:
    """The lease of a claim: the same operation under another token is another lease."""
    return Held(claim.operation_id, claim.fence)
