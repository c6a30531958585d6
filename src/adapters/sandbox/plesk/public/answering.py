"""Answers to DNS questions: for the zones of the panel's sites, and for names elsewhere as far as tests told them.

The server is authoritative for its zones (RFC 1035) and refuses other names. Once something is known of elsewhere, it
also answers as a resolver would: whatever is not known then does not exist.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from adapters.sandbox.plesk.operators.dns import SOA
from adapters.sandbox.plesk.panel import Panel, ascii_name
from adapters.sandbox.plesk.public import places
from adapters.sandbox.plesk.public.elsewhere import Elsewhere
from adapters.sandbox.plesk.public.zones import ALIAS, ANY, Entry, Found, Zone, ancestors
from adapters.sandbox.plesk.rdata import rdata_of
from adapters.sandbox.plesk.records import Site

MOST_ALIASES: Final = 8


@dataclass(frozen=True, slots=True)
class Answering:
    """Makes up answers from the panel's records."""

    panel: Panel
    elsewhere: Elsewhere

    def answer(self, question: dns.message.Message) -> dns.message.Message:
        """The answer to one message."""
        reply = dns.message.make_response(question, recursion_available=bool(self.elsewhere))
        if question.opcode() != dns.opcode.QUERY:
            reply.set_rcode(dns.rcode.NOTIMP)
        elif len(question.question) != 1 or question.question[0].rdclass != dns.rdataclass.IN:
            reply.set_rcode(dns.rcode.FORMERR)
        else:
            self._fill(reply, question.question[0])
        return reply

    def _fill(self, reply: dns.message.Message, asked: dns.rrset.RRset) -> None:
        name, kind = text_of(asked.name), dns.rdatatype.to_text(asked.rdtype)
        chain = list(self._chain(name, kind))
        if not chain:
            reply.set_rcode(dns.rcode.REFUSED)
            return
        reply.flags |= dns.flags.AA
        for _, host, found in chain:
            reply.answer += rrsets(host, found.entries)
        zone, _, last = chain[-1]
        if not last.exists:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if not last.entries:
            reply.authority += rrsets(zone.origin, zone.start_of_authority())
        if kind == "NS":
            reply.additional += self._glue(last.entries)

    def _chain(self, name: str, kind: str) -> Iterator[tuple[Zone, str, Found]]:
        """What is found under a name, and under those that its aliases lead to."""
        for _ in range(MOST_ALIASES):
            zone = self._zone_for(name, kind)
            if zone is None:
                return
            found = zone.look_up(name, kind)
            yield zone, name, found
            if not found.alias or kind in (ALIAS, ANY):
                return
            name = found.alias

    def _glue(self, servers: Sequence[Entry]) -> list[dns.rrset.RRset]:
        """The addresses of name servers."""
        hosts = [entry.value for entry in servers if entry.type == "NS"]
        return [
            each
            for host in hosts
            for kind in ("A", "AAAA")
            for zone in (self._zone_for(host, kind),)
            if zone is not None
            for each in rrsets(host, zone.look_up(host, kind).entries)
        ]

    def _zone_for(self, name: str, kind: str) -> Zone | None:
        if self.elsewhere.governs(name, kind):
            return self.elsewhere.zone()
        with self.panel.lock:
            for above in ancestors(name):
                for site in places.sites_named(self.panel, above.removesuffix(".")):
                    return self._zone_of(site) if site.dns_enabled else None
        return self.elsewhere.zone() if self.elsewhere else None

    def _zone_of(self, site: Site) -> Zone:
        origin = f"{ascii_name(site.name)}."
        records = [each for each in self.panel.dns_records.where("site_id", site.id) if self.panel.is_seen(each)]
        numbers = (int(self.panel.clock.now().timestamp()), *(SOA[name] for name in _SOA_NUMBERS))
        authority = f"ns1.{origin} hostmaster.{origin} {' '.join(map(str, numbers))}"
        shown = [Entry(each.host, each.type, each.value, each.opt, SOA["ttl"]) for each in records]
        return Zone(origin, [Entry(origin, "SOA", authority, ttl=SOA["ttl"]), *shown])


_SOA_NUMBERS: Final = ("refresh", "retry", "expire", "minimum")


def text_of(name: dns.name.Name) -> str:
    """A name in small letters, with the final dot."""
    return name.to_text().lower()


def rrsets(host: str, entries: Sequence[Entry]) -> list[dns.rrset.RRset]:
    """The entries under a name, one set for each type. Under a wildcard they bear the name that was asked for."""
    sets: dict[str, dns.rrset.RRset] = {}
    for entry in entries:
        data = rdata_of(entry.type, entry.value, entry.opt)
        if entry.type not in sets:
            sets[entry.type] = dns.rrset.RRset(dns.name.from_text(host), dns.rdataclass.IN, data.rdtype)
        sets[entry.type].add(data, entry.ttl)
    return list(sets.values())
