"""The reference page names everything that there is."""

import re
from pathlib import Path

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk.dispatch import OPERATIONS
from adapters.sandbox.plesk.panel import PanelSettings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sandbox.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*Fault, *PanelSettings.model_fields])
def test_every_fault_and_setting_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", [name for name in OPERATIONS if not name.endswith("-descriptor")])
def test_every_operation_is_listed_beside_its_operator(name: str) -> None:
    operator, _, operation = name.partition(".")
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{operator}`" in line.split("|")[1]]
    assert any(operation in re.split(r"[^\w-]+", row) for row in rows)
