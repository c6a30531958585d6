"""A Plesk server on loopback: its XML API 1.6.9.1, and what it shows to the world (`public`).

Written from the vendor's documents.

It shares no code with the adapter that talks to it; `docs/reference/sandbox.md` says what it serves.
"""

import json
import secrets
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.sandbox.control import Control
from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk.damage import BANNER
from adapters.sandbox.plesk.dispatch import Dispatcher
from adapters.sandbox.plesk.entrance import Entrance
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.public import PublicServers, Stage
from adapters.sandbox.plesk.public.elsewhere import Elsewhere
from adapters.sandbox.plesk.records import ADMIN_LOGIN
from adapters.sandbox.plesk.simulator import PleskSimulator
from adapters.sandbox.running import RunningSimulator
from adapters.sandbox.serving import LOOPBACK, LoopbackServer
from adapters.sandbox.tls import Identity, self_signed, write_private
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.ids import RandomIds
from provisioner.kernel.secret import Secret

_ADAPTERS_PORTS: Final = ("ftp", "tls")
_SHOWN: Final[Mapping[str, str]] = {"http": "http_address", "tls": "tls_address", "dns": "dns_server"}
_EVERY_NAME: Final[Mapping[str, str]] = {"name": ".", "type": "NS", "value": "ns.world.example."}


@dataclass(frozen=True, slots=True)
class RunningPlesk(RunningSimulator):
    """A Plesk server that is up. `ports` are those of what it shows to the world; empty when that is switched off."""

    ports: Mapping[str, int]

    @property
    def ftp_port(self) -> int:
        """FTP with TLS, for system users."""
        return self.ports.get("ftp", 0)

    @property
    def http_port(self) -> int:
        """The customers' sites over HTTP."""
        return self.ports.get("http", 0)

    @property
    def tls_port(self) -> int:
        """The customers' sites over TLS."""
        return self.ports.get("tls", 0)

    @property
    def dns_port(self) -> int:
        """The name server, on UDP and TCP."""
        return self.ports.get("dns", 0)


def start_simulator(
    *,
    data_dir: Path | None = None,
    port: int = 0,
    control_port: int = 0,
    public: bool = True,
    address: str = "",
    together: bool = False,
) -> RunningPlesk:
    """Start a Plesk server on 127.0.0.1, on background threads. Port 0 is chosen at run time.

    With `data_dir` its memory, ledger, certificate, credentials and files survive a restart; what is in there is
    readable by its owner only. `public`: whether there are servers for FTP, HTTP and TLS too; `address`: the
    IPv4 address of new subscriptions, a documentation address unless it is given. `together`: it is the world of other
    simulators, so that its name server answers for every name, and sites lead to 127.0.0.1. Raises OSError when a port
    is taken or a file cannot be written.
    """
    if data_dir is not None:
        data_dir.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    credentials = _credentials(_file(data_dir, "credentials.json"))
    identity = self_signed(_file(data_dir, "identity.pem"), clock)
    guid = str(uuid.UUID(identity.fingerprint[:32]))
    panel = Panel(
        clock, RandomIds(), guid, _file(data_dir, "state.jsonl"), address=address or (LOOPBACK if together else "")
    )
    ledger = Ledger("plesk", _file(data_dir, "ledger.jsonl"), clock)
    stage = Stage(panel, Elsewhere(), ledger, FaultPlan())
    if together:
        stage.elsewhere.add(_EVERY_NAME)
    entrance = Entrance(panel, credentials["password"], credentials["secret_key"])
    simulator = PleskSimulator(panel, entrance, Dispatcher(panel, ledger, stage.faults), stage.elsewhere)
    controlling = Control(simulator, ledger, stage.faults, simulator.routes())
    with ExitStack() as undo:
        server = LoopbackServer(simulator, port, identity, BANNER)
        undo.callback(server.stop)
        control = LoopbackServer(controlling, control_port)
        undo.callback(control.stop)
        shown = PublicServers(stage, identity, _file(data_dir, "ports.json")) if public else None
        undo.pop_all()
    servers = (server, control) if shown is None else (server, control, shown)
    for each in servers:
        each.start()
    return _running(simulator.name, servers, identity, credentials, stage)


def _running(
    name: str,
    servers: tuple[LoopbackServer, LoopbackServer, *tuple[PublicServers, ...]],
    identity: Identity,
    credentials: Mapping[str, Secret],
    stage: Stage,
) -> RunningPlesk:
    server, control, *shown = servers
    ports = shown[0].ports if shown else {}
    return RunningPlesk(
        name=name,
        endpoint=server.url,
        control_url=control.url,
        fingerprint=identity.fingerprint,
        credentials=credentials,
        settings={
            "endpoint": server.url,
            "fingerprint": identity.fingerprint,
            **{f"{service}_port": str(ports[service]) for service in _ADAPTERS_PORTS if service in ports},
        },
        shows={_SHOWN[service]: f"{LOOPBACK}:{port}" for service, port in ports.items() if service in _SHOWN},
        ledger=stage.ledger,
        faults=stage.faults,
        servers=servers,
        ports=ports,
    )


def _file(data_dir: Path | None, name: str) -> Path | None:
    return None if data_dir is None else data_dir / name


def _credentials(path: Path | None) -> dict[str, Secret]:
    """The administrator's login, password and secret key: those of the file, or new ones."""
    if path is not None and path.exists():
        return {name: Secret(text) for name, text in json.loads(path.read_text("utf-8")).items()}
    made = {"login": ADMIN_LOGIN, "password": secrets.token_urlsafe(18), "secret_key": RandomIds().new()}
    if path is not None:
        write_private(path, json.dumps(made).encode())
    return {name: Secret(text) for name, text in made.items()}
