"""A small world of name servers on loopback: a resolver, a registry of `.example`, and the servers of each zone.

All listen on one port, each on an address of its own, as name servers do.
"""

import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

RESOLVER = "127.0.7.1"
REGISTRY = "127.0.7.2"
FIRST = "127.0.7.3"
SECOND = "127.0.7.4"
THIRD = "127.0.7.5"
ADDRESSES = (RESOLVER, REGISTRY, FIRST, SECOND, THIRD)
REGISTRY_NAME = "ns.registry.example."


@dataclass(slots=True)
class NameServer:
    """One server: `records` by name and type; `delegations` name the servers of zones below, with their addresses.

    `code` is answered instead of everything; `silent` answers nothing. `asked` is what it was asked.
    """

    address: str
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    delegations: dict[str, Mapping[str, str]] = field(default_factory=dict)
    code: dns.rcode.Rcode = dns.rcode.NOERROR
    silent: bool = False
    glue: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes:
        """What it says; nothing at all when it is silent."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.asked.append((question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
        reply = dns.message.make_response(query)
        reply.set_rcode(self.code)
        if self.code == dns.rcode.NOERROR:
            self._fill(reply, question.name, question.rdtype)
        return b"" if self.silent else reply.to_wire()

    def _fill(self, reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> None:
        zone = next((zone for zone in self.delegations if name.is_subdomain(dns.name.from_text(zone))), None)
        if zone is not None:
            self._refer(reply, zone)
            return
        reply.flags |= dns.flags.AA
        text, alias = name.to_text(), (name.to_text(), "CNAME")
        found = self.records.get((text, dns.rdatatype.to_text(kind)))
        if found:
            reply.answer.append(dns.rrset.from_text(text, 60, "IN", kind, *found))
        elif alias in self.records:
            reply.answer.append(dns.rrset.from_text(text, 60, "IN", "CNAME", *self.records[alias]))
        elif not any(one == text for one, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def _refer(self, reply: dns.message.Message, zone: str) -> None:
        servers = self.delegations[zone]
        reply.authority.append(dns.rrset.from_text(zone, 60, "IN", "NS", *servers))
        if self.glue:
            reply.additional.extend(dns.rrset.from_text(name, 60, "IN", "A", to) for name, to in servers.items())


class World:
    """All servers; `delegate` gives a zone to some of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.servers = {address: NameServer(address) for address in ADDRESSES}
        self.resolver.records["example.", "NS"] = [REGISTRY_NAME]
        self.resolver.records[REGISTRY_NAME, "A"] = [REGISTRY]

    @property
    def resolver(self) -> NameServer:
        return self.servers[RESOLVER]

    @property
    def registry(self) -> NameServer:
        return self.servers[REGISTRY]

    @property
    def settings(self) -> Mapping[str, str]:
        """Looks that begin at the resolver; a server that does not answer is given up sooner than in the world."""
        port = str(self.port)
        return {"resolvers": f"{RESOLVER}:{port}", "nameserver_port": port, "connect_seconds": "1"}

    def delegate(self, zone: str, *addresses: str) -> None:
        """Give a zone to the servers at these addresses."""
        names = {f"ns{number}.hoster.example.": address for number, address in enumerate(addresses, 1)}
        self.registry.delegations[f"{zone}."] = names
        self.resolver.records.update({(name, "A"): [address] for name, address in names.items()})

    def put(self, name: str, kind: str, *values: str, at: tuple[str, ...] = (FIRST, SECOND)) -> None:
        """Have servers show records."""
        for address in at:
            self.servers[address].records[f"{name}.", kind] = list(values)


@contextmanager
def running() -> Iterator[World]:
    with ExitStack() as running_servers:
        world = World(_free_port())
        for server in world.servers.values():
            running_servers.enter_context(_serving(server, world.port))
        yield world


@contextmanager
def _serving(server: NameServer, port: int) -> Iterator[None]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sender = self.request
            answer = server.answer(wire)
            if answer:
                sender.sendto(answer, self.client_address)

    with socketserver.ThreadingUDPServer((server.address, port), Handler) as udp:
        threading.Thread(target=udp.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield
        udp.shutdown()


def _free_port() -> int:
    """A UDP port that is free on all of the addresses, as far as one can tell."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))  # noqa: S104 - only to be given a number
        port: int = probe.getsockname()[1]
        return port
