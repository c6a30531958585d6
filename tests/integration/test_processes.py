"""Child processes behave as the tests that kill them need."""

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.support.forking import fork
from tests.support.processes import Child, NeverHappenedError, free_ports, start, wait_for

SLEEPER = (
    "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
)


def _python(code: str, log: Path) -> Child:
    return start([sys.executable, "-c", code], log=log)


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_killing_a_child_kills_what_it_started(tmp_path: Path) -> None:
    child = _python(SLEEPER, tmp_path / "log")
    wait_for(child.output, "the child says its own child's id")
    grandchild = int(child.output())
    child.kill()
    wait_for(lambda: _gone(grandchild), "the grandchild is gone")


def test_stopping_a_child_ends_what_it_left_behind(tmp_path: Path) -> None:
    child = _python(SLEEPER, tmp_path / "log")
    wait_for(child.output, "the child says its own child's id")
    grandchild = int(child.output())
    assert child.stop() == -signal.SIGTERM
    wait_for(lambda: _gone(grandchild), "the grandchild is gone")


def test_the_environment_is_added_to(tmp_path: Path) -> None:
    code = "import os; print(os.environ['FLAVOUR'], 'PATH' in os.environ)"
    child = start([sys.executable, "-c", code], log=tmp_path / "log", env={"FLAVOUR": "vanilla"})
    child.wait()
    assert child.output() == "vanilla True\n"


def test_a_child_that_ends_early_is_not_waited_for(tmp_path: Path) -> None:
    child = _python("print('no such setting')", tmp_path / "log")
    with pytest.raises(NeverHappenedError, match="no such setting"):
        child.wait_output("ready", timeout=60)


def test_output_that_comes_is_found(tmp_path: Path) -> None:
    child = _python("import time; print('ready', flush=True); time.sleep(60)", tmp_path / "log")
    child.wait_output("ready")
    assert child.running
    child.kill()


def test_a_failure_to_happen_is_told_in_words() -> None:
    with pytest.raises(NeverHappenedError, match=r"the moon rises \(the last answer was 0\)"):
        wait_for(lambda: 0, "the moon rises", timeout=0.0)


def test_free_ports_differ() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20


def test_threads_that_fork_at_the_same_time_read_every_exit_code(tmp_path: Path) -> None:
    def exit_code(_number: int) -> int:
        return fork(["--help"], log=tmp_path / "log", env={}, cwd=tmp_path).wait(timeout=60)

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(exit_code, range(200))) == {0}
