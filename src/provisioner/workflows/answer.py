"""One question to a vendor and what came of it, as a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioner.kernel.clock import Clock
from provisioner.ports.exchange import Exchange, collected
from provisioner.ports.outcomes import Done, Failure, Pending
from provisioner.workflows.journal import Attempt


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended. `duration` in seconds; `outcome` is None when a look-up found nothing."""

    outcome: Done | Pending | Failure | None
    duration: float
    exchanges: tuple[Exchange, ...]

    def attempt(self, number: int, action: str, word: str = "") -> Attempt:
        """The line of the journal for it; `word` names an outcome that is no failure."""
        if not isinstance(self.outcome, Failure):
            return Attempt(number, action, word, self.duration, exchanges=self.exchanges)
        failure = self.outcome
        return Attempt(
            number,
            action,
            failure.outcome,
            self.duration,
            failure.code,
            failure.vendor_code,
            failure.message,
            self.exchanges,
        )


def ask(call: Callable[..., Done | Pending | None], arguments: tuple[Any, ...], clock: Clock) -> Answer:
    """Make one call of a port. What is no outcome of `ports.outcomes` goes on as an exception."""
    started = clock.monotonic()
    with collected() as exchanges:
        try:
            outcome: Done | Pending | Failure | None = call(*arguments)
        except Failure as failure:
            outcome = failure
    return Answer(outcome, clock.monotonic() - started, tuple(exchanges))
