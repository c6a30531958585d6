"""The registry's dates: kept as they stand, compared by their date without regard to any time zone.

A registry's own day is what counts in `curExpDate` (RFC 5731 §3.2.3).
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from provisioner.ports.outcomes import Unavailable

_DATE_LENGTH: Final = 10
ONE_DAY: Final = timedelta(days=1)


def date_of(text: str) -> str:
    """The date part of a time, verbatim."""
    return text[:_DATE_LENGTH]


def is_target(expires_at: str, target: str) -> bool:
    """Whether a date of expiry is the wanted one, or a day off: 29 February has no anniversary in most years."""
    return bool(expires_at) and abs(_date(expires_at) - _date(target)) <= ONE_DAY


def moment(text: str) -> datetime:
    """A registry's time in UTC; one without a zone is UTC (RFC 5730 §2.10). Raises Unavailable."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unavailable("unreadable_answer", f"{text!a} is not a time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(date_of(text))
    except ValueError:
        raise Unavailable("unreadable_answer", f"{text!a} is not a date") from None
