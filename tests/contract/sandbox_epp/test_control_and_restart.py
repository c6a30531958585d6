"""The control interface, ledger and access log, and what a restart keeps."""

import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.epp import RunningRegistry, start_simulator
from tests.contract.sandbox_epp import frames, wire

DAY = 86400


@pytest.fixture
def http(simulator: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.control_url) as talking:
        yield talking


def details(simulator: RunningRegistry, operation: str) -> dict[str, str]:
    (effect,) = simulator.ledger.effects(operation=operation)
    return dict(effect.details)


def test_health_tells_which_simulator_it_is(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok", "simulator": "epp"}


def test_settings_are_what_an_account_needs(simulator: RunningRegistry) -> None:
    assert set(simulator.settings) == {"host", "port", "fingerprint", "currency", "max_sessions"}
    assert simulator.endpoint == f"epp://127.0.0.1:{simulator.settings['port']}"
    assert simulator.credentials["username"].reveal() == "registrar-a"


def test_the_ledger_has_each_accepted_change_once(registered: wire.Client, simulator: RunningRegistry) -> None:
    registered.code(frames.create("ours.test"))
    registered.code(frames.of_host("create", "ns1.elsewhere.example"))
    registered.code(frames.delete("ours.test"))
    told = [(effect.operation, effect.reference, effect.account) for effect in simulator.ledger.effects()]
    assert told == [
        ("contact:create", "OWNER-1", "registrar-a"),
        ("domain:create", "ours.test", "registrar-a"),
        ("host:create", "ns1.elsewhere.example", "registrar-a"),
        ("domain:delete", "ours.test", "registrar-a"),
    ]


def test_the_ledger_tells_renewals_apart(registered: wire.Client, simulator: RunningRegistry) -> None:
    before = registered.ask(frames.info("ours.test")).text("domain:exDate")
    after = registered.ask(frames.renew("ours.test", before[:10], "2")).text("domain:exDate")
    found = details(simulator, "domain:renew")
    assert (found["ex_date_before"], found["ex_date"], found["years"]) == (before, after, "2")


def test_the_ledger_tells_what_an_update_has_changed(registered: wire.Client, simulator: RunningRegistry) -> None:
    change = frames.add(frames.status("clientHold")) + frames.chg(frames.auth("Another-Code-12345"))
    registered.code(frames.update("ours.test", change))
    found = details(simulator, "domain:update")
    assert (found["statuses_added"], found["auth_code"]) == ("clientHold", "set")


def test_the_ledger_tells_who_has_asked_for_a_transfer(client: wire.Client, simulator: RunningRegistry) -> None:
    client.code(frames.transfer("request", "transferable.test", frames.MOVE))
    found = details(simulator, "domain:transfer-request")
    assert (found["registrar"], found["from"], found["years"]) == ("registrar-a", "registrar-b", "1")


def test_what_the_clock_brings_is_in_the_ledger_as_the_registrys(
    registered: wire.Client, adjust: wire.Adjust, simulator: RunningRegistry
) -> None:
    adjust({"advance_seconds": 366 * DAY})
    assert registered.code(frames.info("ours.test")) == 1000
    (effect,) = simulator.ledger.effects(operation="registry:auto-renew", reference="ours.test")
    assert effect.account == "registry"


def test_the_log_has_sessions_and_commands(client: wire.Client, simulator: RunningRegistry) -> None:
    client.ask(frames.check("a.test"), transaction="LOOK-FOR-ME")
    client.code("<logout/>")
    (line,) = [each for each in simulator.access.lines() if each.transaction == "LOOK-FOR-ME"]
    assert (line.account, line.command, line.subject) == ("registrar-a", "domain:check", "a.test")
    mine = [each.event for each in simulator.access.lines() if each.session == line.session]
    assert (mine[0], mine.count("login"), mine[-1]) == ("open", 1, "close")


def test_the_log_counts_sessions_at_the_same_time(simulator: RunningRegistry) -> None:
    for _ in range(3):
        with wire.Client(simulator) as one, wire.Client(simulator) as two:
            one.log_in(simulator.credentials)
            two.log_in(simulator.credentials)
            one.code("<logout/>")
            two.code("<logout/>")
    assert simulator.access.most_sessions("registrar-a") == 2


def test_the_log_counts_commands(client: wire.Client, simulator: RunningRegistry) -> None:
    for _ in range(5):
        client.code(frames.check("a.test"))
    assert simulator.access.most_commands("registrar-a", seconds=3600, command="domain:check") == 5


def test_settings_can_be_changed_and_mistakes_are_told(http: httpx.Client) -> None:
    assert http.post("/state", json={"settings": {"currency": "USD"}}).json()["settings"]["currency"] == "USD"
    for wrong in ({"settings": {"colour": 1}}, {"settings": {"currency": "usd"}}, {"weather": "fine"}):
        assert http.post("/state", json=wrong).status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"balances": {"nobody": "1.00"}},
        {"domains": [{"prefix": "taken"}]},
        {"domains": [{"prefix": "new", "registrar": "nobody"}]},
        {"registrations": [{"domain": "taken.test", "approved": True}]},
        {"transfers": [{"domain": "taken.test", "approved": True}]},
        {"interventions": [{"domain": "nothing.test"}]},
    ],
)
def test_what_cannot_be_changed_is_told(changes: dict[str, object], http: httpx.Client) -> None:
    response = http.post("/state", json=changes)
    assert (response.status_code, bool(response.json()["error"])) == (422, True)


