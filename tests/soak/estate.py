"""Everything that a soak runs: its own RabbitMQ and PostgreSQL, simulated vendors, and our processes."""

import secrets
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.sandbox.running import RunningSimulator
from provisioner.app.installed import Installed
from provisioner.kernel.sealing import KeyRing
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.store.store import Store
from tests.soak import vendors
from tests.soak.proxy import Way, Ways
from tests.soak.watch import Watch
from tests.support.forking import fork
from tests.support.postgres import PostgresCluster
from tests.support.processes import Child
from tests.support.production import PACE, prepare
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_vhost import Vhost

RESTART_SECONDS: Final = 0.3

# A late success of the simulators comes within two seconds, so looking has to go on for longer.
SOAK_PACE: Final[Mapping[str, str]] = {
    **PACE,
    "PROVISIONER_WORKER_THREADS": "8",
    "PROVISIONER_LOOKUP_WAITS_SECONDS": "0.2,0.5,1,2",
    "PROVISIONER_HEARTBEAT_BROKER_SECONDS": "5",
    "PROVISIONER_BLOCKED_CONNECTION_TIMEOUT_SECONDS": "5",
}
LEASE_SECONDS: Final = float(PACE["PROVISIONER_LEASE_SECONDS"])


@dataclass(slots=True)
class Post:
    """One process that is always started again, as a service manager would. Its ways lead to broker and database."""

    name: str
    role: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    ways: Mapping[str, Way] = field(default_factory=dict)
    child: Child | None = None
    frozen: bool = False
    starts: int = 0
    kills: int = 0
    own_ends: list[int] = field(default_factory=list)
    _again_at: float = 0.0

    def look_after(self) -> None:
        """Start it if it does not run, after a short pause."""
        code = self.child.process.poll() if self.child is not None else None
        if code is not None:
            self._note_end(code)
        if self.child is None and time.monotonic() >= self._again_at:
            self.child = fork(self.role, log=self.log, env=self.environ, cwd=self.log.parent)
            self.starts += 1

    def _note_end(self, code: int) -> None:
        self.child, self._again_at, self.frozen = None, time.monotonic() + RESTART_SECONDS, False
        if code not in (-signal.SIGKILL, 0):
            self.own_ends.append(code)

    def kill(self) -> bool:
        """SIGKILL it; False when it does not run just now."""
        if self.child is None:
            return False
        self.child.kill()
        self.kills += 1
        return True

    def signal(self, number: signal.Signals) -> bool:
        """Send it a signal; False when it does not run just now."""
        if self.child is None or not self.child.running:
            return False
        self.child.send(number)
        return True

    def stop(self) -> int:
        """End it as an administrator would; its exit code."""
        if self.child is None or not self.child.running:
            return 0
        return self.child.stop(timeout=60)


@dataclass(slots=True)
class Estate:
    """Made with `estate()`; `look_after` keeps its processes running."""

    folder: Path
    rabbit: RabbitNode
    vhost: Vhost
    postgres: PostgresCluster
    database_url: str
    installed: Installed
    vendors: Mapping[str, RunningSimulator]
    vendor_ways: Mapping[str, Way]
    posts: Mapping[str, Post]
    watch: Watch

    @property
    def store(self) -> Store:
        """The database, seen without a proxy."""
        return self.installed.store()

    @property
    def workers(self) -> list[Post]:
        """The processes that take messages in and run operations."""
        return [post for post in self.posts.values() if post.name.startswith(("worker", "intake"))]

    def look_after(self) -> None:
        """Start again what has ended, and see who holds a lease."""
        for post in self.posts.values():
            post.look_after()
        self.watch.look()

    def stop(self) -> dict[str, int]:
        """Stop all processes; their exit codes."""
        return {post.name: post.stop() for post in self.posts.values()}

    def logs(self) -> list[Path]:
        """The logs of all processes of ours."""
        return [post.log for post in self.posts.values()]


