"""PostgreSQL goes away and comes back: nothing is lost, nothing is done twice."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from provisioner.kernel.clock import SystemClock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.kernel.sealing import KeyRing
from provisioner.store.claims import Held
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.runners import Gate, running, wait_status
from tests.support.stores import Opening, Stage, migrated, together

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(own_postgres: PostgresCluster, tmp_path: Path, ring: KeyRing) -> Iterator[Stage]:
    """A store on a PostgreSQL of the test's own. Its leases outlast an outage on however busy a machine."""
    url = own_postgres.create_database()
    opening = Opening(url, tmp_path, SystemClock(), {"lease_seconds": 60, "heartbeat_seconds": 0.3})
    migrated(opening, ring)
    made = Stage(opening, ring)
    made.add_account(concurrency=8)
    yield made
    made.close()


def test_while_it_is_away_nothing_is_taken_in_and_afterwards_it_is(stage: Stage, own_postgres: PostgresCluster) -> None:
    order = stage.shop.order()
    own_postgres.kill()
    with pytest.raises(StoreUnavailable):
        stage.shop.send(order)
    own_postgres.start()
    assert _sent(stage, order) == "accepted"


def test_every_part_says_that_it_is_away(stage: Stage, own_postgres: PostgresCluster) -> None:
    stage.shop.place()
    claim = stage.claim()
    own_postgres.kill()
    for call in (
        stage.take,
        stage.store.housekeeping.pulse,
        lambda: stage.engine().run(claim),
        lambda: stage.store.outbox("relay-1").pending(1),
        lambda: stage.store.accounts.open("panel-1"),
        lambda: stage.shop.intake.receive(b"{", "orders"),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_the_pools_recover_from_a_restart(stage: Stage, own_postgres: PostgresCluster) -> None:
    together(*[lambda: stage.take(1)] * 8)  # several bare connections are open
    together(*[stage.store.housekeeping.pulse] * 8)
    own_postgres.restart()
    calls: list[Callable[[], object]] = [stage.take, stage.store.housekeeping.pulse]
    failures = [_fails(call) for call in calls * 6]
    assert failures.count(True) <= 2  # one for each pool, which then forgets all that it had


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_what_a_vendor_answered_meanwhile_is_kept(stage: Stage, own_postgres: PostgresCluster, how: str) -> None:
    gate = Gate(stage, "create_subscription")
    stage.shop.place()
    with running(stage) as runner:
        gate.wait_entered()
        getattr(own_postgres, how)()
        gate.passes.set()
        wait_for(lambda: "subscription s-1" in stage.panel.effects, "the vendor has done it")
        own_postgres.start()
        wait_for(lambda: not _fails(stage.store.housekeeping.pulse), "the database is back")
        wait_status(stage, "completed")
        assert runner.healthy()
    assert stage.panel.effects == ["customer c-1", "subscription s-1"]
    assert (gate.times, stage.row("operations")["fence"]) == (1, 1)
    assert [row["action"] for row in stage.rows("attempts")] == ["call", "call"]


def test_what_nobody_could_keep_while_it_was_away_is_not_taken_over(
    stage: Stage, own_postgres: PostgresCluster
) -> None:
    stage.shop.place()
    claim = stage.claim()
    stage.sql("UPDATE operations SET due_at = now() - interval '1 hour'")  # its lease ran out while it was away
    own_postgres.restart()
    assert wait_for(lambda: _answer(stage.take), "the database is back") == ([],)
    keep = partial(stage.store.claims.keep, [Held(claim.operation_id, claim.fence)])
    assert wait_for(lambda: _answer(keep), "the database is back for the other pool too") == ({claim.operation_id},)


def test_a_runner_that_died_meanwhile_is_replaced(stage: Stage, own_postgres: PostgresCluster) -> None:
    hasty = stage.another(lease_seconds=2)
    stage.shop.place()
    dead = hasty.claims.take("runner-1", 1)[0]
    own_postgres.restart()
    with running(stage, store=hasty, owner="runner-2"):
        wait_for(partial(_completed, stage, "o-1"), "order o-1 is completed")
    assert stage.row("operations")["fence"] == dead.fence + 1


def test_orders_go_on_through_restarts(stage: Stage, own_postgres: PostgresCluster) -> None:
    with running(stage, store=stage.another(lease_seconds=2)) as runner:
        for number in range(12):
            assert _sent(stage, stage.shop.order(f"o-{number}", customer_id=f"c-{number}")) in ("accepted", "duplicate")
            if number % 4 == 3:
                own_postgres.restart()
        for number in range(12):
            wait_for(partial(_completed, stage, f"o-{number}"), f"order o-{number} is completed", timeout=90)
        assert runner.healthy()
    assert len(stage.panel.effects) == len(set(stage.panel.effects)) == 24


def _sent(stage: Stage, order: dict[str, object]) -> str:
    """Send until the database takes it, as the broker redelivers what was not acknowledged."""
    return wait_for(lambda: _try_to_send(stage, order), "the order is taken in")


def _try_to_send(stage: Stage, order: dict[str, object]) -> str:
    try:
        return stage.shop.send(order).outcome
    except StoreUnavailable:
        return ""


def _answer(call: Callable[[], object]) -> tuple[object, ...]:
    """What a call returns, in a tuple; an empty one while the database is away."""
    try:
        return (call(),)
    except StoreUnavailable:
        return ()


def _fails(call: Callable[[], object]) -> bool:
    return not _answer(call)


def _completed(stage: Stage, order_id: str) -> bool:
    try:
        return bool(stage.row("orders", id=order_id)["status"] == "completed")
    except StoreUnavailable:
        return False