def test_the_clock_can_be_moved_on(http: httpx.Client) -> None:
    before = http.get("/state").json()["now"]
    after = http.post("/state", json={"advance_seconds": 366 * DAY}).json()["now"]
    assert int(after[:4]) >= int(before[:4]) + 1


def test_sessions_can_be_dropped(client: wire.Client, adjust: wire.Adjust) -> None:
    assert adjust({"drop_sessions": True})["dropped"] == 1
    assert client.is_cut()


def test_the_state_shows_no_secret(registered: wire.Client, http: httpx.Client) -> None:
    assert registered.code(frames.POLL) == 1300
    state = http.get("/state").json()
    (ours,) = [domain for domain in state["domains"] if domain["name"] == "ours.test"]
    assert "auth" not in ours
    assert "password" not in state["registrars"][0]


def test_thousands_of_domains_can_be_put_there(client: wire.Client, adjust: wire.Adjust) -> None:
    stock = {"prefix": "many-", "count": 10_000, "auth_code": "Many-Code-12345678"}
    adjust({"domains": [stock]})
    assert client.code(frames.info("many-10000.test", "Many-Code-12345678")) == 1000
    assert client.code(frames.transfer("request", "many-00001.test", "Many-Code-12345678")) == 1001


def test_a_reset_is_a_fresh_installation(registered: wire.Client, http: httpx.Client) -> None:
    http.post("/state", json={"advance_seconds": 10 * DAY, "balances": {"registrar-a": "0.00"}})
    http.post("/reset")
    assert registered.code(frames.info("ours.test")) == 2303
    assert registered.code(frames.contact_create()) == 1000
    assert registered.code(frames.create("ours.test")) == 1000


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as client:
        client.log_in(first.credentials)
        client.code(frames.contact_create())
        client.code(
            frames.create("ours.test", servers=frames.host_objects("ns1.hosting.example")),
            f"<secDNS:create>{frames.ds()}</secDNS:create>",
        )
        client.code(frames.transfer("request", "transferable.test", frames.MOVE))
        httpx.post(f"{first.control_url}/state", json={"advance_seconds": DAY, "settings": {"currency": "USD"}})
        before = client.ask(frames.info("ours.test")).content.partition(b"<trID>")[0]
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second) as client:
        client.log_in(second.credentials)
        assert client.ask(frames.info("ours.test")).content.partition(b"<trID>")[0] == before
        assert client.code(frames.info("ours.test", frames.CODE)) == 1000
        assert client.ask(frames.transfer("query", "transferable.test")).text("domain:trStatus") == "pending"
        assert second.settings["currency"] == "USD"
        assert [effect.seq for effect in second.ledger.effects()] == [1, 2, 3]
        assert (second.fingerprint, second.credentials) == (first.fingerprint, first.credentials)


