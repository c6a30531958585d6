"""How often is looked at what takes long: ever more rarely."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from provisioner.ports.outcomes import Done, Pending

LEAST_OFTEN: Final = 3_600.0
"""In seconds."""


def ever_more_slowly(
    found: Done | Pending, *, since: datetime, now: datetime, until: datetime | None = None
) -> Done | Pending:
    """A look that is repeated the less often, the longer it has been waited, each hour in the end; and once `until`."""
    if isinstance(found, Done):
        return found
    wait = max(found.check_after, min((now - since).total_seconds() / 20, LEAST_OFTEN))
    return replace(found, check_after=wait if until is None else min(wait, (until - now).total_seconds()))
