"""`domain:transfer` (RFC 5731 §3.1.3, §3.2.4)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from adapters.sandbox.epp import notices, transfers
from adapters.sandbox.epp.agreement import Price
from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands.domain_queries import authorised
from adapters.sandbox.epp.commands.parameters import code_given, forbid, years
from adapters.sandbox.epp.nodes import Node, branch, leaf, optional
from adapters.sandbox.epp.records import Domain, Transfer
from adapters.sandbox.epp.refusals import Code, Refusal


def request(call: Call) -> Answer:
    """Ask for another registrar's domain; it comes when he agrees, or by itself after some days (1001)."""
    found = _eligible(call)
    period = _period(call)
    cost = call.pay(found.name, "transfer", period) if period else Price(Decimal(0), premium=False)
    asked = call.registry.domains.save(replace(found, transfer=_new(call, found, period, cost)))
    call.record(
        found.name,
        {"years": str(period), "from": found.registrar, "ex_date": written(found.expires_at)},
        roid=found.roid,
    )
    if call.registry.settings.transfers_at_once:
        asked = transfers.approve(call.registry, asked, "serverApproved", call.now)
    else:
        notices.of_transfer(call.registry, found.registrar, found.name, _of(asked), call.now)
    reply = Code.PENDING if asked.in_transfer else Code.DONE
    return Answer(reply, (_shown(asked),), call.told_price("fee:trnData", cost))


def query(call: Call) -> Answer:
    """Where the last transfer stands; for both registrars, and for whoever knows the code."""
    found = call.registry.domain(call.request.body.value("domain:name"))
    code = code_given(call.request.body, "domain")
    if code is not None:
        authorised(found, code)
    elif call.registrar not in (found.registrar, "" if found.transfer is None else found.transfer.requester):
        call.own(found)
    withdrawn = found.transfer is not None and found.transfer.status == "clientCancelled"
    if found.transfer is None or (withdrawn and not call.registry.settings.keeps_withdrawn):
        raise Refusal(Code.TRANSFER_NOT_PENDING, "There is no transfer", "domain:name", found.name)
    return Answer(data=(_shown(found),))


def approve(call: Call) -> Answer:
    """The losing registrar lets the domain go."""
    found = _standing(call)
    call.own(found)
    return _ended(call, transfers.approve(call.registry, found, "clientApproved", call.now))


def reject(call: Call) -> Answer:
    """The losing registrar keeps the domain."""
    found = _standing(call)
    call.own(found)
    return _ended(call, transfers.give_up(call.registry, found, "clientRejected", call.now))


def cancel(call: Call) -> Answer:
    """The requester withdraws."""
    found = _standing(call)
    if _of(found).requester != call.registrar:
        raise Refusal(Code.AUTHORIZATION, "Another registrar has asked for it", "domain:name", found.name)
    return _ended(call, transfers.give_up(call.registry, found, "clientCancelled", call.now))


def _eligible(call: Call) -> Domain:
    found = call.registry.domain(call.request.body.value("domain:name"))
    code = code_given(call.request.body, "domain")
    if not code:
        raise Refusal(Code.MISSING, "Missing domain authInfo pw for this transfer op", "domain:authInfo")
    authorised(found, code)
    if found.registrar == call.registrar:
        raise Refusal(Code.NOT_TRANSFERABLE, "It is yours already", "domain:name", found.name)
    forbid(found, "transfer", "clientTransferProhibited", "serverTransferProhibited")
    lock = timedelta(days=call.registry.settings.transfer_lock_days)
    since = found.transferred_at or found.created_at
    if call.now < since + lock:
        reason = f"It can be transferred from {written(since + lock)}"
        raise Refusal(Code.AUTHORIZATION, reason, "domain:name", found.name)
    return found


def _period(call: Call) -> int:
    allowed = call.registry.settings.transfer_years
    if not allowed and call.request.body.find("domain:period") is not None:
        raise Refusal(Code.POLICY, "A transfer has no period here", "domain:period")
    period = years(call.request.body, allowed)
    if period > allowed:
        raise Refusal(Code.POLICY, "A transfer is for one year", "domain:period", str(period))
    return period


def _new(call: Call, found: Domain, period: int, cost: Price) -> Transfer:
    return Transfer(
        status="pending",
        requester=call.registrar,
        requested_at=call.now,
        actor=found.registrar,
        acts_at=call.now + timedelta(days=call.registry.settings.transfer_days),
        expires_at=transfers.extended(found, period, call.now),
        years=period,
        fee=cost.amount,
        transaction=call.request.transaction,
        server_transaction=call.server_transaction,
    )


def _standing(call: Call) -> Domain:
    found = call.registry.domain(call.request.body.value("domain:name"))
    if not found.in_transfer:
        raise Refusal(Code.TRANSFER_NOT_PENDING, "There is no transfer to decide", "domain:name", found.name)
    return found


def _ended(call: Call, found: Domain) -> Answer:
    told = {"status": _of(found).status, "requester": _of(found).requester, "ex_date": written(found.expires_at)}
    call.record(found.name, told, roid=found.roid)
    return Answer(data=(_shown(found),))


def _of(found: Domain) -> Transfer:
    if found.transfer is None:
        raise LookupError(f"{found.name} was never in a transfer")
    return found.transfer


def _shown(found: Domain) -> Node:
    transfer = _of(found)
    return branch(
        "domain:trnData",
        leaf("domain:name", found.name),
        leaf("domain:trStatus", transfer.status),
        leaf("domain:reID", transfer.requester),
        leaf("domain:reDate", written(transfer.requested_at)),
        leaf("domain:acID", transfer.actor),
        leaf("domain:acDate", written(transfer.acts_at)),
        optional("domain:exDate", "" if transfer.expires_at is None else written(transfer.expires_at)),
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "domain:transfer-request": request,
    "domain:transfer-query": query,
    "domain:transfer-approve": approve,
    "domain:transfer-reject": reject,
    "domain:transfer-cancel": cancel,
}
