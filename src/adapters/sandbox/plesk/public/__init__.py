"""What a Plesk server shows to the world: the customers' sites over HTTP and TLS, FTP with TLS, and their zones.

Everything listens on 127.0.0.1 and is watched by one thread; FTP gets a thread of its own when its first client comes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.public.answering import Answering
from adapters.sandbox.plesk.public.doors import Doors
from adapters.sandbox.plesk.public.elsewhere import Elsewhere
from adapters.sandbox.plesk.public.ftp import FtpServer, SystemUsers
from adapters.sandbox.plesk.public.handshake import identity_of_sites
from adapters.sandbox.plesk.public.nameserver import Nameserver
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


@dataclass(frozen=True, slots=True)
class Stage:
    """What the servers draw on."""

    panel: Panel
    elsewhere: Elsewhere
    ledger: Ledger
    faults: FaultPlan


class PublicServers:
    """The servers for the world, beside the panel. With a path their ports are kept there."""

    def __init__(self, stage: Stage, identity: Identity, path: Path | None = None) -> None:
        self._stage = stage
        self._doors = Doors()
        self._servers: dict[str, PublicServer] = {}
        try:
            self._open(identity, _kept(path))
        except OSError:
            self.stop()
            raise
        if path is not None:
            write_private(path, json.dumps(self.ports).encode())

    @property
    def ports(self) -> Mapping[str, int]:
        """The port of each service: ftp, http, tls, dns."""
        return {name: server.port for name, server in self._servers.items()}

    def start(self) -> None:
        """Let clients in."""
        self._doors.start()

    def stop(self) -> None:
        """Stop listening, end every connection, remove temporary files. Safe to call twice."""
        self._doors.stop()
        for server in self._servers.values():
            server.stop()
        self._stage.panel.homes.close()

    def _open(self, identity: Identity, ports: Mapping[str, int]) -> None:
        panel, faults = self._stage.panel, self._stage.faults
        website, sites = Website(panel, faults), identity_of_sites(panel, faults, identity)
        makers: Mapping[str, Callable[[int], PublicServer]] = {
            "ftp": partial(FtpServer, SystemUsers(panel, faults), self._stage.ledger, identity),
            "http": lambda port: WebServer(website, port, None, BANNER),
            "tls": lambda port: WebServer(website, port, sites, BANNER),
            "dns": partial(Nameserver, Answering(panel, self._stage.elsewhere), faults),
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
