"""What the authority allows in a span of time, and what it says when that is used up (429, with Retry-After)."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.sandbox.acme.calendar import written
from adapters.sandbox.acme.problems import Kind, Problem

_PAGE: Final = "see https://docs.ca.test/rate-limits"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a kind in a span of time. `sentence` says which, `{count}` and `{subject}` filled in."""

    kind: str
    span: timedelta
    sentence: str


ORDERS: Final = Limit(
    "orders", timedelta(hours=3), "too many new orders ({count}) from this account in the last 3h0m0s"
)
NAME_SETS: Final = Limit(
    "name-sets",
    timedelta(days=7),
    "too many certificates ({count}) already issued for this exact set of identifiers in the last 168h0m0s",
)
FAILURES: Final = Limit(
    "failures", timedelta(hours=1), 'too many failed authorizations ({count}) for "{subject}" in the last 1h0m0s'
)


class Tallies:
    """When what happened, as far as a limit asks."""

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)

    def add(self, limit: Limit, subject: str, moment: datetime) -> None:
        """One more happened."""
        moments = self._moments[limit.kind, subject]
        moments.append(moment)
        while moments[0] <= moment - limit.span:
            moments.popleft()

    def check(self, limit: Limit, subject: str, most: int, now: datetime) -> None:
        """Raise Problem (rateLimited) when another one would be too many; `most` 0 is no limit."""
        counted = [moment for moment in self._moments.get((limit.kind, subject), ()) if moment > now - limit.span]
        if most and len(counted) >= most:
            again = counted[-most] + limit.span
            sentence = limit.sentence.format(count=most, subject=subject.rpartition("/")[2])
            detail = f"{sentence}, retry after {written(again).replace('T', ' ').replace('Z', ' UTC')}: {_PAGE}"
            raise Problem(Kind.RATE_LIMITED, detail, retry_after=(again - now).total_seconds())

    def clear(self) -> None:
        """Forget everything."""
        self._moments.clear()


def name_set(names: Iterable[str]) -> str:
    """What identical name sets have in common."""
    return ",".join(sorted(names))


class Turnstile:
    """How many requests came within the last second."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()

    def check(self, most: int, now: float) -> None:
        """Count a request. Raises Problem (rateLimited, 503) when it is one too many; `most` 0 is no limit."""
        while self._moments and self._moments[0] <= now - 1:
            self._moments.popleft()
        if most and len(self._moments) >= most:
            raise Problem(Kind.RATE_LIMITED, "Service busy; retry later.", 503, retry_after=1)
        if most:
            self._moments.append(now)
