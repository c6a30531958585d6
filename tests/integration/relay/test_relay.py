"""The relay empties the outbox whatever the broker or the database do meanwhile: nothing lost, nothing out of order."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from provisioner.relay.loop import Relay
from provisioner.relay.publisher import EXCHANGE, ConfirmingPublisher
from provisioner.store.outbox import OutboxEvent
from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_outbox import ListOutbox, event
from tests.support.rabbit_vhost import Vhost

QUEUE = "storefront-events"


@contextmanager
def relaying(vhost: Vhost, outbox: ListOutbox, *, batch: int = 50, blocked_seconds: float = 20.0) -> Iterator[None]:
    """A running relay, stopped at the end."""
    publisher = ConfirmingPublisher(vhost.url, blocked_seconds=blocked_seconds, confirm_seconds=3.0)
    stop = threading.Event()
    relay = Relay(outbox, publisher, batch=batch, idle_seconds=0.05)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def listen(vhost: Vhost) -> None:
    vhost.declare(QUEUE, {"x-queue-type": "quorum"})
    with vhost.channel() as channel:
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
    vhost.bind(QUEUE, EXCHANGE, "#")


def numbers(bodies: Sequence[bytes]) -> list[int]:
    return [int(body.decode().split(":")[1]) for body in bodies]


def first_appearances(arrived: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(arrived))


def events(count: int, *, subjects: int) -> list[OutboxEvent]:
    return [event(number, subject=f"o-{number % subjects}") for number in range(1, count + 1)]


def in_order_for_each_subject(arrived: Sequence[int], *, subjects: int) -> bool:
    firsts = first_appearances(arrived)
    streams = [[number for number in firsts if number % subjects == subject] for subject in range(subjects)]
    return all(stream == sorted(stream) for stream in streams)


def has_more_than(vhost: Vhost, count: int) -> bool:
    return vhost.ready(QUEUE) > count


def wait_drained(outbox: ListOutbox, *, timeout: float = 60.0) -> None:
    wait_for(outbox.empty, "the outbox is empty", timeout=timeout)


def test_what_is_put_into_the_outbox_arrives(vhost: Vhost) -> None:
    listen(vhost)
    outbox = ListOutbox(events(10, subjects=2))
    with relaying(vhost, outbox):
        wait_drained(outbox)
        outbox.append(event(11, subject="o-1"))
        wait_drained(outbox)
    assert sorted(numbers(vhost.take(QUEUE))) == list(range(1, 12))


def test_a_stopped_relay_has_given_its_lease_back(vhost: Vhost) -> None:
    outbox = ListOutbox()
    with relaying(vhost, outbox):
        pass
    assert outbox.released


def test_a_relay_stopped_while_the_database_is_away_ends(vhost: Vhost) -> None:
    outbox = ListOutbox(events(1, subjects=1))
    outbox.away.set()
    with relaying(vhost, outbox):
        pass
    assert not outbox.released


def test_events_wait_while_the_database_is_away(vhost: Vhost) -> None:
    listen(vhost)
    outbox = ListOutbox(events(5, subjects=1))
    outbox.away.set()
    with relaying(vhost, outbox):
        outbox.away.clear()
        wait_drained(outbox)
    assert numbers(vhost.take(QUEUE)) == [1, 2, 3, 4, 5]


def test_what_was_confirmed_before_the_database_went_away_is_not_sent_again(vhost: Vhost) -> None:
    listen(vhost)
    outbox = LostOnMark(events(5, subjects=1))
    with relaying(vhost, outbox):
        wait_for(outbox.away.is_set, "the database went away between publishing and marking")
        outbox.away.clear()
        wait_drained(outbox)
    assert numbers(vhost.take(QUEUE)) == [1, 2, 3, 4, 5]


class LostOnMark(ListOutbox):
    """Loses its database when it is first told what was published."""

    def mark_published(self, ids: Sequence[int]) -> None:
        """Fail once."""
        if not self.released:
            self.released = True
            self.away.set()
        super().mark_published(ids)


@pytest.mark.parametrize("disturb", [RabbitNode.kill, RabbitNode.stop], ids=["killed", "stopped"])
@pytest.mark.slow
def test_nothing_is_lost_when_the_broker_goes_away_in_the_middle(
    own_rabbit: RabbitNode, own_vhost: Vhost, disturb: Callable[[RabbitNode], None]
) -> None:
    listen(own_vhost)
    outbox = ListOutbox()
    feeding = threading.Event()

    def feed() -> None:
        for each in events(1_500, subjects=20):
            outbox.append(each)
            feeding.wait(0.002)

    with relaying(own_vhost, outbox):
        feeder = threading.Thread(target=feed)
        feeder.start()
        wait_for(lambda: own_vhost.ready(QUEUE) > 50, "publishing is under way")
        disturb(own_rabbit)
        own_rabbit.start()
        feeder.join()
        wait_drained(outbox)
    arrived = numbers(own_vhost.take(QUEUE))
    assert set(arrived) == set(range(1, 1_501))
    assert in_order_for_each_subject(arrived, subjects=20)


def test_events_repeated_after_a_cut_keep_their_ids(vhost: Vhost) -> None:
    listen(vhost)
    outbox = ListOutbox(events(1_000, subjects=1))
    with relaying(vhost, outbox, batch=20):
        wait_for(lambda: vhost.ready(QUEUE) > 20, "publishing is under way")
        vhost.cut()
        wait_drained(outbox)
    arrived = vhost.take_with_properties(QUEUE)
    ids = {(properties.message_id, body.decode()) for properties, body in arrived}
    assert ids == {(f"event-{number}", f"o-0:{number}") for number in range(1, 1_001)}


def test_cuts_leave_the_order_as_it_was(vhost: Vhost) -> None:
    listen(vhost)
    outbox = ListOutbox(events(2_000, subjects=4))
    with relaying(vhost, outbox, batch=20):
        for enough in (20, 400):
            wait_for(partial(has_more_than, vhost, enough), "publishing goes on")
            vhost.cut()
        wait_drained(outbox)
    assert in_order_for_each_subject(numbers(vhost.take(QUEUE)), subjects=4)


@pytest.mark.slow
def test_publishing_resumes_when_an_alarm_ends(own_rabbit: RabbitNode, own_vhost: Vhost) -> None:
    """L10: a broker with a memory alarm takes nothing; nothing is counted as published until it confirms."""
    listen(own_vhost)
    outbox = ListOutbox()
    with relaying(own_vhost, outbox, blocked_seconds=2.0):
        outbox.append(event(1))
        wait_drained(outbox)
        with own_rabbit.memory_alarm():
            outbox.append(*[event(number) for number in range(2, 40)])
            first = wait_for(lambda: blocked_connections(own_vhost), "the broker blocks the relay")
            wait_for(lambda: blocked_connections(own_vhost) - first, "the relay, blocked too long, tries anew")
            assert not outbox.empty()
        wait_drained(outbox)
    assert first_appearances(numbers(own_vhost.take(QUEUE))) == list(range(1, 40))


def blocked_connections(vhost: Vhost) -> set[str]:
    rows = vhost.node.rows("list_connections", "pid", "vhost", "state")
    return {row["pid"] for row in rows if row["vhost"] == vhost.name and row["state"] == "blocked"}


@pytest.mark.slow
def test_a_broker_that_stopped_answering_is_left_and_found_again(
    own_rabbit: RabbitNode, own_vhost: Vhost, caplog: pytest.LogCaptureFixture
) -> None:
    """L19: the connection stays open, and no confirm comes."""
    listen(own_vhost)
    outbox = ListOutbox()
    with relaying(own_vhost, outbox):
        outbox.append(event(1))
        wait_drained(outbox)
        own_rabbit.freeze()
        outbox.append(event(2))
        wait_for(lambda: "connection to the broker lost" in caplog.text, "the relay gives the connection up")
        own_rabbit.thaw()
        wait_drained(outbox)
    assert first_appearances(numbers(own_vhost.take(QUEUE))) == [1, 2]
