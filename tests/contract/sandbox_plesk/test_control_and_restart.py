"""The control interface, and what a restart keeps."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.plesk import start_simulator
from adapters.sandbox.plesk.grammar import ElementRule
from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire


@pytest.fixture
def http(simulator: RunningSimulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.control_url) as talking:
        yield talking


def test_health_tells_which_simulator_it_is(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok", "simulator": "plesk"}


@pytest.mark.usefixtures("hosted")
def test_the_ledger_can_be_read(http: httpx.Client) -> None:
    entries = http.get("/ledger").json()
    assert [(entry["seq"], entry["operation"], entry["reference"]) for entry in entries] == [
        (1, "customer.add", "cust:1"),
        (2, "webspace.add", "svc:1"),
    ]


def test_faults_can_be_planned_read_and_cleared(http: httpx.Client) -> None:
    rules = [{"operation": "webspace.add", "fault": "refuse", "code": 1023}, {"operation": "*", "fault": "slow_drip"}]
    assert http.post("/faults", json=rules).json() == {"numbers": [1, 2]}
    assert [rule["operation"] for rule in http.get("/faults").json()] == ["webspace.add", "*"]
    http.delete("/faults")
    assert http.get("/faults").json() == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"operation": "*", "fault": "nonsense"}',
        b'{"operation": "*", "fault": "refuse"}',
        b'{"operation": "*", "fault": "slow_drip", "colour": 1}',
        b"not json",
    ],
    ids=["unknown fault", "no code", "unknown field", "no JSON"],
)
def test_a_rule_that_cannot_be_is_refused_with_a_reason(body: bytes, http: httpx.Client) -> None:
    response = http.post("/faults", content=body)
    assert response.status_code == 422
    assert response.json()["error"]


def test_a_subscription_that_is_not_there_cannot_be_changed(http: httpx.Client) -> None:
    response = http.post("/state", json={"webspaces": [{"webspace": "svc:9", "status": 16}]})
    assert (response.status_code, response.json()) == (422, {"error": "there is no subscription svc:9"})


@pytest.mark.usefixtures("hosted")
def test_the_state_shows_what_the_panel_remembers(http: httpx.Client) -> None:
    state = http.get("/state").json()
    assert [customer["login"] for customer in state["customers"]] == ["jdoe"]
    assert [site["name"] for site in state["sites"]] == ["example.com"]


def test_a_reset_is_a_fresh_installation(hosted: wire.Client, http: httpx.Client) -> None:
    http.post("/reset")
    assert http.get("/ledger").json() == []
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 1013
    assert hosted.code(wire.webspace_add(owner="")) == 0


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/faults", 405)])
def test_an_unknown_request_is_told_what_there_is(method: str, path: str, status: int, http: httpx.Client) -> None:
    assert http.request(method, path).status_code == status


def test_everything_is_there_after_a_restart(tmp_path: Path, model: ElementRule | None) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first, model) as client:
        client.results(wire.customer_add() + wire.webspace_add())
        client.result(
            "<customer><set><filter><id>2</id></filter><values><gen_info><status>16</status></gen_info>"
            "</values></set></customer>"
        )
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second, model) as client:
        assert client.result(wire.webspace_get("<id>1</id>")).findtext("data/gen_info/owner-login") == "jdoe"
        assert [effect.seq for effect in second.ledger.effects()] == [1, 2, 3]
        assert second.fingerprint == first.fingerprint
        assert second.credentials == first.credentials
        assert client.result(wire.webspace_add("b.example", login="web2")).findtext("id") == "2"


def test_what_was_removed_stays_removed_after_a_restart(tmp_path: Path, model: ElementRule | None) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first, model) as client:
        client.results(wire.customer_add() + wire.webspace_add())
        client.result("<customer><del><filter><id>2</id></filter></del></customer>")
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second, model) as client:
        assert client.code(wire.webspace_get("<id>1</id>")) == 1013
        assert client.result(wire.customer_add()).findtext("id") == "3"


def test_the_files_are_for_their_owner_only_and_hold_no_plain_password(
    tmp_path: Path, model: ElementRule | None
) -> None:
    with start_simulator(data_dir=tmp_path) as simulator, wire.Client(simulator, model) as client:
        client.results(wire.customer_add() + wire.webspace_add())
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert wire.PASSWORD not in (tmp_path / "state.jsonl").read_text() + (tmp_path / "ledger.jsonl").read_text()


def test_the_ledger_file_is_one_json_object_a_line(tmp_path: Path, model: ElementRule | None) -> None:
    with start_simulator(data_dir=tmp_path) as simulator, wire.Client(simulator, model) as client:
        client.result(wire.customer_add())
        (line,) = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert json.loads(line)["reference"] == "cust:1"


def test_a_port_that_is_taken_leaves_nothing_running(simulator: RunningSimulator) -> None:
    with pytest.raises(OSError, match="in use"):
        start_simulator(port=int(simulator.endpoint.rpartition(":")[2]))
