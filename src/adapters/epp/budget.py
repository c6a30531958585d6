"""The budget of an account that only this process uses: the same promises, kept in memory."""

import itertools
import threading
from typing import Final

from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import Budget

LATENESS: Final = 0.2
"""Seconds that a command may leave after its turn: turns are that much further apart, so that a late command followed
by prompt ones is still no more than is allowed in any second."""

_TICKET: Final = "local-{}"


class LocalBudget(Budget):
    """Sessions and turns of one process. Safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._ends: dict[str, float] = {}
        self._next: dict[str, float] = {}

    def take_session(self, most: int, seconds: float) -> str | None:
        """A ticket for one of `most` sessions, good for so many seconds; None when all are taken."""
        with self._lock:
            self._forget_ended()
            if len(self._ends) >= most:
                return None
            ticket = _TICKET.format(next(self._numbers))
            self._ends[ticket] = self._clock.monotonic() + seconds
            return ticket

    def keep_session(self, ticket: str, seconds: float) -> bool:
        """Keep a ticket for so many seconds from now. False: it ran out."""
        with self._lock:
            self._forget_ended()
            if ticket not in self._ends:
                return False
            self._ends[ticket] = self._clock.monotonic() + seconds
            return True

    def give_session_back(self, ticket: str) -> None:
        """Give a ticket back. Safe to call twice."""
        with self._lock:
            self._ends.pop(ticket, None)

    def turn(self, kind: str, per_second: float) -> float:
        """Seconds to wait before the next command of a kind: turns are evenly spaced, none is saved up."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next.get(kind, now))
            self._next[kind] = turn + (1 + LATENESS) / per_second
            return turn - now

    def _forget_ended(self) -> None:
        now = self._clock.monotonic()
        self._ends = {ticket: end for ticket, end in self._ends.items() if end > now}


class Pace:
    """Waits for a command's turn, so that all processes together send no more than an account allows."""

    def __init__(self, budget: Budget, clock: Clock, *, commands_per_second: float, checks_per_second: float) -> None:
        self._budget = budget
        self._clock = clock
        self._commands = commands_per_second
        self._checks = checks_per_second

    def wait(self, *, check: bool = False) -> None:
        """Return when it is this command's turn. Raises StoreUnavailable."""
        if check:
            self._turn("checks", self._checks)
        self._turn("commands", self._commands)

    def _turn(self, kind: str, per_second: float) -> None:
        wait = self._budget.turn(kind, per_second) if per_second > 0 else 0.0
        if wait > 0:
            self._clock.sleep(wait)
