"""The verbs of `make` and what CI runs say clearly what is missing, and never call a failure a success."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*argv: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def _program(file: Path, script: str) -> Path:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_make_alone_lists_the_verbs() -> None:
    listed = _run("make").stdout
    assert {line.split()[1] for line in listed.splitlines()} >= {"demo", "test", "check", "bench", "fuzz", "docs"}


def test_an_old_python_is_refused_with_its_version(tmp_path: Path) -> None:
    old = _program(tmp_path / "python", 'test "$1" = -V && echo Python 3.9.2 && exit 0; exit 1')
    answer = _run("sh", "tools/create_venv.sh", old, tmp_path / "venv")
    assert (answer.returncode, "3.11 or newer is needed" in answer.stderr, "3.9.2" in answer.stderr) == (1, True, True)


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    answer = _run("sh", "tools/create_venv.sh", "python-that-is-not-there", tmp_path / "venv")
    assert (answer.returncode, "There is no python-that-is-not-there here" in answer.stderr) == (1, True)


def test_without_apt_the_packages_are_named(tmp_path: Path) -> None:
    answer = _run("/bin/sh", "tools/apt_install.sh", "rabbitmq-server", "postgresql", path=str(tmp_path))
    assert (answer.returncode, answer.stderr) == (1, "Please install what Debian calls: rabbitmq-server postgresql\n")


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("check", 1), ("test", 1)])
def test_ci_fails_if_any_verb_fails(failing: str, code: int, tmp_path: Path) -> None:
    _program(tmp_path / "make", f'echo "made $1"; test "$1" != {failing}')
    answer = _run(ROOT / ".ci/run", path=f"{tmp_path}:{os.environ['PATH']}")
    assert answer.returncode == code


def test_ci_runs_the_tests_last_whatever_the_checks_say(tmp_path: Path) -> None:
    _program(tmp_path / "make", 'echo "made $1"; test "$1" != check')
    answer = _run(ROOT / ".ci/run", path=f"{tmp_path}:{os.environ['PATH']}")
    assert answer.stdout == "made check\nmade test\n"
