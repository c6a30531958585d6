"""A registry that answers with every outcome, behind the port of registrars, and loses and delays what it is sent."""

import random
from collections.abc import Callable

from provisioner.kernel.clock import FakeClock
from provisioner.ports.outcomes import Done, Failure, Pending, Rejected, Uncertain
from tests.simulation.vendor import CapriciousVendor
from tests.support.engine.registrar import FakeRegistrar

READING = frozenset({"look", "quote"})
GUARDED = frozenset({"register", "renew", "request_transfer", "request_restore"})
"""What a registry recognises by itself when it comes late, because the state that it was sent for has passed."""


class CapriciousRegistrar(CapriciousVendor, FakeRegistrar):
    """A late change arrives before the next one that is asked for; late purchases arrive whenever they like."""

    def __init__(self, dice: random.Random, clock: FakeClock) -> None:
        CapriciousVendor.__init__(self, dice, clock)
        FakeRegistrar.__init__(self, clock)

    def _call(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        if method in READING:
            return self._read(method, act)
        return self._asked(method, act) if method in GUARDED else self._changed(method, act)

    def _read(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        found = self._look(method, lambda: True)
        return act() if found else Done()

    def _asked(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        """Others may go on before it takes effect."""
        results: list[Done | Pending | Rejected] = []
        answer = self._answer(method, lambda: results.append(_result(act)))
        return _told(results, answer)

    def _changed(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        """Others go on after it took effect, when at all."""
        self.settle()
        meanwhile, self.meanwhile = self.meanwhile, _nothing
        try:
            return self._asked(method, act)
        finally:
            self.meanwhile = meanwhile
            if self._dice.random() < self.trouble / 6:
                self.meanwhile()

    def _look_up_any(self, method: str, find: Callable[[], Done | Pending | None]) -> Done | Pending | None:
        return find() if self._look(method, lambda: True) else None

    def _pending(self, ref: str, effect: Callable[[], None]) -> Failure:  # type: ignore[override] # it never is
        del ref
        self._may_arrive(effect)
        return Uncertain("timeout", "no answer came")


def _result(act: Callable[[], Done | Pending]) -> Done | Pending | Rejected:
    """What came too late is refused, and nobody hears of it."""
    try:
        return act()
    except Rejected as refused:
        return refused


def _told(results: list[Done | Pending | Rejected], answer: Done | Pending) -> Done | Pending:
    result = results[-1] if results else answer
    if isinstance(result, Rejected):
        raise result
    return result


def _nothing() -> None:
    """Nobody goes on."""
