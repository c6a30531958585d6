"""What the processes do: worker (intake, runner, or both), scheduler, relay, or all of them in one tree."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from provisioner.app.installed import Installed, Ring
from provisioner.console.installation import Role
from provisioner.intake.doorbell import Doorbell
from provisioner.intake.worker import DoorbellWorker, IntakeWorker
from provisioner.kernel import log
from provisioner.kernel.errors import SettingsError, StoreUnavailable
from provisioner.kernel.secret import Secret
from provisioner.relay.loop import Relay
from provisioner.relay.publisher import ConfirmingPublisher
from provisioner.runner.runner import Runner
from provisioner.runner.supervisor import Supervisor, own_command, stop_on_signals, stop_with_supervisor
from provisioner.store.migrate import current, newest

UNHEALTHY: Final = 70
WATCH_SECONDS: Final = 0.5

_log = log.get(__name__)


def run_role(installed: Installed, role: Role, config: Path | None) -> int:
    """Run a role until the process is told to stop; the exit code."""
    stop = stop_on_signals()
    stop_with_supervisor(stop, os.environ)
    with log.context(role=role):
        if not _wait_for_tables(installed, stop):
            return 0
        _log.info("started", owner=installed.owner)
        code = _ROLES[role](installed, stop) if role != "all" else _all(installed, stop, config)
        _log.info("stopped", exit_code=code)
    return code


def _wait_for_tables(installed: Installed, stop: threading.Event) -> bool:
    """True when the database answers and has this version's tables; False when told to stop meanwhile.

    Raises SettingsError when the tables are of another version.
    """
    while not stop.is_set():
        try:
            revision = current(installed.store().database)
        except StoreUnavailable as away:
            _log.warning("waiting for the database", detail=str(away))
            stop.wait(1.0)
            continue
        if revision != newest():
            raise SettingsError(
                f"the database is at revision {revision or 'none'}, this version needs {newest()}; "
                "run `provisioner migrate`"
            )
        return True
    return False


def _worker(installed: Installed, stop: threading.Event) -> int:
    """Intake and runner in one process."""
    settings = installed.settings
    if settings.broker_url is None:
        return _runner(installed, stop)
    runner = installed.runner()
    runner.start()
    doorbell = _doorbell(installed)
    worker = _intake_worker(installed, _ring_locally_first(runner, doorbell), lambda _operation: runner.wake())
    worker.start()

    def stop_both() -> bool:
        worker.stop(settings.stop_grace_seconds / 3)
        doorbell.close()
        return runner.stop(settings.stop_grace_seconds * 2 / 3)

    return _watch(stop, lambda: runner.healthy() and worker.healthy(), stop_both)


def _intake(installed: Installed, stop: threading.Event) -> int:
    """Only takes messages in; what they mean is run by other processes."""
    doorbell = _doorbell(installed)
    worker = _intake_worker(installed, lambda operations: doorbell.ring(operations[0]), None)
    worker.start()

    def finish() -> bool:
        worker.stop(installed.settings.stop_grace_seconds)
        doorbell.close()
        return True

    return _watch(stop, worker.healthy, finish)


def _runner(installed: Installed, stop: threading.Event) -> int:
    """Only runs operations; with a broker it answers doorbells too."""
    settings = installed.settings
    runner = installed.runner()
    runner.start()
    if settings.broker_url is None:
        return _watch(stop, runner.healthy, lambda: runner.stop(settings.stop_grace_seconds))
    door = DoorbellWorker(
        settings.broker_url,
        lambda _operation: runner.wake(),
        delivery_limit=settings.delivery_limit,
        heartbeat=settings.heartbeat_broker_seconds,
        blocked_seconds=settings.blocked_connection_timeout_seconds,
    )
    door.start()

    def stop_both() -> bool:
        door.stop(settings.stop_grace_seconds / 3)
        return runner.stop(settings.stop_grace_seconds * 2 / 3)

    return _watch(stop, lambda: runner.healthy() and door.healthy(), stop_both)


def _intake_worker(installed: Installed, ring: Ring, on_doorbell: Callable[[str], None] | None) -> IntakeWorker:
    settings = installed.settings
    intake = installed.intake(ring)
    return IntakeWorker(
        _broker(installed),
        lambda raw, queue: _ignore(intake.receive(raw, queue)),
        intake.set_aside,
        on_doorbell,
        threads=settings.intake_threads,
        prefetch=settings.prefetch,
        delivery_limit=settings.delivery_limit,
        heartbeat=settings.heartbeat_broker_seconds,
        blocked_seconds=settings.blocked_connection_timeout_seconds,
    )


def _watch(stop: threading.Event, healthy: Callable[[], bool], finish: Callable[[], bool]) -> int:
    """Wait to be told to stop; end unhealthy when a thread has died, so that the process is started again."""
    while not stop.wait(WATCH_SECONDS):
        if not healthy():
            _log.error("a thread has died; this process ends to be started again")
            finish()
            return UNHEALTHY
    if not finish():
        _log.warning("stopped with work in hand; it goes on elsewhere when its lease has run out")
    return 0


def _ring_locally_first(runner: Runner, doorbell: Doorbell) -> Callable[[Sequence[str]], None]:
    """This process runs what it took in; others are told only when its own threads are all at work."""

    def ring(operations: Sequence[str]) -> None:
        runner.wake()
        if runner.free == 0:
            doorbell.ring(operations[0])

    return ring


def _scheduler(installed: Installed, stop: threading.Event) -> int:
    doorbell = _doorbell(installed) if installed.settings.broker_url is not None else None

    def ring(operations: Sequence[str]) -> None:
        if doorbell is not None:
            doorbell.ring(operations[0])

    code = _watch_jobs(stop, _jobs(installed, stop, ring))
    if doorbell is not None:
        doorbell.close()
    return code


def _jobs(installed: Installed, stop: threading.Event, ring: Ring) -> tuple[threading.Thread, ...]:
    """The scheduled jobs and the reader of registries' queues, each on a thread; only the first rings."""
    works = {"scheduler": installed.scheduler(ring).run, "polling": installed.polling(_let_be).run}
    threads = tuple(threading.Thread(target=run, args=(stop,), name=name, daemon=True) for name, run in works.items())
    for thread in threads:
        thread.start()
    return threads


