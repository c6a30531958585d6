"""The registry's time: the machine's clock, moved on when the control interface says so."""

from datetime import datetime, timedelta

from provisioner.kernel.clock import Clock


class RegistryClock:
    """A clock with an offset. Times are cut to milliseconds, as they are written."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.offset = timedelta()

    def now(self) -> datetime:
        """The registry's time, in UTC."""
        now = self._base.now() + self.offset
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def written(moment: datetime) -> str:
    """A time as EPP writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def years_later(moment: datetime, years: int) -> datetime:
    """The same day of another year; the 29th of February becomes the 28th."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)
