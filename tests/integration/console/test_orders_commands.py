"""`provisioner submit`, `orders` and `services`, from the command line to the vendor and back."""

import json
import zlib
from pathlib import Path

from provisioner.app.main import CommandInstallation
from provisioner.console.installation import RunningSandbox
from tests.integration.console.conftest import Run, add_server
from tests.integration.console.orders_of_shops import bring_to_end, message, order


def put(folder: Path, *messages: bytes) -> str:
    file = folder / "messages.jsonl"
    file.write_bytes(b"\n".join(messages))
    return str(file)


def own_id(folder: Path) -> str:
    """An id that no other test uses on the same vendor: lower-case letters, digits and hyphens."""
    return f"o-{zlib.crc32(str(folder).encode()):08x}"


def test_a_submitted_order_is_listed_with_what_it_waits_for(
    installation: CommandInstallation, run: Run, tmp_path: Path
) -> None:
    assert run(installation, "submit", put(tmp_path, order("a-1"))).out == "accepted order a-1\n"
    (listed,) = json.loads(run(installation, "orders", "list", "--json").out)
    assert (listed["id"], listed["status"], listed["environment"]) == ("a-1", "provisioning_started", "sandbox")


def test_submitting_a_file_again_changes_nothing(embedded: CommandInstallation, run: Run, tmp_path: Path) -> None:
    file = put(tmp_path, order("a-1"), order("a-2"))
    run(embedded, "submit", file)
    again = run(embedded, "submit", file)
    assert (again.code, again.out) == (0, "duplicate: taken in before\n" * 2)


def test_a_message_that_is_not_taken_fails_the_command_and_says_where_it_is(
    embedded: CommandInstallation, run: Run, tmp_path: Path
) -> None:
    ended = run(embedded, "submit", put(tmp_path, b"nonsense"), "--json")
    (receipt,) = json.loads(ended.out)
    assert (ended.code, receipt["outcome"]) == (1, "quarantined")
    assert run(embedded, "quarantine", "show", receipt["quarantine_id"]).code == 0


def test_orders_are_listed_by_status_section_and_customer(
    installation: CommandInstallation, run: Run, tmp_path: Path
) -> None:
    run(installation, "submit", put(tmp_path, order("a-1"), order("a-2"), order("a-3")))

    def ids(*filters: str) -> list[str]:
        return sorted(each["id"] for each in json.loads(run(installation, "orders", "list", "--json", *filters).out))

    assert ids("--status", "provisioning_started") == ["a-1", "a-2", "a-3"]
    assert ids("--status", "completed") == []
    assert ids("--section", "recent") == ["a-1", "a-2", "a-3"]
    assert ids("--section", "historical") == []
    assert ids("--customer", "c-a-2") == ["a-2"]
    assert len(ids("--limit", "2")) == 2


