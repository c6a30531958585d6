"""Time that passes more quickly: spans of the program and of the simulated authority, divided by one number.

    SQUEEZED=1260 python -m tests.faults.renewal_squeezed ROLE

A week cannot be waited for, and nobody moves the database's clock. So what is measured in hours and weeks is made
shorter: how long certificates are valid, how far apart they are due, and the spans that an authority's limits are for,
here and there. Waits after a failure are short in every test. Left as they are: the patience of a renewal (3 hours),
deadlines (a day), and that a certificate is looked at once a day, which would be all that such a day has time for.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

from adapters.acme import guards
from adapters.sandbox.acme import certificates as shelf
from adapters.sandbox.acme import limits
from provisioner.app.main import open_installation
from provisioner.console.installation import Role
from provisioner.orders import certificates

FACTOR: Final = "SQUEEZED"
WEEK: Final = 7 * 86_400.0
LIFETIME: Final = timedelta(days=90)
Put = Callable[[Any, str, object], None]


def squeeze(put: Put, factor: float) -> None:
    """Shorten the spans; `put` sets an attribute of a module."""
    put(guards, "HOUR", guards.HOUR / factor)
    put(guards, "WEEK", guards.WEEK / factor)
    put(certificates, "SHORT_LIVED", certificates.SHORT_LIVED / factor)
    put(shelf, "_SHORT", timedelta(days=10) / factor)
    for name in ("ORDERS", "NAME_SETS", "FAILURES"):
        limit: limits.Limit = getattr(limits, name)
        put(limits, name, replace(limit, span=limit.span / factor))


def main(role: Role) -> int:
    """Run a role; its exit code."""
    squeeze(setattr, float(os.environ[FACTOR]))
    return open_installation(None).run(role)


if __name__ == "__main__":
    sys.exit(main(cast("Role", sys.argv[1])))
