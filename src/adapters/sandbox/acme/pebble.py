"""Pebble, the ACME project's own authority for tests, where it is installed: a real one that shares no code with ours.

It keeps everything in memory. It has no control interface, ledger or faults; those are our own authority's.
"""

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from adapters.sandbox.acme.surroundings import Folder, account_settings
from adapters.sandbox.running import Running
from adapters.sandbox.serving import LOOPBACK
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.errors import NotFoundError
from provisioner.kernel.private_keys import generate_private_key

PROGRAM: Final = "pebble"
START_SECONDS: Final = 20.0
LOOK_EVERY_SECONDS: Final = 0.02
TRIES: Final = 3  # a port that was free a moment ago may be taken
HTTP, HTTPS = "80", "443"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPebble(Running):
    """A Pebble that is up. `pid` is its process, `log` what it writes."""

    adapter: ClassVar[str] = "acme"
    program: ClassVar[str] = PROGRAM

    pid: int
    log: Path


@dataclass(frozen=True, slots=True)
class _Child:
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End it; there is nothing that it would have to save. Safe to call twice."""
        self.process.kill()
        self.process.wait()


def start_simulator(
    *, data_dir: Path | None = None, port: int = 0, world: Mapping[str, str] | None = None
) -> RunningPebble:
    """Start Pebble on 127.0.0.1 as a child process that ends with this one. Port 0 is chosen at run time.

    In `data_dir` it keeps its own certificate and its log, nothing else. `world`: where it looks for challenges
    (`http_address`, `tls_address`; without them the ports 80 and 443 of where names lead) and for names (`dns_server`;
    the system's without it). Raises NotFoundError when Pebble is not installed, OSError when it does not start.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise NotFoundError(f"the program {PROGRAM} is not installed; the simulator acme is an authority without it")
    with ExitStack() as undo:
        folder = Folder.given(data_dir)
        undo.callback(folder.stop)
        _, trusted = folder.identity(SystemClock())
        child, port = _started(program, folder, port, world or {}, ssl.create_default_context(cafile=trusted))
        undo.pop_all()
    return RunningPebble(
        name=PROGRAM,
        endpoint=f"https://{LOOPBACK}:{port}",
        credentials={"account_key": generate_private_key("ec")},
        settings=account_settings(f"https://{LOOPBACK}:{port}/dir", trusted, world or {}),
        servers=(child, folder),
        pid=child.process.pid,
        log=_log(folder),
    )


def _started(
    program: str, folder: Folder, port: int, world: Mapping[str, str], trust: ssl.SSLContext
) -> tuple[_Child, int]:
    """A Pebble that answers, and its port."""
    for _ in range(1 if port else TRIES):
        chosen = port or _free_port()
        child = _Child(_process(program, folder, chosen, world))
        if _comes_up(child, chosen, trust):
            return child, chosen
        child.stop()
    raise OSError(f"{PROGRAM} does not listen on port {chosen}: {_last_line(folder)}")


def _process(program: str, folder: Folder, port: int, world: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    configuration = folder.path / "pebble.json"
    configuration.write_text(json.dumps({"pebble": _configuration(folder, port, world)}))
    dns = ["-dnsserver", world["dns_server"]] if "dns_server" in world else []
    with _log(folder).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the program that is on the PATH, with our own arguments
            [*_ends_with_us(), program, "-config", str(configuration), *dns],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PEBBLE_VA_NOSLEEP": "1"},
            cwd=folder.path,
            process_group=0,  # Ctrl-C is for us; we end it when nobody needs it any more
        )


def _configuration(folder: Folder, port: int, world: Mapping[str, str]) -> dict[str, Any]:
    """As in Pebble's `test/config/pebble-config.json`; no management interface."""
    identity = str(folder.identity_file)
    return {
        "listenAddress": f"{LOOPBACK}:{port}",
        "managementListenAddress": "",
        "certificate": identity,
        "privateKey": identity,
        "httpPort": int(world.get("http_address", HTTP).rpartition(":")[2]),
        "tlsPort": int(world.get("tls_address", HTTPS).rpartition(":")[2]),
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }


def _ends_with_us() -> list[str]:
    """A prefix for a command that then ends with the thread that started it, even one that is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _comes_up(child: _Child, port: int, trust: ssl.SSLContext) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while child.process.poll() is None and time.monotonic() < deadline:
        if _answers(port, trust):
            return True
        time.sleep(LOOK_EVERY_SECONDS)
    return False


def _answers(port: int, trust: ssl.SSLContext) -> bool:
    """Whether it is this Pebble that listens there: nobody else has its certificate."""
    try:
        with (
            socket.create_connection((LOOPBACK, port), timeout=1) as plain,
            trust.wrap_socket(plain, server_hostname=LOOPBACK),
        ):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _log(folder: Folder) -> Path:
    return folder.path / "pebble.log"


def _last_line(folder: Folder) -> str:
    lines = _log(folder).read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it says nothing"
