"""Doorbells tell a worker that an operation is due; every one of them may be lost, and none may hold anything up."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provisioner.intake import topology
from provisioner.intake.doorbell import Doorbell
from provisioner.kernel.secret import Secret
from tests.support.processes import free_port, wait_for
from tests.support.rabbit_intake import Sink, intake
from tests.support.rabbit_vhost import Vhost


@contextmanager
def doorbell_of(vhost: Vhost) -> Iterator[Doorbell]:
    doorbell = Doorbell(vhost.url)
    try:
        yield doorbell
    finally:
        doorbell.close()


def test_a_ring_reaches_a_worker(vhost: Vhost) -> None:
    answered: list[str] = []
    with intake(vhost, Sink(), on_doorbell=answered.append), doorbell_of(vhost) as doorbell:
        doorbell.ring("op-1")
        wait_for(lambda: answered, "the doorbell is answered")
    assert answered == ["op-1"]


def test_rings_keep_their_order(vhost: Vhost) -> None:
    answered: list[str] = []
    rings = [f"op-{number}" for number in range(500)]
    with intake(vhost, Sink(), on_doorbell=answered.append, doorbell_threads=1), doorbell_of(vhost) as doorbell:
        for ring in rings:
            doorbell.ring(ring)
        wait_for(lambda: len(answered) == 500, "all are answered")
    assert answered == rings


def test_a_doorbell_is_acked_before_the_work_starts(vhost: Vhost) -> None:
    working, done = threading.Event(), threading.Event()

    def work(_operation_id: str) -> None:
        working.set()
        done.wait()

    with intake(vhost, Sink(), on_doorbell=work), doorbell_of(vhost) as doorbell:
        doorbell.ring("op-1")
        working.wait()
        wait_for(lambda: _unacked(vhost) == 0, "the broker holds nothing")
        done.set()


def _unacked(vhost: Vhost) -> int:
    rows = vhost.node.rows("list_channels", "vhost", "messages_unacknowledged")
    return sum(row["messages_unacknowledged"] for row in rows if row["vhost"] == vhost.name)


def test_slow_work_does_not_hold_up_messages(vhost: Vhost) -> None:
    done = threading.Event()
    sink = Sink()
    with intake(vhost, sink, on_doorbell=lambda _id: bool(done.wait())), doorbell_of(vhost) as doorbell:
        for number in range(50):
            doorbell.ring(f"op-{number}")
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_committed(1)
        done.set()


def test_work_that_fails_costs_no_thread(vhost: Vhost) -> None:
    answered: list[str] = []

    def work(operation_id: str) -> None:
        answered.append(operation_id)
        raise RuntimeError

    with intake(vhost, Sink(), on_doorbell=work) as worker, doorbell_of(vhost) as doorbell:
        for number in range(20):
            doorbell.ring(f"op-{number}")
        wait_for(lambda: len(answered) == 20, "each is answered")
        assert worker.healthy()


@pytest.mark.parametrize("body", [b"", b"\x00", b"two\nlines", b"x" * 201, b"x" * 1_000_000, "Grüße".encode()])
def test_what_is_no_operation_id_is_ignored(vhost: Vhost, body: bytes) -> None:
    answered: list[str] = []
    with intake(vhost, Sink(), on_doorbell=answered.append, doorbell_threads=1):
        vhost.wait_consumed([topology.ADVANCE])
        vhost.publish(body, b"op-1", key=topology.ADVANCE)
        wait_for(lambda: "op-1" in answered, "the doorbell behind it is answered")
    assert answered == ["op-1"]


def test_without_workers_doorbells_are_forgotten(vhost: Vhost) -> None:
    with intake(vhost, Sink()), doorbell_of(vhost) as doorbell:
        doorbell.ring("op-1")
        wait_for(lambda: vhost.ready(topology.ADVANCE) == 1, "the doorbell is in its queue")
        wait_for(lambda: vhost.ready(topology.ADVANCE) == 0, "it is forgotten")


def test_ringing_without_a_broker_does_no_harm() -> None:
    doorbell = Doorbell(Secret(f"amqp://127.0.0.1:{free_port()}/"))
    for number in range(100_000):
        doorbell.ring(f"op-{number}")
    doorbell.close()


def test_after_a_cut_the_doorbell_rings_again(vhost: Vhost) -> None:
    answered: list[str] = []

    def rings(operation_id: str) -> bool:
        doorbell.ring(operation_id)
        return operation_id in answered

    with intake(vhost, Sink(), on_doorbell=answered.append), doorbell_of(vhost) as doorbell:
        wait_for(lambda: rings("before"), "the doorbell is answered")
        vhost.cut()
        wait_for(lambda: rings("after"), "the doorbell is answered after the cut")
