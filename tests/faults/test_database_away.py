"""PostgreSQL is killed, or its connections are: nothing is acked that is not committed, and work goes on by itself."""

import time

import pytest

from provisioner.intake import topology
from tests.faults.judging import completed, events_out_of_order, judge, unpublished, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import slow, wait_in_step, wait_working
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_order

pytestmark = pytest.mark.slow

CUTS = 10


def test_nothing_is_acked_while_the_database_is_away_and_all_is_done_after(
    frail_database: Production, own_postgres: PostgresCluster, measured: Measured
) -> None:
    shop = frail_database
    shop.start_all()
    wait_working(shop)
    slow(shop, "customer.add", 1.5, times=4)
    shop.publish(*(hosting_order(number) for number in range(4)))
    wait_in_step(shop, "customer", least=4)

    own_postgres.kill()
    shop.publish(*(hosting_order(number) for number in range(4, 24)))
    shop.children[0].wait_output("message held: the database is away")
    unacked = shop.vhost.total(topology.ORDERS)
    own_postgres.start()
    back_at = time.monotonic()
    wait_for(lambda: completed(shop, range(24)), "an order completes")
    first = time.monotonic() - back_at
    wait_completed(shop, range(24))

    measured(
        kept_in_the_queue=unacked,
        seconds_to_the_first_order=round(first, 1),
        seconds_to_the_last=round(time.monotonic() - back_at, 1),
    )
    assert unacked == 20
    assert judge(shop, range(24)).clean
    assert [child.running for child in shop.children] == [True] * 3


def test_connections_to_the_database_are_cut_again_and_again(
    shop: Production, postgres: PostgresCluster, measured: Measured
) -> None:
    shop.start_all()
    wait_working(shop)
    cut, url = 0, shop.environ["PROVISIONER_DATABASE_URL"]
    for turn in range(CUTS):
        shop.publish(*(hosting_order(number) for number in range(turn * 3, turn * 3 + 3)))
        cut += postgres.terminate_backends(url)
    every = range(CUTS * 3)
    wait_completed(shop, every)
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=60)

    measured(connections_cut=cut, **judge(shop, every).counts())
    assert cut >= CUTS
    assert judge(shop, every).clean
    assert events_out_of_order(shop) == []
    assert [child.running for child in shop.children] == [True] * 3
