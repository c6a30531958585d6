"""The broker's exchanges and queues: none of them can drop or expire an order."""

import pika
import pytest

from provisioner.intake import topology
from provisioner.intake.topology import TopologyError
from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_intake import Sink, intake
from tests.support.rabbit_vhost import Vhost


def declare(vhost: Vhost, *, delivery_limit: int = 50, user: tuple[str, str] | None = None) -> None:
    url = vhost.url.reveal() if user is None else vhost.node.url(vhost.name, user=user[0], password=user[1])
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        topology.declare(connection, topology.parts(delivery_limit))


def arguments(vhost: Vhost) -> dict[str, dict[str, object]]:
    rows = vhost.node.rows("list_queues", "--vhost", vhost.name, "name", "arguments")
    return {row["name"]: {name: value for name, _type, value in row["arguments"]} for row in rows}


def exceed_delivery_limit(vhost: Vhost, queue: str, times: int) -> None:
    with vhost.channel() as channel:
        for _ in range(times):
            method, _properties, _body = channel.basic_get(queue)
            channel.basic_nack(method.delivery_tag, requeue=True)


def test_declaring_twice_changes_nothing(vhost: Vhost) -> None:
    declare(vhost)
    before = arguments(vhost)
    declare(vhost)
    assert arguments(vhost) == before


@pytest.mark.parametrize("queue", topology.INTAKE_QUEUES)
def test_queues_with_orders_are_quorum_queues(vhost: Vhost, queue: str) -> None:
    """L18: the type is asked for, not left to the virtual host's default."""
    declare(vhost)
    assert arguments(vhost)[queue]["x-queue-type"] == "quorum"


@pytest.mark.parametrize("queue", topology.INTAKE_QUEUES)
def test_queues_with_orders_neither_expire_nor_drop(vhost: Vhost, queue: str) -> None:
    """L13: dead letters wait for as long as it takes."""
    declare(vhost)
    assert (
        arguments(vhost)[queue].keys() & {"x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes"} == set()
    )


def test_a_queue_made_differently_is_named_in_the_error(vhost: Vhost) -> None:
    """L18: the broker answers 406 and closes the channel."""
    vhost.declare(topology.DEAD_LETTERS, {"x-queue-type": "classic", "x-overflow": "reject-publish"})
    with pytest.raises(TopologyError, match=r"^dead-letters: .*x-queue-type.*'quorum'.*'classic'"):
        declare(vhost)


def test_an_exchange_made_differently_is_named_in_the_error(vhost: Vhost) -> None:
    with vhost.channel() as channel:
        channel.exchange_declare(topology.STOREFRONT, "topic", durable=True)
    with pytest.raises(TopologyError, match=r"^storefront: .*alternate-exchange"):
        declare(vhost)


def test_a_user_who_may_not_declare_is_content_with_what_is_there(rabbit: RabbitNode, vhost: Vhost) -> None:
    declare(vhost)
    declare(vhost, user=rabbit.add_user(vhost.name, configure="^$", write="^$"))


def test_a_user_who_may_not_declare_is_told_what_is_missing(rabbit: RabbitNode, vhost: Vhost) -> None:
    with pytest.raises(TopologyError, match=r"^storefront.unroutable: .*NOT_FOUND"):
        declare(vhost, user=rabbit.add_user(vhost.name, configure="^$"))


def test_a_message_delivered_too_often_reaches_intake_as_a_dead_letter(vhost: Vhost) -> None:
    declare(vhost, delivery_limit=2)
    vhost.publish(b"body", key=topology.ORDERS)
    exceed_delivery_limit(vhost, topology.ORDERS, 3)
    sink = Sink()
    with intake(vhost, sink, delivery_limit=2):
        sink.wait_committed(1)
    assert sink.committed == [(b"body", "dead-letters")]


def test_a_dead_letter_waits_until_there_is_a_queue_for_it(vhost: Vhost) -> None:
    """L14: with at-most-once dead-lettering the broker would drop it without a word."""
    declare(vhost, delivery_limit=1)
    vhost.delete(topology.DEAD_LETTERS)
    vhost.publish(b"body", key=topology.ORDERS)
    exceed_delivery_limit(vhost, topology.ORDERS, 2)
    declare(vhost, delivery_limit=1)
    assert wait_for(lambda: vhost.take(topology.DEAD_LETTERS), "the dead letter arrives") == [b"body"]


def test_a_deleted_queue_comes_back_and_is_read_again(vhost: Vhost) -> None:
    """L17: the consumer is told that its queue is gone, and declares it anew."""
    sink = Sink()
    with intake(vhost, sink):
        vhost.delete(topology.ORDERS)
        wait_for(lambda: vhost.consumers(topology.ORDERS), "the queue is back and is read")
        vhost.publish(b"body", exchange=topology.STOREFRONT, key="order.place.v1")
        sink.wait_committed(1)
    assert sink.committed == [(b"body", "orders")]
