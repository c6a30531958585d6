"""What the world's DNS says of a name, in sentences that a customer understands."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.rdata
import dns.rdatatype

from adapters.acme import caa
from adapters.acme.client import Client
from adapters.acme.delegation import ADDRESS_TYPES, Dns, Said
from adapters.acme.errors import CAA_FORBIDS
from adapters.acme.settings import Settings
from provisioner.ports.certificates import Challenge, Method
from provisioner.ports.outcomes import Done, Pending

DELEGATION_AGAIN: Final = 300.0
"""Seconds between looks at where names lead: people change that, and in their own time."""
RECORD_AGAIN: Final = 15.0
"""Seconds between looks for a record of ours: it is under way from the first server to the others."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What stands in the way of a certificate, and its code where it has one."""

    words: str
    code: str = ""


class Checks:
    """Asks the servers that are responsible for names. Changes nothing."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def points_to(self, names: Sequence[str], addresses: Sequence[str]) -> Done | Pending:
        """Done when every name leads to one of the addresses, and CAA records let the authority issue.

        Wildcards lead nowhere by themselves; of them only CAA is looked at, as of all names without `addresses`.
        """
        dns_now, wanted = Dns(self._settings), {_normal(address) for address in addresses}
        plain = [name for name in names if wanted and not name.startswith("*.")]
        faults = [fault for name in plain if (fault := _elsewhere(dns_now, name, wanted))]
        if faults:
            return Pending(DELEGATION_AGAIN, " ".join(faults))
        return self._shut_out(dns_now, names) or Done()

    def shows(self, challenge: Challenge) -> Done | Pending:
        """Done when every responsible server that answers shows the TXT record. An HTTP challenge is Done."""
        if challenge.method is not Method.DNS:
            return Done()
        said = Dns(self._settings).ask(challenge.place, dns.rdatatype.TXT)
        if not said:
            return Pending(RECORD_AGAIN, _silent(challenge.place))
        missing = {one.server for one in said if challenge.content not in _texts(one.records)}
        if missing:
            reason = f"The TXT record of {challenge.place} is not shown yet by {_listed(missing)}."
            return Pending(RECORD_AGAIN, reason)
        return Done()

    def _shut_out(self, dns_now: Dns, names: Sequence[str]) -> Pending | None:
        identities = self._client.directory().caa_identities
        found = [fault for name in names if identities and (fault := _forbidden(dns_now, name, identities))]
        if not found:
            return None
        code = next((fault.code for fault in found if fault.code), "")
        return Pending(DELEGATION_AGAIN, " ".join(dict.fromkeys(fault.words for fault in found)), code=code)


def _elsewhere(dns_now: Dns, name: str, wanted: set[str]) -> str:
    """Why a name does not lead to what is wanted; empty when it does."""
    asked = [dns_now.ask(name, kind) for kind in ADDRESS_TYPES]
    if not all(asked):
        return _silent(name)
    said = [one for answers in asked for one in answers]
    found = {_normal(record.to_text()) for one in said for record in one.records}
    if not found:
        known = any(one.known for one in said)
        return f"{name} has no address yet." if known else f"{name} is not known in the DNS yet."
    if found - wanted:
        return f"{name} leads to {_listed(found - wanted)} instead of {_listed(wanted, 'or')}."
    blank = _without_address(said)
    return f"{name} is not known yet to {_listed(blank)}, which is responsible for it too." if blank else ""


def _without_address(said: Iterable[Said]) -> set[str]:
    """Servers that show neither kind of address, while others do."""
    showing = {one.server for one in said if one.records}
    return {one.server for one in said} - showing


def _forbidden(dns_now: Dns, name: str, identities: Sequence[str]) -> _Fault | None:
    """Why CAA records forbid a certificate for a name, or cannot be seen; None when they allow it."""
    for place in caa.climbed(name):
        said = dns_now.ask(place, dns.rdatatype.CAA)
        if not said:
            return _Fault(_silent(place))
        records = [_property(record) for one in said for record in one.records]
        if records:
            wildcard = name.startswith("*.")
            return None if caa.allows(records, identities, wildcard=wildcard) else _caa_fault(place, identities)
    return None


def _caa_fault(place: str, identities: Sequence[str]) -> _Fault:
    return _Fault(
        f"A CAA record of {place} allows only other authorities to issue certificates;"
        f" remove it, or add one for {_listed(identities, 'or')}.",
        CAA_FORBIDS,
    )


def _property(record: dns.rdata.Rdata) -> caa.Property:
    flags, tag, value = (getattr(record, name) for name in ("flags", "tag", "value"))
    return caa.Property(int(flags), bytes(tag).decode("ascii", "replace"), bytes(value).decode("ascii", "replace"))


def _texts(records: Iterable[dns.rdata.Rdata]) -> set[str]:
    """TXT records, each with its strings put together."""
    return {b"".join(getattr(record, "strings", ())).decode("ascii", "replace") for record in records}


def _silent(name: str) -> str:
    return f"The name servers that are responsible for {name} do not answer."


def _normal(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def _listed(texts: Iterable[str], word: str = "and") -> str:
    *first, last = sorted(texts)
    return f"{', '.join(first)} {word} {last}" if first else last
