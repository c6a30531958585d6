"""A vendor for the engine's tests: a port with an operation of each effect class, and a fake that obeys."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from provisioner.ports.effects import checkable, idempotent, keyed, unsafe
from provisioner.ports.outcomes import Done, Misconfigured, Pending, Rejected, Throttled, Unavailable, Uncertain


class Crashed(BaseException):
    """The process is gone; nothing after this line ran."""


class Vendor(Protocol):
    """Makes things, each way that a port's operation may be declared."""

    @idempotent
    def put(self, name: str) -> Done | Pending: ...

    @keyed()
    def order(self, name: str) -> Done | Pending: ...

    @keyed(spends=True)
    def buy(self, name: str) -> Done | Pending: ...

    @checkable(find="find_made")
    def make(self, name: str) -> Done | Pending: ...

    def find_made(self, name: str) -> Done | Pending | None: ...

    @unsafe()
    def send(self, name: str) -> Done | Pending: ...

    @idempotent
    def remove(self, ref: str) -> Done | Pending: ...

    @checkable(find="find_destroyed")
    def destroy(self, ref: str) -> Done | Pending: ...

    def find_destroyed(self, ref: str) -> Done | Pending | None: ...

    def is_ready(self, name: str) -> Done | None: ...

    def undeclared(self, name: str) -> Done: ...


@dataclass(frozen=True)
class Answer:
    """What a call does, in this order: `meanwhile` runs, the effect happens or not, `raises` or `returns`."""

    takes_effect: bool = True
    raises: BaseException | None = None
    returns: Done | Pending | None = None
    meanwhile: Callable[[], object] | None = None

    def while_(self, act: Callable[[], object]) -> "Answer":
        return replace(self, meanwhile=act)


FINE = Answer()
NOT_THERE = Answer(takes_effect=False)


def refused(code: str = "refused", *, fields: tuple[str, ...] = ()) -> Answer:
    return Answer(takes_effect=False, raises=Rejected(code, f"the vendor says {code}", vendor_code="42", fields=fields))


def down() -> Answer:
    return Answer(takes_effect=False, raises=Unavailable("down", "the vendor is down"))


def throttled(seconds: float) -> Answer:
    return Answer(takes_effect=False, raises=Throttled("slow_down", "too many requests", retry_after=seconds))


def misconfigured() -> Answer:
    return Answer(takes_effect=False, raises=Misconfigured("wrong_password", "the vendor does not let us in"))


def lost(*, took_effect: bool) -> Answer:
    return Answer(takes_effect=took_effect, raises=Uncertain("timeout", "no answer came"))


def crash(*, took_effect: bool) -> Answer:
    return Answer(takes_effect=took_effect, raises=Crashed())


def pending(seconds: float, *, took_effect: bool = False) -> Answer:
    return Answer(takes_effect=took_effect, returns=Pending(seconds, "the vendor is working on it"))


def gives(**data: object) -> Answer:
    return Answer(returns=Done("given", data))


class FakeVendor(Vendor):
    """Answers as told, otherwise with Done; `there` is what stands at the vendor, one entry for each effect."""

    def __init__(self) -> None:
        self._told: dict[str, deque[Answer]] = defaultdict(deque)
        self.calls: list[str] = []
        self.there: list[str] = []

    def will(self, method: str, *answers: Answer) -> None:
        """Tell how the next calls of a method go."""
        self._told[method].extend(answers)

    def recovers(self) -> None:
        """Forget what was told: every call goes well again."""
        self._told.clear()

    def put(self, name: str) -> Done | Pending:
        return self._make_once("put", name)

    def order(self, name: str) -> Done | Pending:
        return self._make_once("order", name)

    def buy(self, name: str) -> Done | Pending:
        return self._make_once("buy", name)

    def make(self, name: str) -> Done | Pending:
        return self._make_another("make", name)

    def find_made(self, name: str) -> Done | Pending | None:
        return self._find("find_made", name, there=f"make:{name}" in self.there, ref=f"make:{name}")

    def send(self, name: str) -> Done | Pending:
        return self._make_another("send", name)

    def remove(self, ref: str) -> Done | Pending:
        return self._answer("remove", ref, lambda: self._take_away(ref))

    def destroy(self, ref: str) -> Done | Pending:
        return self._answer("destroy", ref, lambda: self.there.remove(ref))

    def find_destroyed(self, ref: str) -> Done | Pending | None:
        return self._find("find_destroyed", ref, there=ref not in self.there, ref=ref)

    def is_ready(self, name: str) -> Done | None:
        found = self._find("is_ready", name, there=True, ref=f"ready:{name}")
        return found if isinstance(found, Done) else None

    def undeclared(self, name: str) -> Done:
        return Done(name)

    def _make_once(self, method: str, name: str) -> Done | Pending:
        ref = f"{method}:{name}"
        return self._answer(method, name, lambda: None if ref in self.there else self.there.append(ref))

    def _make_another(self, method: str, name: str) -> Done | Pending:
        return self._answer(method, name, lambda: self.there.append(f"{method}:{name}"))

    def _take_away(self, ref: str) -> None:
        if ref in self.there:
            self.there.remove(ref)

    def _answer(self, method: str, argument: str, effect: Callable[[], None]) -> Done | Pending:
        answer = self._next(method, argument)
        if answer.takes_effect:
            effect()
        if answer.raises is not None:
            raise answer.raises
        return answer.returns or Done(f"{method}:{argument}")

    def _find(self, method: str, argument: str, *, there: bool, ref: str) -> Done | Pending | None:
        answer = self._next(method, argument)
        if answer.raises is not None:
            raise answer.raises
        if answer.returns is not None:
            return answer.returns
        return Done(ref) if there and answer is not NOT_THERE else None

    def _next(self, method: str, argument: str) -> Answer:
        self.calls.append(f"{method} {argument}")
        answer = self._told[method].popleft() if self._told[method] else FINE
        if answer.meanwhile is not None:
            answer.meanwhile()
        return answer
