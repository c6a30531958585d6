"""A worker dies on the way to a certificate of a real authority: however far it was, there is one certificate.

Some places are drawn by a seed that is printed; PEBBLE_SEED repeats it, PEBBLE_CRASHES=all takes every place.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.pebble_crashes import Boundary, boundaries, drawn, more_stacks, ready, run_all, wanted
from tests.faults.pebble_stack import Stack

PLACES = 8
POINTS = {"after_intent", "request_sent", "response_received", "after_call", "after_commit"}


@pytest.fixture(scope="module")
def seed() -> int:
    chosen = int(os.environ.get("PEBBLE_SEED") or secrets.randbelow(2**31))
    print(f"places of seed {chosen}; repeat them with PEBBLE_SEED={chosen}")  # noqa: T201 - shown when the test fails
    return chosen


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with ready(tmp_path_factory.mktemp("pebble-0")) as made:
        yield made


@pytest.fixture(scope="module")
def places(first: Stack) -> list[Boundary]:
    return boundaries(first)


@pytest.mark.timeout(0)
def test_wherever_a_worker_dies_there_is_one_certificate(
    first: Stack, places: list[Boundary], seed: int, tmp_path: Path
) -> None:
    most = wanted(PLACES)
    chosen = places if most is None else drawn(places, seed, most)
    with more_stacks(tmp_path) as others:
        endings = run_all([first, *others], chosen)
    assert [(str(ending.boundary), ending.faults) for ending in endings if ending.faults] == []
    assert [str(ending.boundary) for ending in endings if not ending.died] == []


def test_every_step_that_calls_a_vendor_can_be_died_at(places: list[Boundary]) -> None:
    for method in ("http-01", "dns-01"):
        points = {place.point for place in places if place.method == method}
        assert points >= POINTS
