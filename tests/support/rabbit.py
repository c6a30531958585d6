"""A RabbitMQ node of the tests' own: its own ports, folder, cookie and epmd, and a broker that is a child to kill."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pika.exceptions

from tests.support.processes import Child, free_ports, listens, start, wait_for
from tests.support.rabbit_vhost import Vhost

USER = "tests"
EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}
VHOSTS_AT_ONCE = 8
NAME_ON_DISK_SECONDS = 2.0
MEMORY_WATERMARK = "0.4"

# What RabbitMQ looks at once a minute (a consumer that keeps a message too long) or every three minutes (a dead letter
# that found no queue), this node looks at within two seconds.
_ADVANCED = "[{rabbit, [{channel_tick_interval, 1000}, {dead_letter_worker_publisher_confirm_timeout, 2000}]}].\n"

_SCRIPTS = (Path("/usr/lib/rabbitmq/bin"), Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/opt/rabbitmq/sbin"))

_SETTINGS = {
    "loopback_users": "none",
    "log.console": "false",
    "log.file.level": "warning",
    "disk_free_limit.absolute": "1MB",
}


class RabbitMissingError(RuntimeError):
    """RabbitMQ's server scripts were not found: install the package `rabbitmq-server`."""


def find_script(name: str) -> Path:
    """`rabbitmq-server` or `rabbitmqctl`: the script itself, not Debian's wrapper that changes the user."""
    found = next((folder / name for folder in _SCRIPTS if (folder / name).exists()), None)
    on_path = shutil.which(name)
    if found is None and on_path is None:
        raise RabbitMissingError((RabbitMissingError.__doc__ or "").strip())
    return found or Path(on_path or name)


