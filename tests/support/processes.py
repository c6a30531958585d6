"""Child processes, ports and waiting: what every test that starts something needs."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

_T = TypeVar("_T")

TAIL_LINES = 40
PORTS = 12_000
LINUX_CLIENT_PORTS = 32_768

_drawn = random.SystemRandom()


class NeverHappenedError(AssertionError):
    """What a test waited for did not happen in time."""


def wait_for(condition: Callable[[], _T], what: str, *, timeout: float = 30.0, interval: float = 0.02) -> _T:
    """Call `condition` until its answer is true and return that answer.

    `what` completes the sentence "… did not happen"; times are in seconds. An exception of `condition` is not caught.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise NeverHappenedError(
                f"within {timeout:g} s this did not happen: {what} (the last answer was {answer!r})"
            )
        time.sleep(interval)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now; see `free_ports`."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """As many different ports of 127.0.0.1; all are held until the last one is found.

    They lie below those that the system gives to clients: else a client that calls a killed server again and again
    may be given its port, and even connect to itself, and the server cannot come back.
    """
    with contextlib.ExitStack() as held:
        return [held.enter_context(_held_port()).getsockname()[1] for _ in range(count)]


def _held_port() -> socket.socket:
    first = _first_client_port()
    while True:
        probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            probe.bind(("127.0.0.1", _drawn.randrange(first - PORTS, first)))
        except OSError:
            probe.close()
        else:
            return probe


def _first_client_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return LINUX_CLIENT_PORTS


def listens(port: int) -> bool:
    """True if something accepts connections on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process(Protocol):
    """The part of `subprocess.Popen` that a child needs."""

    @property
    def pid(self) -> int: ...

    @property
    def args(self) -> object: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Child:
    """A child process that leads a process group of its own and writes both its outputs to one file."""

    process: Process
    log: Path

    @property
    def pid(self) -> int:
        """The process id, which is the id of the group too."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """True until the process has ended."""
        return self.process.poll() is None

    def output(self) -> str:
        """Everything written so far."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """The last lines written, for a failure message."""
        return "\n".join(self.output().splitlines()[-TAIL_LINES:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, not to its children."""
        self.process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to those of its children that stayed in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, *, timeout: float = 30.0) -> int:
        """The exit code, negative for the signal that ended the process; if it takes longer, the group is killed."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise NeverHappenedError(
                f"{self.process.args!r} did not end within {timeout:g} s:\n{self.tail()}"
            ) from late

    def stop(self, *, timeout: float = 30.0) -> int:
        """Ask the process to end (SIGTERM), wait for it, and end what it left behind; its exit code."""
        self.send(signal.SIGTERM)
        code = self.wait(timeout=timeout)
        self.send_group(signal.SIGKILL)
        return code

    def kill(self) -> None:
        """SIGKILL the whole group and wait for the process."""
        self.send_group(signal.SIGKILL)
        self.process.send_signal(signal.SIGKILL)  # one that was forked just now does not lead its group yet
        self.process.wait(10)

    def wait_output(self, text: str, *, timeout: float = 30.0) -> None:
        """Return when `text` was written; fail at once if the process ends before."""
        wait_for(lambda: self._wrote(text), f"{text!r} in the output of {self.process.args!r}", timeout=timeout)

    def _wrote(self, text: str) -> bool:
        ended = not self.running
        if text in self.output():
            return True
        if ended:
            raise NeverHappenedError(f"{self.process.args!r} ended without writing {text!r}:\n{self.tail()}")
        return False


def ends_with_us() -> list[str]:
    """A prefix for a command that then ends when the thread that started it does, even if the test run is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def start(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
) -> Child:
    """Start a child process; `env` is added to this process's environment, `log` is appended to.

    With `user` (only root may) the child runs under that user id and group id and no other group.
    """
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            process_group=0,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    return Child(process, log)