def test_messages_survive_a_restart_and_stay_acknowledged(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as client:
        client.log_in(first.credentials)
        httpx.post(f"{first.control_url}/state", json={"messages": [{"text": "one"}, {"text": "two"}]})
        client.code(frames.ack(client.ask(frames.POLL).attribute("epp:msgQ", "id")))
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second) as client:
        client.log_in(second.credentials)
        assert client.ask(frames.POLL).text("epp:msgQ/epp:msg") == "two"


def test_a_clTRID_stays_used_after_a_restart(tmp_path: Path) -> None:  # noqa: N802 - EPP's own word
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as client:
        client.log_in(first.credentials)
        client.ask(frames.POLL, transaction="USED-ONCE")
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second) as client:
        client.log_in(second.credentials)
        client.send(wire.command(frames.POLL, transaction="USED-ONCE"))
        assert client.is_cut()


def test_a_log_that_was_cut_off_in_the_writing_is_mended(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as client:
        client.log_in(first.credentials)
    for name in ("access.jsonl", "state.jsonl", "ledger.jsonl"):
        with (tmp_path / name).open("a") as file:
            file.write('{"half": ')
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second) as client:
        assert client.log_in(second.credentials).code == 1000
    assert all(json.loads(line) for line in (tmp_path / "access.jsonl").read_text().splitlines())


def test_a_transfer_is_approved_while_the_registry_was_away(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first) as client:
        client.log_in(first.credentials)
        client.code(frames.transfer("request", "transferable.test", frames.MOVE))
        settings = {"settings": {"transfer_days": 0}}
        httpx.post(f"{first.control_url}/state", json=settings)
    with start_simulator(data_dir=tmp_path) as second, wire.Client(second) as client:
        client.log_in(second.credentials)
        httpx.post(f"{second.control_url}/state", json={"advance_seconds": 5 * DAY})
        assert client.ask(frames.info("transferable.test")).text("domain:clID") == "registrar-a"


def test_the_files_are_for_their_owner_only_and_hold_no_code(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as simulator, wire.Client(simulator) as client:
        client.log_in(simulator.credentials)
        client.code(frames.contact_create())
        client.code(frames.create("ours.test"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    written = "".join((tmp_path / name).read_text() for name in ("state.jsonl", "ledger.jsonl", "access.jsonl"))
    secrets = (frames.CODE, simulator.credentials["password"].reveal(), "Contact-Code-123")
    assert [secret for secret in secrets if secret in written] == []


def test_the_access_log_file_is_one_json_object_a_line(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as simulator, wire.Client(simulator) as client:
        client.log_in(simulator.credentials)
    lines = [json.loads(line) for line in (tmp_path / "access.jsonl").read_text().splitlines()]
    assert "login" in [line["event"] for line in lines]


def test_many_clients_at_once_are_all_served(simulator: RunningRegistry) -> None:
    def register(number: int) -> None:
        with wire.Client(simulator) as one:
            one.log_in(simulator.credentials)
            one.code(frames.contact_create(f"OWNER-{number}"))
            for each in range(20):
                one.code(frames.create(f"many-{number}-{each}.test", owner=f"OWNER-{number}"))

    threads = [threading.Thread(target=register, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(simulator.ledger.effects(operation="domain:create")) == 160


def test_a_port_that_is_taken_leaves_nothing_running(simulator: RunningRegistry) -> None:
    with pytest.raises(OSError, match="in use"):
        start_simulator(port=int(simulator.settings["port"]))
    control = int(simulator.control_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        start_simulator(control_port=control)
