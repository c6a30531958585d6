"""How often a port's operation may be repeated. Declared once, on the port; read by the engine.

- `idempotent`: repeating it changes nothing more.
- `keyed`: the vendor accepts our key and answers a repetition with the first result.
- `checkable`: `find` says whether it happened; asked before every repetition.
- `unsafe`: runs at most once; an unknown outcome waits for an operator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


class EffectClass(StrEnum):
    """What may be done when it is unknown whether a call took effect."""

    IDEMPOTENT = "idempotent"
    KEYED = "keyed"
    CHECKABLE = "checkable"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Effect:
    """The declaration of one operation. `find` names the port's method that looks, with the same arguments.

    `ends`: codes of refusals by which `find` tells that what was asked for has come to nothing.
    """

    effect_class: EffectClass
    find: str | None = None
    spends: bool = False
    ends: tuple[str, ...] = ()


def _declare(effect: Effect) -> Callable[[_Method], _Method]:
    def mark(method: _Method) -> _Method:
        method.__effect__ = effect  # type: ignore[attr-defined]  # a function has room for attributes
        return method

    return mark


def idempotent(method: _Method) -> _Method:
    """Declare that repeating the operation changes nothing more."""
    return _declare(Effect(EffectClass.IDEMPOTENT))(method)


def keyed(*, spends: bool = False) -> Callable[[_Method], _Method]:
    """Declare that the vendor recognises a repetition by our key. `spends`: success costs money."""
    return _declare(Effect(EffectClass.KEYED, spends=spends))


def checkable(*, find: str, spends: bool = False, ends: tuple[str, ...] = ()) -> Callable[[_Method], _Method]:
    """Declare that `find` says whether it happened.

    It takes the same arguments and returns `Done`, `Pending` when the vendor has accepted and not finished it, or
    None. It must report what is accepted and unfinished: otherwise that is taken for never sent, and repeated. A
    Rejected with one of the codes in `ends` says that it was asked for and has come to nothing; any other says nothing.
    """
    return _declare(Effect(EffectClass.CHECKABLE, find=find, spends=spends, ends=ends))


def unsafe(*, spends: bool = False) -> Callable[[_Method], _Method]:
    """Declare that the operation must run at most once."""
    return _declare(Effect(EffectClass.UNSAFE, spends=spends))


def effect_of(method: Callable[..., Any]) -> Effect:
    """The declaration of a port's bound method, found on the port that its adapter implements.

    Raises TypeError when the method belongs to no port: such a call has no known effect and may not be a step.
    """
    owner = getattr(method, "__self__", None)
    name = getattr(method, "__name__", repr(method))
    for ancestor in type(owner).__mro__:
        declared = getattr(ancestor.__dict__.get(name), "__effect__", None)
        if isinstance(declared, Effect):
            return declared
    raise TypeError(f"{name} is not declared idempotent, keyed, checkable or unsafe on any port")


def finder_of(method: Callable[..., Any]) -> Callable[..., Any] | None:
    """The bound method that looks whether a checkable operation happened, or None for other classes."""
    name = effect_of(method).find
    return None if name is None else getattr(getattr(method, "__self__", None), name)
