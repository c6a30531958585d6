"""Commands on domains but updates (RFC 5731, with RFC 5910 and RFC 8748)."""

from dataclasses import dataclass
from typing import Literal

from adapters.epp.commands.extensions import add_fee
from adapters.epp.commands.frames import Command, Draft
from adapters.epp.commands.records import dnssec_records, nameservers
from adapters.epp.namespaces import FEE
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import Price, Registration, Renewal, TransferRequest

HostModel = Literal["objects", "attributes"]
Hosts = Literal["all", "del", "sub", "none"]


@dataclass(frozen=True, slots=True)
class FeeQuery:
    """Which price a check also asks for: `command` is create, renew, transfer or restore (these two: one year)."""

    command: str
    years: int
    currency: str


def domain_check(names: tuple[str, ...], fee: FeeQuery | None = None) -> Command:
    """Are these free? Answer: a `Checked` each. The fee is asked for only where the registry serves RFC 8748."""

    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        if fee is None or FEE not in extensions:
            draft.domain.check(list(names))
        else:
            draft.domain.check(list(names), fee={fee.command: fee.years}, currency=fee.currency)
        return draft.text()

    return Command("domain-check", build)


def domain_info(domain: str, auth_code: Secret | None = None, hosts: Hosts = "all") -> Command:
    """What is it like? Answer: `DomainData`. With an authorisation code, also whether that is right (2202: no)."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.info(domain, auth_info=_revealed(auth_code), hosts=hosts)
        return draft.text()

    return Command("domain-info", build, secrets=_secrets(auth_code))


def domain_create(registration: Registration, host_model: HostModel = "objects") -> Command:
    """Register. Answer: `Created`; 1001 when the registry decides later. `max_price` becomes the fee that is agreed."""

    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.create(
            registration.domain,
            years=registration.years,
            registrant=registration.registrant or None,
            contacts=dict(registration.contacts),
            nameservers=nameservers(registration.hosts, host_model),
            auth_info=registration.auth_code.reveal(),
            sec_dns=dnssec_records(registration.dnssec),
        )
        add_fee(draft.frame(), "create", registration.max_price, extensions)
        return draft.text()

    return Command("domain-create", build, transform=True, secrets=(registration.auth_code,))


def domain_renew(renewal: Renewal) -> Command:
    """Renew from `current_expiry`, of which the date is sent as it stands. Answer: `Renewed`."""

    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.renew(renewal.domain, renewal.current_expiry, renewal.years)
        add_fee(draft.frame(), "renew", renewal.max_price, extensions)
        return draft.text()

    return Command("domain-renew", build, transform=True)


def domain_delete(domain: str) -> Command:
    """Delete. 1000: gone; 1001: in redemption."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.delete(domain)
        return draft.text()

    return Command("domain-delete", build, transform=True)


def domain_transfer_request(request: TransferRequest) -> Command:
    """Ask for the domain. Answer: `TransferData`. Without `years` no period is sent."""
    return _transfer("request", request.domain, request.auth_code, years=request.years, price=request.max_price)


def domain_transfer_query(domain: str, auth_code: Secret | None = None) -> Command:
    """How does the transfer stand? Answer: `TransferData`. Changes nothing."""
    return _transfer("query", domain, auth_code)


def domain_transfer_cancel(domain: str) -> Command:
    """Withdraw our own request. Answer: `TransferData`."""
    return _transfer("cancel", domain)


def domain_transfer_approve(domain: str) -> Command:
    """Let another registrar have the domain. Answer: `TransferData`."""
    return _transfer("approve", domain)


def domain_transfer_reject(domain: str) -> Command:
    """Refuse another registrar's request. Answer: `TransferData`."""
    return _transfer("reject", domain)


def _transfer(
    op: str, domain: str, auth_code: Secret | None = None, *, years: int = 0, price: Price | None = None
) -> Command:
    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.domain.transfer(op, domain, auth_info=_revealed(auth_code), years=years)
        add_fee(draft.frame(), "transfer", price, extensions)
        return draft.text()

    return Command(f"domain-transfer-{op}", build, transform=op != "query", secrets=_secrets(auth_code))


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _secrets(secret: Secret | None) -> tuple[Secret, ...]:
    return () if secret is None else (secret,)