ROLES: Final[Mapping[str, Sequence[str]]] = {
    "worker-1": ("worker",),
    "worker-2": ("worker",),
    "scheduler-1": ("scheduler",),
    "relay-1": ("relay",),
    "relay-2": ("relay",),
}


# With intake and runners apart nobody wakes a runner but a doorbell, and the broker lets nobody ring.
ROLES_APART: Final[Mapping[str, Sequence[str]]] = {
    **ROLES,
    "worker-1": ("worker", "--only", "runner"),
    "worker-2": ("worker", "--only", "runner"),
    "intake-1": ("worker", "--only", "intake"),
    "intake-2": ("worker", "--only", "intake"),
}
MAY_WRITE_NO_DOORBELL: Final = r"^provisioner\.events$"


@contextmanager
def estate(folder: Path, *, doorbells: bool = True) -> Iterator[Estate]:
    """Everything but the processes, which `look_after` starts; ended and removed at the end, except the folder."""
    with ExitStack() as stack:
        rabbit = RabbitNode.create()
        stack.callback(rabbit.remove)
        stack.callback(lambda: shutil.copytree(rabbit.folder / "log", folder / "broker", dirs_exist_ok=True))
        postgres = PostgresCluster.create(fsync=False)
        stack.callback(postgres.remove)
        stack.callback(lambda: shutil.copy(postgres.log, folder / "database.log"))
        ways = Ways()
        stack.callback(ways.close)
        vhost = rabbit.new_vhost()
        # This cluster trusts everybody on loopback: the password is there to be looked for.
        database_url = postgres.create_database().replace("postgres@", f"postgres:{secrets.token_urlsafe(12)}@")
        installed = _installed(folder, database_url)
        stack.callback(installed.close)
        running = stack.enter_context(vendors.started(folder))
        vendor_ways = vendors.ways_to(running, ways)
        for account in vendors.accounts(running, vendor_ways):
            installed.store().accounts.add(account, "soak")
        prepare(vhost)
        urls = {"database": database_url, "broker": _broker_url(rabbit, vhost, doorbells=doorbells)}
        roles = ROLES if doorbells else ROLES_APART
        posts = {
            name: _post(name, role, folder, {kind: _Route.to(url, ways) for kind, url in urls.items()})
            for name, role in roles.items()
        }
        watch = Watch(lambda: installed.store().database)
        made = Estate(folder, rabbit, vhost, postgres, database_url, installed, running, vendor_ways, posts, watch)
        stack.callback(_end_all, made)
        yield made


def _broker_url(rabbit: RabbitNode, vhost: Vhost, *, doorbells: bool) -> str:
    """The URL for our processes; without doorbells its user may publish events and nothing else."""
    if doorbells:
        return vhost.url.reveal()
    user, password = rabbit.add_user(vhost.name, configure="^$", write=MAY_WRITE_NO_DOORBELL)
    return rabbit.url(vhost.name, user=user, password=password)


def _installed(folder: Path, database_url: str) -> Installed:
    ring = folder / "keys.json"
    KeyRing.create(ring)
    installed = Installed(Settings(database_url=Secret(database_url), key_ring=ring, data_dir=folder))
    installed.migrate()
    return installed


@dataclass(frozen=True, slots=True)
class _Route:
    """A server's URL, and the same through a way of its own."""

    way: Way
    url: str

    @classmethod
    def to(cls, url: str, ways: Ways) -> "_Route":
        way = ways.to(vendors.port_in(url))
        return cls(way, vendors.through(url, way))


def _post(name: str, role: Sequence[str], folder: Path, routes: Mapping[str, _Route]) -> Post:
    environ = {
        **SOAK_PACE,
        "PROVISIONER_DATABASE_URL": routes["database"].url,
        "PROVISIONER_BROKER_URL": routes["broker"].url,
        "PROVISIONER_KEY_RING": str(folder / "keys.json"),
        "PROVISIONER_DATA_DIR": str(folder),
    }
    return Post(name, role, environ, folder / f"{name}.log", {kind: each.way for kind, each in routes.items()})


def _end_all(made: Estate) -> None:
    for post in made.posts.values():
        post.kill()
