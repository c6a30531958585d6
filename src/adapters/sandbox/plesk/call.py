"""One operation in the making: who asks, of which panel, and where its effects are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import ADMIN_LOGIN


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the packet."""

    login: str
    ip_address: str

    @property
    def is_admin(self) -> bool:
        """True for the administrator."""
        return self.login == ADMIN_LOGIN


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of a packet. `problems`, `half_done` and `seen_after` (seconds) come from the fault plan."""

    panel: Panel
    caller: Caller
    operation: str
    ledger: Ledger
    problems: str = ""
    half_done: bool = False
    seen_after: float = 0.0

    def effect(self, record: Any = None, reference: str = "", **details: object) -> None:
        """Write down one accepted mutation. Details that are empty are left out; none may be a secret."""
        self.ledger.record(
            self.operation,
            account=self.caller.login,
            reference=reference,
            object_id=str(getattr(record, "id", "")),
            guid=str(getattr(record, "guid", "")),
            details={name: str(value) for name, value in details.items() if value not in ("", None)},
        )


Handler = Callable[[Call, Element], Sequence[Element]]
