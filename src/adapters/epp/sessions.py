"""One account's sessions: a command in, a reply out, from any thread."""

from adapters.epp.commands import Command
from adapters.epp.replies import Reply
from adapters.epp.settings import Settings
from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import Budget, VendorAccount


class Sessions:
    """The sessions of one account. Safe to use from many threads. Connects to nothing before the first command."""

    def __init__(self, settings: Settings, account: VendorAccount, clock: Clock, budget: Budget | None) -> None:
        self._settings = settings
        self._account = account
        self._clock = clock
        self._budget = budget

    def send(self, command: Command) -> Reply:
        """Send one command and read its reply; the result code is for the caller to judge.

        Raises:
            Rejected: the command cannot be written (`command_invalid`); nothing was sent.
            Unavailable: known not to have been executed, or a query without an answer.
            Uncertain: a transform of which a byte may have left, and no reply came.
            Misconfigured: the server is not trusted, or does not let this account in.

        """
        raise NotImplementedError

    def close(self) -> None:
        """Log out and close all sessions. Safe to call twice."""
        raise NotImplementedError
