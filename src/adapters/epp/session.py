"""One session: greeting, login, commands one after the other, logout. For one thread at a time."""

import contextlib
from typing import Final

from adapters.epp import commands, identifiers, redaction, salvage, xml
from adapters.epp.budget import Pace
from adapters.epp.commands import Command
from adapters.epp.parsing import Answer
from adapters.epp.replies import Greeting, Reply
from adapters.epp.settings import Settings
from adapters.epp.transport import Connection, Garbled, Sent, WireError
from provisioner.kernel import crash, log
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.kernel.secret import Secret
from provisioner.ports import exchange

LOGOUT_SECONDS: Final = 2.0
ENDING_CODES: Final = frozenset({1500, 2002, 2500, 2501, 2502})
"""After these a session is of no more use: RFC 5730 §3 closes it, or (2002) the server knows of no login."""
POLL: Final = "poll-request"

_logger = log.get(__name__)


class Stale(WireError):
    """The session ended while it was idle; the command was not sent."""


class Session:
    """One session: `logged_in` once it is; `ended` when no further command may be sent."""

    def __init__(self, connection: Connection, settings: Settings, clock: Clock, pace: Pace, password: Secret) -> None:
        self._connection = connection
        self._settings = settings
        self._clock = clock
        self._pace = pace
        self._password = password
        self._extensions: frozenset[str] = frozenset()
        self.greeting = Greeting("", "", (), (), ())
        self.logged_in = False
        self.ended = False

    def greet(self) -> None:
        """Read what the server says first: `greeting`. Raises WireError."""
        answer = self._parsed(self._connection.read(self._deadline()), sent=Sent.NO)
        reply = self._understood(answer, Sent.NO)
        if not isinstance(reply.data, Greeting):
            raise self._garbled("the first frame is no greeting", Sent.NO)
        self.greeting = reply.data

    def log_in(self, command: Command, extensions: frozenset[str]) -> Reply:
        """Log in with these extensions. Raises WireError."""
        self._extensions = extensions
        reply = self.exchange(command)
        self.logged_in = reply.succeeded
        return reply

    def exchange(self, command: Command) -> Reply:
        """Send a command and read its reply; both are recorded without secrets.

        Waits for the command's turn. Raises Rejected (it cannot be written), StoreUnavailable (no turn), Stale (the
        server had hung up before): nothing was sent; and other WireErrors.
        """
        secrets = (*command.secrets, self._password)
        cl_trid = identifiers.new(self._settings.cltrid_prefix, command.name)
        frame = command.frame(cl_trid, self._extensions)
        self._pace.wait(check=command.is_check)
        self._check_still_there()
        self.ended = True  # until the whole reply is here: after half an exchange nobody knows what comes next
        try:
            reply = self._checked(command, self._recorded(command, frame, secrets), cl_trid)
        except Garbled as garbled:
            return _salvaged(command, garbled, cl_trid, secrets)
        self.ended = reply.code in ENDING_CODES
        return reply

    def leave(self) -> None:
        """Log out if that is possible, and hang up. Safe to call twice."""
        if self.logged_in and not self.ended:
            with contextlib.suppress(WireError, StoreUnavailable):
                self._log_out()
        self.ended = True
        self._connection.close()

    def _log_out(self) -> None:
        self._pace.wait()
        frame = commands.logout().frame(identifiers.new(self._settings.cltrid_prefix, "logout"))
        deadline = self._clock.monotonic() + LOGOUT_SECONDS
        self._connection.write(frame, deadline)
        self._connection.read(deadline)

    def _check_still_there(self) -> None:
        if self.ended or not self._connection.idle():
            self._hang_up()
            raise Stale("the server closed the idle session", Sent.NO)

    def _recorded(self, command: Command, frame: bytes, secrets: tuple[Secret, ...]) -> Answer:
        shown = ""
        try:
            answer = self._transacted(command, frame, secrets)
            shown = answer.shown()
        finally:
            exchange.record(redaction.shown(frame.decode(), secrets), shown)
        return answer

    def _transacted(self, command: Command, frame: bytes, secrets: tuple[Secret, ...]) -> Answer:
        deadline = self._deadline()
        self._connection.write(frame, deadline)
        if command.transform:
            crash.point("request_sent")
        polls = command.name == POLL
        answer = self._connection.read(deadline, begin=polls)
        if command.transform:
            crash.point("response_received")
        return self._parsed(answer, secrets, lenient=polls)

    def _parsed(
        self, frame: bytes, secrets: tuple[Secret, ...] = (), sent: Sent = Sent.YES, *, lenient: bool = False
    ) -> Answer:
        try:
            answer = Answer.read(frame, secrets, lenient=lenient)
        except xml.UnreadableError as error:
            raise self._garbled(str(error), sent, frame) from None
        self._warn(answer)
        return answer

    def _understood(self, answer: Answer, sent: Sent = Sent.YES) -> Reply:
        try:
            return answer.reply(self._extensions)
        except xml.UnreadableError as error:
            raise self._garbled(str(error), sent, answer.text.encode()) from None

    def _checked(self, command: Command, answer: Answer, cl_trid: str) -> Reply:
        """The reply, if it answers this command.

        RFC 5730 §2.6: the server repeats our id, unless it could not read it.
        """
        reply = self._understood(answer)
        greeted = isinstance(reply.data, Greeting)
        if greeted != (command.name == "hello"):
            raise self._garbled("a greeting and a reply were mixed up")
        if not greeted and reply.cl_trid != cl_trid and (reply.cl_trid or reply.succeeded):
            raise self._garbled("the answer belongs to another command")
        return reply

    def _garbled(self, message: str, sent: Sent = Sent.YES, came: bytes = b"") -> Garbled:
        self._hang_up()
        return Garbled(message, sent, came)

    def _hang_up(self) -> None:
        self.ended = True
        self._connection.close()

    def _warn(self, answer: Answer) -> None:
        for event in answer.security_events():
            _logger.warning("registry.security_event", account=self._settings.account, **event)

    def _deadline(self) -> float:
        return self._clock.monotonic() + self._settings.command_seconds


def _salvaged(command: Command, garbled: Garbled, cl_trid: str, secrets: tuple[Secret, ...]) -> Reply:
    """The message of the queue that an unreadable answer holds. Raises what was garbled where there is none."""
    reply = salvage.polled(garbled.came, cl_trid, str(garbled), secrets) if command.name == POLL else None
    if reply is None:
        raise garbled
    return reply
