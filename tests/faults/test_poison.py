"""Anything at all on the queue: good orders finish, and each body that is none is in quarantine once."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults import poison
from tests.faults.judging import Verdict
from tests.faults.measuring import Measured
from tests.faults.poison import Outcome
from tests.support.postgres import PostgresCluster
from tests.support.production import production
from tests.support.rabbit import RabbitNode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def seed() -> int:
    return random.SystemRandom().randrange(2**32)


@pytest.fixture(scope="module")
def outcome(
    tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode, postgres: PostgresCluster, seed: int
) -> Iterator[Outcome]:
    folder: Path = tmp_path_factory.mktemp("poison")
    url = postgres.create_database()
    number_of_orders, number_of_bodies = poison.sizes()
    with production(folder, rabbit.new_vhost(), url) as shop:
        yield poison.run(shop, number_of_orders=number_of_orders, number_of_bodies=number_of_bodies, seed=seed)
    postgres.drop_database(url)


def test_every_good_order_is_completed_once(outcome: Outcome, seed: int, measured: Measured) -> None:
    measured(**poison.report(outcome, seed))
    assert (outcome.verdict.lost, outcome.verdict.doubled, outcome.verdict.stuck) == ((), (), ())


def test_every_bad_body_is_in_quarantine_once_to_the_byte(outcome: Outcome) -> None:
    assert sorted(outcome.set_aside.values()) == sorted(outcome.published)


def test_the_storefront_is_told_once_of_each_bad_body(outcome: Outcome) -> None:
    assert (outcome.untold, outcome.repeated) == ([], [])


def test_no_process_ends_and_no_thread_dies(outcome: Outcome) -> None:
    assert outcome.restarts == 0
    assert outcome.threads[0] == outcome.threads[1]


def test_a_secret_among_the_bodies_is_shown_nowhere(outcome: Outcome) -> None:
    assert outcome.verdict.leaked_secrets == ()


# -- what a run tells, and how it ends

GOOD: Final = Outcome(
    verdict=Verdict(orders=1),
    published={b"{", b"["},
    set_aside={"q-1": b"{", "q-2": b"["},
    told=Counter(["q-1", "q-2"]),
    workflows=["hosting.create"],
    restarts=0,
    threads=(9, 9),
    seconds=1.0,
    alone={},
    among_poison={},
)


def test_a_run_in_which_each_body_was_set_aside_and_told_once_is_good() -> None:
    assert poison.kept(poison.report(GOOD, 1))


@pytest.mark.parametrize(
    ("forged", "wrong"),
    [
        ({"set_aside": {"q-1": b"{"}, "told": Counter(["q-1"])}, "lost"),
        ({"set_aside": {"q-1": b"{", "q-2": b"[ "}}, "lost"),
        ({"told": Counter(["q-1"])}, "lost"),
        ({"told": Counter(["q-1", "q-2", "q-2"])}, "doubled"),
        ({"told": Counter(["q-1", "q-2", None])}, "doubled"),
        ({"set_aside": {**GOOD.set_aside, "q-3": b"{"}, "told": Counter(["q-1", "q-2", "q-3"])}, "doubled"),
        ({"restarts": 1}, "stuck"),
        ({"threads": (9, 8)}, "stuck"),
    ],
    ids=["gone", "other bytes", "untold", "told twice", "told of none", "twice in quarantine", "a process", "a thread"],
)
def test_a_run_in_which_one_was_not_is_bad(forged: dict[str, Any], wrong: str) -> None:
    told = poison.report(replace(GOOD, **forged), 1)
    assert (told[wrong], poison.kept(told)) == (1, False)
