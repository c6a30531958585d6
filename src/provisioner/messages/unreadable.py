"""What is said about a message that cannot be accepted: a stable reason, one sentence, and the place."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

from provisioner.kernel.errors import ProvisionerError


class Reason(StrEnum):
    """Why a message was not accepted. Stable: programs may act on it."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    BAD_CHARACTERS = "bad_characters"
    NOT_CLOUDEVENTS = "not_cloudevents"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    NOT_ALLOWED_HERE = "not_allowed_here"
    PLAIN_SECRET = "plain_secret"  # noqa: S105 - the name of a reason
    INVALID_DATA = "invalid_data"


MEANINGS: Final[dict[Reason, str]] = {
    Reason.TOO_LARGE: "The body is larger than the limit; it was not parsed.",
    Reason.NOT_UTF8: "The body is not UTF-8 text.",
    Reason.NOT_JSON: "The body is not JSON (RFC 8259); NaN and Infinity are not JSON either.",
    Reason.DUPLICATE_KEY: "An object has the same key twice, so its meaning is unclear.",
    Reason.TOO_DEEP: "Objects and arrays are nested too deeply.",
    Reason.TOO_LONG: "A text, a key, a number, an array or an object is too long.",
    Reason.BAD_CHARACTERS: "A text has a NUL character or half of a surrogate pair, which cannot be stored.",
    Reason.NOT_CLOUDEVENTS: "The body is JSON and no CloudEvent 1.0 in structured mode.",
    Reason.INVALID_ENVELOPE: "An attribute beside `data` is missing, unknown or wrong.",
    Reason.UNKNOWN_TYPE: "No message of this type is known.",
    Reason.UNKNOWN_VERSION: "The type is known, this version of it is not.",
    Reason.NOT_ALLOWED_HERE: "The type is one that the worker sends and does not take.",
    Reason.PLAIN_SECRET: "A password, key or code is readable. Seal it, or leave it out.",
    Reason.INVALID_DATA: "A field of `data` is missing, unknown or wrong.",
}

LONGEST_DETAIL: Final = 500
LONGEST_POINTER: Final = 300
LONGEST_FACT: Final = 200

_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def storable(text: str, longest: int) -> str:
    """The text cut to `longest` characters, with control characters and half surrogates replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text[:longest])


class Fault(Exception):
    """What one check found. `pointer` is a JSON pointer (RFC 6901) into the body; None when no place is meant."""

    def __init__(self, reason: Reason, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Facts:
    """What could be read of an envelope although the message was not accepted; safe to store and to show."""

    source: str | None = None
    message_id: str | None = None
    type: str | None = None
    subject: str | None = None
    correlation_id: str | None = None

    @classmethod
    def of(cls, document: Any) -> "Facts":
        """The facts of a parsed body; none when it is no object."""
        if not isinstance(document, dict):
            return cls()
        return cls(
            source=_fact(document.get("source")),
            message_id=_fact(document.get("id")),
            type=_fact(document.get("type")),
            subject=_fact(document.get("subject")),
            correlation_id=_fact(document.get("correlationid")),
        )


def _fact(value: Any) -> str | None:
    return storable(value, LONGEST_FACT) if isinstance(value, str) and value else None


class Unreadable(ProvisionerError):
    """The message cannot be accepted.

    `reason` is stable, `detail` one sentence that quotes no value of a field, `pointer` a JSON pointer (RFC 6901) into
    the body or None. `source`, `message_id`, `type`, `subject`, `correlation_id` are what the envelope said, cut to
    200 characters, or None.
    """

    code: ClassVar[str] = "unreadable"

    def __init__(self, fault: Fault, facts: Facts) -> None:
        self.reason: str = fault.reason.value
        self.detail = storable(fault.detail, LONGEST_DETAIL)
        self.pointer = None if fault.pointer is None else storable(fault.pointer, LONGEST_POINTER)
        self.source = facts.source
        self.message_id = facts.message_id
        self.type = facts.type
        self.subject = facts.subject
        self.correlation_id = facts.correlation_id
        super().__init__(self.detail)
