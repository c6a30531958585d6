"""When the authority wants a certificate renewed (RFC 9773 section 4)."""

from datetime import timedelta
from typing import Any, Final

from adapters.acme import chains
from adapters.acme.client import AnsweredNothing, Client
from adapters.acme.errors import Call
from adapters.acme.network import Answer, renewal_path
from adapters.acme.resources import moment
from provisioner.kernel.clock import Clock
from provisioner.ports.outcomes import Done

LOOK_AGAIN: Final = 6 * 3_600.0
SOONEST: Final = 60.0
LATEST: Final = 86_400.0
"""Seconds. An authority's wish to be asked again is followed within a minute and a day (section 4.3.2)."""

NOTHING: Final = Done()


class RenewalInformation:
    """Asks for renewal windows. Such a question is not signed."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def window(self, chain: str) -> Done:
        """`data`: start, end, look_again; empty when the authority says nothing, or the certificate has expired."""
        base, leaf = self._client.directory().renewal_info, chains.leaf_of(chain)
        if not base or leaf is None or leaf.not_valid_after_utc <= self._clock.now():
            return NOTHING
        path = renewal_path(leaf)
        if not path:
            return NOTHING
        try:
            answer = self._client.get(Call.RENEWAL, f"{base.rstrip('/')}/{path}")
        except AnsweredNothing:
            return NOTHING
        return self._window(answer)

    def _window(self, answer: Answer) -> Done:
        window: Any = answer.body.get("suggestedWindow") if isinstance(answer.body, dict) else None
        start, end = (
            (moment(window.get(name)) for name in ("start", "end")) if isinstance(window, dict) else (None, None)
        )
        if start is None or end is None or end < start:
            return NOTHING
        wait = LOOK_AGAIN if answer.retry_after is None else min(max(answer.retry_after, SOONEST), LATEST)
        again = self._clock.now() + timedelta(seconds=wait)
        return Done(data={"start": start.isoformat(), "end": end.isoformat(), "look_again": again.isoformat()})
