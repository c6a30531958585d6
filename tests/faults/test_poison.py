"""Anything at all on the queue: good orders finish, and each body that is none is in quarantine once."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import poison
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
    assert outcome.missing == []
    assert len(outcome.opened) == len(outcome.published)


def test_the_storefront_is_told_once_of_each_bad_body(outcome: Outcome) -> None:
    assert outcome.told == len(outcome.published)


def test_no_process_ends_and_no_thread_dies(outcome: Outcome) -> None:
    assert outcome.restarts == 0
    assert outcome.threads[0] == outcome.threads[1]


def test_a_secret_among_the_bodies_is_shown_nowhere(outcome: Outcome) -> None:
    assert outcome.verdict.leaked_secrets == ()
