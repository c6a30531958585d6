import re
from pathlib import Path

import pytest

from adapters.epp import errors, settings
from adapters.epp.errors import Act, Row, Verdict

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "adapters" / "epp.md").read_text()


def row(code: str, told: Row) -> str:
    """One line of the page's table: the outcome of most commands, and of those that differ."""
    others: dict[str, list[str]] = {}
    for act in Act:
        if act in told.other:
            others.setdefault(verdict(told.other[act]), []).append(act.value)
    listed = "; ".join(f"{', '.join(acts)}: {outcome}" for outcome, acts in others.items())
    return f"| {code} | {told.meaning} | {verdict(told.usual)} | {listed} |"


def verdict(told: Verdict) -> str:
    return f"{told.outcome.__name__} `{told.code}`{'*' if told.look else ''}"


@pytest.mark.parametrize("code", sorted(errors.TABLE))
def test_the_reference_page_has_the_tables_row(code: int) -> None:
    assert row(str(code), errors.TABLE[code]) in PAGE.splitlines()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("other 1xxx", errors.UNKNOWN_DONE),
        ("other 2xxx", errors.UNKNOWN_REFUSAL),
        ("other 24xx and above", errors.UNKNOWN_FAILURE),
    ],
)
def test_the_reference_page_has_the_rows_for_codes_of_no_rfc(code: str, told: Row) -> None:
    assert row(code, told) in PAGE.splitlines()


def test_every_setting_and_credential_is_on_the_reference_page() -> None:
    section = PAGE.partition("## Settings")[2].partition("## Operations")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == {*settings.SETTINGS, *settings.CREDENTIALS}
