"""The published JSON Schemas (draft 2020-12), one for each type, of the whole CloudEvent."""

import json
from typing import Any, Final

from provisioner.messages import examples
from provisioner.messages.catalogue import ENTRIES, Entry
from provisioner.messages.envelope import Envelope
from provisioner.messages.event_contracts import EventEnvelope
from provisioner.messages.fields import Contract

_ENVELOPES: Final[dict[str, type[Contract]]] = {"in": Envelope, "out": EventEnvelope}


def schemas() -> dict[str, str]:
    """The file name and the text of every schema; the same at every call."""
    return {f"{entry.name}.json": json.dumps(schema(entry), indent=2) + "\n" for entry in ENTRIES}


def schema(entry: Entry) -> dict[str, Any]:
    """The schema of one type: its envelope with `type` fixed, and its `data` among the definitions."""
    whole = _ENVELOPES[entry.direction].model_json_schema()
    data = entry.model.model_json_schema()
    definitions = data.pop("$defs", {}) | {entry.model.__name__: data}
    whole["properties"]["type"] = {"const": entry.name, "type": "string"}
    whole["properties"]["data"] = {"$ref": f"#/$defs/{entry.model.__name__}"}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": entry.name}
    body = _untitled(whole | {"$defs": dict(sorted(definitions.items())), "description": entry.description})
    published: dict[str, Any] = head | body | {"examples": [examples.message(entry.name)]}
    return published


def _untitled(value: Any) -> Any:
    """Without the titles that repeat the names of fields."""
    if isinstance(value, dict):
        return {
            name: _untitled(member)
            for name, member in value.items()
            if not (name == "title" and isinstance(member, str))
        }
    return [_untitled(element) for element in value] if isinstance(value, list) else value
