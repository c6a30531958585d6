"""What was ordered of a domain, read from the service's attributes, in the words of the port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import DnsKey, DsRecord, Host, Price
from provisioner.workflows.operation import Operation


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the domain's TLD, as they were when the order was accepted. Days and years as their names say."""

    kept: Mapping[str, Any]

    @property
    def hosts_are_objects(self) -> bool:
        """Whether a name server is an object of its own that must be there before a domain names it."""
        return bool(self.kept.get("host_model", "objects") == "objects")

    @property
    def registry_keeps_contacts(self) -> bool:
        """Whether the registry has contacts at all; under a thin top-level domain the registrar alone keeps them."""
        return bool(self.kept.get("data_model", "thick") == "thick")

    @property
    def registrant_confirms(self) -> bool:
        """Whether a transfer waits until the registrant has agreed."""
        return bool(self.kept.get("transfer_confirmation") == "registrant")

    @property
    def transfer_out(self) -> str:
        """What another registrar's request is answered: approve, reject or wait."""
        return str(self.kept.get("transfer_out", "wait"))

    @property
    def restore_report(self) -> bool:
        """Whether a restore ends with a report."""
        return bool(self.kept.get("restore_report", False))

    @property
    def registry_auto_renews(self) -> bool:
        """Whether the registry renews by itself on the day of expiry."""
        return bool(self.kept.get("registry_auto_renews", False))

    @property
    def transfer_years(self) -> int:
        """By how much a transfer prolongs; 0: the period is left out."""
        return self.number("transfer_years", 1)

    def number(self, name: str, default: int) -> int:
        """A rule that is a number."""
        return int(self.kept.get(name, default))


@dataclass(frozen=True, slots=True)
class Ordered:
    """A domain service's attributes."""

    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, op: Operation) -> "Ordered":
        """Those of the operation's service."""
        return cls(op.service.attributes)

    @property
    def domain(self) -> str:
        """The name, in A-labels."""
        return str(self.attributes["domain"])

    @property
    def years(self) -> int:
        """For how long it is registered."""
        return int(self.attributes.get("years", 1))

    @property
    def rules(self) -> Rules:
        """Those of its TLD."""
        return Rules(self.attributes.get("rules", {}))

    @property
    def auto_renew(self) -> bool:
        """Whether we renew it."""
        return bool(self.attributes.get("auto_renew", True))

    @property
    def lock(self) -> bool:
        """Whether it is locked against transfers."""
        return bool(self.attributes.get("lock", True))

    @property
    def confirmed(self) -> bool:
        """Whether the registrant has agreed to the transfer already."""
        return bool(self.attributes.get("confirmed", False))

    @property
    def contacts(self) -> Mapping[str, Any]:
        """Whole contacts by their role."""
        return dict(self.attributes.get("contacts", {}))

    def contacts_for_registry(self, contacts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of these contacts that the registry is told of: all, or none."""
        return contacts if self.rules.registry_keeps_contacts else {}

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The name servers."""
        return hosts_of(self.attributes.get("nameservers") or ())

    @property
    def dnssec(self) -> tuple[DsRecord | DnsKey, ...]:
        """The records for the delegation."""
        return records_of(self.attributes.get("dnssec") or ())

    @property
    def max_price(self) -> Price | None:
        """What it may cost at most, for all years together."""
        return price_of(self.attributes.get("max_price"))


def hosts_of(kept: Sequence[Mapping[str, Any]]) -> tuple[Host, ...]:
    """Name servers as the port has them."""
    return tuple(Host(host["name"], tuple(host.get("addresses") or ())) for host in kept)


def records_of(kept: Sequence[Mapping[str, Any]]) -> tuple[DsRecord | DnsKey, ...]:
    """DNSSEC records as the port has them; a DS has a digest."""
    return tuple(_record(record) for record in kept)


def _record(kept: Mapping[str, Any]) -> DsRecord | DnsKey:
    if "digest" in kept:
        return DsRecord(int(kept["key_tag"]), int(kept["algorithm"]), int(kept["digest_type"]), kept["digest"])
    return DnsKey(int(kept["flags"]), int(kept["protocol"]), int(kept["algorithm"]), kept["public_key"])


def price_of(kept: Mapping[str, Any] | None) -> Price | None:
    """A price as the port has it."""
    return None if kept is None else Price(str(kept["amount"]), str(kept["currency"]))


def own_auth_code(op: Operation) -> Secret:
    """The domain's own authorisation code, generated when the order was accepted."""
    return op.service.password or Secret("")
