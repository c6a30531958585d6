"""What happens by itself when its time has come: decisions, transfers, renewals, removals."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.sandbox.epp import agreement, notices, transfers
from adapters.sandbox.epp.calendar import written, years_later
from adapters.sandbox.epp.records import Domain, Grace, PendingRestore, Removal
from adapters.sandbox.epp.registry import Registry

ACCOUNT: Final = "registry"


class Decide(Protocol):
    """What the registry decides by hand. Raises ValueError when there is nothing to decide."""

    def __call__(self, registry: Registry, domain: Domain, moment: datetime, *, approved: bool) -> None:
        """Decide about what waits for a domain."""
        ...


def settle(registry: Registry) -> None:
    """Let everything happen that was due by now, in order, each at its own time."""
    while (found := registry.due()) is not None:
        moment, domain = found
        _happen(registry, domain, moment)


def decide(registry: Registry, domain: Domain, moment: datetime, *, approved: bool) -> None:
    """Approve or refuse a registration that waits; a refused one is paid back."""
    pending = domain.pending
    if pending is None:
        raise ValueError(f"{domain.name} waits for no decision")
    notices.of_decision(registry, domain, pending, moment, approved=approved)
    if approved:
        until = moment + timedelta(days=registry.settings.add_grace_days)
        registry.domains.save(replace(domain, pending=None, graces=(Grace("addPeriod", until, pending.fee),)))
    else:
        registry.take(domain.registrar, -pending.fee)
        registry.domains.drop(domain.name)
    _record(registry, "registry:create-approved" if approved else "registry:create-refused", domain)


def decide_renewal(registry: Registry, domain: Domain, moment: datetime, *, approved: bool) -> None:
    """Approve or refuse a renewal that waits; a refused one is paid back."""
    waits = domain.renewal
    if waits is None:
        raise ValueError(f"no renewal of {domain.name} waits for a decision")
    decided = replace(domain, renewal=None)
    if approved:
        until = moment + timedelta(days=registry.settings.renew_grace_days)
        graces = (*domain.graces, Grace("renewPeriod", until, waits.fee))
        decided = replace(decided, expires_at=years_later(domain.expires_at, waits.years), graces=graces)
    else:
        registry.take(domain.registrar, -waits.fee)
    registry.domains.save(decided)
    notices.of_decision(registry, decided, waits, moment, approved=approved)
    _record(registry, "registry:renew-approved" if approved else "registry:renew-refused", decided)


def decide_restore(registry: Registry, domain: Domain, moment: datetime, *, approved: bool) -> None:
    """Approve or refuse the request or the report of a restore that waits; a refused request is paid back."""
    waits = domain.restore
    if waits is None:
        raise ValueError(f"no restore of {domain.name} waits for a decision")
    decided = replace(domain, restore=None)
    if approved:
        decided = _a_step_back(registry, decided, waits, moment)
    else:
        registry.take(domain.registrar, -waits.fee)
    registry.domains.save(decided)
    notices.of_decision(registry, decided, waits, moment, approved=approved)
    _record(registry, "registry:restore-approved" if approved else "registry:restore-refused", decided)


def _a_step_back(registry: Registry, domain: Domain, waits: PendingRestore, moment: datetime) -> Domain:
    if registry.settings.restore_report and not waits.is_report:
        return awaiting_report(registry, domain, moment)
    return brought_back(domain, moment)


def awaiting_report(registry: Registry, domain: Domain, moment: datetime) -> Domain:
    """A domain whose restore was asked for; the report is now due."""
    if domain.removal is None:
        raise ValueError(f"{domain.name} was not deleted")
    until = moment + timedelta(days=registry.settings.restore_report_days)
    return replace(domain, removal=replace(domain.removal, stage="pendingRestore", until=until))


def brought_back(domain: Domain, moment: datetime) -> Domain:
    """The domain as it was; one that has expired meanwhile is renewed until it has not."""
    expires_at = domain.expires_at
    while expires_at <= moment:
        expires_at = years_later(expires_at, 1)
    return replace(domain, removal=None, expires_at=expires_at, updated_by=domain.registrar, updated_at=moment)


def decide_transfer(registry: Registry, domain: Domain, moment: datetime, *, approved: bool) -> None:
    """The registry approves or cancels a transfer that waits."""
    if not domain.in_transfer:
        raise ValueError(f"{domain.name} is in no transfer")
    if approved:
        ended = transfers.approve(registry, domain, "serverApproved", moment)
    else:
        ended = transfers.give_up(registry, domain, "serverCancelled", moment)
    _record(registry, "registry:transfer-approved" if approved else "registry:transfer-cancelled", ended)


def begin_removal(registry: Registry, domain: Domain, moment: datetime) -> Domain:
    """A deleted domain goes into redemption; what is then left of its grace periods is void."""
    until = moment + timedelta(days=registry.settings.redemption_days)
    removal = Removal("redemptionPeriod", moment, until)
    return registry.domains.save(replace(domain, removal=removal, graces=(), transfer=None))


def purge(registry: Registry, domain: Domain) -> None:
    """The domain is gone, and with it the hosts that lie within it."""
    for host in registry.hosts.marked(f"domain:{domain.name}"):
        _unlink(registry, host.name)
        registry.hosts.drop(host.name)
    registry.plain_codes.pop(domain.name, None)
    registry.domains.drop(domain.name)


def _happen(registry: Registry, domain: Domain, moment: datetime) -> None:
    if domain.pending is not None:
        decide(registry, domain, moment, approved=domain.pending.approved)
    elif domain.removal is not None:
        _next_stage(registry, domain, domain.removal, moment)
    elif domain.in_transfer and transfers.standing(domain).acts_at == moment:
        decide_transfer(registry, domain, moment, approved=True)
    elif registry.settings.auto_renew:
        _auto_renew(registry, domain, moment)
    else:
        begin_removal(registry, domain, moment)
        _record(registry, "registry:expire", domain)
        notices.of_change(registry, domain, "autoDelete", "Domain has expired.", moment)


def _auto_renew(registry: Registry, domain: Domain, moment: datetime) -> None:
    cost = agreement.price(registry.settings, domain.name, "renew", 1).amount
    registry.take(domain.registrar, cost)
    until = moment + timedelta(days=registry.settings.auto_renew_grace_days)
    renewed = replace(
        domain,
        expires_at=years_later(domain.expires_at, 1),
        graces=(*domain.graces, Grace("autoRenewPeriod", until, cost)),
    )
    registry.domains.save(renewed)
    notices.of_renewal(registry, renewed, moment)
    _record(registry, "registry:auto-renew", renewed)


def _next_stage(registry: Registry, domain: Domain, removal: Removal, moment: datetime) -> None:
    settings = registry.settings
    if removal.stage == "pendingRestore":
        until = moment + timedelta(days=settings.redemption_days)
        registry.domains.save(replace(domain, removal=replace(removal, stage="redemptionPeriod", until=until)))
        notices.of_change(registry, domain, "update", "No restore report in time.", moment)
    elif removal.stage == "redemptionPeriod":
        until = moment + timedelta(days=settings.pending_delete_days)
        registry.domains.save(replace(domain, removal=replace(removal, stage="pendingDelete", until=until)))
    else:
        notices.of_change(registry, domain, "autoPurge", "Domain was purged.", moment)
        purge(registry, domain)
        _record(registry, "registry:purge", domain)


def _unlink(registry: Registry, host: str) -> None:
    for domain in registry.domains.marked(f"host:{host}"):
        left = tuple(ns for ns in domain.nameservers if ns.name != host)
        registry.domains.save(replace(domain, nameservers=left))


def _record(registry: Registry, operation: str, domain: Domain) -> None:
    details = {"registrar": domain.registrar, "ex_date": written(domain.expires_at)}
    registry.ledger.record(operation, account=ACCOUNT, reference=domain.name, object_id=domain.roid, details=details)
