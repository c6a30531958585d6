"""Named crash points: places where a test kills this process, or something it talks to, and looks at what is left.

Inactive unless the environment arms one:

    PROVISIONER_CRASH="hosting.create/subscription:after_call:1"

means: the first time that the point `after_call` is passed in the scope `hosting.create/subscription`, this process
sends itself SIGKILL. `*` as the scope means any. With PROVISIONER_CRASH_SOCKET set, the point's name is written to
that Unix socket instead, and this process goes on when the other side has answered: a test kills the database or the
broker meanwhile.
"""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

SPEC_VARIABLE: Final = "PROVISIONER_CRASH"
SOCKET_VARIABLE: Final = "PROVISIONER_CRASH_SOCKET"

_scope: ContextVar[str] = ContextVar("crash_scope", default="")


@dataclass(slots=True)
class _Armed:
    scope: str
    point: str
    remaining: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hit(self, scope: str, point: str) -> bool:
        """True the one time that the count runs out."""
        if point != self.point or self.scope not in ("*", scope):
            return False
        with self.lock:
            self.remaining -= 1
            return self.remaining == 0


def _parse(spec: str) -> _Armed | None:
    if not spec:
        return None
    scope, point, count = spec.rsplit(":", 2)
    return _Armed(scope, point, int(count))


_armed = _parse(os.environ.get(SPEC_VARIABLE, ""))


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
    if _armed is None:
        return
    if _armed.hit(_scope.get(), name):
        _strike(f"{_scope.get()}:{name}")


def _strike(where: str) -> None:
    path = os.environ.get(SOCKET_VARIABLE)
    if path is None:
        os.kill(os.getpid(), signal.SIGKILL)
        return
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(path)
        control.sendall(where.encode() + b"\n")
        control.recv(16)
