"""The control interface, the access log, and what a restart keeps."""

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.sandbox.acme import RunningAuthority, start_simulator
from tests.contract.sandbox_acme import wire
from tests.contract.sandbox_acme.world import World

TRUSTING = {"settings": {"validation": "none"}}


@pytest.fixture
def http(simulator: RunningAuthority) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.control_url) as talking:
        yield talking


def test_health_tells_which_simulator_it_is(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok", "simulator": "acme"}


def test_settings_are_what_an_account_needs(simulator: RunningAuthority) -> None:
    assert set(simulator.settings) == {"directory_url", "terms_agreed", "ca_file"}
    key = load_pem_private_key(simulator.credentials["account_key"].reveal().encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)


def test_the_directory_is_trusted_with_that_file_only(simulator: RunningAuthority) -> None:
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=ssl.create_default_context()) as talking:
        talking.get(simulator.settings["directory_url"])


def test_the_file_is_gone_at_the_end() -> None:
    with start_simulator() as running:
        trusted = Path(running.settings["ca_file"])
        assert "PRIVATE" not in trusted.read_text("utf-8")
    assert not trusted.exists()


def test_settings_can_be_changed_and_mistakes_are_told(http: httpx.Client) -> None:
    assert http.post("/state", json={"settings": {"order_hours": 1}}).json()["settings"]["order_hours"] == 1
    for wrong in ({"settings": {"colour": 1}}, {"settings": {"dns_server": "nowhere"}}, {"weather": "fine"}):
        assert http.post("/state", json=wrong).status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": [{"certificate": "nothing.test", "revoke": True}]},
        {"certificates": [{"certificate": "nothing.test", "start": "2026-01-01T00:00:00Z"}]},
        {"deactivate_accounts": ["nobody"]},
    ],
)
def test_what_cannot_be_done_is_told(changes: dict[str, object], http: httpx.Client) -> None:
    assert http.post("/state", json=changes).status_code == 422


def test_the_state_tells_what_there_is_without_keys(credulous: wire.Client, http: httpx.Client) -> None:
    credulous.issued("a.test")
    state = http.get("/state")
    told = state.json()
    assert (len(told["orders"]), told["certificates"][0]["names"], len(told["roots"])) == (1, ["a.test"], 2)
    assert "PRIVATE" not in state.text


def test_a_reset_forgets_all_but_the_keys(credulous: wire.Client, http: httpx.Client) -> None:
    credulous.issued("a.test")
    roots = http.get("/state").json()["roots"]
    http.post("/reset")
    told = http.get("/state").json()
    assert (told["accounts"], told["certificates"], told["roots"]) == ([], [], roots)
    assert http.get("/ledger").json() == []
    assert wire.problem(credulous.order("a.test")) == "accountDoesNotExist"


def test_the_clock_can_be_moved_on(credulous: wire.Client, adjust: wire.Adjust) -> None:
    before = credulous.chain(credulous.issued("a.test"))[0].not_valid_before_utc
    adjust({"advance_seconds": 90 * 86400})
    assert (credulous.chain(credulous.issued("a.test"))[0].not_valid_before_utc - before).days == 90


def test_the_log_tells_who_asked_what(client: wire.Client, simulator: RunningAuthority) -> None:
    order = client.order("a.test")
    client.post(order.json()["finalize"], {"csr": wire.csr("a.test")})
    (line,) = simulator.access.lines(problem="orderNotReady")
    assert (line.operation, line.status, line.subject) == ("order:finalize", 403, "a.test")
    assert client.kid.endswith(line.account)


def test_the_log_counts_requests(client: wire.Client, simulator: RunningAuthority) -> None:
    for _ in range(3):
        client.post(client.kid)
    assert simulator.access.most("account:read", seconds=3600) == 3


def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as before:
        first.simulator.adjust(TRUSTING)
        before.register()
        chain = before.chain(before.issued("a.test"))
        location = before.order("b.test").headers["Location"].removeprefix(first.endpoint)
        account = before.kid.removeprefix(first.endpoint)
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second, before.key) as after:
        after.kid = second.endpoint + account
        assert after.read(second.endpoint + location)["status"] == "pending"
        assert wire.problem(after.order("a.test", replaces=wire.renewal_id(chain[0]))) == ""
        assert (second.roots, second.credentials) == (first.roots, first.credentials)
        assert len(second.ledger.effects(operation="certificate:issue")) == 1


def test_a_restart_keeps_counting(tmp_path: Path) -> None:
    limited = {"settings": {"validation": "none", "certificates_per_week_for_a_name_set": 1}}
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as before:
        first.simulator.adjust(limited)
        before.register()
        before.issued("a.test")
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second, before.key) as after:
        after.register()
        assert after.order("a.test").status_code == 429


def test_no_nonce_outlives_a_restart(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as before:
        before.register()
        nonce = before.nonce
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second, before.key) as after:
        after.register()
        assert wire.problem(after.post(after.kid, nonce=nonce)) == "badNonce"


def forget_the_end_of_validation(state: Path) -> None:
    """As if the simulator had been killed while it looked."""
    lines = state.read_text("utf-8").splitlines(keepends=True)
    looking = max(number for number, line in enumerate(lines) if '"processing"' in line)
    state.write_text("".join(lines[: looking + 1]), "utf-8")


def test_a_restart_looks_at_what_was_not_finished(tmp_path: Path) -> None:
    with World() as world:
        with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as before:
            first.simulator.adjust({"settings": {"dns_server": world.dns_server}})
            before.register()
            challenge = before.challenge(before.order("a.test"), "dns-01")
            before.post(challenge["url"], {})
            assert before.settled(challenge["url"])["status"] == "invalid"
        forget_the_end_of_validation(tmp_path / "state.jsonl")
        world.show_record("a.test", before.txt_value(challenge))
        with start_simulator(data_dir=tmp_path) as second, wire.Client(second, before.key) as after:
            after.register()
            assert after.settled(challenge["url"].replace(first.endpoint, second.endpoint))["status"] == "valid"


def test_the_files_are_their_owners_only(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as running, wire.Client(running) as talking:
        talking.register()
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_port_that_is_taken_is_told(simulator: RunningAuthority) -> None:
    with pytest.raises(OSError, match="in use"):
        start_simulator(port=int(simulator.endpoint.rpartition(":")[2]))
