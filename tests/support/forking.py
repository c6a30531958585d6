"""Our processes in a hurry: forked from a server that has imported the program, instead of starting Python anew.

What runs is the program's own `main` in a process of its own, with its own environment, process group and log. Only
the imports, about a second of processor time, are done once for all.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection, forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from tests.support.processes import Child

IMPORTED: Final = (
    "provisioner.app.main",
    "provisioner.app.roles",
    "adapters.acme",
    "adapters.epp",
    "adapters.plesk",
    "alembic.command",
)
_PARENT_DIED: Final = 1  # PR_SET_PDEATHSIG

# An exit code can be read once, each start of a process looks for all of them, and who comes second is told 255.
_reading = threading.Lock()
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*IMPORTED])


class Forked:
    """A forked process, as `Child` wants one."""

    def __init__(self, process: BaseProcess, args: Sequence[str]) -> None:
        self.args = args
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with _reading:
            return self._process.exitcode

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        connection.wait([self._process.sentinel], timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return code

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, sig)


def fork(arguments: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> Child:
    """Start `provisioner ARGUMENTS`; `env` is added to this process's environment, `log` is appended to."""
    log.touch(mode=0o600)
    process = _context.Process(target=_run, args=(list(arguments), str(log), dict(env), str(cwd)))
    with _reading:
        process.start()
    return Child(Forked(process, arguments), log)


def _run(arguments: list[str], log: str, env: dict[str, str], cwd: str) -> None:
    """In the forked process: become what was asked for."""
    # The server lives until the last holder of this is gone: the test run alone, so that all end with it.
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # it has no public name
    ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)
    os.setpgid(0, 0)
    os.chdir(cwd)
    os.environ.update(env)
    _redirect(log)
    sys.argv = ["provisioner", *arguments]
    from provisioner.app.main import main  # noqa: PLC0415 - imported already where this runs, and only there

    main()


def _redirect(log: str) -> None:
    nothing, sink = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(source, target)
