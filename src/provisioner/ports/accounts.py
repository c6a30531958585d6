"""A vendor account as an adapter sees it: where it is, how to log in, and what every adapter can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """One login at one vendor (a Plesk server, a registrar account, a CA account).

    `settings` and `credentials` are described in each adapter's reference page.
    """

    name: str
    adapter: str
    environment: str = "live"
    settings: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Secret] = field(default_factory=dict)


class Adapter(Protocol):
    """What every adapter can do, whatever port it serves."""

    def ping(self) -> Done:
        """Ask the vendor whether the account works. Raises the outcomes of `ports.outcomes`."""
        ...

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        ...


AdapterFactory = Callable[[VendorAccount, Clock], Adapter]
