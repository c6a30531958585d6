"""C8: no secret of the canary list is in any log, table, queue, event or ledger, in clear or thinly dressed."""

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.support.judge.history import History
from tests.support.judge.verdict import Finding, Wrong

SHORTEST: Final = 8  # characters; a shorter one would be found by chance


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C8. A finding names the secret and the place, never the secret itself."""
    places = dict(_places(history))
    for name, secret in history.canaries.items():
        if len(secret) < SHORTEST:
            raise ValueError(f"the canary {name} is shorter than {SHORTEST} characters")
        dressed = tuple(dressings(secret))
        for place, text in places.items():
            if any(each in text for each in dressed):
                yield Finding("C8", Wrong.LEAKED, f"{name} is in {place}")


def dressings(secret: str) -> Iterator[str]:
    """A secret as it is, and as a URL, JSON, XML, hex or base64 would carry it."""
    raw = secret.encode()
    yield secret
    yield raw.decode("latin-1")
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield escape(secret)
    yield raw.hex()
    for offset in range(3):
        # What base64 makes of it within a longer text, without the characters that its neighbours decide.
        text = base64.b64encode(b"\0" * offset + raw).decode()
        yield text[(0, 2, 3)[offset] : len(text) - 4].rstrip("=")


def _places(history: History) -> Iterator[tuple[str, str]]:
    yield from ((f"the log {name}", text) for name, text in history.logs.items())
    for name, rows in history.tables.items():
        columns = {column for row in rows for column in row}
        for column in sorted(columns):
            yield f"the column {name}.{column}", "\n".join(_text(row.get(column)) for row in rows)
    yield from ((f"a body left in {queue}", "\n".join(bodies)) for queue, bodies in history.left.items())
    yield "an event", "\n".join(_text(event) for event in history.heard)
    yield "a ledger", "\n".join(_text(effect) for effect in history.effects)


def _text(value: object) -> str:
    """As it is, and as JSON writes it: a secret may stand in a value or across one."""
    if isinstance(value, str):
        return value
    return f"{json.dumps(value, ensure_ascii=False)}\n{json.dumps(value)}"
