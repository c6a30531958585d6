"""Connections end at the worst moment; no message is lost, and none is acked in another's place."""

import threading

from provisioner.intake import topology
from tests.support.processes import wait_for
from tests.support.rabbit_intake import Sink, intake
from tests.support.rabbit_vhost import Vhost

EIGHT = tuple(b"m%d" % number for number in range(8))


def test_what_is_finished_after_a_cut_acks_nothing_on_the_new_connection(vhost: Vhost) -> None:
    """L9: delivery tags begin at 1 again, so that the old m0 and m1 (4 and 5) would ack the new m3 and m4."""
    sink = Sink()
    with intake(vhost, sink, threads=2):
        vhost.publish(b"a", b"b", b"c", key=topology.ORDERS)
        vhost.wait_empty(topology.ORDERS)
        sink.gate.clear()
        vhost.publish(*EIGHT, key=topology.ORDERS)
        sink.wait_attempts(5)
        vhost.cut()
        wait_for(lambda: vhost.consumers(topology.ORDERS), "a new consumer has come")
        wait_for(lambda: vhost.ready(topology.ORDERS) == 0, "the new consumer holds all messages")
        with sink.only_those_in_hand_go_on():
            sink.wait_committed(5)
            sink.wait_attempts(7)
            assert vhost.total(topology.ORDERS) == 8


def test_copies_that_a_cut_made_worthless_are_not_taken_in(vhost: Vhost) -> None:
    """L8: what was prefetched on the old connection comes again on the new one."""
    sink = Sink()
    sink.gate.clear()
    with intake(vhost, sink, threads=2):
        vhost.publish(*EIGHT, key=topology.ORDERS)
        sink.wait_attempts(2)
        vhost.cut()
        wait_for(lambda: vhost.consumers(topology.ORDERS), "a new consumer has come")
        sink.gate.set()
        wait_for(lambda: set(sink.bodies) == set(EIGHT), "all are committed")
        vhost.wait_empty(topology.ORDERS)
    in_hand = sink.attempts[:2]
    assert sorted(sink.bodies) == sorted([*EIGHT, *in_hand])


def test_cuts_lose_nothing(vhost: Vhost) -> None:
    sink = Sink()
    bodies = [b"%d" % number for number in range(2_000)]
    with intake(vhost, sink):
        for start in range(0, 2_000, 500):
            vhost.publish(*bodies[start : start + 500], key=topology.ORDERS)
            vhost.cut()
        wait_for(lambda: set(sink.bodies) == set(bodies), "all are committed", timeout=60)
        vhost.wait_empty(topology.ORDERS)


def test_a_message_held_during_an_outage_survives_a_cut(vhost: Vhost) -> None:
    sink = Sink()
    sink.away.set()
    with intake(vhost, sink, threads=1):
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(2)
        vhost.cut()
        wait_for(lambda: vhost.consumers(topology.ORDERS), "a new consumer has come")
        sink.away.clear()
        sink.wait_committed(1)
        vhost.wait_empty(topology.ORDERS)
    assert sink.bodies == [b"body"]


def test_threads_live_on_after_a_cut(vhost: Vhost) -> None:
    sink = Sink()
    with intake(vhost, sink) as worker:
        vhost.cut()
        vhost.wait_consumed(topology.INTAKE_QUEUES)
        assert worker.healthy()


def test_acks_on_the_way_are_sent_before_a_stop(vhost: Vhost) -> None:
    """Closing a connection does not wait for what other threads asked of it."""
    sink = Sink()
    with intake(vhost, sink):
        vhost.publish(*EIGHT, key=topology.ORDERS)
        sink.wait_committed(8)
    assert vhost.total(topology.ORDERS) == 0


def test_a_stop_finishes_what_is_in_hand_and_gives_back_the_rest(vhost: Vhost) -> None:
    """L20."""
    sink = Sink()
    sink.gate.clear()
    with intake(vhost, sink, threads=1) as worker:
        vhost.publish(*EIGHT, key=topology.ORDERS)
        sink.wait_attempts(1)
        wait_for(lambda: vhost.ready(topology.ORDERS) == 0, "the others are prefetched")
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        sink.gate.set()
        stopping.join()
    assert sink.bodies == [b"m0"]
    assert wait_for(lambda: len(vhost.take(topology.ORDERS)), "the others are back") == 7


def test_a_stop_does_not_wait_for_ever_for_what_hangs(vhost: Vhost) -> None:
    """L20: dramatiq would wait ten minutes."""
    sink = Sink()
    sink.gate.clear()
    with intake(vhost, sink, grace=0.5):
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(1)
    sink.gate.set()
    assert vhost.total(topology.ORDERS) == 1


def test_a_stop_interrupts_the_waiting_for_the_database(vhost: Vhost) -> None:
    sink = Sink()
    sink.away.set()
    with intake(vhost, sink, grace=600.0):
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(4)
    assert vhost.total(topology.ORDERS) == 1
