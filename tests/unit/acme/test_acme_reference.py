import re
from pathlib import Path

import pytest

from adapters.acme import errors, settings
from adapters.acme.errors import Call, Row, Verdict

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "adapters" / "acme.md").read_text()


def row(name: str, told: Row) -> str:
    """One line of the page's table: the outcome of most calls, and of those that differ."""
    others: dict[str, list[str]] = {}
    for call in Call:
        if call in told.other:
            others.setdefault(verdict(told.other[call]), []).append(call.value)
    listed = "; ".join(f"{', '.join(calls)}: {outcome}" for outcome, calls in others.items())
    return f"| {name} | {told.meaning} | {verdict(told.usual)} | {listed} |"


def verdict(told: Verdict) -> str:
    return f"{told.outcome.__name__} `{told.code}`"


@pytest.mark.parametrize("kind", sorted(errors.TABLE))
def test_the_reference_page_has_the_tables_row(kind: str) -> None:
    assert row(f"`{kind}`", errors.TABLE[kind]) in PAGE.splitlines()


def test_the_reference_page_has_a_row_for_types_that_nobody_knows() -> None:
    assert row("other", errors.UNKNOWN) in PAGE.splitlines()


def test_the_reference_page_has_a_row_for_refusals_without_a_type() -> None:
    assert row("none", errors.UNNAMED) in PAGE.splitlines()


def test_every_setting_and_credential_is_on_the_reference_page() -> None:
    section = PAGE.partition("## Settings")[2].partition("## The account")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == {*settings.SETTINGS, *settings.CREDENTIALS}
