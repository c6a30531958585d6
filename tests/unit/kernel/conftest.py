"""Settings of the machine that runs the tests have no say in them."""

import os
from pathlib import Path

import pytest

from provisioner.kernel import settings_sources


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith(settings_sources.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(settings_sources.CREDENTIALS_VARIABLE, raising=False)
    monkeypatch.setattr(
        settings_sources, "CONFIG_PLACES", (tmp_path / "absent" / "provisioner.toml", Path("provisioner.toml"))
    )
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
