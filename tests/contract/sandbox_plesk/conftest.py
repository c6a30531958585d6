from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.plesk import start_simulator
from adapters.sandbox.plesk.grammar import ElementRule
from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire


@pytest.fixture(scope="session")
def model() -> ElementRule | None:
    return wire.response_model()


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with start_simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, the simulator itself does not fail."""
    yield
    told = [record.getMessage() for record in caplog.get_records("call") if record.name.startswith("adapters.sandbox")]
    assert told == []


@pytest.fixture
def client(simulator: RunningSimulator, model: ElementRule | None) -> Iterator[wire.Client]:
    with wire.Client(simulator, model) as talking:
        yield talking


@pytest.fixture
def hosted(client: wire.Client) -> wire.Client:
    """A client of a panel with one customer (jdoe, id 2) who owns one subscription (example.com, id 1)."""
    assert client.code(wire.customer_add()) == 0
    assert client.code(wire.webspace_add()) == 0
    return client


@pytest.fixture
def contracts() -> Path:
    folder = wire.contract_dir()
    if folder is None:
        pytest.skip("the shared content models are not at hand; name their folder in PROVISIONER_CONTRACT_DIR")
    return folder


@pytest.fixture
def adjust(simulator: RunningSimulator) -> wire.Adjust:
    def post(changes: dict[str, object]) -> None:
        httpx.post(f"{simulator.control_url}/state", json=changes).raise_for_status()

    return post


@pytest.fixture
def control(simulator: RunningSimulator) -> wire.Control:
    return lambda path: httpx.get(f"{simulator.control_url}{path}").text
