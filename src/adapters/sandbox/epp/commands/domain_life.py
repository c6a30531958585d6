"""`domain:renew`, `domain:delete` and the restore of a deleted domain (RFC 5731 §3.2.2, §3.2.3; RFC 3915)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from adapters.sandbox.epp import happenings
from adapters.sandbox.epp.agreement import Price
from adapters.sandbox.epp.calendar import written, years_later
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands.parameters import MAX_YEARS, forbid, years
from adapters.sandbox.epp.nodes import Node, branch, leaf
from adapters.sandbox.epp.records import Domain, Grace, PendingRenewal, PendingRestore
from adapters.sandbox.epp.refusals import Code, Refusal


def renew(call: Call) -> Answer:
    """Renew, if the client knows when it expires now."""
    body = call.request.body
    found = call.registry.domain(body.value("domain:name"))
    call.own(found)
    forbid(found, "renewal", "clientRenewProhibited", "serverRenewProhibited")
    _check_expiry(found, body.value("domain:curExpDate"))
    period = years(body)
    expires_at = years_later(found.expires_at, period)
    if expires_at > years_later(call.now, MAX_YEARS):
        raise Refusal(Code.POLICY, "It would expire in more than ten years", "domain:period", str(period))
    cost = call.pay(found.name, "renew", period)
    if not call.registry.settings.renewals_at_once:
        return _renew_later(call, found, period, cost)
    until = call.now + timedelta(days=call.registry.settings.renew_grace_days)
    graces = (*found.graces, Grace("renewPeriod", until, cost.amount))
    call.registry.domains.save(replace(found, expires_at=expires_at, graces=graces))
    dates = {"ex_date_before": written(found.expires_at), "ex_date": written(expires_at)}
    call.record(found.name, {"years": str(period), **dates}, roid=found.roid)
    shown = leaf("domain:name", found.name), leaf("domain:exDate", written(expires_at))
    return Answer(data=(branch("domain:renData", *shown),), extensions=call.told_price("fee:renData", cost))


def _renew_later(call: Call, found: Domain, period: int, cost: Price) -> Answer:
    """The renewal waits for the registry's decision (1001), and is paid for."""
    waits = PendingRenewal(period, call.request.transaction, call.server_transaction, cost.amount)
    call.registry.domains.save(replace(found, renewal=waits))
    call.record(found.name, {"years": str(period), "ex_date_before": written(found.expires_at)}, roid=found.roid)
    return Answer(Code.PENDING, extensions=call.told_price("fee:renData", cost))


def delete(call: Call) -> Answer:
    """Delete: at once and paid back in the add grace period, through redemption (1001) later."""
    found = call.registry.domain(call.request.body.value("domain:name"))
    call.own(found)
    forbid(found, "deletion", "clientDeleteProhibited", "serverDeleteProhibited")
    if call.registry.hosts.is_marked(f"domain:{found.name}"):
        raise Refusal(Code.ASSOCIATION, "Hosts lie within this domain", "domain:name", found.name)
    running = [grace for grace in found.graces if grace.until > call.now]
    refund = sum((grace.refund for grace in running), Decimal(0))
    call.registry.take(call.registrar, -refund)
    at_once = any(grace.kind == "addPeriod" for grace in running)
    if at_once:
        happenings.purge(call.registry, found)
    else:
        happenings.begin_removal(call.registry, found, call.now)
    told = {"refund": str(refund), "state": "gone" if at_once else "redemptionPeriod"}
    call.record(found.name, {**told, "ex_date": written(found.expires_at)}, roid=found.roid)
    return Answer(Code.DONE if at_once else Code.PENDING)


def restore(call: Call) -> Answer:
    """Ask for a domain in redemption back; the report is then due, where the registry wants one."""
    found = _deleted(call, "redemptionPeriod")
    cost = call.pay(found.name, "restore", 1)
    code, extensions = _asked_back(call, found, cost)
    call.record(found.name, {"ex_date": written(found.expires_at), "fee": str(cost.amount)}, roid=found.roid)
    return Answer(code, extensions=(*extensions, *call.told_price("fee:updData", cost)))


def _asked_back(call: Call, found: Domain, cost: Price) -> tuple[Code, tuple[Node, ...]]:
    if not call.registry.settings.restores_at_once:
        _decide_later(call, found, is_report=False, fee=cost.amount)
        return Code.PENDING, ()
    if not call.registry.settings.restore_report:
        call.registry.domains.save(happenings.brought_back(found, call.now))
        return Code.DONE, ()
    call.registry.domains.save(happenings.awaiting_report(call.registry, found, call.now))
    return Code.DONE, (branch("rgp:upData", leaf("rgp:rgpStatus", s="pendingRestore")),)


def restore_report(call: Call) -> Answer:
    """Take the report of a restore; the domain is back."""
    restored = call.request.extensions["rgp:update"].children[0]
    if restored.find("rgp:report") is None:
        raise Refusal(Code.MISSING, "The report is missing", "rgp:report")
    found = _deleted(call, "pendingRestore")
    if call.registry.settings.restores_at_once:
        found = call.registry.domains.save(happenings.brought_back(found, call.now))
    else:
        _decide_later(call, found, is_report=True, fee=Decimal(0))
    call.record(found.name, {"ex_date": written(found.expires_at)}, roid=found.roid)
    return Answer(Code.DONE if call.registry.settings.restores_at_once else Code.PENDING)


def _decide_later(call: Call, found: Domain, *, is_report: bool, fee: Decimal) -> None:
    """A request or a report waits for the registry's decision (1001)."""
    waits = PendingRestore(is_report, call.request.transaction, call.server_transaction, fee)
    call.registry.domains.save(replace(found, restore=waits))


def _deleted(call: Call, stage: str) -> Domain:
    found = call.registry.domain(call.request.body.value("domain:name"))
    call.own(found)
    if found.removal is None or found.removal.stage != stage:
        raise Refusal(Code.STATUS, f"The domain is not in {stage}", "domain:name", found.name)
    if found.restore is not None:
        raise Refusal(Code.STATUS, "The restore waits for its decision", "domain:name", found.name)
    return found


def _check_expiry(found: Domain, text: str) -> None:
    try:
        given = date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else None
    except ValueError:
        given = None
    if given is None:
        raise Refusal(Code.VALUE, "A date is YYYY-MM-DD", "domain:curExpDate", text)
    if given != found.expires_at.date():
        raise Refusal(Code.POLICY, "The expiration date does not match", "domain:curExpDate", text)


HANDLERS: Final[Mapping[str, Handler]] = {
    "domain:renew": renew,
    "domain:delete": delete,
    "domain:restore": restore,
    "domain:restore-report": restore_report,
}
