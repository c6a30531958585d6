"""Messages to start from: the smallest good ones, to be changed in one place."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from provisioner.messages import envelope

HOSTING: dict[str, Any] = {
    "product": "hosting",
    "item_id": "1001-1",
    "change": "purchase",
    "service_id": "hosting-77",
    "plan": "Basic",
    "domain": "example.com",
}
MARKUP: dict[str, Any] = {"product": "markup", "item_id": "1001-2", "change": "markup_change", "text": "10 % more"}
PLACE: dict[str, Any] = {
    "order_id": "1001",
    "customer": {"customer_id": "C-42", "name": "Example Ltd"},
    "items": [HOSTING],
}
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "https://shop.example.com/",
    "type": "order.place.v1",
    "environment": "live",
    "actorid": "shop-user-7",
    "actororg": "reseller-3",
    "actorrole": "customer_admin",
    "data": PLACE,
}


def changed(document: Mapping[str, Any], /, **changes: Any) -> dict[str, Any]:
    """A deep copy with these members set; a member set to `...` is left out."""
    members = {**document, **changes}
    return {name: copy.deepcopy(value) for name, value in members.items() if value is not ...}


def message(**changes: Any) -> bytes:
    """The smallest order as bytes, with these attributes of the envelope changed."""
    return json.dumps(changed(ENVELOPE, **changes)).encode()


def order(**changes: Any) -> bytes:
    """The smallest order as bytes, with these fields of its data changed."""
    return message(data=changed(PLACE, **changes))


def order_of(*items: Mapping[str, Any]) -> bytes:
    """An order of these items."""
    return order(items=list(items))


def accepted(raw: bytes) -> bool:
    """Whether this body is a message."""
    try:
        envelope.decode(raw)
    except envelope.Unreadable:
        return False
    return True


def refusal(raw: bytes, *, size_limit: int = envelope.SIZE_LIMIT) -> envelope.Unreadable:
    """Why this body is not accepted; the test fails when it is."""
    try:
        got = envelope.decode(raw, size_limit=size_limit)
    except envelope.Unreadable as unreadable:
        return unreadable
    raise AssertionError(f"accepted: {got}")


def place_and_reason(raw: bytes) -> tuple[str, str | None]:
    """The reason and the pointer of a refusal."""
    told = refusal(raw)
    return told.reason, told.pointer
