import re
from pathlib import Path

from adapters.plesk import errors, settings
from adapters.plesk.packet import Command

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "adapters" / "plesk.md").read_text()


def test_every_setting_and_credential_is_on_the_reference_page() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert documented >= set(settings.SETTINGS)
    assert all(f"`{name}`" in PAGE for name in settings.CREDENTIALS)


def test_the_reference_pages_error_table_is_the_adapters() -> None:
    rows = {
        int(code): re.findall(r"(\w+) `(\w+)`", cells)
        for code, cells in re.findall(r"^\| (\d{4,5}) \| (.*)$", PAGE, re.MULTILINE)
    }
    table = {
        code: [(row.verdict(command).outcome.__name__, row.verdict(command).code) for command in Command]
        for code, row in errors.PLESK.items()
    }
    assert rows == table
