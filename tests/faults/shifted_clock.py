"""A worker process whose wall clock is wrong, and jumps.

    python -m tests.faults.shifted_clock ROLE

It is the program itself with another clock handed in: each look at it is an hour early, an hour late, or right, in
turn. Durations are measured on the monotonic clock, which no time server moves.
"""

import itertools
import sys
from datetime import datetime, timedelta
from typing import cast

from provisioner.app.main import CommandInstallation, open_installation
from provisioner.console.installation import Role
from provisioner.kernel.clock import SystemClock


class JumpingClock(SystemClock):
    """Each answer is an hour away from the one before."""

    def __init__(self) -> None:
        self._jumps = itertools.cycle([timedelta(hours=1), timedelta(hours=-1), timedelta()])

    def now(self) -> datetime:
        """Some time or other."""
        return super().now() + next(self._jumps)


def main(role: Role) -> int:
    """Run a role; its exit code."""
    settings = open_installation(None).settings
    return CommandInstallation(settings, clock=JumpingClock()).run(role)


if __name__ == "__main__":
    sys.exit(main(cast("Role", sys.argv[1])))
