"""Where an operation's calls are made: at the vendor account that it was claimed for, or at another after a move.

A move is a pause that is due at once and names the other account, so that the slots, the breaker and the drain switch
that count for a call are always those of the account at which it is made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provisioner.orders.statuses import OperationState
from provisioner.ports.effects import Effect, effect_of
from provisioner.ports.outcomes import Misconfigured
from provisioner.workflows.journal import AccountFault, Due, Pause
from provisioner.workflows.recorder import Paused, Recorder

Adapters = Callable[[str], Any]
"""Gives the adapter of a vendor account by the account's name. Raises Misconfigured when it cannot be opened."""

NO_ACCOUNT: Final = "no_vendor_account"


class Places:
    """The vendor accounts of one run. An adapter is opened no earlier than a call at it is due."""

    def __init__(self, recorder: Recorder, adapters: Adapters) -> None:
        self._recorder = recorder
        self._adapters = adapters
        self._open: dict[str, Any] = {}
        self._stays = False

    def at(self, account: str | None) -> "Place":
        """What stands for the adapter of an account. Raises TypeError for an operation that would not find home."""
        if self._stays:
            raise TypeError(f"{self._recorder.claim.workflow} has no service whose account it could come back to")
        return Place(self, account)

    def home(self, account: str | None) -> Any:
        """The adapter of the account of a workflow's service; it is opened now if the operation is there.

        Without an account it is that of the operation, which then stays there. Raises Paused without either.
        """
        here = self._recorder.claim.vendor_account
        self._stays = account is None
        home = account or here
        if home is None:
            raise Paused(self._held())
        if home != here:
            return Place(self, home)
        try:
            return self._adapter(home)
        except Misconfigured:  # that matters when a call is due there
            return Place(self, home)

    def arrive(self, account: str | None) -> None:
        """Go on only at this account. Raises Paused when the operation has to move there, or there is none."""
        if account is None:
            raise Paused(self._held())
        if account != self._recorder.claim.vendor_account:
            state = OperationState.COMPENSATING if self._recorder.undoing else OperationState.READY
            reason = f"it goes on at {account}"
            raise Paused(Pause(state, reason, Due(seconds=0), self._recorder.unwritten(), account=account))

    def opened(self, account: str | None) -> Any:
        """The adapter of an account, also from elsewhere. Raises Paused; what does not open is told at that account."""
        if account is None:
            raise Paused(self._held())
        try:
            return self._adapter(account)
        except Misconfigured as wrong:
            self.arrive(account)
            raise Paused(self._closed(wrong)) from wrong

    def _adapter(self, account: str) -> Any:
        """Opened once in a run: what a call has come to is not to be lost because the next one cannot be prepared."""
        if account not in self._open:
            self._open[account] = self._adapters(account)
        return self._open[account]

    def _closed(self, wrong: Misconfigured) -> Pause:
        return Pause(
            OperationState.COMPENSATING if self._recorder.undoing else OperationState.WAITING,
            wrong.message,
            Due(seconds=self._recorder.around.waits.first),
            self._recorder.unwritten(),
            attention="account_misconfigured",
            account_fault=AccountFault.MISCONFIGURED,
        )

    def _held(self) -> Pause:
        reason = "no vendor account takes this; add one with `servers add`"
        return Pause(OperationState.HELD, reason, Due(), self._recorder.unwritten(), attention=NO_ACCOUNT)


class Place:
    """Stands for the adapter of one account: its methods are calls that are made there and nowhere else."""

    def __init__(self, places: Places, account: str | None) -> None:
        self._places = places
        self._account = account

    def __getattr__(self, method: str) -> "PlacedCall":
        if method.startswith("_"):
            raise AttributeError(method)
        return PlacedCall(self._places, self._account, method)


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A method of the adapter of one account."""

    places: Places
    account: str | None
    method: str

    def bound(self) -> Callable[..., Any]:
        """The adapter's own method, to be called now. Raises Paused as `Places.arrive` and `Places.opened` do."""
        self.places.arrive(self.account)
        return self._method()

    def effect(self) -> Effect:
        """What its port declares; no call is due. Raises TypeError, and Paused when the adapter cannot be opened."""
        return effect_of(self._method())

    def _method(self) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self.places.opened(self.account), self.method)
        return method

    def __call__(self, *arguments: Any) -> Any:
        """Make the call, at its account."""
        return self.bound()(*arguments)


def bound(call: Callable[..., Any]) -> Callable[..., Any]:
    """The adapter's own method that a call stands for, at its account."""
    return call.bound() if isinstance(call, PlacedCall) else call


def declared(call: Callable[..., Any]) -> Effect:
    """The declaration of a call. Raises TypeError when no port has one."""
    return call.effect() if isinstance(call, PlacedCall) else effect_of(call)


def check_declared(call: Callable[..., Any]) -> None:
    """Raise TypeError for a call that no port declares; of one that is placed this is found when it is due."""
    if not isinstance(call, PlacedCall):
        effect_of(call)
