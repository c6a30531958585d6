"""Messages of the poll queue: putting them in, and what is told with them (RFC 5730 §2.9.2.3, RFC 8590)."""

from datetime import datetime
from typing import Final

from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.nodes import Node, branch, leaf, optional
from adapters.sandbox.epp.records import (
    Domain,
    Message,
    MessageKind,
    PendingCreate,
    PendingRenewal,
    PendingRestore,
    Transfer,
)
from adapters.sandbox.epp.registry import Registry

_TRANSFER_TEXTS: Final = {
    "pending": "Transfer requested.",
    "clientApproved": "Transfer approved.",
    "clientCancelled": "Transfer cancelled.",
    "clientRejected": "Transfer rejected.",
    "serverApproved": "Transfer approved by the registry.",
    "serverCancelled": "Transfer cancelled by the registry.",
}
_WHAT: Final = {PendingCreate: "Registration", PendingRenewal: "Renewal", PendingRestore: "Restore"}
NOBODY: Final = "registry"


def of_transfer(registry: Registry, to: str, name: str, transfer: Transfer, moment: datetime) -> None:
    """Tell a registrar where a transfer stands."""
    data = {
        "name": name,
        "status": transfer.status,
        "requester": transfer.requester,
        "requested_at": written(transfer.requested_at),
        "actor": transfer.actor,
        "acts_at": written(transfer.acts_at),
        "expires_at": "" if transfer.expires_at is None else written(transfer.expires_at),
    }
    _queue(registry, to, "trnData", _TRANSFER_TEXTS[transfer.status], data=data, moment=moment)


def of_decision(
    registry: Registry,
    domain: Domain,
    pending: PendingCreate | PendingRenewal | PendingRestore,
    moment: datetime,
    *,
    approved: bool,
) -> None:
    """Tell a registrar what became of his registration, renewal or restore."""
    data = {
        "name": domain.name,
        "approved": "1" if approved else "0",
        "transaction": pending.transaction,
        "server_transaction": pending.server_transaction,
        "decided_at": written(moment),
    }
    what = _WHAT[type(pending)]
    text = f"{what} approved." if approved else f"{what} refused."
    _queue(registry, domain.registrar, "panData", text, data=data, moment=moment)


def of_renewal(registry: Registry, domain: Domain, moment: datetime) -> None:
    """Tell a registrar that his domain was renewed by the registry."""
    data = {"name": domain.name, "expires_at": written(domain.expires_at)}
    _queue(registry, domain.registrar, "renData", "Domain was auto-renewed.", data=data, moment=moment)


def of_change(registry: Registry, domain: Domain, operation: str, reason: str, moment: datetime) -> None:
    """Tell a registrar what the registry has done with his domain. A removed one is shown as it was before."""
    data = {
        "name": domain.name,
        "roid": domain.roid,
        "statuses": " ".join(domain.statuses),
        "registrar": domain.registrar,
        "expires_at": written(domain.expires_at),
        "operation": operation,
        "date": written(moment),
        "server_transaction": registry.new_transaction(),
        "reason": reason,
        "state": "before" if operation in ("autoPurge", "delete") else "after",
    }
    _queue(registry, domain.registrar, "changePoll", reason, data=data, moment=moment)


def of_text(registry: Registry, to: str, text: str, moment: datetime) -> None:
    """Tell a registrar something that names no domain."""
    _queue(registry, to, "text", text, data={}, moment=moment)


def content(message: Message) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The data and the extensions that are told with a message."""
    if message.kind == "changePoll":
        return (_shown(message.data),), (_change(message.data),)
    writers = {"trnData": _transfer, "panData": _decision, "renData": _renewal}
    write = writers.get(message.kind)
    return (() if write is None else (write(message.data),)), ()


def _queue(
    registry: Registry, to: str, kind: MessageKind, text: str, *, data: dict[str, str], moment: datetime
) -> None:
    number = registry.new_message_number()
    registry.messages.save(Message(number=number, registrar=to, queued_at=moment, kind=kind, text=text, data=data))


def _transfer(data: dict[str, str]) -> Node:
    return branch(
        "domain:trnData",
        leaf("domain:name", data["name"]),
        leaf("domain:trStatus", data["status"]),
        leaf("domain:reID", data["requester"]),
        leaf("domain:reDate", data["requested_at"]),
        leaf("domain:acID", data["actor"]),
        leaf("domain:acDate", data["acts_at"]),
        optional("domain:exDate", data["expires_at"]),
    )


def _decision(data: dict[str, str]) -> Node:
    return branch(
        "domain:panData",
        leaf("domain:name", data["name"], paResult=data["approved"]),
        branch(
            "domain:paTRID",
            optional("clTRID", data["transaction"]),
            leaf("svTRID", data["server_transaction"]),
        ),
        leaf("domain:paDate", data["decided_at"]),
    )


def _renewal(data: dict[str, str]) -> Node:
    name, expiry = leaf("domain:name", data["name"]), leaf("domain:exDate", data["expires_at"])
    return branch("domain:renData", name, expiry)


def _shown(data: dict[str, str]) -> Node:
    return branch(
        "domain:infData",
        leaf("domain:name", data["name"]),
        leaf("domain:roid", data["roid"]),
        *(leaf("domain:status", s=status) for status in data["statuses"].split()),
        leaf("domain:clID", data["registrar"]),
        leaf("domain:exDate", data["expires_at"]),
    )


def _change(data: dict[str, str]) -> Node:
    return branch(
        "changePoll:changeData",
        leaf("changePoll:operation", data["operation"]),
        leaf("changePoll:date", data["date"]),
        leaf("changePoll:svTRID", data["server_transaction"]),
        leaf("changePoll:who", NOBODY),
        optional("changePoll:reason", data["reason"][:32].strip()),
        state=data["state"],
    )
