"""Host objects (RFC 5732), for registries that have them."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from adapters.epp import commands, errors
from adapters.epp.errors import Act
from adapters.epp.registry import Registry, told
from adapters.epp.replies import HostData
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Host


@dataclass(frozen=True, slots=True)
class Hosts:
    """Makes and removes host objects, and keeps the addresses of those that lie within a domain of ours."""

    registry: Registry

    def ensure(self, host: Host) -> Done:
        """The host object, with its addresses. Raises Rejected `host_refused` and `host_locked`."""
        if self.registry.settings.host_model == "attributes":
            return Done(host.name)
        data = self._seen(host.name)
        return self._made(host) if data is None else self._with_addresses(host, data)

    def remove(self, name: str) -> Done:
        """No such host object any more. Raises Rejected `in_use` naming it when a domain uses it, and `not_ours`."""
        if self.registry.settings.host_model == "attributes":
            return Done(name)
        data = self._seen(name)
        if data is None:
            return Done(name)
        if data.registrar and not self.registry.is_us(data.registrar):
            raise Rejected("not_ours", f"host {name} is with another registrar")
        _refuse_locked(data, "Delete")
        try:
            self.registry.ask(commands.host_delete(name))
        except Rejected as refused:
            return self._removed_or(name, refused)
        return Done(name)

    def _removed_or(self, name: str, refused: Rejected) -> Done:
        if refused.code == "in_use":
            raise errors.with_words(refused, "in_use", f"other domains use the host {name}") from refused
        if self._seen(name) is None:
            return Done(name)
        raise refused

    def _seen(self, name: str) -> HostData | None:
        """None when it does not exist; without registrar when it is there and not shown to us."""
        reply = self.registry.ask(commands.host_info(name), name)
        if reply.succeeded:
            return told(reply, HostData)
        return None if reply.code == errors.ABSENT else HostData(name)

    def _made(self, host: Host) -> Done:
        try:
            self.registry.ask(commands.host_create(host), host.name, values=_values(host))
        except Rejected as refused:
            if errors.wants_a_look(refused, Act.HOST) and (data := self._seen(host.name)) is not None:
                return self._with_addresses(host, data)
            raise
        return Done(host.name)

    def _with_addresses(self, host: Host, data: HostData) -> Done:
        """A host outside of our domains serves as it is; one within them gets the addresses that are wanted."""
        if not host.addresses or canonical(host.addresses) == canonical(data.addresses):
            return Done(host.name)
        if not self.registry.is_us(data.registrar):
            raise Rejected("not_ours", f"host {host.name} is with another registrar", fields=("/name",))
        _refuse_locked(data, "Update")
        self.registry.ask(_delta(host, data), values=_values(host))
        return Done(host.name)


def canonical(addresses: Iterable[str]) -> frozenset[str]:
    """Addresses in the one form by which they can be compared."""
    return frozenset(_canonical(address) for address in addresses)


def _canonical(address: str) -> str:
    try:
        return ipaddress.ip_address(address).compressed
    except ValueError:
        return address


def _delta(host: Host, data: HostData) -> commands.Command:
    wanted, there = canonical(host.addresses), canonical(data.addresses)
    add = tuple(address for address in host.addresses if _canonical(address) not in there)
    remove = tuple(address for address in data.addresses if _canonical(address) not in wanted)
    return commands.host_update(host.name, add, remove)


def _refuse_locked(data: HostData, change: str) -> None:
    locks = [status for status in data.statuses if status.endswith(f"{change}Prohibited")]
    if locks:
        raise Rejected("host_locked", f"{locks[0]} is set on host {data.name}", fields=("/name",))


def _values(host: Host) -> dict[str, str]:
    return {host.name: "/name", **{address: f"/addresses/{index}" for index, address in enumerate(host.addresses)}}
