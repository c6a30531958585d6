"""What a Plesk server shows to the world: the customers' sites over HTTP and TLS, and FTP with TLS.

Everything listens on 127.0.0.1 and is watched by one thread; FTP gets a thread of its own when its first client comes.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.public.doors import Doors
from adapters.sandbox.plesk.public.ftp import FtpServer, SystemUsers
from adapters.sandbox.plesk.public.handshake import identity_of_sites
from adapters.sandbox.plesk.public.website import BANNER, Website
from adapters.sandbox.running import Stoppable
from adapters.sandbox.serving import LoopbackServer
from adapters.sandbox.tls import Identity, write_private

T = TypeVar("T", bound="PublicServer")


class PublicServer(Stoppable, Protocol):
    """One of the servers: it has a port, and lets clients in when a door of its own is knocked at."""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        ...

    def watched_by(self, doors: Doors) -> None:
        """Hand its doors to those who watch them."""
        ...


class PublicServers:
    """The servers for the world, beside the panel. `ports` names each one's port; 0 where there is none."""

    def __init__(
        self, panel: Panel, ledger: Ledger, faults: FaultPlan, identity: Identity, path: Path | None = None
    ) -> None:
        self._panel = panel
        self._doors = Doors()
        self._servers: dict[str, PublicServer] = {}
        try:
            self._open(ledger, faults, identity, _kept(path))
        except OSError:
            self.stop()
            raise
        if path is not None:
            write_private(path, json.dumps(self.ports).encode())

    @property
    def ports(self) -> Mapping[str, int]:
        """The port of each service: ftp, http, tls."""
        return {name: server.port for name, server in self._servers.items()}

    def start(self) -> None:
        """Let clients in."""
        self._doors.start()

    def stop(self) -> None:
        """Stop listening, end every connection, remove temporary files. Safe to call twice."""
        self._doors.stop()
        for server in self._servers.values():
            server.stop()
        self._panel.homes.close()

    def _open(self, ledger: Ledger, faults: FaultPlan, identity: Identity, ports: Mapping[str, int]) -> None:
        website = Website(self._panel, faults)
        sites = identity_of_sites(self._panel, faults, identity)
        makers: Mapping[str, Callable[[int], PublicServer]] = {
            "ftp": partial(FtpServer, SystemUsers(self._panel, faults), ledger, identity),
            "http": lambda port: WebServer(website, port, None, BANNER),
            "tls": lambda port: WebServer(website, port, sites, BANNER),
        }
        for name, make in makers.items():
            self._servers[name] = _bound(make, ports.get(name, 0))
            self._servers[name].watched_by(self._doors)


class WebServer(LoopbackServer):
    """An HTTP server whose door is watched by others."""

    def watched_by(self, doors: Doors) -> None:
        """Hand over its door."""
        doors.watch(self.socket, self.admit)


def _bound(make: Callable[[int], T], port: int) -> T:
    """A server on its port of last time, or on a free one when somebody else has that now. Raises OSError."""
    try:
        return make(port)
    except OSError:
        if not port:
            raise
        return make(0)


def _kept(path: Path | None) -> Mapping[str, int]:
    """The ports of last time."""
    if path is None or not path.exists():
        return {}
    ports: dict[str, int] = json.loads(path.read_text("ascii"))
    return ports