def _ends_with_us() -> list[str]:
    """A prefix that lets a server end when the test run is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


class RabbitNode:
    """One node; `create()` makes it, `remove()` ends it. Its own log is in the folder `log`."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="provisioner-mq-"))
        self.port, self._distribution_port, self._epmd_port = free_ports(3)
        self.password = secrets.token_urlsafe(12)
        self.name = f"t{uuid4().hex[:12]}@localhost"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._broker: Child | None = None
        self._epmd: Child | None = None
        self._vhosts: list[str] = []

    @classmethod
    def create(cls, settings: Mapping[str, str] | None = None) -> "RabbitNode":
        """Make a node and start it; `settings` are lines of rabbitmq.conf."""
        node = cls(settings)
        try:
            node._prepare()
            node.start()
        except BaseException:
            node.remove()
            raise
        return node

    @property
    def pid(self) -> int:
        """The process id of the broker."""
        return self._running().pid

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        if self._epmd is None:
            epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = start([*_ends_with_us(), *epmd], log=self.folder / "epmd.log")
            wait_for(lambda: listens(self._epmd_port), "epmd listens")
        script = [*_ends_with_us(), str(find_script("rabbitmq-server"))]
        self._broker = start(script, log=self.folder / "console.log", env=self._environment, cwd=self.folder)
        self.wait_ready()

    def wait_ready(self, *, timeout: float = 90.0) -> None:
        """Return when the broker answers; fail with its output's end if it has ended."""
        wait_for(self._answers, "RabbitMQ answers", timeout=timeout, interval=0.1)

    def stop(self) -> None:
        """Stop the broker as an administrator would."""
        self._running().stop(timeout=60)
        self._broker = None

    def kill(self, *, queues_are_old: bool = False) -> None:
        """SIGKILL the broker, as a crash of the machine would, and wait for it."""
        # The name of a new quorum queue is on disk only about a second after its declaration was confirmed; a queue
        # whose name was lost never answers again. No test here is about that.
        if not queues_are_old:
            time.sleep(NAME_ON_DISK_SECONDS)
        self._running().kill()
        self._broker = None

    def freeze(self) -> None:
        """SIGSTOP the broker: its connections stay open and nothing answers, as with a cut network."""
        self._running().send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT the broker."""
        self._running().send(signal.SIGCONT)

    def heal(self) -> None:
        """Let the broker run and answer, whatever a failed test has left behind."""
        if self._broker is not None and self._broker.running:
            self.thaw()
        else:
            self.start()

    def restart(self) -> None:
        """Stop the broker and start it again, on the same port."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """End the broker, if it runs, and epmd; delete the folder."""
        for child in (self._broker, self._epmd):
            if child is not None:
                child.send(signal.SIGCONT)
                child.kill()
        shutil.rmtree(self.folder)

    def url(self, vhost: str = "%2F", *, user: str = USER, password: str | None = None) -> str:
        """An AMQP URL of this node."""
        return f"amqp://{user}:{password or self.password}@127.0.0.1:{self.port}/{vhost}"

    def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` on this node and return what it printed; takes about a second."""
        command = [str(find_script("rabbitmqctl")), "--quiet", *arguments]
        environment = {**os.environ, **self._environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)} failed: {done.stderr or done.stdout}")
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows of a listing of `rabbitmqctl`, such as `list_queues name messages`."""
        listing: list[dict[str, Any]] = json.loads(self.ctl(*arguments, "--formatter", "json"))
        return listing

    def new_vhost(self) -> Vhost:
        """An empty virtual host of its own; several are made at a time, as asking takes longer than making."""
        if not self._vhosts:
            self._vhosts = [f"v{uuid4().hex[:12]}" for _ in range(VHOSTS_AT_ONCE)]
            self.import_definitions(_vhost_definitions(self._vhosts))
        return Vhost(self, self._vhosts.pop())

    def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        """Let the node import definitions (users, permissions, virtual hosts, queues, …)."""
        file = self.folder / "import.json"
        file.write_text(json.dumps(definitions))
        self.ctl("import_definitions", str(file))

    def add_user(self, vhost: str, *, configure: str = ".*", write: str = ".*", read: str = ".*") -> tuple[str, str]:
        """A new user with these permissions (regular expressions) in a virtual host: its name and password."""
        name, password = f"u{uuid4().hex[:12]}", secrets.token_urlsafe(12)
        user = {"name": name, "password": password, "tags": ""}
        rights = {"user": name, "vhost": vhost, "configure": configure, "write": write, "read": read}
        self.import_definitions({"users": [user], "permissions": [rights]})
        return name, password

    def close_all_connections(self, vhost: str | None = None) -> None:
        """Cut every client's connection (to one virtual host)."""
        where = ["--vhost", vhost] if vhost else []
        self.ctl("close_all_connections", *where, "cut by a test")

    @contextlib.contextmanager
    def memory_alarm(self) -> Iterator[None]:
        """While this lasts the broker takes nothing from publishers."""
        self.ctl("set_vm_memory_high_watermark", "0.0000001")
        try:
            yield
        finally:
            self.ctl("set_vm_memory_high_watermark", MEMORY_WATERMARK)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "no-such-file"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The start script then becomes the broker instead of waiting for it, so that its pid is the broker's.
            "detached": "true",
        }

    def _prepare(self) -> None:
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        listener = {"listeners.tcp.1": f"127.0.0.1:{self.port}", "vm_memory_high_watermark.relative": MEMORY_WATERMARK}
        user = {"default_user": USER, "default_pass": self.password}
        lines = [f"{name} = {value}" for name, value in {**listener, **user, **self._settings}.items()]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "advanced.config").write_text(_ADVANCED)
        (self.folder / "enabled_plugins").write_text("[].\n")

    def _running(self) -> Child:
        if self._broker is None:
            raise RuntimeError("this RabbitMQ is not running")
        return self._broker

    def _answers(self) -> bool:
        broker = self._running()
        if not broker.running:
            raise RuntimeError(f"RabbitMQ ended while starting:\n{broker.tail()}")
        if not listens(self.port):
            return False
        try:
            pika.BlockingConnection(pika.URLParameters(self.url())).close()
        except pika.exceptions.AMQPError:
            return False
        return True


def _vhost_definitions(names: list[str]) -> dict[str, Any]:
    return {
        "vhosts": [{"name": name} for name in names],
        "permissions": [{"user": USER, "vhost": name, **EVERYTHING} for name in names],
    }
