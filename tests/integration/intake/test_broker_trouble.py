"""The broker is killed, full, stingy or impatient; intake waits for it and loses nothing."""

import contextlib
import errno
import socket
import threading

import pytest
from pika.exceptions import AMQPConnectionError

from provisioner.intake import topology
from provisioner.intake.connection import Link
from provisioner.intake.doorbell import Doorbell
from provisioner.intake.worker import IntakeWorker
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from tests.soak.proxy import Ways
from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_intake import Sink, intake
from tests.support.rabbit_vhost import Vhost

pytestmark = pytest.mark.slow


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_what_a_killed_broker_had_confirmed_is_taken_in(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L11: quorum queues and confirms; without confirms one message in eight was lost."""
    bodies = [b"%d" % number for number in range(500)]
    with intake(own_vhost, sink) as worker:
        sink.gate.clear()
        own_vhost.publish(*bodies, key=topology.ORDERS)
        own_rabbit.kill()
        sink.gate.set()
        own_rabbit.start()
        wait_for(lambda: set(sink.bodies) == set(bodies), "all are committed", timeout=60)
        own_vhost.wait_empty(topology.ORDERS)
        assert worker.healthy()


def test_intake_may_start_before_the_broker(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    own_rabbit.stop()
    worker = IntakeWorker(own_vhost.url, sink.receive, sink.aside)
    worker.start()
    own_rabbit.start()
    own_vhost.wait_consumed(topology.INTAKE_QUEUES)
    own_vhost.publish(b"body", key=topology.ORDERS)
    sink.wait_committed(1)
    worker.stop()


def test_an_alarm_does_not_stop_intake(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L10: a broker with an alarm blocks publishers, and intake never publishes to get a message done."""
    sink.gate.clear()
    with intake(own_vhost, sink):
        own_vhost.publish(*(b"%d" % number for number in range(30)), key=topology.ORDERS)
        with own_rabbit.memory_alarm():
            sink.gate.set()
            sink.wait_committed(30)
            own_vhost.wait_empty(topology.ORDERS)


def test_ringing_during_an_alarm_neither_waits_nor_fails(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L10: dramatiq waits for ever by default."""
    answered: list[str] = []
    with intake(own_vhost, sink, on_doorbell=answered.append):
        own_vhost.wait_consumed([topology.ADVANCE])
        doorbell = Doorbell(own_vhost.url, blocked_seconds=1.0)
        with own_rabbit.memory_alarm():
            for number in range(1_000):
                doorbell.ring(f"during-{number}")
        wait_for(lambda: _rings(doorbell, "after", answered), "doorbells are answered after the alarm")
        doorbell.close()


def _rings(doorbell: Doorbell, operation_id: str, answered: list[str]) -> bool:
    doorbell.ring(operation_id)
    return operation_id in answered


def test_a_message_kept_beyond_the_consumer_timeout_is_not_lost(
    own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink
) -> None:
    """L16: the broker closes the channel of a consumer that keeps a message too long, 30 minutes by default."""
    own_rabbit.ctl("eval", "application:set_env(rabbit, consumer_timeout, 2000).")
    try:
        sink.away.set()
        with intake(own_vhost, sink, threads=1):
            own_vhost.publish(b"1", b"2", key=topology.ORDERS)
            wait_for(lambda: own_vhost.consumers(topology.ORDERS) == 0, "the broker closes the channel")
            sink.away.clear()
            sink.wait_committed(2)
            own_vhost.wait_empty(topology.ORDERS)
    finally:
        own_rabbit.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1800000).")
    assert sink.bodies == [b"1", b"2"]


def test_a_connection_limit_is_waited_out(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L12: dramatiq acks a message whose retry could not be enqueued; here nothing is enqueued."""
    sink.gate.clear()
    with intake(own_vhost, sink):
        own_vhost.publish(b"body", key=topology.ORDERS)
        sink.wait_attempts(1)
        own_rabbit.ctl("set_vhost_limits", "--vhost", own_vhost.name, '{"max-connections": 0}')
        own_vhost.cut()
        sink.gate.set()
        sink.wait_committed(1)
        own_rabbit.ctl("clear_vhost_limits", "--vhost", own_vhost.name)
        wait_for(lambda: own_vhost.consumers(topology.ORDERS), "intake reads again")
        own_vhost.wait_empty(topology.ORDERS)


def test_intake_needs_no_right_to_publish(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L12."""
    with intake(own_vhost, sink):
        own_vhost.publish(b"1", key=topology.ORDERS)
        sink.wait_committed(1)
    name, password = own_rabbit.add_user(own_vhost.name, configure="^$", write="^$")
    url = type(own_vhost.url)(own_rabbit.url(own_vhost.name, user=name, password=password))
    worker = IntakeWorker(url, sink.receive, sink.aside)
    worker.start()
    own_vhost.publish(b"2", key=topology.ORDERS)
    sink.wait_committed(2)
    worker.stop()
    assert own_vhost.total(topology.ORDERS) == 0


def test_a_broker_that_freezes_is_waited_for(own_rabbit: RabbitNode, own_vhost: Vhost, sink: Sink) -> None:
    """L19: connections stay open and say nothing until the heartbeat is missed."""
    sink.gate.clear()
    with intake(own_vhost, sink, heartbeat=2) as worker:
        own_vhost.publish(*(b"%d" % number for number in range(20)), key=topology.ORDERS)
        sink.wait_attempts(2)
        own_rabbit.freeze()
        thaw = threading.Timer(8.0, own_rabbit.thaw)
        thaw.start()
        sink.gate.set()
        thaw.join()
        wait_for(lambda: len(set(sink.bodies)) == 20, "all are committed", timeout=60)
        own_vhost.wait_empty(topology.ORDERS)
        assert worker.healthy()


def test_a_connection_that_is_reset_at_once_is_a_broker_that_is_away(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pika raises a ValueError when a connection was reset between its making and the first look at it."""

    def reset(_socket: socket.socket) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(socket.socket, "getpeername", reset)
    with pytest.raises(AMQPConnectionError, match="not connected"):
        Link(BrokerAddress.parse(vhost.url)).open("test")


@pytest.mark.parametrize("after", [700, 1500, 3000])
def test_a_connection_that_is_cut_while_it_declares_is_a_broker_that_is_away(
    rabbit: RabbitNode, vhost: Vhost, sink: Sink, after: int
) -> None:
    """A soak met it at the start of an intake; the process ended, and was started again."""
    with contextlib.closing(Ways()) as ways:
        way = ways.to(rabbit.port)
        way.cut_after(after)
        through = vhost.url.reveal().replace(f":{rabbit.port}/", f":{way.port}/")
        worker = IntakeWorker(Secret(through), sink.receive, sink.aside)
        worker.start()
        vhost.wait_consumed(topology.INTAKE_QUEUES)
        worker.stop()


def test_a_wrong_password_is_told_at_the_start(rabbit: RabbitNode, vhost: Vhost, sink: Sink) -> None:
    url = Secret(rabbit.url(vhost.name, password="no-such-password"))
    with pytest.raises(SettingsError, match="broker_url"):
        IntakeWorker(url, sink.receive, sink.aside).start()
