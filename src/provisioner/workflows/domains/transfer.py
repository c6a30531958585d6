"""Transferring a domain to us, and giving that up.

What can be refused without cost is tried first. From the request on it is the losing registrar's and the registry's
turn; the operation waits as a row, looks now and then, and is woken by the registry's messages.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import Registrar, TransferRequest
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains import prices
from provisioner.workflows.domains.contacts import REGISTRANT, ensure_contacts, others
from provisioner.workflows.domains.dates import moment
from provisioner.workflows.domains.decisions import refusal_of_transfer
from provisioner.workflows.domains.hosts import ensure_hosts
from provisioner.workflows.domains.ordered import Ordered, own_auth_code
from provisioner.workflows.domains.protection import unprotected
from provisioner.workflows.domains.seen import TRANSFER_LOCK, Seen, look
from provisioner.workflows.domains.standing import as_seen
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

DAY: Final = 86_400.0
CONFIRMATION_DAYS: Final = 30
TRANSFER_DAYS: Final = 15
"""After so many days somebody is told of a transfer that has not ended; a registry decides after five in gTLDs."""
LATELY: Final = timedelta(days=30)
A_WHILE: Final = timedelta(minutes=5)
"""Longer than any call takes: what was on its way has arrived."""
CANCELLED_AT: Final = "transfer_cancelled_at"
WITHDRAWN_AT: Final = "transfer_withdrawn_at"


@workflow("domain.transfer", port=Registrar)
def transfer_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Fetch the domain; then give it our contacts, name servers, authorisation code and lock."""
    ordered = Ordered.of(op)
    _await_confirmation(op, ordered)
    before = look(op, registrar)
    handles = ensure_contacts(op, registrar, ordered.contacts_for_registry(ordered.contacts))
    if not _is_ours_already(before, handles):
        _fetch(op, registrar, ordered, before)
    arrived = look(op, registrar, "look-at-arrived")
    unprotected(op, registrar, arrived, lambda: _furnish(op, registrar, ordered, handles))
    seen = look(op, registrar, "verify")
    also = {CANCELLED_AT: None, WITHDRAWN_AT: None}
    return as_seen(op, seen, ServiceStatus.ACTIVE, paid=True, also=also)


# -- before it costs anything


def _await_confirmation(op: Operation, ordered: Ordered) -> None:
    if not waits_for_registrant(ordered):
        return
    answer = op.wait_for_event(
        "confirmation",
        confirmation_key(op.id),
        reason=f"the registrant of {ordered.domain} has to confirm the transfer",
        foreseen=CONFIRMATION_DAYS * DAY,
        unless=_given_up(op),
    )
    if not answer.get("confirmed", True):
        why = f": {answer['reason']}" if answer.get("reason") else ""
        told = f"the registrant of {ordered.domain} declined the transfer{why}"
        raise Rejected("transfer_declined", told, fields=("/confirmed",))


def waits_for_registrant(ordered: Ordered) -> bool:
    """Whether a transfer is asked for only when the registrant has agreed, who has not yet."""
    return ordered.rules.registrant_confirms and not ordered.confirmed


def confirmation_key(operation_id: str) -> str:
    """Under which event the registrant's answer to one try comes: `{confirmed: bool, reason?: str}`."""
    return f"transfer-confirmation/{operation_id}"


def _is_ours_already(seen: Seen, handles: Mapping[str, str]) -> bool:
    """Whether there is nothing to ask for. Raises Rejected `not_registered`, `already_here` and `transfer_locked`.

    A domain in our account that no service has could be anybody's: it must bear our contact, or have come lately.
    """
    if not seen.exists:
        raise Rejected("not_registered", f"{seen.domain} is not registered, so it cannot be transferred")
    if seen.ours:
        came_lately = bool(seen.transferred_at) and moment(seen.transferred_at) > seen.looked_at - LATELY
        if seen.registrant == handles.get(REGISTRANT) or came_lately:
            return True
        told = f"{seen.domain} is at this registrar account already; an operator has to say whose it is"
        raise Rejected("already_here", told)
    if seen.is_locked:
        told = f"{seen.domain} is locked against transfers; its owner has to have it unlocked where it is now"
        raise Rejected("transfer_locked", told, fields=("/domain",))
    return False


