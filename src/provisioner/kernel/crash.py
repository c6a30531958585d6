"""Named crash points: places where a test kills this process, or something it talks to, and looks at what is left.

Inactive unless the environment arms one:

    PROVISIONER_CRASH="hosting.create/subscription:after_call:1"

means: the first time that the point `after_call` is passed in the scope `hosting.create/subscription`, this process
sends itself SIGKILL. `*` as the scope means any. With PROVISIONER_CRASH_SOCKET set, the point's name is written to
that Unix socket instead, and this process goes on when the other side has answered: a test kills the database or the
broker meanwhile. Several points, with spaces between them, are armed together, and each strikes once.

The environment is read when the first point is passed, or by `arm`, which the start of a process calls so that a
wrong value stops it there.
"""

import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol

from provisioner.kernel.errors import SettingsError

SPEC_VARIABLE: Final = "PROVISIONER_CRASH"
SOCKET_VARIABLE: Final = "PROVISIONER_CRASH_SOCKET"

_scope: ContextVar[str] = ContextVar("crash_scope", default="")


class _Point(Protocol):
    def passed(self, scope: str, point: str) -> None: ...


@dataclass(slots=True)
class _Armed:
    scope: str
    point: str
    remaining: int
    socket_path: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, scope: str, point: str) -> None:
        """Strike, the one time that the count runs out."""
        if point != self.point or self.scope not in ("*", scope):
            return
        with self.lock:
            self.remaining -= 1
            due = self.remaining == 0
        if due:
            _strike(self.socket_path, f"{scope}:{point}")


@dataclass(frozen=True, slots=True)
class _Several:
    points: Sequence[_Armed]

    def passed(self, scope: str, point: str) -> None:
        for each in self.points:
            each.passed(scope, point)


@dataclass(frozen=True, slots=True)
class _Listener:
    told: Callable[[str, str], None]

    def passed(self, scope: str, point: str) -> None:
        self.told(scope, point)


class _Unread:
    """Stands in until the environment was read."""

    def passed(self, scope: str, point: str) -> None:
        arm()
        if _armed is not None:
            _armed.passed(scope, point)


_armed: _Point | None = _Unread()


def arm(environ: Mapping[str, str] | None = None) -> None:
    """Read which points are armed (default: from the process's environment). Raises SettingsError for a wrong value."""
    global _armed  # noqa: PLW0603 - a point is passed deep inside, and costs one look at this name when inactive
    environ = os.environ if environ is None else environ
    spec = environ.get(SPEC_VARIABLE, "")
    points = [_parse(each, environ.get(SOCKET_VARIABLE, "")) for each in spec.split()]
    _armed = _Several(points) if points else None


@contextmanager
def listening(told: Callable[[str, str], None]) -> Iterator[None]:
    """Tell each point that any thread passes, as (scope, point), instead of striking: a list of the places to kill."""
    global _armed  # noqa: PLW0603 - see `arm`
    before, _armed = _armed, _Listener(told)
    try:
        yield
    finally:
        _armed = before


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name what is being done (`workflow/step`, `intake/orders`), so that a point in shared code can be told apart."""
    token = _scope.set(name)
    try:
        yield
    finally:
        _scope.reset(token)


def point(name: str) -> None:
    """Pass a named point; nothing happens unless the environment armed it."""
    if _armed is not None:
        _armed.passed(_scope.get(), name)


def _parse(spec: str, socket_path: str) -> _Armed:
    rest, _, count = spec.rpartition(":")
    scope_name, _, point_name = rest.rpartition(":")  # from the right: a step `undo:…` has a colon in its name
    if not scope_name or not point_name.isidentifier() or not (count.isdecimal() and int(count) > 0):
        raise SettingsError(f"The setting {SPEC_VARIABLE} is {spec!a}; it must be SCOPE:POINT:COUNT, COUNT from 1.")
    return _Armed(scope_name, point_name, int(count), socket_path)


def _strike(socket_path: str, where: str) -> None:
    if not socket_path:
        os.kill(os.getpid(), signal.SIGKILL)
    # Loaded only here: code that may do no I/O passes points too, and its layer is checked for imports of sockets.
    importlib.import_module("provisioner.kernel.crash_control").tell(socket_path, where)
