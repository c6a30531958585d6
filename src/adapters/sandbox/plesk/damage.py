"""HTTP answers, as the panel's web server gives them, and what the fault plan makes of them."""

import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from adapters.sandbox.faults import Fault, Rule
from adapters.sandbox.serving import Delivery, Reply

BANNER: Final = "sw-cp-server"
BEFORE_EFFECT: Final = frozenset(
    {
        Fault.TIMEOUT_BEFORE_EFFECT,
        Fault.RESET_BEFORE_EFFECT,
        Fault.BAD_GATEWAY_BEFORE_EFFECT,
        Fault.GARBAGE_BEFORE_EFFECT,
    }
)
_XML: Final = "text/xml;charset=UTF-8"
_BEGINNING: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n<packet version="1.6.9.1"><webspace><add><result><status>'
_GARBAGE: Final = _BEGINNING[:-9] + b"\x00\xff\xfe<<<"
_DRIP_SECONDS: Final = 1.0


def whole(body: bytes) -> Reply:
    """An undamaged answer."""
    return Reply(body, content_type=_XML, headers=_headers())


def page(status: HTTPStatus) -> Reply:
    """An error page of the web server."""
    title = f"{status.value} {status.phrase}"
    html = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    end = f"<hr><center>{BANNER}</center>\r\n</body>\r\n</html>\r\n"
    return Reply((html + end).encode(), status=status)


def before_effect(rule: Rule) -> Reply:
    """The answer when nothing was done."""
    return _damaged(rule, whole(_BEGINNING * 2))


def after_effect(rule: Rule, reply: Reply) -> Reply:
    """The answer when everything was done, damaged if the rule is about answers."""
    return _damaged(rule, reply)


def _damaged(rule: Rule, reply: Reply) -> Reply:
    if rule.fault in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.TIMEOUT_AFTER_EFFECT):
        return replace(reply, delivery=Delivery.NEVER, seconds=rule.seconds)
    if rule.fault in (Fault.RESET_BEFORE_EFFECT, Fault.RESET_AFTER_EFFECT):
        return replace(reply, delivery=Delivery.RESET)
    if rule.fault in (Fault.BAD_GATEWAY_BEFORE_EFFECT, Fault.BAD_GATEWAY_AFTER_EFFECT):
        return page(HTTPStatus(rule.code) if rule.code else HTTPStatus.BAD_GATEWAY)
    if rule.fault in (Fault.GARBAGE_BEFORE_EFFECT, Fault.GARBAGE_AFTER_EFFECT):
        return replace(reply, body=rule.text.encode() or _GARBAGE)
    if rule.fault is Fault.SLOW_DRIP:
        return replace(reply, delivery=Delivery.DRIP, seconds=rule.seconds or _DRIP_SECONDS)
    return reply


def _headers() -> dict[str, str]:
    return {
        "Set-Cookie": f"PHPSESSID={secrets.token_hex(16)}; path=/; secure; HttpOnly; SameSite=Lax",
        "Expires": "Thu, 19 Nov 1981 08:52:00 GMT",
        "Cache-Control": "no-store, no-cache, must-revalidate",
        "Pragma": "no-cache",
        "X-Powered-By": "PleskLin",
    }
