"""What the fault plan makes of an answer."""

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from adapters.sandbox.faults import Fault, Rule
from adapters.sandbox.serving import Delivery, Reply

BEFORE_EFFECT: Final = frozenset(
    {
        Fault.TIMEOUT_BEFORE_EFFECT,
        Fault.RESET_BEFORE_EFFECT,
        Fault.BAD_GATEWAY_BEFORE_EFFECT,
        Fault.GARBAGE_BEFORE_EFFECT,
    }
)
_GARBAGE: Final = b'{"status": "pending", "authorizations": ["https://\x00\xff'
_DRIP_SECONDS: Final = 1.0


def damaged(rule: Rule, reply: Reply) -> Reply:
    """An answer as the rule wants it."""
    if rule.fault in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.TIMEOUT_AFTER_EFFECT):
        return replace(reply, delivery=Delivery.NEVER, seconds=rule.seconds)
    if rule.fault in (Fault.RESET_BEFORE_EFFECT, Fault.RESET_AFTER_EFFECT, Fault.CUT_IN_REPLY):
        return replace(reply, delivery=Delivery.RESET)
    if rule.fault in (Fault.BAD_GATEWAY_BEFORE_EFFECT, Fault.BAD_GATEWAY_AFTER_EFFECT):
        return _gateway(HTTPStatus(rule.code) if rule.code else HTTPStatus.BAD_GATEWAY, rule.seconds)
    if rule.fault in (Fault.GARBAGE_BEFORE_EFFECT, Fault.GARBAGE_AFTER_EFFECT):
        return replace(reply, status=HTTPStatus.OK, body=rule.text.encode() or _GARBAGE)
    if rule.fault is Fault.SLOW_DRIP:
        return replace(reply, delivery=Delivery.DRIP, seconds=rule.seconds or _DRIP_SECONDS)
    return reply


def _gateway(status: HTTPStatus, seconds: float) -> Reply:
    """The page of a proxy that reaches nobody behind it."""
    title = f"{status.value} {status.phrase}"
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\r\n"
    return Reply(html.encode(), status, headers={"Retry-After": str(round(seconds))} if seconds else {})
