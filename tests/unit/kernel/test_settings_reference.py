"""The reference page says what the settings are, and the committed page is the one that they make now."""

from pathlib import Path

import pytest

from provisioner.kernel.settings import Settings
from provisioner.kernel.settings_reference import settings_reference
from provisioner.kernel.settings_rules import extra

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_the_committed_page_has_not_drifted() -> None:
    assert PAGE.read_text() == settings_reference(), (
        "write it anew: python -m provisioner.kernel.settings_reference > docs/reference/settings.md"
    )


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_described(name: str) -> None:
    field = Settings.model_fields[name]
    assert (field.description or "").endswith(".")
    assert f"### `{name}`\n\n{field.description}\n\n- Variable: `PROVISIONER_{name.upper()}`" in settings_reference()


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if "Ge(" in repr(field)])
def test_each_number_has_a_unit(name: str) -> None:
    assert extra(Settings.model_fields[name], "unit")


@pytest.mark.parametrize("ending", ["seconds", "bytes", "days"])
def test_a_setting_with_a_unit_in_its_name_has_that_unit(ending: str) -> None:
    fields = {name: field for name, field in Settings.model_fields.items() if name.endswith(f"_{ending}")}
    assert {name: extra(field, "unit") for name, field in fields.items()} == dict.fromkeys(fields, ending)
