"""`provisioner run`: a process for each role, started again when it ends by itself; and how a process is stopped.

The children notice when this process is gone, however it ended, and stop too: no orphan goes on consuming.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from provisioner.kernel import log
from provisioner.kernel.clock import Clock

SUPERVISOR_VARIABLE: Final = "SUPERVISOR_PID"
WATCH_SECONDS: Final = 0.5
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT})
# One that was still starting has no handler for the signal yet; it ends by it, with nothing in hand.
ENDED_WELL: Final = frozenset({0, -signal.SIGTERM})

_log = log.get(__name__)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; a second signal changes nothing, the first is being obeyed.

    A thread sets it, told through a pipe. A handler runs within the main thread, at times while that holds the
    event's own lock, or the log's, and would then wait for itself for ever.
    """
    stop = threading.Event()
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    for number in STOPPING:
        signal.signal(number, _wake)
    threading.Thread(target=_obey, args=(told, stop), name="signals", daemon=True).start()
    return stop


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Nothing: that there is a handler makes Python write the signal's number into the pipe."""


def _obey(told: int, stop: threading.Event) -> None:
    while number := os.read(told, 1):
        if number[0] in STOPPING and not stop.is_set():
            _log.info("stopping", signal=signal.Signals(number[0]).name)
            stop.set()


def stop_with_supervisor(stop: threading.Event, environ: Mapping[str, str]) -> None:
    """When a supervisor started this process, stop as soon as it is gone."""
    supervisor = environ.get(SUPERVISOR_VARIABLE)
    if supervisor is None:
        return

    def watch() -> None:
        while not stop.wait(WATCH_SECONDS):
            if os.getppid() != int(supervisor):
                _log.error("the supervisor is gone; stopping")
                stop.set()

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


@dataclass(slots=True)
class _Child:
    role: str
    process: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE
    again_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Keeps one child for each role."""

    command: Sequence[str]
    roles: Sequence[str]
    clock: Clock
    grace: float
    children: list[_Child] = field(default_factory=list)

    def run(self, stop: threading.Event) -> int:
        """Work until `stop` is set; 0 when every child ended well within the grace."""
        self.children = [_Child(role, self._start(role), self.clock.monotonic()) for role in self.roles]
        while not stop.wait(WATCH_SECONDS / 2):
            for child in self.children:
                self._look_after(child)
        return self._stop_all()

    def _start(self, role: str) -> "subprocess.Popen[bytes]":
        environ = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
        process = subprocess.Popen([*self.command, role], env=environ, stdin=subprocess.DEVNULL)  # noqa: S603 - our own program
        _log.info("started", role=role, pid=process.pid)
        return process

    def _look_after(self, child: _Child) -> None:
        code = child.process.poll()
        if code is None:
            return
        now = self.clock.monotonic()
        if child.again_at is None:
            if now - child.started > STEADY_SECONDS:
                child.pause = FIRST_PAUSE
            _log.error("a process ended by itself", role=child.role, exit_code=code, again_in=child.pause)
            child.again_at = now + child.pause
            child.pause = min(child.pause * 2, LONGEST_PAUSE)
        elif now >= child.again_at:
            child.process, child.started, child.again_at = self._start(child.role), now, None

    def _stop_all(self) -> int:
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = self.clock.monotonic() + self.grace + 5.0
        codes = [self._wait(child, deadline) for child in self.children]
        return 0 if all(code in ENDED_WELL for code in codes) else 1

    def _wait(self, child: _Child, deadline: float) -> int:
        try:
            return child.process.wait(max(deadline - self.clock.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            _log.error("killed: it did not stop in time", role=child.role)
            child.process.kill()
            return child.process.wait()


def own_command(config: str | None) -> list[str]:
    """How to start this program again."""
    return [sys.executable, "-m", "provisioner.app", *(["--config", config] if config else [])]
