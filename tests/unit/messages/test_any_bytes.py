"""Whatever arrives is either a message or Unreadable with a storable answer; nothing else can happen."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.messages import complaints, examples
from provisioner.messages.catalogue import INCOMING
from provisioner.messages.envelope import Envelope, Message, decode
from provisioner.messages.unreadable import Reason, Unreadable

GOOD = [examples.message(name) for name in INCOMING]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every member and element."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, member in members for place in places(member, (*path, key))]
    return [path, *inner] if path else inner


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A good message in which one to three places are replaced, removed, or joined by a stranger."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places(document)))
        parent = document
        for key in path:
            parent = parent[key]
        spoil(parent, last, draw)
    return document


def spoil(parent: Any, last: Any, draw: st.DrawFn) -> None:
    match draw(st.sampled_from(["replace", "remove", "join"])):
        case "replace":
            parent[last] = draw(json_values)
        case "remove":
            del parent[last]
        case "join" if isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = draw(json_values)


def answer(raw: bytes) -> Message | Unreadable:
    try:
        return decode(raw)
    except Unreadable as unreadable:
        return unreadable


def check(raw: bytes) -> None:
    told = answer(raw)
    if isinstance(told, Unreadable):
        assert told.reason in set(Reason)
        texts = (told.detail, told.pointer, told.source, told.message_id, told.type, told.subject, told.correlation_id)
        for text in texts:
            assert len(text or "") <= 500
            assert "\0" not in (text or "").encode().decode()


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    check(raw)


@given(st.text(alphabet='[]{}",:\\ 01eE+-.untrfalse\x00ä\u2028', max_size=200))
def test_any_text_that_looks_like_json(text: str) -> None:
    check(text.encode())


@given(json_values)
def test_any_json(value: Any) -> None:
    check(json.dumps(value).encode())


@given(spoiled())
def test_any_spoiled_message(document: Any) -> None:
    check(json.dumps(document).encode())


@given(st.sampled_from(GOOD), st.integers(0, 2_000), st.binary(max_size=4))
def test_any_torn_message(document: Any, at: int, scrap: bytes) -> None:
    raw = json.dumps(document).encode()
    check(raw[:at] + scrap + raw[at + len(scrap) + 1 :])


@given(spoiled())
def test_every_complaint_of_a_contract_has_its_sentence(document: Any) -> None:
    kinds = complaint_kinds(Envelope, document)
    data = document.get("data")
    if document.get("type") in list(INCOMING):
        kinds |= complaint_kinds(INCOMING[document["type"]], data)

    assert kinds <= complaints.KNOWN


def complaint_kinds(model: Any, value: Any) -> set[str]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        return {told["type"] for told in error.errors()}
    return set()


# What a task queue's own envelope can do to a worker that trusts it; here it is only a body that is no CloudEvent.
TASK = {
    "queue_name": "orders",
    "actor_name": "receive",
    "args": [],
    "kwargs": {},
    "options": {},
    "message_id": "5f0c2a9e",
    "message_timestamp": 1,
}


@pytest.mark.parametrize(
    "task",
    [
        TASK,
        TASK | {"args": 1},
        TASK | {"options": None},
        TASK | {"actor_name": ["receive"]},
        TASK | {"queue_name": "elsewhere"},
        TASK | {"options": {"throws": "x"}},
        TASK | {"options": {"retries": "x"}},
        TASK | {"options": {"time_limit": "x"}},
        TASK | {"options": {"on_success": "receive", "pipe_target": TASK}},
        {},
    ],
)
def test_the_envelope_of_a_task_queue_is_no_cloudevent(task: dict[str, Any]) -> None:
    told = answer(json.dumps(task).encode())

    assert isinstance(told, Unreadable)
    assert told.reason == "not_cloudevents"
