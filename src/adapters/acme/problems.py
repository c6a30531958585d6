"""What an authority answers instead of what was asked: problem documents (RFC 7807, RFC 8555 section 6.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from provisioner.kernel.redaction import redact_text

ERROR_PREFIX: Final = "urn:ietf:params:acme:error:"
NOT_FOUND: Final = "notFound"
"""Ours, for a status 404 or 410 that says no more: RFC 8555 has no type for it."""
SERVER_ERROR: Final = "serverInternal"
TOO_MANY: Final = "rateLimited"
BUSY: Final = "busy"
"""Ours, for a status 503 with a Retry-After: so answer the authorities' limits for one address."""
LONGEST_TEXT: Final = 1_000
LONGEST_WAIT: Final = 366 * 86_400.0

_GONE: Final = (404, 410)
_TOO_MANY_REQUESTS: Final = 429
_SERVICE_UNAVAILABLE: Final = 503
_FIRST_SERVER_STATUS: Final = 500
_VAGUE: Final = frozenset({"", "malformed"})


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """One problem. `kind` is the last part of its type, empty when there is none; `name` whom it is about."""

    kind: str
    detail: str
    name: str = ""
    parts: tuple["ProblemDocument", ...] = ()

    @property
    def words(self) -> str:
        """What the authority says, each name with its own."""
        about = f"{self.name}: " if self.name else ""
        own = f"{about}{self.detail or self.kind or 'no text'}"
        return "; ".join(dict.fromkeys([own, *(part.words for part in self.parts)]))


class Problem(Exception):
    """An answer that is an error, with what the `acme` library loses of it: the status and Retry-After (seconds)."""

    def __init__(self, document: ProblemDocument, status: int, retry_after: float | None) -> None:
        super().__init__(document.words)
        self.document = document
        self.status = status
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """The row of the table: the type, or what the HTTP status tells where the type says nothing."""
        kind = self.document.kind
        if self.status in _GONE and kind in _VAGUE:
            return NOT_FOUND
        if self.status == _SERVICE_UNAVAILABLE and self.retry_after is not None and kind in (*_VAGUE, SERVER_ERROR):
            return BUSY
        if kind:
            return kind
        if self.status == _TOO_MANY_REQUESTS:
            return TOO_MANY
        return SERVER_ERROR if self.status >= _FIRST_SERVER_STATUS else ""


def read(body: Any) -> ProblemDocument:
    """The problem in decoded JSON; an empty one for anything else. Never raises."""
    if not isinstance(body, Mapping):
        return ProblemDocument("", "")
    parts = body.get("subproblems")
    return ProblemDocument(
        kind=_kind(body.get("type")),
        detail=redact_text(_text(body.get("detail")) or _text(body.get("title"))),
        name=_name(body.get("identifier")),
        parts=tuple(map(read, parts[:100])) if isinstance(parts, list) else (),
    )


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, given as a number or as a date (RFC 9110 section 10.2.3)."""
    text = (header or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
        seconds = (when - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _kind(value: Any) -> str:
    text = _text(value)
    return "" if text == "about:blank" else text.rsplit(":", 1)[-1]


def _name(value: Any) -> str:
    return _text(value.get("value")) if isinstance(value, Mapping) else ""


def _text(value: Any) -> str:
    """A text, free of control characters and not too long."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(char if char.isprintable() else " " for char in value[:LONGEST_TEXT]).split())
