"""The authority as the control interface sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.certificates import Shelf
from adapters.sandbox.acme.desk import Desk
from adapters.sandbox.acme.orders import Counter
from adapters.sandbox.acme.records import Certificate


class Recall(BaseModel):
    """What the authority does with certificates by itself: revoke them, or set when they are to be renewed.

    `certificate` is a serial number in hex, or a name: then all that hold it are meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: str
    revoke: bool = False
    reason: int = 4
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    explanation: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.start is None) != (self.end is None) or (self.start and self.end and self.start >= self.end):
            raise ValueError("a window has a start and a later end")
        return self

    @property
    def window(self) -> tuple[datetime, datetime, str] | None:
        """The time to renew, if it is set."""
        return None if self.start is None or self.end is None else (self.start, self.end, self.explanation)


class Adjustment(BaseModel):
    """The body of `POST /state`; done in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    advance_seconds: Annotated[float, Field(ge=0, le=3_200_000_000)] = 0
    certificates: tuple[Recall, ...] = ()
    deactivate_accounts: tuple[str, ...] = ()
    forget_orders: bool = False


@dataclass(slots=True)
class AcmeSimulator:
    """What the control interface may see and change."""

    authority: Authority
    counter: Counter
    desk: Desk
    name: str = "acme"

    def snapshot(self) -> Mapping[str, Any]:
        """Everything the authority remembers, without secrets."""
        with self.authority.busy():
            self.counter.settle()
        return self.authority.snapshot()

    def adjust(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change settings, time, or what happens out of band. Raises ValueError."""
        asked = Adjustment.model_validate(changes)
        with self.authority.busy():
            self._apply(asked)
            self.counter.settle()
            now = self.authority.clock.now().isoformat()
            return {"now": now, "settings": self.authority.settings.model_dump(mode="json")}

    def reset(self) -> None:
        """Back to a fresh installation."""
        with self.authority.busy():
            self.authority.clear()
        self.desk.log.clear()

    def _apply(self, asked: Adjustment) -> None:
        found = [(certificate, recall) for recall in asked.certificates for certificate in self._meant(recall)]
        self.authority.configure(asked.settings)
        if asked.advance_seconds:
            self.authority.move_on(asked.advance_seconds)
        for certificate, recall in found:
            self._recall(certificate, recall)
        for key in asked.deactivate_accounts:
            self._deactivate(key)
        if asked.forget_orders:
            self._forget_orders()

    def _meant(self, recall: Recall) -> list[Certificate]:
        mark = recall.certificate
        found = [each for each in self.authority.certificates if mark == each.key or mark in each.names]
        if not found:
            raise ValueError(f"there is no certificate {mark}")
        return found

    def _recall(self, certificate: Certificate, recall: Recall) -> None:
        if recall.window is not None:
            certificate = self.authority.certificates.save(replace(certificate, window=recall.window))
        if recall.revoke and certificate.revoked is None:
            Shelf(self.authority).mark_revoked(certificate, recall.reason, "authority")

    def _deactivate(self, key: str) -> None:
        found = self.authority.accounts.get(key)
        if found is None:
            raise ValueError(f"there is no account {key}")
        self.authority.accounts.save(replace(found, status="deactivated"))

    def _forget_orders(self) -> None:
        """As an authority that keeps nothing: every order and authorisation is gone, certificates are not."""
        for order in self.authority.orders:
            self.authority.orders.drop(order.key)
        for authorization in self.authority.authorizations:
            self.authority.authorizations.drop(authorization.key)
        self.authority.processing.clear()
