"""The definitions of deploy/rabbitmq in a broker with its rabbitmq.conf: who may do what, and where things go."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
import pytest

from provisioner.intake import topology
from provisioner.intake.topology import DELIVERY_LIMIT, Binding, Exchange, Queue, parts
from tests.support.processes import wait_for
from tests.support.rabbit import RabbitNode

ROOT = Path(__file__).parents[3]
DEFINITIONS = ROOT / "deploy/rabbitmq/definitions.json"
VHOST = "provisioner"
QUEUES = ("orders", "lifecycle", "unroutable", "dead-letters", "advance")

# The node of the tests brings its own address, and definitions are imported once it runs.
BROUGHT_BY_THE_NODE = {"listeners.tcp.default", "loopback_users.guest", "load_definitions"}

Act = Callable[[Any], object]


def _configuration() -> dict[str, str]:
    lines = (ROOT / "deploy/rabbitmq/rabbitmq.conf").read_text().splitlines()
    pairs = [line.split(" = ", 1) for line in lines if line and not line.startswith("#")]
    return {name: value for name, value in pairs if name not in BROUGHT_BY_THE_NODE}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    subprocess.run([sys.executable, ROOT / "deploy/prepare.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def broker(secrets: Path) -> Iterator[RabbitNode]:
    node = RabbitNode.create(_configuration())
    node.import_definitions(json.loads((secrets / "definitions.json").read_text()))
    yield node
    node.remove()


@pytest.fixture
def as_user(broker: RabbitNode, secrets: Path) -> Iterator[Callable[[str], Any]]:
    """A channel with confirms for a user of the definitions, with the password that was made for it."""
    connections: list[pika.BlockingConnection] = []

    def open_channel(user: str) -> Any:
        password = (secrets / f"{user}_password").read_text()
        connection = pika.BlockingConnection(pika.URLParameters(broker.url(VHOST, user=user, password=password)))
        connections.append(connection)
        channel = connection.channel()
        channel.confirm_delivery()
        return channel

    yield open_channel
    for connection in connections:
        connection.close()


def publish(exchange: str, key: str = "order.place.v1") -> Act:
    return lambda channel: channel.basic_publish(exchange, key, b"{}", mandatory=True)


def take(queue: str) -> Act:
    return lambda channel: channel.basic_get(queue)


def declare(queue: str) -> Act:
    return lambda channel: channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})


def _next(channel: Any, queue: str) -> bytes:
    """Wait for a message in a queue, take it and return its body."""
    return wait_for(lambda: _body(channel, queue), f"a message is in {queue}")


def _body(channel: Any, queue: str) -> bytes:
    _method, _properties, body = channel.basic_get(queue, auto_ack=True)
    return body or b""


ALLOWED = {
    "storefront publishes an order": ("storefront", publish("storefront")),
    "storefront-events makes a queue of its own": ("storefront-events", declare("storefront-events.shop")),
    "relay publishes an event": ("relay", lambda channel: channel.basic_publish("provisioner.events", "x", b"{}")),
    "worker rings a doorbell": ("worker", publish("", "advance")),
    **{f"worker reads {queue}": ("worker", take(queue)) for queue in QUEUES},
}

FORBIDDEN = {
    **{f"storefront reads {queue}": ("storefront", take(queue)) for queue in QUEUES},
    "storefront declares a queue": ("storefront", declare("storefront-events.sly")),
    "storefront publishes an event": ("storefront", publish("provisioner.events")),
    "storefront publishes past the exchange": ("storefront", publish("", "orders")),
    "storefront-events reads orders": ("storefront-events", take("orders")),
    "storefront-events publishes an order": ("storefront-events", publish("storefront")),
    "storefront-events publishes an event": ("storefront-events", publish("provisioner.events")),
    "storefront-events makes a queue of another name": ("storefront-events", declare("orders.copy")),
    **{f"relay reads {queue}": ("relay", take(queue)) for queue in QUEUES},
    "relay publishes an order": ("relay", publish("storefront")),
    "relay declares a queue": ("relay", declare("events.copy")),
    "worker publishes an event": ("worker", publish("provisioner.events")),
    "worker publishes an order": ("worker", publish("storefront")),
    "worker declares a queue of another name": ("worker", declare("orders.copy")),
    "monitoring reads orders": ("monitoring", take("orders")),
    "monitoring publishes an order": ("monitoring", publish("storefront")),
}


@pytest.mark.parametrize(("user", "act"), ALLOWED.values(), ids=ALLOWED)
def test_each_user_can_do_its_work(user: str, act: Act, as_user: Callable[[str], Any]) -> None:
    act(as_user(user))


@pytest.mark.parametrize(("user", "act"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_no_user_can_do_more(user: str, act: Act, as_user: Callable[[str], Any]) -> None:
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        act(as_user(user))


@pytest.mark.parametrize(
    ("key", "queue"),
    [
        ("order.place.v1", "orders"),
        ("order.retry.v1", "orders"),
        ("service.suspend.v1", "lifecycle"),
        ("no.such.type.v1", "unroutable"),
    ],
)
def test_a_message_goes_where_its_type_says(key: str, queue: str, as_user: Callable[[str], Any]) -> None:
    as_user("worker").queue_purge(queue)
    as_user("storefront").basic_publish("storefront", key, key.encode(), mandatory=True)
    assert _next(as_user("worker"), queue) == key.encode()


def test_a_message_that_is_handed_back_too_often_becomes_a_dead_letter(as_user: Callable[[str], Any]) -> None:
    worker = as_user("worker")
    worker.queue_purge("lifecycle")
    as_user("storefront").basic_publish("storefront", "service.poison.v1", b"poison", mandatory=True)
    for _ in range(DELIVERY_LIMIT + 1):
        method = wait_for(lambda: worker.basic_get("lifecycle")[0], "the message comes back")
        worker.basic_nack(method.delivery_tag, requeue=True)
    assert _next(worker, "dead-letters") == b"poison"


def test_a_storefront_hears_events_in_a_queue_of_its_own(as_user: Callable[[str], Any]) -> None:
    listener = as_user("storefront-events")
    declare("storefront-events.ears")(listener)
    listener.queue_bind("storefront-events.ears", "provisioner.events", "#")
    as_user("relay").basic_publish("provisioner.events", "order.status-changed.v1", b"news")
    assert _next(listener, "storefront-events.ears") == b"news"


def test_a_user_without_a_password_is_let_in_by_nobody(broker: RabbitNode) -> None:
    user = {"name": "nobody", "password_hash": "", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []}
    rights = {"user": "nobody", "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"}
    broker.import_definitions({"users": [user], "permissions": [rights]})
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://nobody:@127.0.0.1:{broker.port}/{VHOST}"))


def _declared(kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(DEFINITIONS.read_text())[kind]
    return [entry for entry in entries if entry.pop("vhost") == VHOST]


def test_the_exchanges_are_those_that_the_worker_declares() -> None:
    declared = [Exchange(entry["name"], entry["type"], entry["arguments"]) for entry in _declared("exchanges")]
    assert _by_name(declared) == _by_name([part for part in parts() if isinstance(part, Exchange)])


def test_the_queues_are_those_that_the_worker_declares() -> None:
    declared = [Queue(entry["name"], entry["arguments"]) for entry in _declared("queues")]
    assert _by_name(declared) == _by_name([part for part in parts() if isinstance(part, Queue)])


def test_the_bindings_are_those_that_the_worker_declares() -> None:
    entries = _declared("bindings")
    declared = {Binding(entry["source"], entry["destination"], entry["routing_key"]) for entry in entries}
    assert declared == {part for part in parts() if isinstance(part, Binding)}


def _by_name(found: Sequence[Exchange | Queue]) -> dict[str, Exchange | Queue]:
    return {part.name: part for part in found}


def test_all_that_the_definitions_name_is_durable() -> None:
    entries = [*_declared("exchanges"), *_declared("queues")]
    assert {(entry["durable"], entry["auto_delete"]) for entry in entries} == {(True, False)}


def test_nothing_but_a_doorbell_expires() -> None:
    limits = {"x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes"}
    assert [entry["name"] for entry in _declared("queues") if limits & set(entry["arguments"])] == ["advance"]


@pytest.mark.parametrize("role", ["worker", "relay"])
def test_a_role_is_content_with_a_broker_where_it_may_declare_nothing(
    role: str, broker: RabbitNode, secrets: Path
) -> None:
    password = (secrets / f"{role}_password").read_text()
    with pika.BlockingConnection(pika.URLParameters(broker.url(VHOST, user=role, password=password))) as connection:
        topology.declare(connection, parts())
