"""A vendor that answers with every outcome there is, chosen by the seed, and keeps a ledger of what really happened."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioner.kernel.clock import FakeClock
from provisioner.ports.outcomes import (
    Done,
    Failure,
    Misconfigured,
    Pending,
    Rejected,
    Throttled,
    Unavailable,
    Uncertain,
)
from tests.support.engine.vendor import Crashed, Vendor

TRANSIT = 40.0
"""The longest that a call whose answer was lost may still take to have its effect, in seconds."""


@dataclass(slots=True)
class Ledger:
    """What happened at the vendor. A reference is `method:operation/step`."""

    there: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)

    def make(self, ref: str) -> None:
        """Something has come to be, once more."""
        self.made[ref] += 1
        self.there[ref] += 1

    def make_once(self, ref: str) -> None:
        """The vendor recognises what is there already."""
        if not self.made[ref]:
            self.make(ref)

    def remove(self, ref: str) -> None:
        """It is gone, however often it was there."""
        del self.there[ref]


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A request whose effect is still to come."""

    arrives: datetime
    effect: Callable[[], None]
    accepted: str | None = None


class CapriciousVendor(Vendor):
    """Takes effect at most once for each call; tells the truth when it answers; often does not answer.

    `meanwhile` runs in the middle of some calls: other workers go on while this one is slow.
    """

    def __init__(self, dice: random.Random, clock: FakeClock) -> None:
        self._dice = dice
        self._clock = clock
        self._on_its_way: list[OnItsWay] = []
        self._refused: dict[str, bool] = {}
        self.ledger = Ledger()
        self.trouble = 0.5
        self.meanwhile: Callable[[], None] = lambda: None

    # -- the port

    def put(self, name: str) -> Done | Pending:
        return self._make("put", name, self.ledger.make_once)

    def order(self, name: str) -> Done | Pending:
        return self._make("order", name, self.ledger.make_once)

    def buy(self, name: str) -> Done | Pending:
        return self._make("buy", name, self.ledger.make_once)

    def make(self, name: str) -> Done | Pending:
        return self._make("make", name, self.ledger.make)

    def send(self, name: str) -> Done | Pending:
        return self._make("send", name, self.ledger.make)

    def find_made(self, name: str) -> Done | Pending | None:
        ref = f"make:{name}"
        return self._look(ref, lambda: self.ledger.there[ref] > 0) or self._accepted(ref)

    def remove(self, ref: str) -> Done | Pending:
        return self._unmake(ref)

    def destroy(self, ref: str) -> Done | Pending:
        return self._unmake(ref)

    def find_destroyed(self, ref: str) -> Done | Pending | None:
        return self._look(ref, lambda: self.ledger.there[ref] == 0) or self._accepted(ref)

    def is_ready(self, name: str) -> Done | None:
        return self._look(name, lambda: self._dice.random() > self.trouble)

    def undeclared(self, name: str) -> Done:
        raise NotImplementedError(name)

    # -- how it answers

    def _make(self, method: str, name: str, effect: Callable[[str], None]) -> Done | Pending:
        ref = f"{method}:{name}"
        if self._refuses(ref):
            raise Rejected("refused", f"the vendor does not want {ref}")
        return self._answer(ref, lambda: effect(ref))

    def _unmake(self, ref: str) -> Done | Pending:
        """Refused now and then, but not for ever."""
        if self._dice.random() < self.trouble / 10:
            raise Rejected("in_use", f"{ref} is in use")
        return self._answer(ref, lambda: self.ledger.remove(ref))

    def _refuses(self, ref: str) -> bool:
        """Decided once: what is refused is refused always, and nothing of it is ever made."""
        return self._refused.setdefault(ref, self._dice.random() < self.trouble / 5)

    def _answer(self, ref: str, effect: Callable[[], None]) -> Done | Pending:
        self._arrive()
        slow, works = self._dice.random() < self.trouble / 6, self._dice.random() > self.trouble
        if not works:
            return self._slow_trouble(ref, effect) if slow else self._trouble(ref, effect)
        if slow:
            self._slowly(effect)
        else:
            effect()
        return Done(ref, {"asked": ref})

    def _slowly(self, effect: Callable[[], None]) -> None:
        """Others go on before the effect comes."""
        self.meanwhile()
        effect()

    def _slow_trouble(self, ref: str, effect: Callable[[], None]) -> Done | Pending:
        """Others go on before anything becomes of it."""
        self.meanwhile()
        return self._trouble(ref, effect)

    def _trouble(self, ref: str, effect: Callable[[], None]) -> Done | Pending:
        ways: list[Callable[[], Done | Pending | BaseException]] = [
            self._not_executed,
            lambda: self._lost(effect),
            lambda: self._crash(effect),
            lambda: self._pending(ref, effect),
        ]
        told = self._dice.choice(ways)()
        if isinstance(told, BaseException):
            raise told
        return told

    def _not_executed(self) -> Failure:
        return self._dice.choice(
            [
                Unavailable("down", "the vendor is down"),
                Throttled("slow_down", "too many requests", retry_after=self._dice.uniform(1, 100)),
                Misconfigured("locked", "the account is locked"),
            ]
        )

    def _lost(self, effect: Callable[[], None]) -> Failure:
        self._may_arrive(effect)
        return Uncertain("timeout", "no answer came")

    def _crash(self, effect: Callable[[], None]) -> BaseException:
        self._may_arrive(effect)
        return Crashed()

    def _pending(self, ref: str, effect: Callable[[], None]) -> Pending:
        seconds = self._dice.uniform(1, 7200)
        self._on_its_way.append(OnItsWay(self._clock.now() + timedelta(seconds=seconds), effect, accepted=ref))
        return Pending(self._dice.uniform(10, 600), f"{ref} is being worked on")

    def _may_arrive(self, effect: Callable[[], None]) -> None:
        """The request was lost, or it took effect, or it will a little later."""
        when = self._dice.choice([None, 0.0, self._dice.uniform(0, TRANSIT)])
        if when == 0.0:
            effect()
        elif when is not None:
            self._on_its_way.append(OnItsWay(self._clock.now() + timedelta(seconds=when), effect))

    def _accepted(self, ref: str) -> Pending | None:
        """What the vendor has accepted and not finished, it can tell."""
        waiting = any(request.accepted == ref for request in self._on_its_way)
        return Pending(self._dice.uniform(10, 600), f"{ref} is being worked on") if waiting else None

    def _look(self, ref: str, is_so: Callable[[], bool]) -> Done | None:
        self._arrive()
        if self._dice.random() < self.trouble / 3:
            raise self._dice.choice([self._not_executed(), Uncertain("timeout", "no answer came")])
        return Done(ref, {"asked": ref}) if is_so() else None

    def _arrive(self) -> None:
        now = self._clock.now()
        for request in [request for request in self._on_its_way if request.arrives <= now]:
            self._on_its_way.remove(request)
            request.effect()

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        for request in self._on_its_way:
            request.effect()
        self._on_its_way.clear()
