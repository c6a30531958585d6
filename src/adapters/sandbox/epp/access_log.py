"""Who came when, and what he asked: for measuring sessions and commands per second."""

import json
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from adapters.sandbox.ledger import json_line
from provisioner.kernel.clock import Clock

KEPT: Final = 1_000_000
_LONGEST_LINE: Final = 65536
Event = Literal["open", "login", "command", "close"]


@dataclass(frozen=True, slots=True)
class Access:
    """One line. `at` is the machine's time, RFC 3339 in UTC; `seconds` the same on a clock that never goes back.

    `login` is a good one. A command is logged when it was read; `duplicate` tells that its clTRID had been used before.
    `reason` says why a session was closed.
    """

    at: str
    seconds: float
    event: Event
    session: str
    account: str = ""
    command: str = ""
    subject: str = ""
    transaction: str = ""
    reason: str = ""
    duplicate: bool = False


class AccessLog:
    """The last million lines in memory, all of them in a JSON-lines file if there is one; safe from several threads."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._lock = threading.Lock()
        self._lines: deque[Access] = deque(maxlen=KEPT)
        if path is not None and path.exists():
            _cut_to_whole_lines(path)
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(
        self,
        event: Event,
        session: str,
        account: str = "",
        *,
        command: str = "",
        subject: str = "",
        transaction: str = "",
        reason: str = "",
        duplicate: bool = False,
    ) -> None:
        """Add a line."""
        with self._lock:
            at, seconds = self._clock.now().isoformat(), self._clock.monotonic()
            told = (account, command, subject, transaction, reason, duplicate)
            line = Access(at, seconds, event, session, *told)
            self._lines.append(line)
            if self._file is not None:
                os.write(self._file, json_line(asdict(line)))

    def monotonic(self) -> float:
        """Seconds on the clock of the log."""
        return self._clock.monotonic()

    def lines(self, *, event: str = "", account: str = "") -> list[Access]:
        """A copy of the lines of this run, oldest first; optionally only those of one event or one account."""
        with self._lock:
            found = list(self._lines)
        return [line for line in found if event in ("", line.event) and account in ("", line.account)]

    def most_sessions(self, account: str) -> int:
        """How many sessions of an account were logged in at the same time, at most."""
        open_now: set[str] = set()
        most = 0
        for line in self.lines(account=account):
            if line.event == "close":
                open_now.discard(line.session)
            elif line.event == "login":
                open_now.add(line.session)
            most = max(most, len(open_now))
        return most

    def most_commands(self, account: str, *, seconds: float = 1.0, command: str = "") -> int:
        """How many commands of an account came within any such span of time, at most; optionally of one kind."""
        window: deque[float] = deque()
        most = 0
        for line in self.lines(event="command", account=account):
            if command not in ("", line.command):
                continue
            window.append(line.seconds)
            while window[0] <= line.seconds - seconds:
                window.popleft()
            most = max(most, len(window))
        return most

    def used_transactions(self) -> Iterator[tuple[str, str]]:
        """Account and clTRID of every command in the file, of earlier runs too."""
        if self._path is None:
            return
        with self._path.open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                if line["transaction"]:
                    yield line["account"], line["transaction"]

    def clear(self) -> None:
        """Forget everything, in the file too."""
        with self._lock:
            self._lines.clear()
            if self._file is not None:
                os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _cut_to_whole_lines(path: Path) -> None:
    """Remove a last line that was cut off in the writing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _LONGEST_LINE, 0))
        tail = file.read()
    os.truncate(path, size - len(tail) + tail.rfind(b"\n") + 1)
