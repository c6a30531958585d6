"""A journal that waits for its database: what a vendor has answered is too dear to be thrown away."""

from collections.abc import Callable

import tenacity

from provisioner.kernel import log
from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.workflows.journal import Claim, Ending, Intent, Journal, Pause, StepOutcome

_log = log.get(__name__)


class PatientJournal:
    """Repeats a commit until the database takes it, or refuses it because the lease went to another.

    A repeated commit changes nothing: steps are written by name, and an end under the same fence is refused.
    """

    def __init__(self, journal: Journal, clock: Clock, *, give_up_seconds: float) -> None:
        self._journal = journal
        self._retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(StoreUnavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5.0),
            stop=tenacity.stop_after_delay(give_up_seconds),
            sleep=clock.sleep,
            reraise=True,
        )

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        """Commit what has come out so far together with the next intent."""
        self._commit(lambda: self._journal.intend(claim, intent, outcomes))
        _tell(claim, outcomes)

    def pause(self, claim: Claim, pause: Pause) -> None:
        """Commit what has come out so far and give the operation back until it is due."""
        self._commit(lambda: self._journal.pause(claim, pause))
        _tell(claim, pause.outcomes)

    def end(self, claim: Claim, ending: Ending) -> None:
        """Commit the end with everything that follows from it."""
        self._commit(lambda: self._journal.end(claim, ending))
        _tell(claim, ending.outcomes)

    def _commit(self, write: Callable[[], None]) -> None:
        """The first attempt goes without the machinery of retries: nearly always it is the only one."""
        try:
            write()
        except StoreUnavailable:
            self._retry.copy()(write)


def _tell(claim: Claim, outcomes: tuple[StepOutcome, ...]) -> None:
    """One line for each step that came to something; who and what is bound to the log's context."""
    for outcome in outcomes:
        if outcome.attempt is None:
            continue
        _log.info(
            "step",
            workflow=claim.workflow,
            step=outcome.record.name,
            attempt=outcome.attempt.number,
            action=outcome.attempt.action,
            outcome=outcome.attempt.outcome,
            milliseconds=round(outcome.attempt.duration * 1000, 1),
            vendor_code=outcome.attempt.vendor_code,
            detail=outcome.attempt.message,
        )
