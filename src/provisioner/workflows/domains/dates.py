"""Dates of expiry. The registry's own is kept verbatim; what is reckoned with is its date in UTC."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

LEAP_DAY: Final = (2, 29)


def moment(text: str) -> datetime:
    """A registry's time (RFC 3339, or a date alone) as an instant; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def day(text: str) -> date:
    """The date in UTC of a registry's time."""
    return moment(text).date()


def years_later(start: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 28 February."""
    if (start.month, start.day) == LEAP_DAY:
        start = start.replace(day=28)
    return start.replace(year=start.year + years)


def is_years_later(start: date, years: int, end: date) -> bool:
    """Whether a date is so many years later, also as a registry reckons that makes 1 March of 29 February."""
    expected = years_later(start, years)
    if (start.month, start.day) == LEAP_DAY:
        return end in (expected, expected + timedelta(days=1), start.replace(year=end.year, month=3, day=1))
    return end == expected
