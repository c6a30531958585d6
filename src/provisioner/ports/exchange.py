"""What went over the wire in one attempt, redacted, for the journal and for whoever has to find out why."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MOST_CHARACTERS = 8_192


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back; both already free of secrets. `response` is empty when nothing came."""

    request: str
    response: str = ""


_collected: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


def record(request: str, response: str = "") -> None:
    """Note an exchange, cut to 8,192 characters each way. Without a collector this does nothing."""
    exchanges = _collected.get()
    if exchanges is not None:
        exchanges.append(Exchange(request[:MOST_CHARACTERS], response[:MOST_CHARACTERS]))


@contextmanager
def collected() -> Iterator[list[Exchange]]:
    """Collect what adapters record while this is open."""
    exchanges: list[Exchange] = []
    token = _collected.set(exchanges)
    try:
        yield exchanges
    finally:
        _collected.reset(token)
