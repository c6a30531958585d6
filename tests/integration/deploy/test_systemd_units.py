import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNITS = ROOT / "deploy/systemd"
PROGRAM = "/opt/provisioner/bin/provisioner"
ROLES = ("provisioner-worker@.service", "provisioner-scheduler.service", "provisioner-relay.service")
GRACE_SECONDS = 30
WORST_EXPOSURE = "20"  # tenths; systemd calls up to 2.0 "OK" and an unprotected service 9.6 "UNSAFE"

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


class _Unit(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _service(name: str) -> configparser.SectionProxy:
    unit = _Unit(strict=False)
    unit.read(UNITS / name)
    return unit["Service"]


def _installed(root: Path) -> Path:
    """The units where a machine has them, with a program that exists."""
    folder = root / "etc/systemd/system"
    shutil.copytree(UNITS, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    return folder


@needs_systemd
def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    folder = _installed(tmp_path)
    units = [*folder.glob("*.service"), *folder.glob("*.target")]
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("name", ["provisioner-worker@1", "provisioner-scheduler", "provisioner-relay"])
def test_a_service_is_shut_in_as_far_as_its_work_allows(name: str, tmp_path: Path) -> None:
    _installed(tmp_path)
    judge = ["systemd-analyze", "security", "--offline=true", f"--root={tmp_path}", f"--threshold={WORST_EXPOSURE}"]
    judged = subprocess.run([*judge, "--no-pager", f"{name}.service"], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-200:] + judged.stderr


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_always_started_again(role: str) -> None:
    assert _service(role)["Restart"] == "always"


@pytest.mark.parametrize("role", ROLES)
def test_no_process_of_a_role_outlives_it(role: str) -> None:
    assert _service(role)["KillMode"] == "control-group"


@pytest.mark.parametrize("role", ROLES)
def test_a_running_step_may_end_before_systemd_loses_patience(role: str) -> None:
    assert int(_service(role)["TimeoutStopSec"]) > GRACE_SECONDS


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_its_broker_url_as_a_credential(role: str) -> None:
    assert _service(role)["LoadCredential"].startswith("broker_url:/etc/provisioner/credentials/")


def test_no_unit_holds_a_secret() -> None:
    texts = [unit.read_text() for unit in UNITS.rglob("*") if unit.is_file()]
    assert [text for text in texts if "://" in text] == []
