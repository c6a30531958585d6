"""Who asked what, and what came of it: for measuring how an authority is used."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from adapters.sandbox.ledger import append_line
from provisioner.kernel.clock import Clock

KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Access:
    """One request. `at` is the machine's time, RFC 3339 in UTC; `seconds` the same on a clock that never goes back.

    `status` is 0 when no whole answer was given, `problem` the type of the problem document.
    """

    at: str
    seconds: float
    operation: str
    status: int
    account: str = ""
    subject: str = ""
    problem: str = ""


class AccessLog:
    """The last lines in memory, all of them in a JSON-lines file if there is one; safe from several threads."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._lock = threading.Lock()
        self._lines: deque[Access] = deque(maxlen=KEPT)

    def write(self, operation: str, status: int, *, account: str = "", subject: str = "", problem: str = "") -> None:
        """Add a line."""
        with self._lock:
            at, seconds = self._clock.now().isoformat(), self._clock.monotonic()
            line = Access(at, seconds, operation, status, account, subject, problem)
            self._lines.append(line)
            if self._path is not None:
                append_line(self._path, asdict(line))

    def lines(self, *, operation: str = "", problem: str = "") -> list[Access]:
        """A copy of the lines of this run, oldest first; optionally only those of one operation or one problem."""
        with self._lock:
            found = list(self._lines)
        return [line for line in found if operation in ("", line.operation) and problem in ("", line.problem)]

    def most(self, operation: str, *, seconds: float = 1.0) -> int:
        """How many requests of a kind came within any such span of time, at most."""
        window: deque[float] = deque()
        most = 0
        for line in self.lines(operation=operation):
            window.append(line.seconds)
            while window[0] <= line.seconds - seconds:
                window.popleft()
            most = max(most, len(window))
        return most

    def clear(self) -> None:
        """Forget everything, in the file too."""
        with self._lock:
            self._lines.clear()
            if self._path is not None:
                self._path.unlink(missing_ok=True)
