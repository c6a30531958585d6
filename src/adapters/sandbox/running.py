"""A simulator that is up, as the console and the tests see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Protocol, Self

from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from provisioner.kernel.secret import Secret


class Stoppable(Protocol):
    """Whatever listens until it is stopped."""

    def stop(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where a vendor listens and how to log in; `close()` stops it. Also a context manager.

    `endpoint` is the vendor's side. `credentials` and `settings` are what a vendor account of the matching adapter
    needs. `shows` is what others that start with it may use: `http_address`, `tls_address` (of every website) and
    `dns_server`, each as `127.0.0.1:80`. A start function that has a parameter `world` is given what the others show;
    one that has a parameter `together` is told whether there are others.
    """

    adapter: ClassVar[str] = ""
    """The adapter that speaks with it; empty: that of its own name."""
    program: ClassVar[str] = ""
    """A program of this machine that it starts. Where that is installed, it is preferred to others of its adapter."""

    name: str
    endpoint: str
    control_url: str = ""
    credentials: Mapping[str, Secret]
    settings: Mapping[str, str]
    shows: Mapping[str, str] = field(default_factory=dict)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSimulator(Running):
    """One of ours, with a control interface (`control_url`), a ledger and a fault plan.

    `fingerprint` is the SHA-256 of its certificate (DER), in hex.
    """

    fingerprint: str
    ledger: Ledger
    faults: FaultPlan
