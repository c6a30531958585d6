from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from adapters.sandbox.acme import RunningAuthority, start_simulator
from tests.contract.sandbox_acme import wire
from tests.contract.sandbox_acme.world import World


@pytest.fixture
def simulator() -> Iterator[RunningAuthority]:
    with start_simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, the simulator itself does not fail."""
    yield
    told = [record.getMessage() for record in caplog.get_records("call") if record.name.startswith("adapters.sandbox")]
    assert told == []


@pytest.fixture
def stranger(simulator: RunningAuthority) -> Iterator[wire.Client]:
    """Somebody without an account."""
    with wire.Client(simulator) as talking:
        yield talking


@pytest.fixture
def client(simulator: RunningAuthority) -> Iterator[wire.Client]:
    """Somebody with an account."""
    with wire.Client(simulator) as talking:
        assert talking.register().status_code == 201
        yield talking


@pytest.fixture
def other(simulator: RunningAuthority) -> Iterator[wire.Client]:
    """Somebody else with an account."""
    with wire.Client(simulator) as talking:
        assert talking.register().status_code == 201
        yield talking


@pytest.fixture
def adjust(simulator: RunningAuthority) -> wire.Adjust:
    def post(changes: Mapping[str, Any]) -> dict[str, Any]:
        response = httpx.post(f"{simulator.control_url}/state", json=dict(changes))
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    return post


@pytest.fixture
def credulous(client: wire.Client, adjust: wire.Adjust) -> wire.Client:
    """Somebody with an account at an authority that looks at nothing."""
    adjust({"settings": {"validation": "none"}})
    return client


@pytest.fixture
def world(adjust: wire.Adjust) -> Iterator[World]:
    """What the authority looks at."""
    with World() as around:
        adjust({"settings": {"http_address": around.http_address, "dns_server": around.dns_server}})
        yield around
