"""What was ordered of a certificate, and which certificate its service has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.kernel.private_keys import public_part
from provisioner.orders.certificates import CertificateFacts
from provisioner.ports.certificates import Method
from provisioner.workflows.journal import KeyKind
from provisioner.workflows.operation import Operation

AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Ordered:
    """A certificate service's attributes."""

    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, op: Operation) -> "Ordered":
        """Those of the operation's service."""
        return cls(op.service.attributes)

    @property
    def required(self) -> tuple[str, ...]:
        """The names without which there is no certificate."""
        return tuple(name for name in self._names if name not in self.optional)

    @property
    def optional(self) -> tuple[str, ...]:
        """The names that are left out when they lead elsewhere; one name at least is required."""
        optional = tuple(self.attributes.get("optional") or ())
        return () if set(self._names) <= set(optional) else optional

    @property
    def methods(self) -> tuple[Method, ...]:
        """How control of the names may be shown, the first choice first. Only DNS shows it of a wildcard."""
        wanted = self.attributes.get("method") or AUTO
        methods = tuple(Method) if wanted == AUTO else (Method(wanted),)
        has_wildcard = any(is_wildcard(name) for name in self._names)
        return tuple(method for method in methods if method is Method.DNS or not has_wildcard)

    @property
    def key(self) -> KeyKind:
        """The kind of its private key."""
        return KeyKind(self.attributes.get("key") or KeyKind.EC)

    @property
    def profile(self) -> str:
        """What the authority calls the kind of certificate; empty for its usual one."""
        return str(self.attributes.get("profile") or "")

    @property
    def auto_renew(self) -> bool:
        """Whether we renew it."""
        return bool(self.attributes.get("auto_renew", True))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.attributes.get("names") or ())


@dataclass(frozen=True, slots=True)
class Current:
    """The certificate that a service has."""

    facts: CertificateFacts
    chain: str
    source: str

    @classmethod
    def of(cls, op: Operation) -> "Current | None":
        """That of the operation's service; None while there is none."""
        data = op.service.data
        if not data.get("chain"):
            return None
        return cls(CertificateFacts.from_json(data), str(data["chain"]), str(data["source"]))


def csr_of(op: Operation, chain: str) -> str:
    """The service's CSR if this certificate was made from it; empty where a key came with the certificate."""
    csr = str(op.service.attributes.get("csr") or "")
    return csr if csr and public_part(csr) == public_part(chain) else ""


def is_wildcard(name: str) -> bool:
    """Whether a name stands for all of one level."""
    return name.startswith("*.")
