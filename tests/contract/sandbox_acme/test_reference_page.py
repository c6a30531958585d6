"""The reference page names everything that there is."""

import re
from pathlib import Path

import pytest

from adapters.sandbox.acme import RunningAuthority
from adapters.sandbox.acme.settings import AuthoritySettings
from adapters.sandbox.acme.simulator import Adjustment

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sandbox-acme.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*AuthoritySettings.model_fields, *Adjustment.model_fields])
def test_every_setting_and_change_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_operation_is_described(simulator: RunningAuthority) -> None:
    named = set(re.findall(r"`([a-z0-9:-]+)`", PAGE))
    there_are = {name for route in simulator.simulator.desk.routes for name in (route.operation, route.reading) if name}
    assert there_are - named == set()


@pytest.mark.parametrize("name", ["http_port", "validation_seconds", "order_hours", "authorization_days"])
def test_defaults_are_those_of_the_page(name: str) -> None:
    default = AuthoritySettings.model_fields[name].default
    assert f"| `{name}` | {default} |" in PAGE
