"""The tests' own RabbitMQ does what the tests of everything else rely on."""

import pika
import pika.exceptions
import psutil
import pytest

from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_vhost import Vhost


def test_a_message_comes_back_as_it_was_published(vhost: Vhost) -> None:
    vhost.declare("q")
    vhost.publish(b"\x00\xff body", key="q")
    assert vhost.take("q") == [b"\x00\xff body"]


def test_virtual_hosts_see_nothing_of_each_other(rabbit: RabbitNode, vhost: Vhost) -> None:
    vhost.declare("q")
    assert not rabbit.new_vhost().exists("q")


def test_the_node_listens_on_loopback_alone(rabbit: RabbitNode) -> None:
    listening = [c for c in psutil.Process(rabbit.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_a_user_may_do_only_what_it_was_given(rabbit: RabbitNode, vhost: Vhost) -> None:
    name, password = rabbit.add_user(vhost.name, configure="^$")
    with pika.BlockingConnection(pika.URLParameters(rabbit.url(vhost.name, user=name, password=password))) as mine:
        channel = mine.channel()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
            channel.queue_declare("q", durable=True)


def test_a_message_in_hand_is_counted(vhost: Vhost) -> None:
    vhost.declare("q", {"x-queue-type": "quorum"})
    vhost.publish(b"1", b"2", key="q")
    with vhost.channel() as channel:
        channel.basic_get("q")
        assert (vhost.ready("q"), vhost.total("q")) == (1, 2)


def test_connections_can_be_cut(vhost: Vhost) -> None:
    with vhost.channel() as channel:
        vhost.cut()
        with pytest.raises(pika.exceptions.AMQPError):
            wait_for(lambda: channel.queue_declare("q", passive=True) is None, "the cut is noticed")


def test_a_confirmed_message_survives_the_death_of_the_broker(own_rabbit: RabbitNode, own_vhost: Vhost) -> None:
    own_vhost.declare("q", {"x-queue-type": "quorum"})
    own_vhost.publish(b"kept", key="q")
    own_rabbit.kill()
    own_rabbit.start()
    assert wait_for(lambda: own_vhost.take("q"), "the queue is back") == [b"kept"]
