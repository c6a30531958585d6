"""The authority's limits, kept here, so that a mistake of ours or of a customer never burns them for everybody.

Counted by the account's allowance over all processes; without one nothing is counted. A renewal that says what it
replaces, and is taken for that by the authority, is exempt there and here (RFC 9773 section 5).
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from adapters.acme.settings import Limits
from provisioner.kernel.clock import Clock
from provisioner.kernel.spread import share
from provisioner.ports.accounts import Allowance
from provisioner.ports.certificates import AuthorityOrder, CertificateRequest, Challenge
from provisioner.ports.outcomes import Throttled

HOUR: Final = 3_600.0
WEEK: Final = 7 * 86_400.0
RATE_LIMITED: Final = "rate_limited"

ORDERS: Final = "orders"
CERTIFICATES: Final = "certificates"
VALIDATIONS: Final = "validations"

SAME_TRY_SECONDS: Final = 60
"""Orders for one CSR within such a span are taken for the same try, repeated after a crash; the next comes later."""


class Guards:
    """Spends what an authority allows, and says Throttled before it would. All raise StoreUnavailable."""

    def __init__(self, allowance: Allowance | None, limits: Limits, clock: Clock) -> None:
        self._allowance = allowance
        self._limits = limits
        self._clock = clock

    def new_order(self, request: CertificateRequest) -> None:
        """Spend one order, before it is asked for. Raises Throttled.

        Orders become free one by one, so those that wait for one come back within a quarter of an hour, not at once.
        """
        wait = self._spend_order(request)
        if wait > 0:
            reason = f"{self._limits.orders_per_3_hours} orders were made within 3 hours"
            later = HOUR / 4 * share(_fingerprint(request))
            raise _throttled(f"{reason}, which is as many as we allow ourselves", wait, later)

    def unplanned_order(self, request: CertificateRequest) -> None:
        """Count an order that was made as exempt and was not taken for that; too late to refuse it."""
        self._spend_order(request)

    def validation(self, order: AuthorityOrder, challenge: Challenge) -> None:
        """Spend one validation of a name, once for a challenge. Raises Throttled."""
        name, most = challenge.name.removeprefix("*."), self._limits.validations_per_hour_for_a_name
        wait = self._spend(VALIDATIONS, name, f"{order.url} {challenge.name}", most, HOUR)
        if wait > 0:
            raise _throttled(f"{name} was validated {most} times within an hour", wait)

    def room(self, request: CertificateRequest) -> None:
        """Whether a certificate can be had, before an order is made and its names are validated. Raises Throttled.

        An order that nobody goes on with costs none.
        """
        if self._allowance is not None:
            self._check_certificate(self._allowance.room, request)

    def certificate(self, request: CertificateRequest) -> None:
        """Spend one certificate for a set of names, once for a CSR, before it is asked for. Raises Throttled."""
        if self._allowance is not None:
            self._check_certificate(self._allowance.spend, request)

    def _check_certificate(self, ask: Callable[..., float], request: CertificateRequest) -> None:
        names, most = name_set(request.names), self._limits.certificates_per_week_for_a_name_set
        wait = ask(CERTIFICATES, names, once=_fingerprint(request), most=most, seconds=WEEK)
        if wait > 0:
            raise _throttled(f"{most} certificates for exactly these names were ordered within a week", wait)

    def not_issued(self, request: CertificateRequest) -> None:
        """Give back a certificate that was certainly not issued: the authority counts none. Safe to call twice."""
        if self._allowance is not None:
            self._allowance.give_back(CERTIFICATES, name_set(request.names), once=_fingerprint(request))

    def _spend_order(self, request: CertificateRequest) -> float:
        span = int(self._clock.now().timestamp()) // SAME_TRY_SECONDS
        once = f"{_fingerprint(request)} {span}"
        return self._spend(ORDERS, "", once, self._limits.orders_per_3_hours, 3 * HOUR)

    def _spend(self, kind: str, subject: str, once: str, most: int, seconds: float) -> float:
        if self._allowance is None:
            return 0.0
        return self._allowance.spend(kind, subject, once=once, most=most, seconds=seconds)


def name_set(names: Iterable[str]) -> str:
    """One text for a set of names, in whatever order and spelling they are given."""
    return ",".join(sorted({name.lower() for name in names}))


def _fingerprint(request: CertificateRequest) -> str:
    return hashlib.sha256(request.csr.encode()).hexdigest()


def _throttled(reason: str, wait: float, later: float = 0.0) -> Throttled:
    return Throttled(RATE_LIMITED, f"{reason}; the next is possible in {wait:.0f} seconds", retry_after=wait + later)
