"""Which servers are responsible for a name, and what each of them says: nothing that was kept by anybody between.

The delegation is followed from the resolvers down, zone by zone, asking the servers of each zone for the next; so a
change is seen as soon as the parent has it, whatever a resolver remembers. Where no delegation is told, those who were
asked last count as responsible. Sources: RFC 1034 sections 4.2 and 4.3, RFC 1035.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.nsbase import NSBase

from adapters.acme.settings import DNS_PORT, Endpoint, Settings
from provisioner.ports.outcomes import Unavailable

LONGEST_SECONDS: Final = 3.0
"""For one server to answer, or the account's `connect_seconds` if they are fewer."""
MOST_ALIASES: Final = 8
MOST_SERVERS: Final = 16
ADDRESS_TYPES: Final = (dns.rdatatype.A, dns.rdatatype.AAAA)

_SPEAKING: Final = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


@dataclass(frozen=True, slots=True)
class Server:
    """One server and where it can be reached. `recursive`: it is asked to find out for us."""

    name: str
    endpoints: tuple[Endpoint, ...]
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What one responsible server says of a name, at the end of its aliases."""

    server: str
    known: bool
    records: tuple[dns.rdata.Rdata, ...] = ()


class Dns:
    """Asks responsible servers. Remembers what it found out: make one for each check."""

    def __init__(self, settings: Settings) -> None:
        self._port = settings.nameserver_port
        self._seconds = min(settings.connect_seconds, LONGEST_SECONDS)
        self._resolvers = _resolvers(settings)
        self._silent: set[Endpoint] = set()
        self._servers: dict[dns.name.Name, tuple[Server, ...]] = {dns.name.root: self._resolvers}
        self._said: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], tuple[Said, ...]] = {}

    def ask(self, name: str, kind: dns.rdatatype.RdataType) -> tuple[Said, ...]:
        """What each responsible server that answers says; empty when none does.

        Raises Unavailable when not even the resolvers answer.
        """
        return self._ask(dns.name.from_text(name), kind, MOST_ALIASES)

    def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, aliases: int) -> tuple[Said, ...]:
        key = (name, kind)
        if key not in self._said:
            self._said[key] = tuple(self._say(name, kind, aliases))
        return self._said[key]

    def _say(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, aliases: int) -> Iterator[Said]:
        for server in self._responsible(name):
            reply = self._answer(server, name, kind)
            if reply is None:
                continue
            records, targets = _records(reply, name, kind), _targets(reply, name, dns.rdatatype.CNAME)
            if targets and not records and aliases:
                yield from self._ask(targets[0], kind, aliases - 1)
            else:
                yield Said(server.name, reply.rcode() == dns.rcode.NOERROR, records)

    def _responsible(self, name: dns.name.Name) -> tuple[Server, ...]:
        if name not in self._servers:
            above = self._responsible(name.parent())
            self._servers[name] = self._delegated(name, above) or above
        return self._servers[name]

    def _delegated(self, name: dns.name.Name, above: tuple[Server, ...]) -> tuple[Server, ...]:
        """The servers that those above name for a zone; none when there is no such zone, or none of them answers."""
        replies = (self._answer(server, name, dns.rdatatype.NS) for server in above)
        reply = next((one for one in replies if one is not None), None)
        if reply is None:
            if above is self._resolvers and not self._resolver_speaks():
                raise Unavailable("dns_unavailable", "the resolvers that looking at the DNS begins with do not answer")
            return ()
        hosts = _targets(reply, name, dns.rdatatype.NS)
        return tuple(self._server(host, reply) for host in hosts[:MOST_SERVERS])

    def _server(self, host: dns.name.Name, reply: dns.message.Message) -> Server:
        """A server with the addresses that came along, or else those that the resolvers know."""
        found = [record for kind in ADDRESS_TYPES for record in _records(reply, host, kind)]
        found = found or [record for kind in ADDRESS_TYPES for record in self._resolved(host, kind)]
        endpoints = tuple(Endpoint(record.to_text(), self._port) for record in found)
        return Server(host.to_text(omit_final_dot=True), endpoints)

    def _resolved(self, host: dns.name.Name, kind: dns.rdatatype.RdataType) -> tuple[dns.rdata.Rdata, ...]:
        for resolver in self._resolvers:
            reply = self._answer(resolver, host, kind)
            if reply is not None:
                return tuple(record for rrset in reply.answer if rrset.rdtype == kind for record in rrset)
        return ()

    def _resolver_speaks(self) -> bool:
        """Whether any resolver answers at all, even to refuse."""
        return any(self._reply(server, dns.name.root, dns.rdatatype.NS) is not None for server in self._resolvers)

    def _answer(self, server: Server, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.Message | None:
        """What a server says; None when it cannot be reached, or will not or cannot tell."""
        reply = self._reply(server, name, kind)
        return reply if reply is not None and reply.rcode() in _SPEAKING else None

    def _reply(self, server: Server, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.Message | None:
        question = dns.message.make_query(name, kind, use_edns=0, payload=1232)
        if not server.recursive:
            question.flags &= ~dns.flags.RD
        for endpoint in server.endpoints:
            if endpoint not in self._silent:
                try:
                    return dns.query.udp_with_fallback(question, endpoint.address, self._seconds, endpoint.port)[0]
                except (dns.exception.DNSException, OSError):
                    self._silent.add(endpoint)  # waited for once a check is enough
        return None


def _resolvers(settings: Settings) -> tuple[Server, ...]:
    given = settings.resolvers
    if not given:
        try:
            system = dns.resolver.Resolver()
        except dns.exception.DNSException:
            raise Unavailable("dns_unavailable", "this machine has no resolver set up") from None
        given = tuple(Endpoint(str(address), DNS_PORT) for address in system.nameservers)
    return tuple(Server(endpoint.address, (endpoint,), recursive=True) for endpoint in given)


def _records(
    reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> tuple[dns.rdata.Rdata, ...]:
    """The records of a name, in whatever section: a delegation and its addresses are no answers."""
    sections = [*reply.answer, *reply.authority, *reply.additional]
    return tuple(record for rrset in sections if rrset.name == name and rrset.rdtype == kind for record in rrset)


def _targets(
    reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> tuple[dns.name.Name, ...]:
    """The names that records lead to: of an alias, or of name servers."""
    return tuple(record.target for record in _records(reply, name, kind) if isinstance(record, NSBase))