def test_a_completed_order_shows_its_steps_history_notes_and_events(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    order_id = own_id(tmp_path)
    run(installation, "submit", put(tmp_path, order(order_id, note="Before Friday.")))
    assert bring_to_end(installation, order_id) == "completed"
    shown = run(installation, "orders", "show", order_id, "--json")
    details = json.loads(shown.out)
    assert details["waits"].startswith("completed at ")
    assert [each["name"] for each in details["operations"][0]["steps"]] == ["customer", "subscription"]
    assert [each["outcome"] for each in details["operations"][0]["attempts"]] == ["done", "done"]
    assert [each["target"] for each in details["transitions"]] == [
        "provisioning_started",
        "provisioning_finished",
        "completed",
    ]
    assert [each["text"] for each in details["notes"]] == ["Before Friday."]
    assert {each["published_at"] for each in details["events"]} == {None}
    text = run(installation, "orders", "show", order_id).out
    assert "Status history" in text
    assert "subscription" in text


def test_exchanges_are_shown_when_asked_for_and_hold_no_secret(
    embedded: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    add_server(embedded, vendor)
    run(embedded, "submit", put(tmp_path, order("seen-1")))
    bring_to_end(embedded, "seen-1")
    password = embedded.store().credentials.reveal_password("s-seen-1", "test").reveal()
    plain, all_of_it = (run(embedded, "orders", "show", "seen-1", *more).out for more in ((), ("--exchanges",)))
    assert "<webspace>" not in plain
    assert "<webspace>" in all_of_it
    assert password not in all_of_it


def test_a_failed_order_is_retried_with_a_correction(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    order_id = own_id(tmp_path)
    run(installation, "submit", put(tmp_path, order(order_id, plan="no such plan")))
    assert bring_to_end(installation, order_id) == "provisioning_failed"
    shown = run(installation, "orders", "show", order_id).out
    assert f"provisioner orders retry {order_id} --correct 1 plan VALUE" in shown
    retried = run(installation, "orders", "retry", order_id, "--correct", "1", "plan", "basic")
    assert (retried.code, retried.out) == (0, f"accepted order {order_id}\n")
    assert bring_to_end(installation, order_id) == "completed"


def test_a_correction_that_is_none_is_refused_before_it_is_sent(
    embedded: CommandInstallation, run: Run, tmp_path: Path
) -> None:
    run(embedded, "submit", put(tmp_path, order("a-1")))
    ended = run(embedded, "orders", "retry", "a-1", "--correct", "1", "domain", "no domain")
    assert ended.code == 2
    assert "/data/corrections/1/domain" in ended.err
    assert json.loads(run(embedded, "quarantine", "list", "--json").out) == []


def test_a_failed_order_is_closed_by_the_operator_who_says_why(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    order_id = own_id(tmp_path)
    run(installation, "submit", put(tmp_path, order(order_id, plan="no such plan")))
    bring_to_end(installation, order_id)
    assert run(installation, "orders", "close", order_id, "--reason", "Not wanted any more.").code == 0
    details = json.loads(run(installation, "orders", "show", order_id, "--json").out)
    assert details["order"]["status"] == "completed_with_errors"
    last = details["transitions"][-1]
    assert (last["actor"], last["reason"]) == ("demo", "Not wanted any more.")


def test_an_order_that_did_not_fail_is_not_closed(embedded: CommandInstallation, run: Run, tmp_path: Path) -> None:
    run(embedded, "submit", put(tmp_path, order("a-1")))
    ended = run(embedded, "orders", "close", "a-1", "--reason", "x")
    assert ended.code == 1
    assert "does not allow close" in ended.out


def test_a_note_is_written_by_the_operator(embedded: CommandInstallation, run: Run, tmp_path: Path) -> None:
    run(embedded, "submit", put(tmp_path, order("a-1")))
    run(embedded, "orders", "note", "a-1", "Called the customer.")
    (note,) = json.loads(run(embedded, "orders", "show", "a-1", "--json").out)["notes"]
    assert (note["author"], note["text"]) == ("demo", "Called the customer.")


def test_what_is_not_there_has_its_exit_code(installation: CommandInstallation, run: Run) -> None:
    for group in ("orders", "services", "operations", "quarantine"):
        ended = run(installation, group, "show", "nowhere")
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith("provisioner: there is no ")
    assert run(installation, "orders", "note", "nowhere", "x").code == 3


# -- services


def test_a_service_shows_its_periods_and_what_suspended_it(
    installation: CommandInstallation, run: Run, tmp_path: Path, vendor: RunningSandbox
) -> None:
    add_server(installation, vendor)
    order_id = own_id(tmp_path)
    service = f"s-{order_id}"
    run(installation, "submit", put(tmp_path, order(order_id)))
    bring_to_end(installation, order_id)
    suspend = message("service.suspend.v1", {"service_id": service, "reason": "Overdue."})
    run(installation, "submit", put(tmp_path, suspend))
    waiting = json.loads(run(installation, "services", "show", service, "--json").out)
    assert waiting["waits"].startswith("hosting.suspend due since ")
    listed = json.loads(run(installation, "services", "list", "--server", "plesk-1", "--json").out)
    assert [each["id"] for each in listed] == [service]
    shown = run(installation, "services", "show", service).out
    assert f"Service {service}, hosting of customer c-{order_id} (sandbox): active" in shown


def test_a_password_is_revealed_once_and_the_audit_knows_to_whom(
    installation: CommandInstallation, run: Run, tmp_path: Path
) -> None:
    run(installation, "submit", put(tmp_path, order("a-1")))
    first, second = (run(installation, "services", "reveal", "s-a-1") for _ in range(2))
    assert first.code == 0
    assert len(first.out.strip()) >= 12
    assert (second.code, second.out) == (1, "")
    assert "shown once" in second.err
