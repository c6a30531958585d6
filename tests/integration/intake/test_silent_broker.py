"""A broker that takes connections and does not greet, as behind a network that is cut, is a broker that is away."""

import socket
from collections.abc import Iterator

import pytest

from provisioner.intake.connection import Link
from provisioner.intake.delivery import CONNECTION_ERRORS
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.secret import Secret
from provisioner.relay.confirms import BrokerUnavailable
from provisioner.relay.publisher import ConfirmingPublisher
from provisioner.store.outbox import OutboxEvent


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/%2F"


def test_intake_is_told_that_it_is_away(silent: str) -> None:
    link = Link(BrokerAddress.parse(Secret(silent)), handshake_seconds=0.3)
    with pytest.raises(CONNECTION_ERRORS):
        link.open("test")


@pytest.mark.slow
def test_the_relay_is_told_that_it_is_away(silent: str) -> None:
    publisher = ConfirmingPublisher(Secret(silent))
    event = OutboxEvent(1, "e-1", "order.status-changed.v1", "order/1", "{}")
    with pytest.raises(BrokerUnavailable):
        publisher.publish([event])
