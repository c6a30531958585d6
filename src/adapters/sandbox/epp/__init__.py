"""A domain registry on loopback that speaks EPP (RFC 5730 to 5734) as far as a registrar sees it.

It shares no code with the adapter that talks to it; `docs/reference/sandbox.md` says what it serves.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adapters.sandbox.control import Control
from adapters.sandbox.epp import seed
from adapters.sandbox.epp.access_log import AccessLog
from adapters.sandbox.epp.desk import Desk
from adapters.sandbox.epp.exchange import Exchange
from adapters.sandbox.epp.registry import Registry
from adapters.sandbox.epp.simulator import EppSimulator
from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.running import RunningSimulator
from adapters.sandbox.serving import LOOPBACK, LoopbackListener, LoopbackServer
from adapters.sandbox.tls import Identity, self_signed, write_private
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class RunningRegistry(RunningSimulator):
    """A registry that is up. `credentials` are the first registrar's, `other_credentials` the second's."""

    other_credentials: Mapping[str, Secret]
    access: AccessLog
    simulator: EppSimulator

    def close(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        RunningSimulator.close(self)
        self.access.close()


def start_simulator(*, data_dir: Path | None = None, port: int = 0, control_port: int = 0) -> RunningRegistry:
    """Start a registry on 127.0.0.1, on background threads. Port 0 is chosen at run time.

    With `data_dir` its memory, ledger, certificate and credentials survive a restart; the files are readable by their
    owner only. Raises OSError when a port is taken or a file cannot be written.
    """
    if data_dir is not None:
        data_dir.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    first, second = _credentials(_file(data_dir, "credentials.json"))
    identity = self_signed(_file(data_dir, "identity.pem"), clock)
    ledger, faults = Ledger("epp", _file(data_dir, "ledger.jsonl"), clock), FaultPlan()
    registry = Registry(clock, ledger, _file(data_dir, "state.jsonl"))
    passwords = seed.Opening(first["password"].reveal(), second["password"].reveal())
    if registry.is_new:
        with registry.busy():
            seed.plant(registry, passwords)
    access = AccessLog(clock, _file(data_dir, "access.jsonl"))
    desk = Desk(registry, access)
    door = LoopbackListener(partial(Exchange, desk, faults), port, identity, "epp")
    simulator = EppSimulator(registry, desk, passwords, door.hang_up)
    control = _beside(door, Control(simulator, ledger, faults), control_port)
    return RunningRegistry(
        name=simulator.name,
        endpoint=door.url,
        control_url=control.url,
        fingerprint=identity.fingerprint,
        credentials=first,
        settings=_settings(door, identity, registry),
        ledger=ledger,
        faults=faults,
        servers=(door, control),
        other_credentials=second,
        access=access,
        simulator=simulator,
    )


def _settings(door: LoopbackListener, identity: Identity, registry: Registry) -> dict[str, str]:
    """What a vendor account needs to know."""
    return {
        "host": LOOPBACK,
        "port": str(door.port),
        "fingerprint": identity.fingerprint,
        "currency": registry.settings.currency,
        "max_sessions": str(registry.settings.max_sessions),
    }


def _beside(door: LoopbackListener, application: Control, port: int) -> LoopbackServer:
    """Start the control server, and the registry's with it; neither stays when one cannot be had."""
    try:
        control = LoopbackServer(application, port)
    except OSError:
        door.server_close()
        raise
    door.start()
    control.start()
    return control


def _file(data_dir: Path | None, name: str) -> Path | None:
    return None if data_dir is None else data_dir / name


def _credentials(path: Path | None) -> tuple[dict[str, Secret], dict[str, Secret]]:
    """Login and password of the two registrars: those of the file, or new ones."""
    if path is not None and path.exists():
        passwords = json.loads(path.read_text("utf-8"))
    else:
        passwords = {name: secrets.token_urlsafe(12) for name in (seed.FIRST, seed.SECOND)}
        if path is not None:
            write_private(path, json.dumps(passwords).encode())
    first, second = (
        {"username": Secret(name), "password": Secret(passwords[name])} for name in (seed.FIRST, seed.SECOND)
    )
    return first, second
