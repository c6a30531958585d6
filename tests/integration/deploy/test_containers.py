import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.kernel.settings import Settings
from provisioner.kernel.settings_sources import PREFIX

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
ROLES = ("worker", "scheduler", "relay")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def _settings_of(service: dict[str, Any]) -> set[str]:
    names = {name.removeprefix(PREFIX).removesuffix("_FILE").lower() for name in service["environment"]}
    return {name for name in names if name not in Settings.model_fields}


def test_the_services_are_those_of_the_product(compose: Any) -> None:
    expected = {"rabbitmq", "postgres", "migrate", "worker", "scheduler", "relay", "sandbox"}
    assert set(compose["services"]) == expected


@pytest.mark.parametrize("role", [*ROLES, "migrate", "sandbox"])
def test_every_variable_is_a_setting_that_exists(compose: Any, role: str) -> None:
    assert _settings_of(compose["services"][role]) == set()


def test_each_secret_that_a_service_wants_is_declared(compose: Any) -> None:
    wanted = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert wanted == set(compose["secrets"])


def test_each_secret_is_a_file_beside_the_compose_file(compose: Any) -> None:
    files = [secret["file"] for secret in compose["secrets"].values()]
    assert [file for file in files if not file.startswith("./secrets/")] == []


def test_each_secret_file_that_a_setting_names_is_mounted(compose: Any) -> None:
    for service in compose["services"].values():
        named = [value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")]
        assert {Path(value).name for value in named} <= set(service["secrets"])


def test_the_management_of_the_broker_is_not_published(compose: Any) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:5672:5672"]


@pytest.mark.parametrize("service", ["rabbitmq", "postgres"])
def test_what_must_last_is_on_a_named_volume(compose: Any, service: str) -> None:
    volumes = {volume.split(":")[0] for volume in compose["services"][service]["volumes"]}
    assert volumes & set(compose["volumes"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_starts_after_the_migrations(compose: Any, role: str) -> None:
    assert compose["services"][role]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_more_time_to_stop_than_its_steps_have(compose: Any, role: str) -> None:
    grace = Settings.model_fields["stop_grace_seconds"].default
    assert int(compose["services"][role]["stop_grace_period"].removesuffix("s")) > grace


def _instructions() -> list[list[str]]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.split(maxsplit=1) for line in lines]


def test_the_image_runs_as_nobody_special() -> None:
    users = [value for name, value in _instructions() if name == "USER"]
    assert users == ["provisioner"]


def test_whatever_the_image_installs_has_a_hash_or_was_built_in_it() -> None:
    installs = re.findall(r"pip install ([^&]*)", (DEPLOY / "Dockerfile").read_text())
    assert [install for install in installs if not {"--require-hashes", "--no-index"} & set(shlex.split(install))] == []


def test_all_that_the_image_copies_is_let_through() -> None:
    let_through = {
        line[1:].strip() for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copies = [value.split()[:-1] for name, value in _instructions() if name == "COPY" and "--from" not in value]
    tops = {source.split("/")[0] for copy in copies for source in copy}
    assert tops == let_through


def test_all_that_the_image_copies_exists() -> None:
    copies = [value.split()[:-1] for name, value in _instructions() if name == "COPY" and "--from" not in value]
    assert [source for copy in copies for source in copy if not (ROOT / source).exists()] == []
