"""A vendor account as an adapter sees it: where it is, how to log in, and what every adapter can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done


class Budget(Protocol):
    """What one vendor account allows all processes together. Raises StoreUnavailable."""

    def take_session(self, most: int, seconds: float) -> str | None:
        """A ticket for one of `most` sessions, good for so many seconds; None when all are taken."""
        ...

    def keep_session(self, ticket: str, seconds: float) -> bool:
        """Keep a ticket for so many seconds from now. False: it ran out, and the session must be closed."""
        ...

    def give_session_back(self, ticket: str) -> None:
        """Give a ticket back. Safe to call twice."""
        ...

    def turn(self, kind: str, per_second: float) -> float:
        """Seconds to wait before the next command of a kind, such that all together send no more than allowed."""
        ...


class Allowance(Protocol):
    """What a vendor allows in a span of time, counted over all processes. Raises StoreUnavailable."""

    def spend(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """Spend one of `most` in any `seconds` on a subject: 0.0 when it is spent, else how long to wait.

        What was spent under the same `once` before is free. Long texts are told apart by their hash.
        """
        ...

    def room(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """How long to wait until `spend` would spend it; 0.0 when it would now, or has. Spends nothing."""
        ...

    def give_back(self, kind: str, subject: str, *, once: str) -> None:
        """Give back what was spent under `once`, as the vendor does not count it. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """One login at one vendor (a Plesk server, a registrar account, a CA account).

    `settings` and `credentials` are described in each adapter's reference page. Without a `budget` the account is this
    process's own; without an `allowance` nothing is counted.
    """

    name: str
    adapter: str
    environment: str = "live"
    settings: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    budget: Budget | None = None
    allowance: Allowance | None = None


class Adapter(Protocol):
    """What every adapter can do, whatever port it serves."""

    def ping(self) -> Done:
        """Ask the vendor whether the account works. Raises the outcomes of `ports.outcomes`."""
        ...

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        ...


AdapterFactory = Callable[[VendorAccount, Clock], Adapter]
