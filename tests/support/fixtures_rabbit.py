"""RabbitMQ for tests: one node for the session, one virtual host for a test."""

from collections.abc import Iterator

import pytest

from tests.support.rabbit import RabbitNode
from tests.support.rabbit_vhost import Vhost


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitNode]:
    """A running node that the session shares; a test that kills or freezes it takes `own_rabbit`."""
    node = RabbitNode.create()
    yield node
    node.remove()


@pytest.fixture(scope="session")
def own_rabbit() -> Iterator[RabbitNode]:
    """A second node, for tests that stop, kill and start it or raise its alarms, and leave it running and well."""
    node = RabbitNode.create()
    yield node
    node.remove()


@pytest.fixture
def vhost(rabbit: RabbitNode) -> Vhost:
    """An empty virtual host of the session's node."""
    return rabbit.new_vhost()


@pytest.fixture
def own_vhost(own_rabbit: RabbitNode) -> Vhost:
    """An empty virtual host of the node that may be killed."""
    own_rabbit.heal()
    return own_rabbit.new_vhost()
