"""A simulator that is up, as the console and the tests see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from provisioner.kernel.secret import Secret


class Stoppable(Protocol):
    """Whatever listens until it is stopped."""

    def stop(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """Where a simulator listens and how to log in; `close()` stops it. Also a context manager.

    `endpoint` is the vendor's side, `control_url` the control interface. `fingerprint` is the SHA-256 of the
    certificate (DER), in hex. `credentials` and `settings` are what a vendor account of the matching adapter needs.
    """

    name: str
    endpoint: str
    control_url: str
    fingerprint: str
    credentials: Mapping[str, Secret]
    settings: Mapping[str, str]
    ledger: Ledger
    faults: FaultPlan
    servers: Sequence[Stoppable] = field(repr=False)

    def close(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        for server in self.servers:
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
