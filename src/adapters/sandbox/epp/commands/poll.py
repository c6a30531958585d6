"""The poll queue (RFC 5730 §2.9.2.3)."""

from collections.abc import Mapping
from typing import Final

from adapters.sandbox.epp import notices
from adapters.sandbox.epp.call import Answer, Call, Handler, QueueHead
from adapters.sandbox.epp.refusals import Code, Refusal


def request(call: Call) -> Answer:
    """The oldest message; it stays until it is acknowledged."""
    waiting = call.registry.queue(call.registrar)
    if not waiting:
        return Answer(Code.NO_MESSAGES)
    first = waiting[0]
    data, extensions = notices.content(first)
    head = QueueHead(len(waiting), first.key, first.queued_at, first.text)
    return Answer(Code.MESSAGE, data, extensions, head)


def acknowledge(call: Call) -> Answer:
    """Take a message off the queue."""
    number = call.request.body.attributes.get("msgID", "").strip()
    if not number:
        raise Refusal(Code.MISSING, "msgID is missing", "poll")
    found = call.registry.messages.get(number)
    if found is None or found.registrar != call.registrar:
        raise Refusal(Code.NOT_FOUND, "There is no such message", "poll", number)
    call.registry.messages.drop(number)
    return Answer(queue=QueueHead(len(call.registry.queue(call.registrar)), number))


HANDLERS: Final[Mapping[str, Handler]] = {"poll:req": request, "poll:ack": acknowledge}
