"""Crash points do nothing, unless the environment arms one; then they strike once, where and when it says."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.kernel import crash
from provisioner.kernel.errors import SettingsError

# Passes `after_call` in two scopes, three rounds, and says how far it came.
PROGRAM = """
from provisioner.kernel import crash
for number in (1, 2, 3):
    for scope in ("create/customer", "create/subscription"):
        with crash.scope(scope):
            crash.point("before_call")
            crash.point("after_call")
            print(scope, number, flush=True)
"""
ALL_ROUNDS = 6


def _run(environ: dict[str, str], program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)


def test_without_the_variable_nothing_happens() -> None:
    done = _run({})
    assert (done.returncode, len(done.stdout.splitlines())) == (0, ALL_ROUNDS)


@pytest.mark.parametrize(
    ("spec", "last_line"),
    [
        ("create/subscription:after_call:1", "create/customer 1"),
        ("create/subscription:after_call:3", "create/customer 3"),
        ("create/customer:before_call:2", "create/subscription 1"),
        ("*:after_call:4", "create/customer 2"),
    ],
)
def test_the_process_is_killed_when_the_named_point_is_passed_the_nth_time(spec: str, last_line: str) -> None:
    done = _run({"PROVISIONER_CRASH": spec})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (-signal.SIGKILL, last_line)


def test_of_several_points_the_first_that_is_passed_kills() -> None:
    done = _run({"PROVISIONER_CRASH": "create/subscription:after_call:2 create/customer:before_call:2"})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (-signal.SIGKILL, "create/subscription 1")


def test_with_a_socket_each_of_several_points_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "control"
    spec = "create/customer:after_call:2 create/subscription:before_call:3"
    environ = {"PROVISIONER_CRASH": spec, "PROVISIONER_CRASH_SOCKET": str(path)}
    told = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(30)
        with subprocess.Popen([sys.executable, "-c", PROGRAM], env=environ, stdout=subprocess.PIPE, text=True) as child:
            for _ in range(2):
                control, _ = server.accept()
                with control:
                    told.append(control.makefile().readline())
            said, _ = child.communicate(timeout=30)
    assert told == ["create/customer:after_call\n", "create/subscription:before_call\n"]
    assert (child.returncode, len(said.splitlines())) == (0, ALL_ROUNDS)


@pytest.mark.parametrize("spec", ["create/customer:never:1", "elsewhere:after_call:1", "*:after_call:7"])
def test_a_point_that_is_not_passed_often_enough_kills_nothing(spec: str) -> None:
    assert _run({"PROVISIONER_CRASH": spec}).returncode == 0


def test_with_a_socket_the_process_waits_for_the_answer_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "control"
    environ = {"PROVISIONER_CRASH": "create/customer:after_call:2", "PROVISIONER_CRASH_SOCKET": str(path)}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(30)
        with subprocess.Popen([sys.executable, "-c", PROGRAM], env=environ, stdout=subprocess.PIPE, text=True) as child:
            control, _ = server.accept()
            with control:
                told = control.makefile().readline()
                still_waiting = child.poll() is None
                control.sendall(b"go\n")
            said, _ = child.communicate(timeout=30)
    assert (told, still_waiting, child.returncode) == ("create/customer:after_call\n", True, 0)
    assert len(said.splitlines()) == ALL_ROUNDS


@pytest.mark.parametrize(
    "spec", ["after_call", "a:b", "a:b:", "a:b:0", "a:b:-1", "a:b:x", ":b:1", "a::1", "a:b:1:1", "a:b:²"]
)
def test_a_malformed_value_stops_the_start_with_one_sentence(spec: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        crash.arm({"PROVISIONER_CRASH": spec})
    assert str(refusal.value) == (
        f"The setting PROVISIONER_CRASH is {spec!a}; it must be SCOPE:POINT:COUNT, COUNT from 1."
    )


def test_a_malformed_value_that_nobody_looked_at_is_refused_at_the_first_point() -> None:
    done = _run({"PROVISIONER_CRASH": "nonsense"})
    assert "SettingsError: The setting PROVISIONER_CRASH is 'nonsense'" in done.stderr


def test_importing_reads_nothing_from_the_environment() -> None:
    done = _run({"PROVISIONER_CRASH": "nonsense"}, "import provisioner.kernel.crash")
    assert (done.returncode, done.stderr) == (0, "")


def test_scopes_nest_and_end() -> None:
    program = """
from provisioner.kernel import crash
with crash.scope("outer"):
    with crash.scope("inner"):
        pass
    print("passing", flush=True)
    crash.point("here")
"""
    assert _run({"PROVISIONER_CRASH": "outer:here:1"}, program).returncode == -signal.SIGKILL


def test_a_scope_may_have_a_colon_in_its_name() -> None:
    program = """
from provisioner.kernel import crash
with crash.scope("create/undo:customer"):
    crash.point("after_intent")
"""
    armed = {"PROVISIONER_CRASH": "create/undo:customer:after_intent:1"}
    assert _run(armed, program).returncode == -signal.SIGKILL


def test_a_listener_hears_every_point_and_nothing_strikes() -> None:
    heard: list[tuple[str, str]] = []
    with crash.listening(lambda scope, point: heard.append((scope, point))), crash.scope("create/customer"):
        crash.point("before_intent")
        crash.point("after_intent")
    crash.point("after_call")
    assert heard == [("create/customer", "before_intent"), ("create/customer", "after_intent")]