def _watch_jobs(stop: threading.Event, threads: Sequence[threading.Thread]) -> int:
    def end() -> bool:
        for thread in threads:
            thread.join()
        return True

    return _watch(stop, lambda: stop.is_set() or all(thread.is_alive() for thread in threads), end)


def _relay(installed: Installed, stop: threading.Event) -> int:
    settings = installed.settings
    outbox = installed.store().outbox(installed.owner)
    publisher = ConfirmingPublisher(
        _broker(installed),
        heartbeat=settings.heartbeat_broker_seconds,
        blocked_seconds=settings.blocked_connection_timeout_seconds,
    )
    Relay(outbox, publisher, batch=settings.relay_batch, idle_seconds=settings.relay_idle_seconds).run(stop)
    return 0


def _all(installed: Installed, stop: threading.Event, config: Path | None) -> int:
    settings = installed.settings
    if settings.broker_url is None:
        return _embedded(installed, stop)
    command = own_command(None if config is None else str(config))
    roles = ("worker", "scheduler", "relay")
    return Supervisor(command, roles, installed.clock, settings.stop_grace_seconds).run(stop)


def _embedded(installed: Installed, stop: threading.Event) -> int:
    """Without a broker one process does it all; events wait in the outbox."""
    runner = installed.runner()
    runner.start()
    jobs = _jobs(installed, stop, lambda _operations: runner.wake())
    return _watch(
        stop,
        lambda: runner.healthy() and (stop.is_set() or all(job.is_alive() for job in jobs)),
        lambda: runner.stop(installed.settings.stop_grace_seconds),
    )


def _doorbell(installed: Installed) -> Doorbell:
    settings = installed.settings
    return Doorbell(
        _broker(installed),
        heartbeat=settings.heartbeat_broker_seconds,
        blocked_seconds=settings.blocked_connection_timeout_seconds,
    )


def _broker(installed: Installed) -> Secret:
    broker = installed.settings.broker_url
    if broker is None:
        raise SettingsError("PROVISIONER_BROKER_URL is not set, and this needs a broker")
    return broker


def _let_be(_operations: object) -> None:
    """The next sweep finds what is due."""


def _ignore(_receipt: object) -> None:
    """The broker only needs to know that the commit is done."""


_ROLES: Final[dict[str, Callable[[Installed, threading.Event], int]]] = {
    "worker": _worker,
    "intake": _intake,
    "runner": _runner,
    "scheduler": _scheduler,
    "relay": _relay,
}
