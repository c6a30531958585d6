"""What the processes do: worker (intake and runner), scheduler, relay, or all of them in one tree."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from provisioner.app.installed import Installed
from provisioner.console.installation import Role
from provisioner.intake.doorbell import Doorbell
from provisioner.intake.worker import IntakeWorker
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
    settings = installed.settings
    runner = installed.runner()
    runner.start()
    if settings.broker_url is None:
        return _watch(stop, runner.healthy, lambda: runner.stop(settings.stop_grace_seconds))
    doorbell = _doorbell(installed)
    intake = installed.intake(_ring_locally_first(runner, doorbell))
    worker = IntakeWorker(
        settings.broker_url,
        lambda raw, queue: _ignore(intake.receive(raw, queue)),
        intake.set_aside,
        lambda _operation: runner.wake(),
        threads=settings.intake_threads,
        prefetch=settings.prefetch,
        delivery_limit=settings.delivery_limit,
        heartbeat=settings.heartbeat_broker_seconds,
        blocked_seconds=settings.blocked_connection_timeout_seconds,
    )
    worker.start()

    def stop_both() -> bool:
        worker.stop(settings.stop_grace_seconds / 3)
        doorbell.close()
        return runner.stop(settings.stop_grace_seconds * 2 / 3)

    return _watch(stop, lambda: runner.healthy() and worker.healthy(), stop_both)


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

    installed.scheduler(ring).run(stop)
    if doorbell is not None:
        doorbell.close()
    return 0


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
    scheduler = installed.scheduler(lambda _operations: runner.wake())
    jobs = threading.Thread(target=scheduler.run, args=(stop,), name="scheduler", daemon=True)
    jobs.start()
    return _watch(
        stop,
        lambda: runner.healthy() and (jobs.is_alive() or stop.is_set()),
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


def _ignore(_receipt: object) -> None:
    """The broker only needs to know that the commit is done."""


_ROLES: Final[dict[str, Callable[[Installed, threading.Event], int]]] = {
    "worker": _worker,
    "scheduler": _scheduler,
    "relay": _relay,
}
