"""A PostgreSQL cluster of the tests' own: its own folder and port, and a server that is a direct child to kill."""

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests.support.processes import Child, ends_with_us, free_port, start, wait_for

SUPERUSER = "postgres"
DRIVER = "postgresql+psycopg"

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
}


class PostgresMissingError(RuntimeError):
    """PostgreSQL's server programs were not found: install the package `postgresql`."""


def _version(folder: Path) -> int:
    digits = folder.parent.name.split(".")[0]
    return int(digits) if digits.isdigit() else 0


def find_program(name: str) -> Path:
    """A server program (`initdb`, `postgres`): the newest of Debian's, or the first one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    found = next((folder / name for folder in debian if (folder / name).exists()), None)
    on_path = shutil.which(name)
    if found is None and on_path is None:
        raise PostgresMissingError((PostgresMissingError.__doc__ or "").strip())
    return found or Path(on_path or name)


def _server_account() -> tuple[int, int] | None:
    """User and group id for the server, which refuses to run as root; None means our own."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return entry.pw_uid, entry.pw_gid


@functools.cache
def _initialised() -> Path:
    """The data folder of a cluster that never ran. `initdb` takes seconds, so it runs once and its work is copied."""
    folder = Path(tempfile.mkdtemp(prefix="provisioner-initdb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    user, group = _server_account() or (None, None)
    if user is not None and group is not None:
        os.chown(folder, user, group)
    options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    subprocess.run(
        [find_program("initdb"), "--pgdata", folder / "data", *options],
        cwd=folder,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        check=True,
        capture_output=True,
    )
    return folder / "data"


class PostgresCluster:
    """One cluster; `create()` makes it, `remove()` ends it. The log is the file `log` in its folder."""

    def __init__(self, *, fsync: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self._account = _server_account()
        # Not pytest's temporary folder: that one lets nobody but its owner in, and the server is someone else.
        self.folder = Path(tempfile.mkdtemp(prefix="provisioner-pg-"))
        self.log = self.folder / "log"
        self.port = free_port()
        self._settings = {**_SETTINGS, "fsync": "on" if fsync else "off", **(settings or {})}
        self._child: Child | None = None

    @classmethod
    def create(cls, *, fsync: bool = True, settings: Mapping[str, str] | None = None) -> "PostgresCluster":
        """Make a cluster and start it; with `fsync` off it survives SIGKILL, not a power cut."""
        cluster = cls(fsync=fsync, settings=settings)
        with contextlib.ExitStack() as undo:
            undo.callback(cluster.remove)
            cluster._initialise()
            cluster.start()
            undo.pop_all()
        return cluster

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._running().pid

    def start(self) -> None:
        """Start the server and wait until it answers; it ends with the thread that called this."""
        user, group = self._account or (None, None)
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        where: list[str | Path] = ["-D", self._data, "-p", str(self.port), "-k", self.folder]
        program = [*ends_with_us(), find_program("postgres"), *where, *options]
        self._child = start(program, log=self.log, cwd=self.folder, user=user, group=group)
        self.wait_ready()

    def wait_ready(self, *, timeout: float = 60.0) -> None:
        """Return when the server answers; fail with its log's end if it has ended."""
        wait_for(self._answers, "PostgreSQL answers", timeout=timeout)

    def stop(self) -> None:
        """Stop the server as an administrator would (fast shutdown: open transactions are rolled back)."""
        child = self._running()
        child.send(signal.SIGINT)
        child.wait(timeout=60)
        self._child = None

    def kill(self) -> None:
        """SIGKILL the server and all its backends at once, as a crash of the machine would, and wait for them."""
        child = self._running()
        child.send(signal.SIGSTOP)  # else it could make a backend that outlives it and keeps its shared memory
        wait_for(lambda: _makes_no_more(child.pid), "PostgreSQL makes no more backends", interval=0.001)
        backends = _backends(child.pid)
        child.send(signal.SIGKILL)
        for backend in backends:
            if backend.is_running():
                backend.kill()
        child.wait()
        wait_for(lambda: not any(map(_lives, backends)), "PostgreSQL's backends end")
        self._child = None

    def restart(self) -> None:
        """Stop the server and start it again, on the same port."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """End the server, if it runs, and delete the folder."""
        if self._child is not None:
            self.kill()
        shutil.rmtree(self.folder)

    def create_database(self, *, template: str | None = None) -> str:
        """Make a database with a name of its own and return its URL; `template` is the URL of a database to copy."""
        name = f"t_{uuid4().hex[:16]}"
        source = _name(template) if template else "template1"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, ending whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))

    def terminate_backends(self, url: str | None = None) -> int:
        """Cut every client's connection (to one database, given its URL) and return how many there were."""
        cut = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND (%(db)s::text IS NULL OR datname = %(db)s)"
        )
        with self.connect() as connection:
            row = connection.execute(cut, {"db": _name(url) if url else None}).fetchone()
        return int(row[0]) if row else 0

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this cluster."""
        return f"{DRIVER}://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def connect(self, url: str | None = None) -> psycopg.Connection[TupleRow]:
        """A superuser's connection in autocommit, to `postgres` or to the database with this URL."""
        database = _name(url) if url else "postgres"
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        user, group = self._account or (None, None)
        if user is not None and group is not None:
            os.chown(self.folder, user, group)
        subprocess.run(["cp", "--archive", _initialised(), self._data], check=True, capture_output=True)

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("this PostgreSQL is not running")
        return self._child

    def _answers(self) -> bool:
        child = self._running()
        if not child.running:
            raise RuntimeError(f"PostgreSQL ended while starting:\n{child.tail()}")
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)


def _backends(server: int) -> list[psutil.Process]:
    """None when the server has ended by itself."""
    try:
        return psutil.Process(server).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _makes_no_more(server: int) -> bool:
    """Whether it is stopped, or has ended by itself."""
    try:
        return psutil.Process(server).status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _lives(process: psutil.Process) -> bool:
    """False for a zombie too: it has let go of the shared memory, and whoever adopted it may take its time."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1].split("?", 1)[0]
