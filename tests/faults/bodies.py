"""Bodies that are no message: what a broken publisher, a stranger or an attacker may put on the queue."""

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from provisioner.messages import examples
from provisioner.messages.catalogue import INCOMING
from provisioner.messages.envelope import Unreadable, decode

CANARY: Final = "canary-7f3a-do-not-show"
GOOD: Final = tuple(examples.message(name) for name in INCOMING)

# The envelope of a task queue, and what in it stops a worker that believes it (each is a known fault of one).
TASK: Final = {
    "queue_name": "orders",
    "actor_name": "take",
    "args": [],
    "kwargs": {},
    "options": {},
    "message_id": "5f0c2a9e",
    "message_timestamp": 1,
}
TASKS: Final[tuple[dict[str, Any], ...]] = (
    {},
    TASK,
    TASK | {"args": 1},
    TASK | {"options": None},
    TASK | {"actor_name": ["take"]},
    TASK | {"actor_name": "nobody"},
    TASK | {"queue_name": "elsewhere"},
    TASK | {"options": {"throws": "x"}},
    TASK | {"options": {"retries": "x", "max_retries": -1}},
    TASK | {"options": {"time_limit": "x"}},
    TASK | {"options": {"on_success": "take", "pipe_target": TASK}},
    TASK | {"kwargs": {"password": CANARY}},
)
TEXTS: Final = (
    b"",
    b" ",
    b"null",
    b"NaN",
    b"1e999",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"id": 1, "id": 2}',
    b"9" * 10_000,
    b'"' + b"x" * 300_000 + b'"',
    b"\x00" * 1_000,
    json.dumps(GOOD[0]).encode()[:-1],
    json.dumps(GOOD[0]).encode("utf-16"),
    b"\x80\x04K\x01.",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
)
KEYS: Final = (*INCOMING, "", "order", "order.place.v9", "service.", "nobody.wants.this", "a" * 255, "#", "*")

_json: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_NAMES_OF_SECRETS: Final = ("password", "auth_code", "privateKey", "token")


def corpus() -> tuple[bytes, ...]:
    """The fixed part: every one of these is known to be no message."""
    secrets = (_with_secret(name) for name in _NAMES_OF_SECRETS)
    return (*TEXTS, *(json.dumps(task).encode() for task in (*TASKS, *secrets)))


def fuzzed(number: int, seed_number: int) -> list[tuple[bytes, str]]:
    """So many different bodies that are no message, each with a routing key: the corpus first, then drawn ones."""
    found = {body: KEYS[index % len(KEYS)] for index, body in enumerate(corpus())}
    for turn in range(20):
        for body, key in _drawn(number, seed_number + turn):
            if len(found) >= number:
                return list(found.items())
            if unreadable(body):
                found.setdefault(body, key)
    raise AssertionError(f"only {len(found)} of {number} bodies were drawn")


def unreadable(body: bytes) -> bool:
    """Whether a body is no message. A change to a good one may leave it good."""
    try:
        decode(body)
    except Unreadable:
        return True
    return False


def _drawn(number: int, seed_number: int) -> Iterator[tuple[bytes, str]]:
    drawn: list[tuple[bytes, str]] = []

    @seed(seed_number)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(_bodies, st.sampled_from(KEYS))
    def collect(body: bytes, key: str) -> None:
        drawn.append((body, key))

    collect()
    yield from drawn


def _with_secret(name: str) -> dict[str, Any]:
    document = copy.deepcopy(GOOD[0])
    document["data"]["items"][0][name] = CANARY
    return {**document, "id": f"secret-{name}"}


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every member and element."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, member in members for place in _places(member, (*path, key))]
    return [path, *inner] if path else inner


@st.composite
def _spoiled(draw: st.DrawFn) -> bytes:
    """A good message with one place replaced, removed, or joined by a stranger."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    *path, last = draw(st.sampled_from(_places(document)))
    parent: Any = document
    for key in path:
        parent = parent[key]
    match draw(st.sampled_from(["replace", "remove", "join"])):
        case "remove":
            del parent[last]
        case "join" if isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = draw(_json)
        case _:
            parent[last] = draw(_json)
    return json.dumps(document).encode()


@st.composite
def _torn(draw: st.DrawFn) -> bytes:
    """A good message with some bytes replaced."""
    raw = json.dumps(draw(st.sampled_from(GOOD))).encode()
    at, scrap = draw(st.integers(0, len(raw))), draw(st.binary(min_size=1, max_size=4))
    return raw[:at] + scrap + raw[at + len(scrap) + 1 :]


_bodies: Final = (
    st.binary(max_size=400)
    | st.text(alphabet='[]{}",:\\ 01eE+-.untrfalse\x00ä\u2028', max_size=200).map(str.encode)
    | _json.map(lambda value: json.dumps(value).encode())
    | _spoiled()
    | _torn()
)
