import base64
import hashlib
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.kernel.settings import load_settings

ROOT = Path(__file__).parents[3]


def prepare(folder: Path, *options: str) -> Path:
    subprocess.run([sys.executable, ROOT / "deploy/prepare.py", folder, *options], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("deploy") / "secrets", "--broker-host", "rabbitmq", "--tls")


def _users(folder: Path) -> dict[str, Any]:
    return {user["name"]: user for user in json.loads((folder / "definitions.json").read_text())["users"]}


def test_only_the_owner_enters_the_folder(prepared: Path) -> None:
    assert stat.S_IMODE(prepared.stat().st_mode) == 0o700


def test_the_definitions_hold_the_hash_of_each_password(prepared: Path) -> None:
    for name, user in _users(prepared).items():
        stored = base64.b64decode(user["password_hash"])
        salt, digest = stored[:4], stored[4:]
        password = (prepared / f"{name}_password").read_text()
        assert digest == hashlib.sha256(salt + password.encode()).digest()


def test_no_password_is_in_the_definitions(prepared: Path) -> None:
    definitions = (prepared / "definitions.json").read_text()
    assert [file.name for file in prepared.glob("*_password") if file.read_text() in definitions] == []


def test_each_user_has_a_password_of_its_own(prepared: Path) -> None:
    passwords = [file.read_text() for file in prepared.glob("*_password")]
    assert len(set(passwords)) == len(passwords) > 1


def test_a_second_run_keeps_the_passwords(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "secrets")
    before = (folder / "worker_broker_url").read_text()
    prepare(folder)
    assert (folder / "worker_broker_url").read_text() == before


def test_the_urls_are_settings_that_a_worker_takes(prepared: Path, tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "PROVISIONER_BROKER_URL_FILE": str(prepared / "worker_broker_url"),
        "PROVISIONER_DATABASE_URL_FILE": str(prepared / "database_url"),
    }
    url = load_settings(environ).broker_url
    assert url is not None
    assert url.reveal().startswith("amqps://worker:")


def test_the_definitions_in_the_repository_let_nobody_in() -> None:
    users = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())["users"]
    assert {user["password_hash"] for user in users} == {""}


def test_storefronts_may_see_the_broker_elsewhere(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "secrets", "--broker-host", "rabbitmq", "--outside-host", "mq.example.com:5671")
    hosts = {name: (folder / f"{name}_broker_url").read_text().split("@")[1] for name in ("storefront", "worker")}
    assert hosts == {"storefront": "mq.example.com:5671/provisioner", "worker": "rabbitmq/provisioner"}
