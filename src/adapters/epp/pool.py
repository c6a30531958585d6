"""The sessions of one account: at most `max_sessions`, over all processes together.

Each session has a ticket of the account's budget, good for a short time, which a tending thread prolongs; so a process
that is killed leaves nothing behind for long. That thread also closes sessions that are idle or old.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from adapters.epp.session import Session
from adapters.epp.settings import Settings
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.ports.accounts import Budget
from provisioner.ports.outcomes import Unavailable

TICKET_SECONDS: Final = 20.0
_KEEP_AFTER: Final = TICKET_SECONDS / 4
_TEND_EVERY: Final = TICKET_SECONDS / 8
_ASK_AGAIN: Final = 0.2
_SESSION_LIMIT: Final = "2502"
_FEWER_SECONDS: Final = 60.0


@dataclass(slots=True, eq=False)
class Seat:
    """A session and its ticket. Times are of the monotonic clock; `lapsed`: the ticket ran out meanwhile."""

    session: Session
    ticket: str
    opened_at: float
    kept_at: float
    used_at: float
    lapsed: bool = False


class Pool:
    """Lends sessions to threads, one at a time to each. Safe to use from many threads."""

    def __init__(self, opened: Callable[[], Session], settings: Settings, clock: Clock, budget: Budget) -> None:
        self._opened = opened
        self._settings = settings
        self._clock = clock
        self._budget = budget
        self._changed = threading.Condition()
        self._seats: set[Seat] = set()
        self._idle: list[Seat] = []
        self._places = 0  # taken by sessions that are open or being opened
        self._let_in, self._let_in_until = settings.max_sessions, 0.0
        self._closed = threading.Event()
        self._tender: threading.Thread | None = None

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A session that is logged in, until this is left. Raises Unavailable, Misconfigured, StoreUnavailable."""
        seat = self._taken()
        try:
            yield seat.session
        finally:
            self._give_back(seat)

    def close(self) -> None:
        """Log out of all sessions; one in use as soon as it is given back. Safe to call twice."""
        with self._changed:
            self._closed.set()
            left, self._idle = self._idle, []
            self._changed.notify_all()
        for seat in left:
            self._discard(seat)

    def tend(self) -> None:
        """Prolong the tickets; close sessions that are idle or old. The tending thread does this all the time."""
        with self._changed:
            old = [seat for seat in self._idle if self._is_old(seat) or self._is_idle(seat)]
            self._idle = [seat for seat in self._idle if seat not in old]
            kept = [seat for seat in self._seats if seat not in old]
        for seat in old:
            self._discard(seat)
        for seat in kept:
            with contextlib.suppress(StoreUnavailable):
                self._keep(seat)

    # -- lending

    def _taken(self) -> Seat:
        deadline = self._clock.monotonic() + self._settings.connect_seconds
        while True:
            idle = self._next_idle(deadline)
            if idle is not None:
                if self._is_fit(idle):
                    return idle
                continue
            new = self._new()
            if new is not None:
                return new
            self._pause(deadline)

    def _next_idle(self, deadline: float) -> Seat | None:
        """The idle session that was used last; or None and a place for a new one. Waits while all are in use."""
        with self._changed:
            while not self._idle and self._places >= self._most():
                self._wait(deadline)
            if self._closed.is_set():
                raise Unavailable("closing", "the sessions with the registry are being closed")
            if self._idle:
                return self._idle.pop()
            self._places += 1
            return None

    def _pause(self, deadline: float) -> None:
        with self._changed:
            self._wait(deadline)

    def _wait(self, deadline: float) -> None:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            told = f"max_sessions is {self._settings.max_sessions}; the registry lets {self._most()} in now"
            raise Unavailable("no_session_free", f"all sessions of the account are in use ({told})")
        self._changed.wait(min(left, _ASK_AGAIN))

    def _new(self) -> Seat | None:
        """A new session in the place that was given; None when other processes, or the server, leave none."""
        seat = None
        try:
            ticket = self._budget.take_session(self._settings.max_sessions, TICKET_SECONDS)
            if ticket is not None:
                seat = self._with_ticket(ticket)
        finally:
            if seat is None:
                self._free_place()
        return seat

    def _with_ticket(self, ticket: str) -> Seat | None:
        kept_at = self._clock.monotonic()
        with contextlib.ExitStack() as undo:
            undo.callback(self._return, ticket)
            try:
                session = self._opened()
            except Unavailable as refused:
                if self._makes_do_after(refused):
                    return None
                raise
            undo.pop_all()
        now = self._clock.monotonic()
        seat = Seat(session, ticket, opened_at=now, kept_at=kept_at, used_at=now)
        with self._changed:
            self._seats.add(seat)
            self._start_tending()
        return seat

    def _most(self) -> int:
        """The sessions that may be open now: those of the settings, or for a while those that the server let in."""
        return self._let_in if self._clock.monotonic() < self._let_in_until else self._settings.max_sessions

    def _makes_do_after(self, refused: Unavailable) -> bool:
        """Whether the open sessions must do for a while, as the server lets no more in. Without any it is a failure."""
        with self._changed:
            if refused.vendor_code != _SESSION_LIMIT or not self._seats:
                return False
            self._let_in, self._let_in_until = len(self._seats), self._clock.monotonic() + _FEWER_SECONDS
            return True

    def _is_fit(self, seat: Seat) -> bool:
        """Whether an idle session may be used again; otherwise it is closed."""
        fit = False
        try:
            fit = not self._is_old(seat) and self._keep(seat)
        finally:
            if not fit:
                self._discard(seat)
        return fit

    def _give_back(self, seat: Seat) -> None:
        seat.used_at = self._clock.monotonic()
        with self._changed:
            usable = not (self._is_old(seat) or self._closed.is_set())
            if usable:
                self._idle.append(seat)
                self._changed.notify()
        if not usable:
            self._discard(seat)

    def _discard(self, seat: Seat) -> None:
        seat.session.leave()
        with self._changed:
            self._seats.discard(seat)
        self._return(seat.ticket)
        self._free_place()

    def _free_place(self) -> None:
        with self._changed:
            self._places -= 1
            self._changed.notify()

    # -- tickets and ages

    def _keep(self, seat: Seat) -> bool:
        """Prolong a ticket when a quarter of its time is over. False: it ran out. Raises StoreUnavailable."""
        now = self._clock.monotonic()
        if not seat.lapsed and now - seat.kept_at > _KEEP_AFTER:
            seat.lapsed = not self._budget.keep_session(seat.ticket, TICKET_SECONDS)
            seat.kept_at = now
        return not seat.lapsed

    def _return(self, ticket: str) -> None:
        with contextlib.suppress(StoreUnavailable):  # it runs out by itself
            self._budget.give_session_back(ticket)

    def _is_old(self, seat: Seat) -> bool:
        age = self._clock.monotonic() - seat.opened_at
        return seat.lapsed or seat.session.ended or age > self._settings.session_max_age_seconds

    def _is_idle(self, seat: Seat) -> bool:
        return self._clock.monotonic() - seat.used_at > self._settings.idle_close_seconds

    def _start_tending(self) -> None:
        if self._tender is None or not self._tender.is_alive():
            self._tender = threading.Thread(target=self._tend_always, name="epp-sessions", daemon=True)
            self._tender.start()

    def _tend_always(self) -> None:
        every = min(_TEND_EVERY, self._settings.idle_close_seconds / 2)
        while not self._closed.wait(every):
            self.tend()
