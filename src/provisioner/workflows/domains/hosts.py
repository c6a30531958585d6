"""Name servers that must be at the registry before a domain may name them."""

from collections.abc import Sequence

from provisioner.ports.registrar import Host, Registrar
from provisioner.workflows.domains.fields import within
from provisioner.workflows.operation import Operation


def is_within(host: Host, domain: str) -> bool:
    """Whether a name server lies within the domain: it can only be made after it."""
    return host.name == domain or host.name.endswith(f".{domain}")


def ensure_hosts(
    op: Operation, registrar: Registrar, hosts: Sequence[Host], chosen: Sequence[Host] | None = None
) -> None:
    """Make the chosen ones of these hosts (or all) that are missing; a step is numbered by its host's place.

    What is wrong with a host is told as a field of it.
    """
    for number, host in enumerate(hosts, start=1):
        if chosen is None or host in chosen:
            with within(f"/nameservers/{number - 1}"):
                op.step(f"host-{number}", registrar.ensure_host, host)
