"""What a story is: messages of a storefront in phases, and what was done to the vendors before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.kernel.sealing import PublicKey, seal_to_public_key
from provisioner.store.accounts import NewAccount
from tests.support.production import Vendors, account

Message = dict[str, Any]
Seal = Callable[[str], Mapping[str, str]]


def seal_with(key: PublicKey) -> Seal:
    """Seals as a storefront does: the `password` of an item."""
    return lambda text: {"key_id": key.key_id, "box": seal_to_public_key(key, text)}


Phase = Callable[[Seal], Sequence[Message]]
Act = Callable[[Vendors], object]
"""Something that is done to the vendors."""


def nothing(_vendors: Vendors) -> None:
    """Leave them alone."""


def panel_account(vendors: Vendors, settings: Mapping[str, str]) -> NewAccount:
    """The panel's account with these settings beside its usual ones."""
    usual = account(vendors.panel)
    return replace(usual, settings={**usual.settings, **settings})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `prepare` does to the vendors what is done before anything is published; `acts`, by the number of a
    phase from 1, what others do there when it begins.

    `only`: processes are killed in these scopes alone, because what somebody else does in the story comes before them.
    `ends`: the status of its service with which the last phase is over, where nothing is waiting that would tell.
    `waits`: what is left waiting for more than half a minute may be left so.
    `certificates`: hosting gets them by itself.
    `settings`, by the number of a phase: what the panel's account is given when it begins.
    `begun`: the entry in a ledger with which the phases before the last are over, although something is waited for.
    """

    name: str
    phases: tuple[Phase, ...]
    prepare: Act = nothing
    only: tuple[str, ...] = ()
    begun: str = ""
    ends: str = ""
    waits: bool = False
    certificates: bool = False
    acts: Mapping[int, Act] = field(default_factory=dict)
    settings: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    @property
    def ends_apart(self) -> bool:
        """Whether nothing is under way when the last phase begins, so that a new process may do it alone."""
        return len(self.phases) > 1 and not self.begun

    def begin_phase(self, number: int, vendors: Vendors) -> None:
        """Do what others do when this phase begins."""
        self.acts.get(number, nothing)(vendors)

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name
