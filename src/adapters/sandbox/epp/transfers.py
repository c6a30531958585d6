"""How transfers end (RFC 5730 §2.9.3.4), whoever ends them."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from adapters.sandbox.epp import notices
from adapters.sandbox.epp.calendar import years_later
from adapters.sandbox.epp.records import Contact, Domain, Grace, Transfer, TransferStatus
from adapters.sandbox.epp.registry import Registry


def extended(domain: Domain, years: int, moment: datetime) -> datetime:
    """When it expires after a transfer: so many years later, but never more than ten years from now."""
    return min(years_later(domain.expires_at, years), years_later(moment, 10))


def ask(registry: Registry, domain: Domain, registrar: str, moment: datetime) -> Domain:
    """A registrar asks out of band, without code or fee; the present one is told. Raises ValueError."""
    if registry.registrars.get(registrar) is None:
        raise ValueError(f"there is no registrar {registrar}")
    if domain.registrar == registrar:
        raise ValueError(f"{domain.name} is with {registrar} already")
    if domain.in_transfer or domain.pending is not None or domain.removal is not None:
        raise ValueError(f"{domain.name} cannot be asked for now")
    years = registry.settings.transfer_years
    request = Transfer(
        status="pending",
        requester=registrar,
        requested_at=moment,
        actor=domain.registrar,
        acts_at=moment + timedelta(days=registry.settings.transfer_days),
        expires_at=extended(domain, years, moment),
        years=years,
        fee=Decimal(0),
        transaction="",
        server_transaction=registry.new_transaction(),
    )
    asked = registry.domains.save(replace(domain, transfer=request))
    notices.of_transfer(registry, domain.registrar, domain.name, request, moment)
    registry.ledger.record(
        "domain:transfer-request",
        account=registrar,
        reference=domain.name,
        object_id=domain.roid,
        details={"registrar": registrar, "years": str(years), "from": domain.registrar},
    )
    return asked


def approve(registry: Registry, domain: Domain, status: TransferStatus, moment: datetime) -> Domain:
    """The domain goes to the requester, with copies of its contacts and its own hosts; its code is cleared."""
    pending = standing(domain)
    ended = replace(pending, status=status, acts_at=moment)
    copies = _copied_contacts(registry, domain, ended.requester, moment)
    expires_at = extended(domain, ended.years, moment)
    until = moment + timedelta(days=registry.settings.transfer_grace_days)
    moved = replace(
        domain,
        registrar=ended.requester,
        registrant=copies.get(domain.registrant, ""),
        contacts=tuple((role, copies[handle]) for role, handle in domain.contacts),
        expires_at=expires_at,
        transferred_at=moment,
        auth="",
        graces=(Grace("transferPeriod", until, ended.fee),),
        transfer=replace(ended, expires_at=expires_at),
    )
    registry.plain_codes.pop(domain.name, None)
    _move_hosts(registry, domain.name, ended.requester, moment)
    registry.domains.save(moved)
    _tell(registry, moved, ended, domain.registrar, moment)
    return moved


def give_up(registry: Registry, domain: Domain, status: TransferStatus, moment: datetime) -> Domain:
    """The domain stays; the requester gets the fee back."""
    pending = standing(domain)
    ended = replace(pending, status=status, acts_at=moment, expires_at=None)
    registry.take(pending.requester, -pending.fee)
    stayed = registry.domains.save(replace(domain, transfer=ended))
    told = pending.requester if status == "clientRejected" else domain.registrar
    for registrar in {told} if status != "serverCancelled" else {pending.requester, domain.registrar}:
        notices.of_transfer(registry, registrar, domain.name, ended, moment)
    return stayed


def standing(domain: Domain) -> Transfer:
    """The request that stands."""
    if domain.transfer is None or domain.transfer.status != "pending":
        raise LookupError(f"{domain.name} is in no transfer")
    return domain.transfer


def _tell(registry: Registry, domain: Domain, ended: Transfer, loser: str, moment: datetime) -> None:
    if ended.status == "serverApproved":
        notices.of_transfer(registry, loser, domain.name, ended, moment)
    if registry.settings.tell_gaining:
        notices.of_transfer(registry, ended.requester, domain.name, ended, moment)


def _copied_contacts(registry: Registry, domain: Domain, to: str, moment: datetime) -> dict[str, str]:
    handles = {domain.registrant, *(handle for _, handle in domain.contacts)} - {""}
    return {handle: _copy(registry, registry.contact(handle), to, moment).id for handle in sorted(handles)}


def _copy(registry: Registry, contact: Contact, to: str, moment: datetime) -> Contact:
    return registry.contacts.save(
        replace(
            contact,
            id=registry.new_handle(),
            roid=registry.new_roid("C"),
            registrar=to,
            created_by=to,
            created_at=moment,
            updated_by="",
            updated_at=None,
            transferred_at=moment,
            auth="",
            statuses=(),
        )
    )


def _move_hosts(registry: Registry, name: str, to: str, moment: datetime) -> None:
    for host in registry.hosts.marked(f"domain:{name}"):
        registry.hosts.save(replace(host, registrar=to, transferred_at=moment))
