"""An authority and a panel that answer with every outcome, behind the ports of certificates."""

import random
from collections.abc import Callable

from provisioner.kernel.clock import FakeClock
from provisioner.ports.certificates import CertificateRequest
from provisioner.ports.outcomes import Done, Pending, Rejected
from tests.simulation.vendor import CapriciousVendor
from tests.support.certificates import FakeAuthority, FakeHost, Shown

READING = frozenset({"certificate_terms", "served_certificate", "points_to", "shows", "validated", "renewal_window"})


class Capricious(CapriciousVendor):
    """A late change arrives before the next one that is asked for, as where one thing is done after another."""

    def _call(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        if method in READING:
            self._look(method, lambda: True)
            return act()
        self.settle()
        meanwhile, self.meanwhile = self.meanwhile, _nothing
        try:
            return self._asked(method, act)
        finally:
            self.meanwhile = meanwhile
            if self._dice.random() < self.trouble / 6:
                self.meanwhile()

    def _asked(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        results: list[Done | Pending | Rejected] = []
        answer = self._answer(method, lambda: results.append(_result(act)))
        result = results[-1] if results else answer
        if isinstance(result, Rejected):
            raise result
        return result

    def _find(self, method: str, find: Callable[[], Done | Pending | None]) -> Done | Pending | None:
        return find() if self._look(method, lambda: True) else None

    def _pending(self, ref: str, effect: Callable[[], None]) -> BaseException:  # type: ignore[override] # it never is
        del ref
        return self._lost(effect)


class CapriciousAuthority(Capricious, FakeAuthority):
    """`is_known` says whether a CSR is in the journal; `strangers` are orders that were opened for one that was not."""

    def __init__(self, dice: random.Random, clock: FakeClock, shown: Shown) -> None:
        CapriciousVendor.__init__(self, dice, clock)
        FakeAuthority.__init__(self, clock, shown)
        self.is_known: Callable[[str], bool] = lambda _csr: True
        self.strangers: list[str] = []

    def _open_order(self, request: CertificateRequest) -> Done:
        if not self.is_known(request.csr):
            self.strangers.append(request.csr)
        return super()._open_order(request)


class CapriciousHost(Capricious, FakeHost):
    """A panel of several sites."""

    def __init__(self, dice: random.Random, clock: FakeClock, shown: Shown) -> None:
        CapriciousVendor.__init__(self, dice, clock)
        FakeHost.__init__(self, clock, shown)


def _result(act: Callable[[], Done | Pending]) -> Done | Pending | Rejected:
    """What came too late is refused, and nobody hears of it."""
    try:
        return act()
    except Rejected as refused:
        return refused


def _nothing() -> None:
    """Nobody goes on."""
