"""The authority's time: the machine's clock, moved on when the control interface says so."""

from datetime import datetime, timedelta

from provisioner.kernel.clock import Clock


class AuthorityClock:
    """A clock with an offset. Times are cut to whole seconds, as they are written."""

    def __init__(self, base: Clock) -> None:
        self.base = base
        self.offset = timedelta()

    def now(self) -> datetime:
        """The authority's time, in UTC."""
        return (self.base.now() + self.offset).replace(microsecond=0)

    def monotonic(self) -> float:
        """Seconds on the machine's clock that never goes back."""
        return self.base.monotonic()


def written(moment: datetime) -> str:
    """A time as ACME writes it (RFC 3339)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
