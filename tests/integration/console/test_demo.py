"""`provisioner demo` and `provisioner sandbox`, as processes of their own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Child, start

PROGRAM = Path(sys.executable).with_name("provisioner")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The JSON lines of one demo."""
    return demo_told(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def told_without_pebble(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The JSON lines of a demo that finds no program on its path."""
    folder = tmp_path_factory.mktemp("demo")
    return demo_told(folder, PATH=str(folder))


def demo_told(folder: Path, **environ: str) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [PROGRAM, "demo", "--json"],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        timeout=180,
        check=True,
    )
    assert ended.stderr == b""
    return [json.loads(line) for line in ended.stdout.splitlines()]


def certificate(told: list[dict[str, Any]]) -> dict[str, Any]:
    """The certificate that the eighth order ended with."""
    last = [line for line in told if line["kind"] == "progress" and line["order_id"] == "demo-8"][-1]
    found: dict[str, Any] = last["certificate"]
    return found


def processes_with(words: str) -> list[str]:
    """Command lines of processes in which this stands."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(each.read_text(errors="replace"))
    return [line for line in found if words in line]


@pytest.fixture
def child() -> Iterator[list[Child]]:
    """Children that a test has started; they end with it."""
    started: list[Child] = []
    yield started
    for each in started:
        if each.running:
            each.kill()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        env={"PROVISIONER_DATA_DIR": str(folder), "PROVISIONER_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def of(told: list[dict[str, Any]], order_id: str) -> dict[str, Any]:
    return next(line for line in told if line["kind"] == "order" and line["order"]["id"] == order_id)


def outcomes(told: list[dict[str, Any]], order_id: str) -> list[str]:
    return [each["outcome"] for operation in of(told, order_id)["operations"] for each in operation["attempts"]]


def test_every_order_of_the_demo_ends_as_it_should(told: list[dict[str, Any]]) -> None:
    assert (told[0]["kind"], told[-1]["kind"], told[-1]["ok"]) == ("begin", "end", True)


def test_an_answer_that_never_came_is_looked_up_and_not_repeated(told: list[dict[str, Any]]) -> None:
    assert outcomes(told, "demo-2") == ["done", "uncertain", "found"]


def test_a_panel_that_was_not_ready_is_tried_again(told: list[dict[str, Any]]) -> None:
    assert outcomes(told, "demo-3") == ["done", "unavailable", "done"]


def test_a_domain_of_someone_else_is_corrected_and_tried_again(told: list[dict[str, Any]]) -> None:
    assert outcomes(told, "demo-4") == ["done", "rejected", "done", "done"]
    assert of(told, "demo-4")["order"]["attempt"] == 2


def test_what_the_vendor_refuses_for_good_is_closed_with_its_reason(told: list[dict[str, Any]]) -> None:
    refused = of(told, "demo-5")
    assert refused["order"]["status"] == "completed_with_errors"
    assert refused["order"]["error"]["vendor_code"] == "1019"


def test_a_taken_login_is_followed_by_the_next_one(told: list[dict[str, Any]]) -> None:
    assert [step["name"] for step in of(told, "demo-6")["operations"][0]["steps"]][-2:] == [
        "subscription",
        "subscription-2",
    ]


def test_a_service_is_suspended_and_resumed(told: list[dict[str, Any]]) -> None:
    workflows = [operation["workflow"] for operation in of(told, "demo-7")["operations"]]
    assert workflows == ["hosting.create", "hosting.suspend", "hosting.resume"]


def test_hosting_and_its_domain_are_one_order_and_a_certificate_follows(told: list[dict[str, Any]]) -> None:
    workflows = [operation["workflow"] for operation in of(told, "demo-8")["operations"]]
    assert workflows == ["hosting.create", "domain.register", "certificate.issue", "certificate.install"]


def test_the_certificate_of_the_demo_is_of_a_real_authority(told: list[dict[str, Any]]) -> None:
    assert "Pebble" in certificate(told)["issuer"]
    assert certificate(told)["names"] == ["gardener.test", "www.gardener.test"]


def test_without_a_real_authority_the_certificate_is_of_ours(told_without_pebble: list[dict[str, Any]]) -> None:
    assert told_without_pebble[-1]["ok"] is True
    assert "Pebble" not in certificate(told_without_pebble)["issuer"]


def test_the_course_ends_with_issuer_names_and_end_of_the_certificate(told: list[dict[str, Any]]) -> None:
    found = certificate(told)
    words = f"certificate issued by {found['issuer']} for gardener.test, www.gardener.test, valid until "
    assert f"{words}{found['not_after'][:10]}" in of(told, "demo-8")["waits"]


def test_the_domain_of_the_demo_is_registered_and_seen(told: list[dict[str, Any]]) -> None:
    _, registration, *_ = of(told, "demo-8")["operations"]
    assert [step["name"] for step in registration["steps"]][-3:] == ["register", "verify", "lock"]


def test_progress_is_told_while_it_is_made(told: list[dict[str, Any]]) -> None:
    last = {line["order_id"]: line for line in told if line["kind"] == "progress"}
    assert {order_id for order_id, line in last.items() if line["as_expected"]} == {f"demo-{n}" for n in range(1, 9)}


def test_the_demo_leaves_nothing_behind(told: list[dict[str, Any]]) -> None:
    assert not Path(told[0]["data_dir"]).exists()
    assert processes_with(told[0]["data_dir"]) == []


def test_a_demo_that_is_not_given_the_time_says_so_and_fails(tmp_path: Path) -> None:
    """One of the orders meets a vendor that does not answer for two seconds."""
    ended = run(tmp_path, "demo", "--seconds", "1")
    assert ended.returncode == 1
    assert "Not every order ended as it should" in ended.stdout


def test_a_kept_demo_can_be_looked_at_from_another_terminal(tmp_path: Path, child: list[Child]) -> None:
    demo = start([PROGRAM, "demo", "--keep"], log=tmp_path / "out")
    child.append(demo)
    demo.wait_output("The stack stays up until Ctrl-C", timeout=120)
    (export,) = (line for line in demo.output().splitlines() if "export PROVISIONER_DATA_DIR=" in line)
    listed = run(Path(export.partition("=")[2]), "orders", "list", "--status", "completed", "--json")
    assert len(json.loads(listed.stdout)) == 7
    demo.send(signal.SIGINT)
    assert demo.wait() == 0


def test_a_sandbox_registers_itself_as_a_server_and_ends_when_told_to(tmp_path: Path, child: list[Child]) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    environment = {"PROVISIONER_DATA_DIR": str(tmp_path)}
    sandbox = start([PROGRAM, "sandbox", "--json", "--register", "sim"], log=tmp_path / "out", env=environment)
    child.append(sandbox)
    sandbox.wait_output('"control_url"')
    assert run(tmp_path, "servers", "ping", "sim-plesk").returncode == 0
    sandbox.send(signal.SIGTERM)
    assert sandbox.wait() == 0


def test_a_simulator_that_is_not_installed_is_told_with_those_that_are(tmp_path: Path) -> None:
    ended = run(tmp_path, "sandbox", "--simulator", "nonsense")
    assert ended.returncode == 3
    assert "plesk" in ended.stderr
