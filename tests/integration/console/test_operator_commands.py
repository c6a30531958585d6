"""`provisioner operations`, `quarantine`, `servers`, `keys` and `doctor`."""

import json
import zlib
from pathlib import Path

import pytest

from provisioner.app.main import CommandInstallation
from provisioner.console.installation import RunningSandbox
from provisioner.kernel.secret import Secret
from tests.integration.console.conftest import Run, add_server, opened
from tests.integration.console.orders_of_shops import at_work, bring_to_end, message, order
from tests.support.processes import free_port, wait_for


def submitted(installation: CommandInstallation, raw: bytes) -> str:
    receipt = installation.submit(raw)
    return receipt.quarantine_id or receipt.order_id or ""


# -- operations


def test_an_order_without_a_server_is_held_until_one_is_added(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    order_id = f"held-{zlib.crc32(str(tmp_path).encode()):08x}"
    submitted(installation, order(order_id))
    with at_work(installation):
        held = wait_for(lambda: installation.store().queries.operations(state="held"), "the operation is held")
    shown = run(installation, "operations", "show", held[0].id)
    assert "an operator must act: provisioner servers add" in shown.out
    assert json.loads(run(installation, "operations", "list", "--status", "held", "--json").out)[0]["id"] == held[0].id
    add_server(installation, vendor)
    assert bring_to_end(installation, order_id) == "completed"


def test_a_held_operation_is_given_up_and_its_order_can_be_closed(embedded: CommandInstallation, run: Run) -> None:
    submitted(embedded, order("given-up-1"))
    with at_work(embedded):
        held = wait_for(lambda: embedded.store().queries.operations(state="held"), "the operation is held")
    given_up = run(embedded, "operations", "give-up", held[0].id, "--reason", "The server is being replaced.")
    assert given_up.out == f"operation {held[0].id} has failed\n"
    shown = run(embedded, "orders", "show", "given-up-1").out
    assert "provisioning_failed" in shown
    assert "The server is being replaced." in shown
    assert run(embedded, "orders", "close", "given-up-1", "--reason", "Refunded.").code == 0
    assert "completed_with_errors" in run(embedded, "orders", "show", "given-up-1").out


def test_a_held_operation_is_released(embedded: CommandInstallation, run: Run) -> None:
    submitted(embedded, order("released-1"))
    with at_work(embedded):
        held = wait_for(lambda: embedded.store().queries.operations(state="held"), "the operation is held")
    assert run(embedded, "operations", "release", held[0].id).out == f"operation {held[0].id} goes on\n"
    assert run(embedded, "operations", "release", held[0].id).code == 1


def test_an_operation_without_an_unknown_step_cannot_be_resolved(embedded: CommandInstallation, run: Run) -> None:
    submitted(embedded, order("resolved-1"))
    with at_work(embedded):
        held = wait_for(lambda: embedded.store().queries.operations(state="held"), "the operation is held")
    ended = run(embedded, "operations", "resolve", held[0].id, "--did-not-happen")
    assert ended.code == 1
    assert "release it instead" in ended.err


def test_operations_that_ended_are_listed_when_asked_for(
    embedded: CommandInstallation, run: Run, vendor: RunningSandbox
) -> None:
    add_server(embedded, vendor)
    submitted(embedded, order("ended-1"))
    bring_to_end(embedded, "ended-1")
    assert json.loads(run(embedded, "operations", "list", "--json").out) == []
    (ended,) = json.loads(run(embedded, "operations", "list", "--all", "--json").out)
    assert ended["state"] == "succeeded"
    assert "hosting.create" in run(embedded, "operations", "list", "--all", "--server", "plesk-1").out


# -- quarantine


def test_a_message_is_read_replayed_and_settled(installation: CommandInstallation, run: Run) -> None:
    early = message("order.note.v1", {"order_id": "late-1", "text": "Too early."})
    kept = submitted(installation, early)
    (listed,) = json.loads(run(installation, "quarantine", "list", "--json").out)
    assert (listed["id"], listed["reason"]) == (kept, "unknown_order")
    assert '"text": "Too early."' in run(installation, "quarantine", "show", kept).out
    assert run(installation, "quarantine", "replay", kept).code == 1
    submitted(installation, order("late-1"))
    replayed = run(installation, "quarantine", "replay", kept)
    assert (replayed.code, replayed.out) == (0, f"{kept}: accepted order late-1\n")
    assert json.loads(run(installation, "quarantine", "list", "--json").out) == []
    (settled,) = json.loads(run(installation, "quarantine", "list", "--status", "replayed", "--json").out)
    assert settled["id"] == kept


def test_a_body_is_shown_without_its_secrets_and_raw_when_asked_for(embedded: CommandInstallation, run: Run) -> None:
    raw = message("order.place.v1", {"password": "geheim-42", "order_id": "x"})
    kept = submitted(embedded, raw)
    shown = run(embedded, "quarantine", "show", kept).out
    assert "geheim-42" not in shown
    assert '"order_id": "x"' in shown
    assert run(embedded, "quarantine", "show", kept, "--raw").out.encode() == raw


def test_bytes_that_are_no_text_are_shown_escaped(embedded: CommandInstallation, run: Run) -> None:
    kept = submitted(embedded, b"\xff\x1b[2J{")
    assert "\\xff\\x1b[2J{" in run(embedded, "quarantine", "show", kept).out


def test_a_discarded_message_is_kept_and_settled_once(embedded: CommandInstallation, run: Run) -> None:
    kept = submitted(embedded, b"nonsense")
    assert run(embedded, "quarantine", "discard", kept).code == 0
    assert run(embedded, "quarantine", "discard", kept).code == 1
    (discarded,) = json.loads(run(embedded, "quarantine", "list", "--status", "all", "--json").out)
    assert (discarded["id"], discarded["status"]) == (kept, "discarded")


# -- servers


def add(installation: CommandInstallation, run: Run, vendor: RunningSandbox, folder: Path, *more: str) -> int:
    secret = folder / "secret_key"
    secret.write_text(vendor.credentials["secret_key"].reveal() + "\n")
    settings = [part for key, value in vendor.settings.items() for part in ("--set", f"{key}={value}")]
    given = [*settings, "--secret-file", "secret_key", str(secret), "--environment", "sandbox", *more]
    return run(installation, "servers", "add", "panel", "--adapter", "plesk", *given).code


def test_a_server_is_added_answers_and_is_listed(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    assert add(installation, run, vendor, tmp_path) == 0
    pinged = run(installation, "servers", "ping", "panel")
    assert (pinged.code, pinged.out.startswith("server panel answers")) == (0, True)
    listed = run(installation, "servers", "list", "--json").out
    assert json.loads(listed)[0]["name"] == "panel"
    assert vendor.credentials["secret_key"].reveal() not in listed
    assert "panel" in run(installation, "servers", "list").out


def test_a_known_server_is_changed_only_with_replace(
    embedded: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    assert [add(embedded, run, vendor, tmp_path, *more) for more in ((), (), ("--replace",))] == [0, 1, 0]


def test_a_drained_server_says_so_where_it_is_waited_for_and_goes_on_when_resumed(
    installation: CommandInstallation, run: Run, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    submitted(installation, order("drained-1"))
    assert run(installation, "servers", "drain", "plesk-1", "--reason", "new disks").code == 0
    shown = run(installation, "orders", "show", "drained-1").out
    assert "vendor account plesk-1 is drained: new disks; it goes on with: provisioner servers resume plesk-1" in shown
    assert run(installation, "servers", "resume", "plesk-1").code == 0
    assert "is drained" not in run(installation, "orders", "show", "drained-1").out


def test_a_server_with_a_wrong_credential_is_told_in_one_line(
    embedded: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("geheim-42")
    endpoint = f"endpoint={vendor.endpoint}"
    fingerprint = f"fingerprint={vendor.settings['fingerprint']}"
    run(
        embedded,
        "servers",
        "add",
        "x",
        "--adapter",
        "plesk",
        "--set",
        endpoint,
        "--set",
        fingerprint,
        "--secret-file",
        "secret_key",
        str(wrong),
    )
    ended = run(embedded, "servers", "ping", "x")
    assert (ended.code, ended.err.count("\n"), "geheim-42" in ended.err) == (4, 1, False)


def test_a_server_that_does_not_answer_has_its_exit_code(embedded: CommandInstallation, run: Run) -> None:
    endpoint = f"endpoint=https://127.0.0.1:{free_port()}"
    secret = embedded.settings.data_dir / "secret"
    secret.write_text("k")
    run(
        embedded,
        "servers",
        "add",
        "x",
        "--adapter",
        "plesk",
        "--set",
        endpoint,
        "--secret-file",
        "secret_key",
        str(secret),
    )
    ended = run(embedded, "servers", "ping", "x")
    assert (ended.code, ended.err.count("\n")) == (5, 1)


def test_commands_for_a_server_that_is_not_there(embedded: CommandInstallation, run: Run) -> None:
    assert [run(embedded, "servers", verb, "nowhere").code for verb in ("drain", "resume", "ping")] == [3, 3, 3]


def test_a_setting_without_a_value_is_a_matter_of_usage(embedded: CommandInstallation, run: Run) -> None:
    assert run(embedded, "servers", "add", "x", "--adapter", "plesk", "--set", "endpoint").code == 2


# -- keys


def test_a_ring_is_made_once(tmp_path: Path, run: Run) -> None:
    fresh = opened(tmp_path, None)
    assert run(fresh, "keys", "create").code == 0
    again = run(fresh, "keys", "create")
    assert (again.code, "never overwritten" in again.err) == (4, True)


def test_the_public_key_is_what_storefronts_seal_with(embedded: CommandInstallation, run: Run) -> None:
    told = json.loads(run(embedded, "keys", "public", "--json").out)
    assert set(told) == {"key_id", "key"}
    assert run(embedded, "keys", "public").out == f"{told['key_id']} {told['key']}\n"


def test_a_rotation_seals_every_secret_anew(installation: CommandInstallation, run: Run) -> None:
    submitted(installation, order("sealed-1"))
    before = installation.keys().active_id
    rotated = run(installation, "keys", "rotate")
    assert rotated.out.endswith("2 secrets were sealed anew\n")
    assert installation.keys().active_id != before
    assert run(installation, "keys", "rotate", "--reseal-only").out.endswith("0 secrets were sealed anew\n")
    assert run(installation, "services", "reveal", "s-sealed-1").code == 0


# -- doctor


def findings(text: str) -> dict[str, bool]:
    return {each["part"]: each["fine"] for each in json.loads(text)}


def test_a_sound_installation_gets_only_good_answers(
    installation: CommandInstallation, run: Run, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    ended = run(installation, "doctor", "--json")
    assert (ended.code, [part for part, fine in findings(ended.out).items() if not fine]) == (0, [])
    assert "server plesk-1" in run(installation, "doctor").out


def test_what_is_wrong_is_told_part_by_part(embedded: CommandInstallation, run: Run, vendor: RunningSandbox) -> None:
    add_server(embedded, vendor)
    embedded.store().accounts.set_state("plesk-1", "parked", "test", "licence expired")
    submitted(embedded, b"nonsense")
    ended = run(embedded, "doctor", "--json")
    wrong = [part for part, fine in findings(ended.out).items() if not fine]
    assert (ended.code, wrong) == (1, ["quarantine", "server plesk-1"])


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_empty_database_is_told_and_nothing_else_is_asked_of_it(
    kind: str, run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = Secret(request.getfixturevalue("database_url")) if kind == "postgres" else None
    fresh = opened(tmp_path, url)
    ended = run(fresh, "doctor", "--json")
    fine = findings(ended.out)
    assert (ended.code, fine["database"], fine["migrations"]) == (1, True, False)
    listed = run(fresh, "orders", "list")
    assert (listed.code, "provisioner migrate" in listed.err) == (4, True)
    fresh.close()


def test_a_database_that_is_away_has_its_exit_code_and_its_answer(run: Run, tmp_path: Path) -> None:
    away = opened(tmp_path, Secret(f"postgresql://nobody@127.0.0.1:{free_port()}/none"))
    listed = run(away, "orders", "list")
    assert (listed.code, listed.err.count("\n")) == (5, 1)
    assert not findings(run(away, "doctor", "--json").out)["database"]
    away.close()
