"""Updates of domains (RFC 5731 §3.2.5, RFC 5910 §5.2.5, RFC 3915 §4.2.5, RFC 9154 §4.3)."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from adapters.epp.commands.extensions import add_fee, add_restore_report
from adapters.epp.commands.frames import Command, Draft
from adapters.epp.commands.records import dnssec_records, nameservers
from adapters.epp.namespaces import DOMAIN
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import DnsKey, DsRecord, Host, Price, RestoreReport

HostModel = Literal["objects", "attributes"]
_NAME: Final = "domain-update"


@dataclass(frozen=True, slots=True)
class Delta:
    """What is added to a domain, or taken from it. `contacts` are (role, handle)."""

    hosts: tuple[Host, ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()
    statuses: tuple[str, ...] = ()


NOTHING: Final = Delta()


def domain_update(
    domain: str,
    add: Delta = NOTHING,
    remove: Delta = NOTHING,
    registrant: str = "",
    host_model: HostModel = "objects",
) -> Command:
    """Change name servers, contacts, statuses, registrant. One that changes nothing is Rejected when it is sent."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        change = {"registrant": registrant} if registrant else None
        draft.domain.update(domain, add=_delta(add, host_model), remove=_delta(remove, host_model), change=change)
        return draft.text()

    return Command(_NAME, build, transform=True)


def domain_update_auth_code(domain: str, auth_code: Secret | None) -> Command:
    """Set the authorisation code, or take it away (None: RFC 9154 §4.3)."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        change = {"clear_auth_info": True} if auth_code is None else {"auth_info": auth_code.reveal()}
        draft.domain.update(domain, change=change)
        return draft.text()

    return Command(_NAME, build, transform=True, secrets=() if auth_code is None else (auth_code,))


def domain_update_dnssec(
    domain: str, add: tuple[DsRecord | DnsKey, ...] = (), remove: tuple[DsRecord | DnsKey, ...] = ()
) -> Command:
    """Add and remove single records; a record to remove must be the same in all its parts."""
    return _dnssec(domain, {"add": dnssec_records(add), "remove": dnssec_records(remove)})


def domain_replace_dnssec(domain: str, records: tuple[DsRecord | DnsKey, ...]) -> Command:
    """Take all records away and put these in their place, in one command; none of them leaves none."""
    return _dnssec(domain, {"remove_all": True, "add": dnssec_records(records)})


def domain_restore_request(domain: str, max_price: Price | None = None) -> Command:
    """Ask for a domain back from redemption."""

    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.restore(domain)
        add_fee(draft.frame(), "update", max_price, extensions)
        return draft.text()

    return Command("domain-restore-request", build, transform=True)


def domain_restore_report(report: RestoreReport) -> Command:
    """Report on a restore."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        frame = draft.frame()
        update = frame.ns(frame.verb("update"), DOMAIN, "domain:update")
        frame.ns(update, DOMAIN, "domain:name", report.domain)
        frame.ns(update, DOMAIN, "domain:chg")
        add_restore_report(frame, report)
        return draft.text()

    return Command("domain-restore-report", build, transform=True)


def _dnssec(domain: str, delta: dict[str, Any]) -> Command:
    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.update(domain, sec_dns={key: value for key, value in delta.items() if value})
        return draft.text()

    return Command(_NAME, build, transform=True)


def _delta(delta: Delta, host_model: HostModel) -> dict[str, Any] | None:
    contacts: dict[str, list[str]] = {}
    for role, handle in delta.contacts:
        contacts.setdefault(role, []).append(handle)
    block = {
        "ns": nameservers(delta.hosts, host_model),
        "contacts": contacts,
        "statuses": list(delta.statuses),
    }
    return block if any(block.values()) else None
