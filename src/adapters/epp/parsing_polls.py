"""Messages of the queue: panData, trnData, renData (RFC 5731 §3.3) and changePoll (RFC 8590), or anything else."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from epptools import Response

from adapters.epp import identifiers, parsing_objects, xml
from adapters.epp.namespaces import DOMAIN
from adapters.epp.replies import Polled, TransferData


def polled(response: Response, scrubbed: Callable[[str], str], shown: Callable[[], str]) -> Polled:
    """One message, whatever is in it."""
    about = xml.first(response.res_data())
    kind, data = _meaning(response, about)
    return Polled(
        message_id=response.message_id() or "",
        queued_at=response.queue_date() or "",
        text=scrubbed(response.queue_message() or ""),
        kind=kind,
        domain=_domain(about),
        data=data,
        raw=shown(),
    )


def _domain(about: Element | None) -> str:
    """The name, where the object is a domain. Some registries send messages without any object."""
    return "" if about is None or xml.namespace(about) != DOMAIN else xml.text(about, "name").lower()


def _meaning(response: Response, about: Element | None) -> tuple[str, Mapping[str, Any]]:
    change = response.change()
    if change is not None:
        return "change", change
    name = "" if about is None else xml.local(about)
    if about is not None and name == "panData":
        return _action(about)
    if about is not None and name == "trnData":
        return "transfer", _transfer(parsing_objects.transfer(about, response))
    if name == "renData":
        return "renewal", {"expires_at": xml.text(about, "exDate")}
    return "other", {}


def _transfer(transfer: TransferData) -> Mapping[str, Any]:
    return {field: value for field, value in dataclasses.asdict(transfer).items() if field != "name"}


def _action(about: Element) -> tuple[str, Mapping[str, Any]]:
    """What became of a command that was answered with 1001; which one it was tells our own transaction id."""
    subject = xml.child(about, "name")
    subject = xml.child(about, "id") if subject is None else subject
    trid = xml.child(about, "paTRID")
    command = identifiers.command_of(xml.text(trid, "clTRID"))
    data = {
        "succeeded": subject is not None and xml.true(subject.get("paResult")),
        "cl_trid": xml.text(trid, "clTRID"),
        "sv_trid": xml.text(trid, "svTRID"),
        "at": xml.text(about, "paDate"),
        "command": command,
    }
    return ("registration" if command == "domain-create" else "action"), data
