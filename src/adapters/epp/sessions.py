"""One account's sessions: a command in, a reply out, from any thread."""

from typing import Final

from adapters.epp import failures
from adapters.epp.budget import LocalBudget, Pace
from adapters.epp.commands import Command
from adapters.epp.opening import Opener
from adapters.epp.pool import Pool
from adapters.epp.replies import Reply
from adapters.epp.session import Stale
from adapters.epp.settings import Settings
from adapters.epp.tls import Trust
from adapters.epp.transport import WireError
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.ports.accounts import Budget, VendorAccount
from provisioner.ports.outcomes import Unavailable

NO_LOGIN: Final = 2002


class Sessions:
    """The sessions of one account. Safe to use from many threads. Connects to nothing before the first command.

    Without a budget the account is this process's own. Raises SettingsError for certificates that are none.
    """

    def __init__(self, settings: Settings, account: VendorAccount, clock: Clock, budget: Budget | None) -> None:
        shared = LocalBudget(clock) if budget is None else budget
        pace = Pace(
            shared,
            clock,
            commands_per_second=settings.commands_per_second,
            checks_per_second=settings.checks_per_second,
        )
        trust = Trust(settings, account.credentials.get("client_key"))
        opener = Opener(settings, account.credentials["password"], trust, clock, pace)
        self._most = settings.max_sessions
        self._pool = Pool(opener.open, settings, clock, shared)

    def send(self, command: Command) -> Reply:
        """Send one command and read its reply; the result code is for the caller to judge.

        A command that the server did not execute for want of a login (2002) is sent once more on another session.

        Raises:
            Rejected: the command cannot be written (`command_invalid`); nothing was sent.
            Unavailable: known not to have been executed, or a query without an answer.
            Uncertain: a transform of which a byte may have left, and no reply came.
            Misconfigured: the server is not trusted, or does not let this account in.

        """
        try:
            reply = self._sent(command)
            return self._sent(command) if reply.code == NO_LOGIN else reply
        except WireError as error:
            raise failures.while_sending(error, command) from error
        except StoreUnavailable as away:
            raise Unavailable("budget_away", f"{command.name} was not sent: {away}") from away

    def close(self) -> None:
        """Log out and close all sessions. Safe to call twice."""
        self._pool.close()

    def _sent(self, command: Command) -> Reply:
        """The reply. Sessions that the server closed while they were idle are passed over: nothing was sent on them."""
        for _ in range(self._most):
            try:
                return self._once(command)
            except Stale:
                continue
        return self._once(command)

    def _once(self, command: Command) -> Reply:
        with self._pool.session() as session:
            return session.exchange(command)
