"""What a command's handler gets, and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from adapters.sandbox.epp import agreement
from adapters.sandbox.epp.agreement import Price
from adapters.sandbox.epp.nodes import Node
from adapters.sandbox.epp.reading import Request
from adapters.sandbox.epp.records import Sponsored
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.registry import Registry


@dataclass(frozen=True, slots=True)
class QueueHead:
    """What `msgQ` says: how many messages wait, and which is told of."""

    count: int
    number: str
    queued_at: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. Extensions that the client did not ask for at login are left out when it is written."""

    code: int = Code.DONE
    data: tuple[Node, ...] = ()
    extensions: tuple[Node, ...] = ()
    queue: QueueHead | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One command of a registrar. `server_transaction` is the identifier that the answer will carry."""

    registry: Registry
    registrar: str
    request: Request
    server_transaction: str
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", self.registry.clock.now())

    def record(self, reference: str, details: Mapping[str, str] | None = None, *, roid: str = "") -> None:
        """Write an accepted change to the ledger."""
        told = {"registrar": self.registrar, **(details or {})}
        self.registry.ledger.record(
            self.request.operation, account=self.registrar, reference=reference, object_id=roid, details=told
        )

    def own(self, thing: Sponsored, reason: str = "It belongs to another registrar") -> None:
        """Raises Refusal (2201) when the object is not the caller's."""
        if thing.registrar != self.registrar:
            raise Refusal(Code.AUTHORIZATION, reason)

    def pay(self, name: str, command: str, years: int) -> Price:
        """Check the agreement about the fee and charge it. Raises Refusal (2003, 2004, 2005, 2104)."""
        cost = agreement.price(self.registry.settings, name, command, years)
        given = "update" if command == "restore" else command
        agreement.agreed(self.registry.settings, cost, self.request.extensions.get(f"fee:{given}"))
        self.registry.charge(self.registrar, cost.amount)
        return cost

    def told_price(self, element: str, cost: Price) -> tuple[Node, ...]:
        """The fee extension of the answer, if the command carried one."""
        if not any(name.startswith("fee:") for name in self.request.extensions):
            return ()
        return (agreement.result(self.registry.settings, element, cost, self.balance),)

    @property
    def balance(self) -> Decimal:
        """The caller's balance."""
        return self.registry.registrar(self.registrar).balance


Handler = Callable[[Call], Answer]
