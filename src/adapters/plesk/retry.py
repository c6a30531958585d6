"""A quick second try of a whole operation, look-ups included, after a failure that is known to have changed nothing.

Long waits are the engine's, where they hold no thread. What has waited for a time-out, or waits for
an earlier attempt to end, is not tried again here.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import tenacity

from provisioner.kernel.clock import Clock
from provisioner.ports.outcomes import Throttled, Unavailable

ATTEMPTS: Final = 3
LONGEST_WAIT: Final = 2.0
"""Seconds."""

_NOT_SOON: Final = frozenset(
    {"connect_timeout", "connections_busy", "read_timeout", "write_timeout", "timeout", "name_in_use"}
)

_Answer = TypeVar("_Answer")


def quickly(clock: Clock, operation: Callable[[], _Answer]) -> _Answer:
    """Run an operation that begins with a look-up, again when it was Unavailable. Raises its last failure."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_worth_it),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=LONGEST_WAIT),
        sleep=clock.sleep,
        reraise=True,
    )
    return retrying(operation)


def _worth_it(error: BaseException) -> bool:
    if not isinstance(error, Unavailable) or isinstance(error, Throttled):
        return False
    return error.code not in _NOT_SOON
