"""Publishing one message as a storefront does, for the command `submit` and for looking whether the broker answers."""

import json
from typing import ClassVar, Final

import pika
from pika.exceptions import NackError, UnroutableError

from provisioner.intake import topology
from provisioner.intake.connection import Link
from provisioner.intake.delivery import CONNECTION_ERRORS
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.errors import ProvisionerError
from provisioner.kernel.secret import Secret

PERSISTENT: Final = 2


class BrokerUnavailable(ProvisionerError):
    """The broker does not answer."""

    code: ClassVar[str] = "broker_unavailable"


def publish(broker_url: Secret, raw: bytes) -> str:
    """Publish a message and wait until the broker has it; a sentence that says where it went.

    What cannot be read is published too, under a routing key that leads it to the quarantine. Raises
    BrokerUnavailable.
    """
    key = _routing_key(raw)
    try:
        connection = Link(BrokerAddress.parse(broker_url)).open("submit")
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=PERSISTENT)
            channel.basic_publish(topology.STOREFRONT, key, raw, properties, mandatory=True)
        finally:
            connection.close()
    except (UnroutableError, NackError) as refused:
        raise BrokerUnavailable("the broker did not take the message; run `provisioner doctor`") from refused
    except CONNECTION_ERRORS as error:
        raise BrokerUnavailable(f"the broker does not answer ({type(error).__name__})") from error
    return f"published to {topology.STOREFRONT} as {key}"


def check(broker_url: Secret) -> str:
    """Connect and count what waits; one plain sentence. Raises BrokerUnavailable."""
    try:
        connection = Link(BrokerAddress.parse(broker_url)).open("doctor")
        try:
            waiting = {queue: _depth(connection, queue) for queue in topology.INTAKE_QUEUES}
        finally:
            connection.close()
    except CONNECTION_ERRORS as error:
        raise BrokerUnavailable(f"the broker does not answer ({type(error).__name__})") from error
    return "answers; " + ", ".join(f"{queue}: {depth}" for queue, depth in waiting.items())


def _depth(connection: pika.BlockingConnection, queue: str) -> str:
    channel = connection.channel()
    try:
        found = channel.queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        return "not declared yet"
    return f"{found.method.message_count} waiting"


def _routing_key(raw: bytes) -> str:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return "unreadable"
    kind = document.get("type") if isinstance(document, dict) else None
    return kind[:200] if isinstance(kind, str) and kind.isascii() and kind else "unreadable"
