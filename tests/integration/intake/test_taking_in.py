"""Messages reach the receiving function as they were published, whatever they are, and are acked after its commit."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import binary, lists

from provisioner.intake import topology
from provisioner.intake.worker import IntakeWorker
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_intake import Sink, fail, intake
from tests.support.rabbit_poison import POISON
from tests.support.rabbit_vhost import Vhost


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_a_message_is_received_as_published_and_acked(vhost: Vhost, sink: Sink) -> None:
    with intake(vhost, sink):
        vhost.publish(b'{"id": "1"}', exchange=topology.STOREFRONT, key="order.place.v1")
        sink.wait_committed(1)
        vhost.wait_empty(topology.ORDERS)
    assert sink.committed == [(b'{"id": "1"}', "orders")]


@pytest.mark.parametrize(
    ("key", "queue"),
    [
        ("order.place.v1", "orders"),
        ("order", "orders"),
        ("service.suspend.v1", "lifecycle"),
        ("no.such.type", "unroutable"),
        ("", "unroutable"),
    ],
)
def test_each_routing_key_leads_to_a_queue_that_is_read(vhost: Vhost, sink: Sink, key: str, queue: str) -> None:
    with intake(vhost, sink):
        vhost.publish(b"body", exchange=topology.STOREFRONT, key=key)
        sink.wait_committed(1)
    assert sink.committed == [(b"body", queue)]


def test_no_body_does_harm(vhost: Vhost, sink: Sink) -> None:
    """L0, L1, L2, L5, L15: no body is decoded by dramatiq, so that none can choose an actor, a queue or a time."""
    with intake(vhost, sink) as worker:
        vhost.publish(*POISON.values(), key=topology.ORDERS)
        sink.wait_committed(len(POISON))
        vhost.wait_empty(topology.ORDERS, topology.DEAD_LETTERS)
        assert worker.healthy()
    assert sorted(sink.committed) == sorted((body, "orders") for body in POISON.values())


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=lists(binary(max_size=3_000), min_size=1, max_size=100))
def test_whatever_bytes_come_each_message_is_committed_once(vhost: Vhost, bodies: list[bytes]) -> None:
    """L0: with dramatiq's own decoding the rest of the queue may wait for ever behind one of them."""
    sink = Sink()
    with intake(vhost, sink) as worker:
        vhost.publish(*bodies, key=topology.ORDERS)
        sink.wait_committed(len(bodies))
        assert worker.healthy()
    assert vhost.take(topology.ORDERS) == []
    assert sorted(sink.bodies) == sorted(bodies)


def test_no_body_is_lost_to_a_fault_in_the_program(vhost: Vhost, sink: Sink) -> None:
    """L3, L4: what a body says about retries and exceptions has no say in what becomes of it."""
    sink.fault = fail()
    with intake(vhost, sink) as worker:
        vhost.publish(*POISON.values(), key=topology.ORDERS)
        wait_for(lambda: len(sink.set_aside) >= len(POISON), "all are set aside")
        vhost.wait_empty(topology.ORDERS)
        assert worker.healthy()
    assert sorted(raw for raw, _queue, _error in sink.set_aside) == sorted(POISON.values())


def test_a_fault_is_told_to_whoever_sets_the_message_aside(vhost: Vhost, sink: Sink) -> None:
    sink.fault = fail("what went wrong")
    with intake(vhost, sink):
        vhost.publish(b"body", key=topology.LIFECYCLE)
        wait_for(lambda: sink.set_aside, "the message is set aside")
    [(raw, queue, error)] = sink.set_aside
    assert (raw, queue, str(error)) == (b"body", "lifecycle", "what went wrong")


def test_a_message_that_can_neither_be_taken_in_nor_set_aside_stays_in_its_queue(vhost: Vhost, sink: Sink) -> None:
    """L12, L23: an actor that raises does not get its message acked."""
    sink.fault = sink.fault_aside = fail()
    with intake(vhost, sink):
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(1)
    assert wait_for(lambda: vhost.take(topology.ORDERS), "the message is back") == [b"body"]


def test_such_a_message_is_not_tried_again_and_again(vhost: Vhost, sink: Sink) -> None:
    """L1: the same message does not come round in a loop."""
    sink.fault = sink.fault_aside = fail()
    with intake(vhost, sink):
        vhost.publish(b"bad", key=topology.ORDERS)
        sink.wait_attempts(1)
        sink.fault = sink.fault_aside = lambda _raw: None
        vhost.publish(*(b"%d" % number for number in range(100)), key=topology.ORDERS)
        sink.wait_committed(100)
    assert sink.attempts.count(b"bad") == 1


def test_nothing_is_acked_while_the_database_is_away(vhost: Vhost, sink: Sink) -> None:
    sink.away.set()
    with intake(vhost, sink):
        vhost.publish(*(b"%d" % number for number in range(20)), key=topology.ORDERS)
        sink.wait_attempts(6)
        assert vhost.total(topology.ORDERS) == 20
        sink.away.clear()
        sink.wait_committed(20)
        vhost.wait_empty(topology.ORDERS)
    assert sorted(sink.bodies) == sorted(b"%d" % number for number in range(20))


def test_a_long_outage_of_the_database_does_not_use_up_the_delivery_limit(vhost: Vhost, sink: Sink) -> None:
    sink.away.set()
    with intake(vhost, sink, threads=1, delivery_limit=1):
        vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(5)
        sink.away.clear()
        sink.wait_committed(1)
    assert sink.committed == [(b"body", "orders")]


def test_a_message_waits_while_the_database_is_away_for_quarantine_too(vhost: Vhost, sink: Sink) -> None:
    def fault(_raw: bytes) -> None:
        sink.away.set()
        raise RuntimeError

    sink.fault = fault
    with intake(vhost, sink):
        vhost.publish(b"body", key=topology.ORDERS)
        wait_for(sink.away.is_set, "the database is away")
        assert vhost.total(topology.ORDERS) == 1
        sink.away.clear()
        wait_for(lambda: sink.set_aside, "the message is set aside")
        vhost.wait_empty(topology.ORDERS)


def test_logs_show_neither_bodies_nor_texts_of_errors_nor_the_password(
    rabbit: RabbitNode, vhost: Vhost, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    """L21: at every level, for good messages, bad ones, and faults that quote them."""
    caplog.set_level("DEBUG")
    sink.fault = lambda raw: fail(f"cannot take {raw!r}")(raw)
    sink.fault_aside = lambda raw: fail(f"cannot keep {raw!r}")(raw)
    with intake(vhost, sink):
        vhost.publish(b"{canary-4711", key=topology.ORDERS)
        wait_for(lambda: any("message could not be set aside" in line for line in _ours(caplog)), "it is told")
    assert [line for line in _ours(caplog) if "canary-4711" in line] == []
    assert rabbit.password not in caplog.text


def _ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if not record.name.startswith("pika")]


@pytest.mark.parametrize("part", ["password", "vhost"])
def test_an_address_that_the_broker_refuses_stops_the_start(
    rabbit: RabbitNode, vhost: Vhost, sink: Sink, part: str
) -> None:
    wrong = {
        "password": Secret(rabbit.url(vhost.name, password="wrong-4711")),
        "vhost": Secret(rabbit.url("wrong-4711")),
    }
    with pytest.raises(SettingsError, match="the broker refuses") as refused:
        IntakeWorker(wrong[part], sink.receive, sink.aside).start()
    assert "wrong-4711" not in str(refused.value)
