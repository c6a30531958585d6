"""Bodies that harm a dramatiq worker which decodes them: each names the loss or the crash that it causes there."""

import json
from typing import Any, Final


def _envelope(**changes: Any) -> bytes:
    """A body that dramatiq's own encoder would accept, with changes."""
    fields = {
        "queue_name": "orders",
        "actor_name": "take",
        "args": [],
        "kwargs": {},
        "options": {},
        "message_id": "m-1",
        "message_timestamp": 0,
    }
    return json.dumps(fields | changes).encode()


POISON: Final[dict[str, bytes]] = {
    "L0 not JSON": b"{not json",
    "L0 not even text": b"\x00\xff\xfe\x80",
    "L0 nothing at all": b"",
    "L0 args that cannot be iterated": _envelope(args=7),
    "L0 fields missing": b"{}",
    "L1 options are null": _envelope(options=None),
    "L1 actor name is a list": _envelope(actor_name=["take"]),
    "L2 another queue's name": _envelope(queue_name="no-such-queue"),
    "L3 throws is text": _envelope(options={"throws": "x"}),
    "L4 retries is text": _envelope(options={"retries": "x", "max_retries": "y"}),
    "L5 time limit is text": _envelope(options={"time_limit": "x"}),
    "L15 a time far ahead": _envelope(options={"eta": 32_503_680_000_000}),
    "an unknown actor": _envelope(actor_name="no_such_actor"),
    "wrong arguments": _envelope(kwargs={"no": "such"}),
    "a callback that the sender chose": _envelope(options={"on_success": "take", "on_failure": "take"}),
    "a pipe that the sender chose": _envelope(options={"pipe_target": _envelope().decode()}),
    "a number that is none": b'{"n": NaN}',
    "deep nesting": b"[" * 20_000,
    "a large body": b"x" * 1_000_000,
}
