"""CloudEvents 1.0 in JSON, structured mode: bytes in, a typed message out, or a precise complaint."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from provisioner.messages import complaints, inspection, json_text
from provisioner.messages.catalogue import INCOMING, OUTGOING
from provisioner.messages.fields import JSON_TYPE, Contract, Identifier, Line, Moment, Reference
from provisioner.messages.unreadable import Facts, Fault, Reason, Unreadable

__all__ = ["SIZE_LIMIT", "Actor", "Envelope", "Message", "Unreadable", "decode"]

SIZE_LIMIT: Final = 262_144

Attribute = Annotated[str, Field(min_length=1, max_length=512)]


class Envelope(Contract):
    """The attributes beside `data`: CloudEvents 1.0.2 §3, its tracing extension, and five of our own."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Reference
    type: Attribute
    subject: Reference | None = None
    time: Moment | None = None
    datacontenttype: Annotated[str, Field(max_length=64, pattern=JSON_TYPE)] | None = None
    dataschema: Reference | None = None
    environment: Literal["live", "sandbox"]
    actorid: Line
    actororg: Line
    actorrole: Identifier
    correlationid: Identifier | None = None
    sequence: Annotated[int, Field(ge=0)] | None = None
    traceparent: Attribute | None = None
    tracestate: Attribute | None = None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose authority a message was sent."""

    id: str
    organisation: str
    role: str


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message. `data` is the model that `catalogue.INCOMING` names for `type`.

    `correlation_id` is the message's own id when it named none. `body_hash` (SHA-256, hex) is equal for two bodies that
    mean the same: it ignores spaces, the order of keys, and the attributes of tracing.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    environment: str
    actor: Actor
    correlation_id: str
    sequence: int | None
    data: Contract = field(repr=False)
    body_hash: str
    raw: bytes = field(repr=False)


def decode(raw: bytes, *, size_limit: int = SIZE_LIMIT) -> Message:
    """The message in `raw`, at most `size_limit` bytes. Raises Unreadable, and nothing else, whatever the bytes are."""
    document: Any = None
    try:
        document = json_text.parse(raw, size_limit)
        return _message(document, raw)
    except Fault as fault:
        raise Unreadable(fault, Facts.of(document)) from None


def _message(document: Any, raw: bytes) -> Message:
    if not isinstance(document, dict):
        raise Fault(Reason.NOT_CLOUDEVENTS, "The body must be a JSON object: a CloudEvent in structured mode.")
    inspection.inspect(document)
    envelope = _envelope(document)
    model = _model(envelope.type)
    return Message(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        subject=envelope.subject,
        time=envelope.time,
        environment=envelope.environment,
        actor=Actor(envelope.actorid, envelope.actororg, envelope.actorrole),
        correlation_id=envelope.correlationid or envelope.id,
        sequence=envelope.sequence,
        data=_data(model, envelope.data),
        body_hash=_body_hash(document),
        raw=raw,
    )


# What makes a CloudEvent; the other attributes are ours or optional.
_CLOUDEVENT: Final = frozenset({"/specversion", "/id", "/source", "/type", "/data", "/datacontenttype"})


def _envelope(document: dict[str, Any]) -> Envelope:
    try:
        return Envelope.model_validate(document)
    except ValidationError as error:
        detail, pointer = complaints.first(error, document)
    reason = Reason.NOT_CLOUDEVENTS if pointer in _CLOUDEVENT else Reason.INVALID_ENVELOPE
    raise Fault(reason, detail, pointer)


def _data(model: type[Contract], data: dict[str, Any]) -> Contract:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        detail, pointer = complaints.first(error, data, "/data")
    raise Fault(Reason.INVALID_DATA, detail, pointer)


_VERSION = re.compile(r"\.v\d+\Z")


def _model(type_: str) -> type[Contract]:
    if type_ in INCOMING:
        return INCOMING[type_]
    if type_ in OUTGOING:
        raise Fault(Reason.NOT_ALLOWED_HERE, f"{type_} is an event that the worker sends; it takes none.", "/type")
    name = _VERSION.sub("", type_)
    versions = [known for known in INCOMING if _VERSION.sub("", known) == name]
    if versions:
        told = f"This version of {name} is not known; known: {', '.join(versions)}."
        raise Fault(Reason.UNKNOWN_VERSION, told, "/type")
    raise Fault(Reason.UNKNOWN_TYPE, f"The type {type_[:100]} is not known; known: {', '.join(INCOMING)}.", "/type")


_TRACING: Final = frozenset({"traceparent", "tracestate"})


def _body_hash(document: dict[str, Any]) -> str:
    meant = {name: value for name, value in document.items() if name not in _TRACING}
    return sha256(json_text.canonical(meant).encode()).hexdigest()
