"""The reference page of all messages, written from the catalogue and the schemas."""

import json
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Final

from provisioner.messages import examples, inspection, json_schemas, json_text
from provisioner.messages.catalogue import ENTRIES, Entry
from provisioner.messages.contacts import Contact
from provisioner.messages.envelope import SIZE_LIMIT
from provisioner.messages.fields import RULES
from provisioner.messages.unreadable import MEANINGS

_FILE_THAT_FITS: Final = SIZE_LIMIT * 7 // 10 // 1_000 * 1_000  # base64 takes a third, the rest of the message a little

_INTRODUCTION: Final = f"""\
<!-- Written from provisioner.messages by `python -m tests.unit.messages.publish`; a test says when it is stale. -->
# Messages

Messages and events are [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) in JSON,
structured mode. A storefront publishes to the topic exchange `storefront` and listens on the topic exchange
`provisioner.events`; the routing key is the type. The JSON Schemas are in `src/provisioner/messages/schemas/`.

Rules for every message:

- At most {SIZE_LIMIT:,} bytes of UTF-8, {json_text.DEEPEST} levels of nesting, {json_text.LONGEST_INTEGER} digits in a
  whole number, {inspection.LONGEST_TEXT:,} characters in a text that is neither sealed nor a certificate. The bytes are
  counted before anything is parsed. The setting `message_size_limit_bytes` is another limit of the body. A sealed file
  may fill what fits: about {_FILE_THAT_FITS:,} bytes of CSV, a few thousand lines. A larger file is not for a message:
  the command line reads it.
- Types are strict: `"1"` is no number and `1` is no text. A field that is not listed is refused; `null` means absent.
- `(source, id)` names a message. The same message again has no effect; the same name with another body goes to
  quarantine. Spaces, the order of keys, `traceparent` and `tracestate` make no other body.
- Domain names are given as A-labels (`xn--…`); capital letters are lowered.
- A password, an authorisation code or a private key travels only as a libsodium sealed box made with the worker's
  public key (`provisioner keys public`). Anything readable under a name such as `password`, `secret`, `auth_code` or
  `private_key` is refused.
- What cannot be accepted is kept in quarantine, and the event `message.rejected.v1` tells the reason and the place.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    incoming = [entry for entry in ENTRIES if entry.direction == "in"]
    outgoing = [entry for entry in ENTRIES if entry.direction == "out"]
    parts = [
        _INTRODUCTION,
        "## Attributes of a message\n",
        _attributes(incoming[0]),
        *_section("Messages that the worker takes", incoming),
        "## Attributes of an event\n",
        _attributes(outgoing[0]),
        *_section("Events that the worker sends", outgoing),
        _contact(),
        _reasons(),
    ]
    return "\n".join(parts)


def _section(title: str, entries: list[Entry]) -> Iterator[str]:
    yield f"## {title}\n"
    for entry in entries:
        schema = json_schemas.schema(entry)
        data = schema["$defs"][entry.model.__name__]
        example = json.dumps(examples.EXAMPLES[entry.name], indent=2)
        yield f"### {entry.name}\n\n{entry.description}\n"
        yield _table(_rows(data, schema["$defs"], "", required=True))
        yield f"Example of `data`:\n\n```json\n{example}\n```\n"


def _contact() -> str:
    """Written once, as many messages have several."""
    schema = Contact.model_json_schema()
    return f"## Contacts\n\n{cleandoc(Contact.__doc__ or '')}\n\n{_table(_rows(schema, {}, '', required=True))}"


def _attributes(entry: Entry) -> str:
    schema = json_schemas.schema(entry)
    schema["properties"] |= {"type": {"type": "string"}, "data": {"type": "object"}}
    return _table(_rows(schema, {}, "", required=True))


_Row = tuple[str, bool, str]


def _table(rows: Iterator[_Row]) -> str:
    lines = [f"| `{name}` | {'yes' if required else ''} | {rule} |" for name, required, rule in rows if name]
    return "\n".join(["| Field | Required | Value |", "|---|---|---|", *lines, ""])


def _rows(schema: dict[str, Any], definitions: dict[str, Any], name: str, *, required: bool) -> Iterator[_Row]:
    nullable = {"type": "null"} in schema.get("anyOf", ())
    schema = _resolved(schema, definitions)
    yield name, required, _rule(schema) + ("; or `null`" if required and nullable else "")
    for member, of_member in schema.get("properties", {}).items():
        path = f"{name}.{member}".lstrip(".")
        yield from _rows(of_member, definitions, path, required=member in schema.get("required", ()))
    for key, inner in _elements(schema):
        yield from _inner(inner, definitions, f"{name}{key}")


def _inner(schema: dict[str, Any], definitions: dict[str, Any], name: str) -> Iterator[_Row]:
    """What is in an array or a map, when there is more to say than its parent's line does."""
    schema = _resolved(schema, definitions)
    kinds = schema.get("oneOf", [schema])
    for kind in (_resolved(kind, definitions) for kind in kinds):
        if "properties" in kind:
            tag = kind["properties"].get("product", {}).get("const")
            yield from _rows(kind, definitions, name.replace("[]", f"[{tag}]") if tag else name, required=False)
        elif "type" in kind:
            yield name, False, _rule(kind)


def _elements(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "items" in schema:
        yield "[]", schema["items"]
    for inner in schema.get("patternProperties", {}).values():
        yield ".*", inner


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema itself: references followed, and `null` left out of a choice, as the page says it once for all."""
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _resolved(next(kind for kind in schema["anyOf"] if kind.get("type") != "null"), definitions)
    return schema


def _rule(schema: dict[str, Any]) -> str:
    if "oneOf" in schema:  # the one choice that stands outside of an array
        return "the id of a [contact](#contacts) that is known, or a contact as a whole"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    parts = [_FORMATS.get(schema.get("format", schema.get("contentEncoding", "")), schema["type"])]
    parts += [text.format(schema[name]) for name, text in _LIMITS.items() if name in schema]
    if "pattern" in schema:
        parts.append(RULES[schema["pattern"]].removeprefix("must be ").removeprefix("may only have "))
    return "; ".join(parts)


_FORMATS: Final = {
    "date-time": "time with its offset (RFC 3339)",
    "hostname": "domain name in A-labels",
    "base64": "libsodium sealed box in base64",
}
_LIMITS: Final = {
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
}


def _reasons() -> str:
    lines = [f"| `{reason.value}` | {meaning} |" for reason, meaning in MEANINGS.items()]
    return "\n".join(["## Why a message is refused\n", "| Reason | Meaning |", "|---|---|", *lines, ""])
