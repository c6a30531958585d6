"""Events are published with confirms, as the contract says, in order for each subject."""

import errno
import socket
from collections.abc import Iterator

import pytest

from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.secret import Secret
from provisioner.relay.confirms import BrokerUnavailable, ConfirmingChannel, parameters
from provisioner.relay.publisher import EXCHANGE, ConfirmingPublisher
from provisioner.store.outbox import OutboxEvent
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_outbox import event
from tests.support.rabbit_vhost import Vhost


@pytest.fixture
def publisher(vhost: Vhost) -> Iterator[ConfirmingPublisher]:
    publisher = ConfirmingPublisher(vhost.url)
    yield publisher
    publisher.close()


@pytest.fixture
def storefront(vhost: Vhost, publisher: ConfirmingPublisher) -> str:
    """A storefront's queue that takes every event."""
    publisher.publish([event(0)])
    return listen(vhost)


def listen(vhost: Vhost, arguments: dict[str, object] | None = None, key: str = "#") -> str:
    vhost.declare("storefront-events", arguments or {"x-queue-type": "quorum"})
    vhost.bind("storefront-events", EXCHANGE, key)
    return "storefront-events"


def bodies_of(vhost: Vhost, queue: str) -> list[str]:
    return [body.decode() for body in vhost.take(queue)]


def test_an_event_arrives_with_its_type_as_routing_key(vhost: Vhost, publisher: ConfirmingPublisher) -> None:
    publisher.publish([event(0)])
    queue = listen(vhost, key="item.#")
    publisher.publish([event(1, type_="order.status-changed.v1"), event(2, type_="item.status-changed.v1")])
    assert bodies_of(vhost, queue) == ["o-1:2"]


def test_an_event_carries_its_id_its_content_type_and_lasts(
    vhost: Vhost, publisher: ConfirmingPublisher, storefront: str
) -> None:
    publisher.publish([event(7)])
    [(properties, _body)] = vhost.take_with_properties(storefront)
    assert (properties.message_id, properties.content_type, properties.delivery_mode) == (
        "event-7",
        "application/cloudevents+json",
        2,
    )


def test_all_events_of_a_batch_are_confirmed(publisher: ConfirmingPublisher, storefront: str, vhost: Vhost) -> None:
    events = [event(number, subject=f"o-{number % 7}") for number in range(1, 200)]
    assert sorted(publisher.publish(events)) == list(range(1, 200))
    assert vhost.ready(storefront) == 199


def test_events_of_one_subject_arrive_in_order(vhost: Vhost, publisher: ConfirmingPublisher, storefront: str) -> None:
    events = [event(number, subject=f"o-{number % 3}") for number in range(1, 91)]
    publisher.publish(events)
    arrived = [int(body.split(":")[1]) for body in bodies_of(vhost, storefront)]
    assert [[n for n in arrived if n % 3 == subject] for subject in range(3)] == [
        [n for n in range(1, 91) if n % 3 == subject] for subject in range(3)
    ]


def test_an_event_that_no_queue_wants_counts_as_published(publisher: ConfirmingPublisher) -> None:
    assert publisher.publish([event(1), event(2)]) == [1, 2]


def test_events_after_a_refused_one_of_the_same_subject_are_not_published(
    vhost: Vhost, publisher: ConfirmingPublisher
) -> None:
    publisher.publish([event(0)])
    full = {"x-max-length": 2, "x-overflow": "reject-publish"}
    queue = listen(vhost, full)
    assert publisher.publish([event(1), event(2), event(3), event(4)]) == [1, 2]
    assert bodies_of(vhost, queue) == ["o-1:1", "o-1:2"]


def test_a_refused_event_holds_up_no_other_subject(vhost: Vhost, publisher: ConfirmingPublisher) -> None:
    publisher.publish([event(0)])
    listen(vhost, {"x-max-length": 1, "x-overflow": "reject-publish"}, key="order.#")
    taken = publisher.publish([event(1), event(2), event(3, subject="s-1", type_="service.status-changed.v1")])
    assert sorted(taken) == [1, 3]


def test_after_a_cut_the_next_batch_uses_a_new_connection(
    vhost: Vhost, publisher: ConfirmingPublisher, storefront: str
) -> None:
    publisher.publish([event(1)])
    vhost.cut()
    publisher.idle(0.1)
    assert publisher.publish([event(2)]) == [2]
    assert bodies_of(vhost, storefront) == ["o-1:1", "o-1:2"]


def test_a_batch_cut_off_on_the_way_reports_only_what_was_confirmed(
    vhost: Vhost, publisher: ConfirmingPublisher, storefront: str
) -> None:
    publisher.publish([event(1)])
    vhost.cut()
    assert publisher.publish([event(2)]) == []
    assert bodies_of(vhost, storefront) == ["o-1:1"]


def test_a_wrong_password_is_told_without_showing_it(rabbit: RabbitNode, vhost: Vhost) -> None:
    url = rabbit.url(vhost.name, password="no-such-password")
    with pytest.raises(BrokerUnavailable) as refused:
        ConfirmingPublisher(Secret(url)).publish([event(1)])
    assert "no-such-password" not in str(refused.value)


# A soak of 10,000 orders met it once: a connection was reset between its making and the first look at it, for which
# pika raises a ValueError.
def reset_at_once(_socket: socket.socket) -> None:
    raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")


def test_a_connection_that_is_reset_at_once_is_a_broker_that_is_away(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "getpeername", reset_at_once)
    with pytest.raises(BrokerUnavailable, match="not connected"):
        ConfirmingPublisher(vhost.url).publish([event(1)])


def test_so_it_is_when_the_publishing_connection_is_reset_at_once(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "getpeername", reset_at_once)
    channel = ConfirmingChannel(parameters(BrokerAddress.parse(vhost.url), 30, 20.0), EXCHANGE)
    with pytest.raises(BrokerUnavailable):
        channel.wait_open()
    channel.close()


@pytest.mark.usefixtures("storefront")
def test_a_user_who_may_only_publish_needs_no_more(rabbit: RabbitNode, vhost: Vhost) -> None:
    name, password = rabbit.add_user(vhost.name, configure="^$", write=f"^{EXCHANGE}$", read="^$")
    publisher = ConfirmingPublisher(Secret(rabbit.url(vhost.name, user=name, password=password)))
    assert publisher.publish([event(1)]) == [1]
    publisher.close()


def test_thousands_of_events_arrive_each_once(publisher: ConfirmingPublisher, storefront: str, vhost: Vhost) -> None:
    events: list[OutboxEvent] = [event(number, subject=f"o-{number // 6}") for number in range(1, 2_001)]
    for start in range(0, 2_000, 100):
        publisher.publish(events[start : start + 100])
    assert len(set(vhost.take(storefront))) == 2_000