def _given_up(op: Operation) -> Rejected | None:
    """The refusal for a transfer that was cancelled since it was accepted."""
    if not _happened(op, CANCELLED_AT):
        return None
    return Rejected("transfer_cancelled", "the transfer was cancelled before it was asked for")


def _withdrawn(op: Operation) -> Rejected | None:
    """The refusal for a transfer that the registry has let us withdraw since it was accepted.

    A registry need not show it any more then (2301, 2201), so a look that finds nothing is its end.
    """
    if not _happened(op, WITHDRAWN_AT):
        return None
    return Rejected("transfer_cancelled", f"the transfer of {Ordered.of(op).domain} was withdrawn at the registry")


def _happened(op: Operation, at: str) -> bool:
    """Whether the service tells of something that has happened since the transfer was accepted."""
    told = op.service.data.get(at)
    return told is not None and datetime.fromisoformat(told) >= op.accepted_at


# -- the transfer itself


def _fetch(op: Operation, registrar: Registrar, ordered: Ordered, seen: Seen) -> None:
    years = ordered.rules.transfer_years
    quoted = prices.quote(op, registrar, ordered.domain, "transfer", years)
    request = TransferRequest(
        domain=ordered.domain,
        auth_code=op.secret or Secret(""),
        since=seen.looked_at.isoformat(),
        years=years,
        max_price=prices.agreed(quoted, ordered.max_price),
    )
    given_up = _given_up(op)
    if op.write_down("not-cancelled", {"so": given_up is None})["so"] is False:
        raise given_up or Rejected("transfer_cancelled", "the transfer was cancelled before it was asked for")
    foreseen = ordered.rules.number("transfer_days", TRANSFER_DAYS) * DAY
    told = refusal_of_transfer(op) or _withdrawn(op)
    op.step("request", registrar.request_transfer, request, foreseen=foreseen, unless=told, withdrawn=given_up)


# -- when it has arrived


def _furnish(op: Operation, registrar: Registrar, ordered: Ordered, handles: Mapping[str, str]) -> None:
    """Make the domain what was ordered. Keys of name servers that no longer answer for it would make it vanish."""
    if handles:
        registrant = handles.get(REGISTRANT, "")
        op.step("contacts", registrar.change_contacts, ordered.domain, registrant, others(handles))
    if ordered.hosts:
        ensure_hosts(op, registrar, ordered.hosts)
        op.step("nameservers", registrar.change_nameservers, ordered.domain, ordered.hosts)
    if ordered.dnssec or ordered.hosts:
        op.step("dnssec", registrar.change_dnssec, ordered.domain, ordered.dnssec)
    op.step("auth-code", registrar.change_auth_code, ordered.domain, own_auth_code(op))
    if ordered.lock:
        op.step("lock", registrar.change_statuses, ordered.domain, (TRANSFER_LOCK,), ())


# -- giving it up


@workflow("domain.transfer-cancel", port=Registrar)
def cancel_transfer(op: Operation, registrar: Registrar) -> ServiceChange:
    """Withdraw the request at the registrar; the waiting transfer is woken and ends as cancelled.

    Where no request stood, one may be on its way to the registry at this moment; so it is looked for once more.
    """
    domain = Ordered.of(op).domain
    again = bool(op.inputs.get("again"))
    if again:
        at = datetime.fromisoformat(op.inputs["again"])
        op.sleep_until("a-while", at, reason="a request may have been on its way when the transfer was cancelled")
    elif op.write_down("began", {"over": op.service.status is ServiceStatus.ACTIVE})["over"]:
        raise Rejected("transfer_finished", f"the transfer of {domain} is over; there is nothing to cancel")
    done = op.step("cancel", registrar.cancel_transfer, domain)
    if not done.data.get("cancelled") and not again:
        resource = f"transfer-cancel:{op.service.service_id}"
        op.follow_up("domain.transfer-cancel", resource=resource, again=(op.now + A_WHILE).isoformat())
    told = {} if again else {CANCELLED_AT: op.now.isoformat(), "reason": op.inputs.get("reason")}
    withdrawn = {WITHDRAWN_AT: op.now.isoformat()} if done.data.get("cancelled") else {}
    return ServiceChange(None, data={**told, **withdrawn}, wakes=True)
