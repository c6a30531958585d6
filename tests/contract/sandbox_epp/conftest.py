from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from adapters.sandbox.epp import RunningRegistry, start_simulator
from tests.contract.sandbox_epp import frames, wire


@pytest.fixture
def simulator() -> Iterator[RunningRegistry]:
    with start_simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, the simulator itself does not fail."""
    yield
    told = [record.getMessage() for record in caplog.get_records("call") if record.name.startswith("adapters.sandbox")]
    assert told == []


@pytest.fixture
def stranger(simulator: RunningRegistry) -> Iterator[wire.Client]:
    """A connection that is not logged in."""
    with wire.Client(simulator) as talking:
        yield talking


@pytest.fixture
def client(simulator: RunningRegistry) -> Iterator[wire.Client]:
    """A session of the first registrar, who has the contact OWNER-1."""
    with wire.Client(simulator) as talking:
        assert talking.log_in(simulator.credentials).code == 1000
        assert talking.code(frames.contact_create()) == 1000
        yield talking


@pytest.fixture
def other(simulator: RunningRegistry) -> Iterator[wire.Client]:
    """A session of the second registrar."""
    with wire.Client(simulator) as talking:
        assert talking.log_in(simulator.other_credentials).code == 1000
        yield talking


@pytest.fixture
def registered(client: wire.Client) -> wire.Client:
    """The first registrar has ours.test, with the code `frames.CODE`."""
    assert client.code(frames.create("ours.test")) == 1000
    return client


@pytest.fixture
def adjust(simulator: RunningRegistry) -> wire.Adjust:
    def post(changes: Mapping[str, Any]) -> dict[str, Any]:
        response = httpx.post(f"{simulator.control_url}/state", json=dict(changes))
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    return post
