"""What a story is: messages of a storefront in phases, and what was done to the vendors before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sandbox.running import RunningSimulator
from provisioner.kernel.sealing import PublicKey, seal_to_public_key

Message = dict[str, Any]
Seal = Callable[[str], Mapping[str, str]]


def seal_with(key: PublicKey) -> Seal:
    """Seals as a storefront does: the `password` of an item."""
    return lambda text: {"key_id": key.key_id, "box": seal_to_public_key(key, text)}


Phase = Callable[[Seal], Sequence[Message]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `prepare` does to the vendors, panel and registry, what is done before anything is published.

    `only`: processes are killed in these scopes alone, because what somebody else does in the story comes before them.
    `begun`: the entry in a ledger with which the phases before the last are over, although something is waited for.
    """

    name: str
    phases: tuple[Phase, ...]
    prepare: Callable[[RunningSimulator, RunningSimulator], object] = lambda _panel, _registry: None
    only: tuple[str, ...] = ()
    begun: str = ""

    def __str__(self) -> str:
        return self.name
