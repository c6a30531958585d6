"""The registry as the control interface sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox.epp import happenings, notices, seed, transfers
from adapters.sandbox.epp.desk import Desk
from adapters.sandbox.epp.records import Domain
from adapters.sandbox.epp.registry import Registry


class Decision(BaseModel):
    """The registry decides: about a registration, renewal or restore that waits, or a transfer (`serverApproved` …)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    approved: bool


class Intervention(BaseModel):
    """The registry sets and lifts statuses of a domain, and says so with changePoll; or deletes it (autoDelete)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    add: tuple[Annotated[str, Field(pattern=r"^server[A-Z]\w+$")], ...] = ()
    remove: tuple[str, ...] = ()
    delete: bool = False
    reason: Annotated[str, Field(min_length=1, max_length=200)] = "By decision of the registry."


class TransferRequest(BaseModel):
    """A registrar asks for another one's domain, whatever its code, its locks and its age."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    registrar: str = seed.SECOND


class Notice(BaseModel):
    """A message that names no domain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    registrar: str = seed.FIRST
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class Adjustment(BaseModel):
    """The body of `POST /state`; done in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    balances: dict[str, Annotated[Decimal, Field(decimal_places=2)]] = {}
    domains: tuple[seed.Stock, ...] = ()
    advance_seconds: Annotated[float, Field(ge=0, le=3_200_000_000)] = 0
    registrations: tuple[Decision, ...] = ()
    renewals: tuple[Decision, ...] = ()
    restores: tuple[Decision, ...] = ()
    transfer_requests: tuple[TransferRequest, ...] = ()
    transfers: tuple[Decision, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    messages: tuple[Notice, ...] = ()
    drop_sessions: bool = False


@dataclass(slots=True)
class EppSimulator:
    """What the control interface may see and change."""

    registry: Registry
    desk: Desk
    passwords: seed.Opening
    hang_up: Callable[[], int]
    name: str = "epp"

    def snapshot(self) -> Mapping[str, Any]:
        """Everything the registry remembers, without secrets."""
        return self.registry.snapshot()

    def adjust(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change settings, balances, time, or what happens out of band. Raises ValueError."""
        asked = Adjustment.model_validate(changes)
        with self.registry.busy():
            happenings.settle(self.registry)
            self._apply(asked)
            happenings.settle(self.registry)
            now = self.registry.clock.now().isoformat()
        dropped = self.hang_up() if asked.drop_sessions else 0
        return {"now": now, "dropped": dropped, "settings": self.registry.settings.model_dump(mode="json")}

    def reset(self) -> None:
        """Back to a fresh installation."""
        with self.registry.busy():
            self.registry.clear()
            seed.plant(self.registry, self.passwords)
        self.desk.forget()
        self.desk.log.clear()

    def _apply(self, asked: Adjustment) -> None:
        self.registry.configure(asked.settings)
        for identifier, balance in asked.balances.items():
            self._set_balance(identifier, balance)
        for stock in asked.domains:
            seed.put(self.registry, stock)
        if asked.advance_seconds:
            self.registry.move_on(asked.advance_seconds)
            happenings.settle(self.registry)
        self._decide(happenings.decide, asked.registrations)
        self._decide(happenings.decide_renewal, asked.renewals)
        self._decide(happenings.decide_restore, asked.restores)
        for wanted in asked.transfer_requests:
            transfers.ask(self.registry, self._domain(wanted.domain), wanted.registrar, self.registry.clock.now())
        self._decide(happenings.decide_transfer, asked.transfers)
        for intervention in asked.interventions:
            self._intervene(intervention)
        for notice in asked.messages:
            notices.of_text(self.registry, notice.registrar, notice.text, self.registry.clock.now())

    def _set_balance(self, identifier: str, balance: Decimal) -> None:
        account = self.registry.registrars.get(identifier)
        if account is None:
            raise ValueError(f"there is no registrar {identifier}")
        self.registry.registrars.save(replace(account, balance=balance))

    def _decide(self, decide: happenings.Decide, decisions: tuple[Decision, ...]) -> None:
        for each in decisions:
            decide(self.registry, self._domain(each.domain), self.registry.clock.now(), approved=each.approved)

    def _intervene(self, wanted: Intervention) -> None:
        found, now = self._domain(wanted.domain), self.registry.clock.now()
        if wanted.delete:
            changed = happenings.begin_removal(self.registry, found, now)
        else:
            kept = tuple(each for each in found.statuses if each not in (*wanted.remove, *wanted.add))
            changed = self.registry.domains.save(replace(found, statuses=(*kept, *wanted.add)))
        operation = "autoDelete" if wanted.delete else "update"
        notices.of_change(self.registry, changed, operation, wanted.reason, now)

    def _domain(self, name: str) -> Domain:
        found = self.registry.domains.get(name)
        if found is None:
            raise ValueError(f"there is no domain {name}")
        return found
