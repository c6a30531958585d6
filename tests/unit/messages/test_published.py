"""The published schemas and the reference page are those of the code, and promise nothing that is unwise."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from provisioner.messages import envelope, examples, inspection, json_schemas, reference
from provisioner.messages.catalogue import ENTRIES, INCOMING, OUTGOING, Entry
from provisioner.messages.fields import COUNTRY, RULES
from provisioner.messages.unreadable import MEANINGS, Reason
from tests.unit.messages import golden, publish
from tests.unit.messages.orders_of_all_kinds import HOSTING, changed, order_of

SEALED = {"key_id", "box"}
STALE = "is stale; run `python -m tests.unit.messages.publish` and look at the difference"


def by_name(entry: Entry) -> str:
    return entry.name


def check(name: str, document: Any) -> None:
    schema = json.loads(json_schemas.schemas()[f"{name}.json"])
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)


def test_the_schemas_are_those_of_the_code() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in publish.SCHEMAS.iterdir()}

    assert kept == json_schemas.schemas(), f"{publish.SCHEMAS} {STALE}"


def test_the_reference_page_is_that_of_the_code() -> None:
    assert publish.REFERENCE.read_text(encoding="utf-8") == reference.reference(), f"{publish.REFERENCE} {STALE}"


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_a_schema_is_a_schema(entry: Entry) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schemas.schema(entry))


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_an_example_keeps_its_schema(entry: Entry) -> None:
    check(entry.name, examples.message(entry.name))


@pytest.mark.parametrize("name", INCOMING)
def test_an_example_of_a_message_is_accepted(name: str) -> None:
    assert envelope.decode(json.dumps(examples.message(name)).encode()).type == name


@pytest.mark.parametrize("name", OUTGOING)
def test_an_example_of_an_event_keeps_its_contract(name: str) -> None:
    example = examples.EXAMPLES[name]

    assert OUTGOING[name].model_validate(example).model_dump(mode="json") == example


@pytest.mark.parametrize("path", golden.BODIES, ids=lambda path: path.stem)
def test_a_body_that_is_accepted_keeps_its_schema(path: Any) -> None:
    document = json.loads(path.read_bytes())

    check(document["type"], document)


@pytest.mark.parametrize("made", golden.EVENTS.values(), ids=golden.EVENTS)
def test_an_event_that_is_sent_keeps_its_schema(made: Any) -> None:
    check(made.type, json.loads(golden.encoded(made)))


@pytest.mark.parametrize(
    "wrong",
    [
        changed(HOSTING, item_id="a b"),
        changed(HOSTING, domain=...),
        changed(HOSTING, password="hunter2"),
        changed(HOSTING, surprise=1),
        changed(HOSTING, product="cheese"),
        changed(HOSTING, plan="\x1b[31m"),
    ],
)
def test_what_the_worker_refuses_the_schema_refuses_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("order.place.v1", json.loads(order_of(wrong)))


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every named field of a schema, at any depth."""
    members = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
    for member in members:
        yield from properties(member)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_no_contract_has_a_field_for_a_readable_secret(entry: Entry) -> None:
    schema = json_schemas.schema(entry)
    sealed = [{"$ref": f"#/$defs/{kind}"} for kind in ("Sealed", "SealedKey")]

    readable = [
        name
        for name, field in properties(schema)
        if inspection.sounds_secret(name) and not any(kind in sealed for kind in (field, *field.get("anyOf", ())))
    ]

    assert readable == []


def test_what_is_sealed_has_nothing_readable() -> None:
    sealed = json_schemas.schema(ENTRIES[0])["$defs"]["Sealed"]

    assert sealed["properties"].keys() == SEALED
    assert sealed["additionalProperties"] is False


def strings(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a text."""
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield schema
        for member in schema.values():
            yield from strings(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from strings(member)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_every_text_has_an_end(entry: Entry) -> None:
    ends = {"const", "enum", "maxLength", "format"}

    endless = [
        field
        for field in strings(json_schemas.schema(entry))
        if not ends & field.keys() and field.get("pattern") != COUNTRY
    ]

    assert endless == []


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_every_pattern_has_its_rule_in_words(entry: Entry) -> None:
    patterns = {field["pattern"] for field in strings(json_schemas.schema(entry)) if "pattern" in field}

    assert patterns <= RULES.keys()


def test_every_reason_has_its_meaning() -> None:
    assert MEANINGS.keys() == set(Reason)
