"""The outbox: every stream without gaps and in order; a shard belongs to one relay."""

from functools import partial

import pytest

from provisioner.store.outbox import LEASE_SECONDS, OutboxEvent
from provisioner.store.tables import SHARDS
from tests.support.stores import Stage, hosting, together


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """Many events of many streams."""
    stage.add_account(concurrency=50)
    for number in range(20):
        stage.shop.place(f"o-{number}", [hosting(f"s-{number}a"), hosting(f"s-{number}b")])
    return stage


def test_the_sequence_of_every_stream_has_no_gap(busy: Stage) -> None:
    busy.work()
    for stream in _streams(busy):
        assert _sequences(busy, stream) == list(range(1, len(_sequences(busy, stream)) + 1))


def test_it_has_none_when_items_of_one_order_end_at_once(busy: Stage) -> None:
    claims = busy.take()
    engine = busy.engine()
    while claims:
        results = together(*[partial(engine.run, claim) for claim in claims[:4]])
        assert not [result for result in results if isinstance(result, Exception)]
        claims = claims[4:]
    assert {row["status"] for row in busy.rows("orders")} == {"completed"}
    for stream in _streams(busy):
        assert _sequences(busy, stream) == list(range(1, len(_sequences(busy, stream)) + 1))


def test_the_order_of_ids_is_the_order_of_the_stream(busy: Stage) -> None:
    claims = busy.take()
    together(*[partial(busy.engine().run, claim) for claim in claims[:8]])
    busy.work()
    for stream in _streams(busy):
        assert _sequences(busy, stream, order="id") == sorted(_sequences(busy, stream))


def test_all_events_of_a_stream_are_in_one_shard(busy: Stage) -> None:
    busy.work()
    shards: dict[str, set[int]] = {}
    for row in busy.rows("outbox"):
        shards.setdefault(row["subject"], set()).add(row["shard"])
    assert {len(found) for found in shards.values()} == {1}
    assert len(set.union(*shards.values())) > 1


def test_a_relay_gets_every_event_once_in_order(busy: Stage) -> None:
    busy.work()
    relay = busy.store.outbox("relay-1")
    seen: list[OutboxEvent] = []
    while events := relay.pending(7):
        seen += events
        relay.mark_published([event.id for event in events])
    assert [event.id for event in seen] == sorted(row["id"] for row in busy.rows("outbox"))


def test_what_was_not_marked_comes_again(busy: Stage) -> None:
    relay = busy.store.outbox("relay-1")
    assert [event.id for event in relay.pending(3)] == [event.id for event in relay.pending(3)]


def test_marking_nothing_is_fine(busy: Stage) -> None:
    busy.store.outbox("relay-1").mark_published([])
    assert busy.sql("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") == [(0,)]


def test_two_relays_never_hold_the_same_shard(busy: Stage) -> None:
    stores = [busy.store, busy.another(), busy.another()]
    relays = [store.outbox(f"relay-{number}") for number, store in enumerate(stores)]
    for _ in range(5):
        found = together(*[partial(relay.pending, 100) for relay in relays])
        ids = [event.id for events in found for event in events]
        assert len(ids) == len(set(ids)) == 20
        busy.let_pass(LEASE_SECONDS + 1)


def test_a_shard_that_is_held_is_not_taken(busy: Stage) -> None:
    assert busy.store.outbox("relay-1").pending(1) != []
    assert busy.store.outbox("relay-2").pending(100) == []


def test_a_relay_that_is_gone_loses_its_shards(busy: Stage) -> None:
    busy.store.outbox("relay-1").pending(1)
    busy.let_pass(LEASE_SECONDS + 1)
    assert len(busy.store.outbox("relay-2").pending(100)) == 20


def test_a_relay_that_looks_in_time_keeps_its_shards(busy: Stage) -> None:
    relay = busy.store.outbox("relay-1")
    for _ in range(3):
        relay.pending(1)
        busy.let_pass(LEASE_SECONDS - 1)
    assert busy.store.outbox("relay-2").pending(100) == []


def test_released_shards_can_be_taken_at_once(busy: Stage) -> None:
    relay = busy.store.outbox("relay-1")
    relay.pending(1)
    relay.release()
    assert len(busy.store.outbox("relay-2").pending(100)) == 20


def test_releasing_gives_back_only_one_s_own(busy: Stage) -> None:
    busy.store.outbox("relay-1").pending(1)
    busy.store.outbox("relay-2").release()
    assert busy.count("relay_shards", owner="relay-1") == SHARDS


def _streams(stage: Stage) -> set[str]:
    return {row["subject"] for row in stage.rows("outbox")}


def _sequences(stage: Stage, stream: str, order: str = "sequence") -> list[int]:
    return [row["sequence"] for row in stage.rows("outbox", order=order, subject=stream)]
