"""What is installed beside the core, found by its entry points: adapters, and simulators of vendors."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final, get_type_hints

from provisioner.kernel.errors import NotFoundError
from provisioner.ports.accounts import AdapterFactory
from provisioner.ports.certificates import CertificateAuthority
from provisioner.ports.hosting import HostingPanel
from provisioner.ports.registrar import Registrar

PRODUCT_OF_PORT: Final[Mapping[type, str]] = {
    HostingPanel: "hosting",
    Registrar: "domain",
    CertificateAuthority: "certificate",
}


def adapter_factories() -> dict[str, AdapterFactory]:
    """Every installed adapter, by the name of its entry point."""
    return {found.name: found.load() for found in entry_points(group="provisioner.adapters")}


def product_of(adapter: str) -> str:
    """The product that an adapter serves, told by the port that its class implements. Raises NotFoundError."""
    factory = adapter_factories().get(adapter)
    if factory is None:
        known = ", ".join(sorted(adapter_factories())) or "none"
        raise NotFoundError(f"there is no adapter {adapter}; there are: {known}")
    made = get_type_hints(factory)["return"]
    return next(product for port, product in PRODUCT_OF_PORT.items() if port in made.__mro__)


def simulator_starts() -> dict[str, Callable[..., Any]]:
    """The start function of every installed simulator, by the name of its entry point."""
    return {found.name: found.load() for found in entry_points(group="provisioner.simulators")}
