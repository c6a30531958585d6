"""How a session comes to be: connect, read the greeting, log in at once.

Some registries lock an account after a few failed logins, or drop connections that wait with theirs. So logins go
one at a time until one has succeeded, and a refused login is not repeated for a minute, whichever thread asks.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Final

from adapters.epp import commands, failures
from adapters.epp.budget import Pace
from adapters.epp.namespaces import EPP, LOGIN_SECURITY, OBJECTS
from adapters.epp.replies import Greeting
from adapters.epp.session import Session
from adapters.epp.settings import Settings
from adapters.epp.tls import Trust
from adapters.epp.transport import Closed, Connection, WireError
from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Misconfigured

REFUSED_SECONDS: Final = 60.0
MOST_HANG_UPS: Final = 3
LONGEST_PLAIN_PASSWORD: Final = 16


class Opener:
    """Opens sessions of one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, password: Secret, trust: Trust, clock: Clock, pace: Pace) -> None:
        self._settings = settings
        self._password = password
        self._trust = trust
        self._clock = clock
        self._pace = pace
        self._first = threading.Lock()
        self._proven = False
        self._refused: Misconfigured | None = None
        self._refused_until = 0.0
        self._hang_ups = 0

    def open(self) -> Session:
        """A session that is logged in. Raises Unavailable, Misconfigured, StoreUnavailable."""
        with self._one_at_a_time():
            self._check_not_refused()
            session = self._greeted()
            try:
                self._log_in(session)
            except WireError as error:
                raise failures.while_opening(error) from error
            finally:
                if not session.logged_in:
                    session.leave()
            self._proven = True
            return session

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        with contextlib.nullcontext() if self._proven else self._first:
            yield

    def _check_not_refused(self) -> None:
        if self._refused is not None and self._clock.monotonic() < self._refused_until:
            raise Misconfigured(self._refused.code, self._refused.message, vendor_code=self._refused.vendor_code)

    def _greeted(self) -> Session:
        """A connection on which the server has said its greeting."""
        connection = self._connected()
        session = Session(connection, self._settings, self._clock, self._pace, self._password)
        try:
            session.greet()
        except Closed as error:
            connection.close()
            self._hang_ups += 1
            if self._hang_ups >= MOST_HANG_UPS:
                raise failures.not_let_in(self._hang_ups) from error
            raise failures.while_opening(error) from error
        except WireError as error:
            raise failures.while_opening(error) from error
        self._hang_ups = 0
        return session

    def _connected(self) -> Connection:
        try:
            return Connection.open(self._settings, self._trust, self._clock)
        except WireError as error:
            raise failures.while_opening(error) from error

    def _log_in(self, session: Session) -> None:
        greeting = session.greeting
        extensions = self._extensions(greeting)
        self._check_password(extensions)
        objects = tuple(uri for uri in greeting.objects if uri != EPP) or OBJECTS
        login = commands.login(self._settings.username, self._password, self._language(greeting), objects)
        reply = session.log_in(login, extensions)
        if reply.succeeded:
            return
        failure = failures.of_login(reply)
        if isinstance(failure, Misconfigured):
            self._refused, self._refused_until = failure, self._clock.monotonic() + REFUSED_SECONDS
            self._proven = False
        raise failure

    def _extensions(self, greeting: Greeting) -> frozenset[str]:
        """Those of the settings, and of the contacts' templates those that the server offers; by default all of its."""
        offered = frozenset(greeting.extensions)
        if self._settings.extensions is None:
            return offered
        return frozenset(self._settings.extensions) | self._settings.contact_namespaces & offered

    def _check_password(self, extensions: frozenset[str]) -> None:
        if len(self._password.reveal()) > LONGEST_PLAIN_PASSWORD and LOGIN_SECURITY not in extensions:
            most = f"the password has more than {LONGEST_PLAIN_PASSWORD} characters"
            raise Misconfigured("password_too_long", f"{most}, and this registry takes no longer one")

    def _language(self, greeting: Greeting) -> str:
        offered = greeting.languages
        return self._settings.language if self._settings.language in offered or not offered else offered[0]
