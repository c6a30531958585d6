"""The table of top-level domains: what is taken, what is refused, and which rules a name has."""

import json
import re
from pathlib import Path

import pytest

from provisioner.kernel.errors import SettingsError
from provisioner.orders.tlds import TldRules, TldTable, UnknownTld
from provisioner.orders.tlds_reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tlds.md"

TABLE = """
[defaults]
max_years = 5
[tld.uk]
transfer_years = 0
[tld."co.uk"]
max_years = 3
"""


def table() -> TldTable:
    return TldTable.parse(TABLE, "my.toml")


@pytest.mark.parametrize(
    ("domain", "tld"), [("a.uk", "uk"), ("a.co.uk", "co.uk"), ("b.a.co.uk", "co.uk"), ("co.uk", "uk")]
)
def test_the_longest_suffix_counts(domain: str, tld: str) -> None:
    assert table().rules_for(domain).tld == tld


def test_a_rule_that_is_not_given_is_that_of_the_defaults() -> None:
    assert (table().rules_for("a.uk").max_years, table().rules_for("a.co.uk").max_years) == (5, 3)


def test_a_rule_that_nobody_gives_is_the_programs() -> None:
    assert table().rules_for("a.uk").min_years == TldRules(tld="uk").min_years


@pytest.mark.parametrize("domain", ["example.com", "uk.com", "xuk"])
def test_an_unknown_top_level_domain_is_answered_with_the_known_ones(domain: str) -> None:
    with pytest.raises(UnknownTld, match=r"there are co\.uk, uk$"):
        table().rules_for(domain)


def test_its_code_is_stable() -> None:
    assert UnknownTld.code == "unknown_tld"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x =", "my.toml is not TOML: "),
        ("", "my.toml names no top-level domain; write one as [tld.com]."),
        ("tld = 1", "my.toml names no top-level domain; write one as [tld.com]."),
        ("[tld]\ncom = 1", "my.toml: [tld.com] and [defaults] must be tables."),
        ("defaults = 1\n[tld.com]", "my.toml: [tld.com] and [defaults] must be tables."),
        ("[more]\n[tld.com]", "my.toml has more; only [defaults] and [tld.NAME] are known."),
        ("[tld.com]\nmax_year = 1", "my.toml: /tld/com/max_year is not known here; look for a misspelt name."),
        ("[tld.com]\nmax_years = '1'", "my.toml: /tld/com/max_years must be a whole number."),
        ("[tld.com]\nmax_years = true", "my.toml: /tld/com/max_years must be a whole number."),
        ("[tld.com]\nmax_years = 11", "my.toml: /tld/com/max_years must be at most 10."),
        ("[tld.com]\nrestore_report = 1", "my.toml: /tld/com/restore_report must be true or false."),
        ("[tld.com]\nhost_model = 'x'", 'my.toml: /tld/com/host_model must be "objects" or "attributes".'),
        ("[tld.com]\ncontact_roles = 'tech'", "my.toml: /tld/com/contact_roles must be an array."),
        ("[tld.com]\ncontact_roles = ['boss']", "my.toml: /tld/com/contact_roles/0 must be "),
        ("[tld.com]\nmin_years = 5\nmax_years = 2", "my.toml: /tld/com/min_years must not be more than max_years."),
        ("[tld.com]\nmax_years_ahead = 1", "my.toml: /tld/com/max_years_ahead must be at least 2."),
        (
            "[tld.com]\nmax_years_ahead = 5",
            "my.toml: /tld/com/max_years must not be more than max_years_ahead.",
        ),
        (
            "[tld.com]\nnameservers_min = 5\nnameservers_max = 2",
            "my.toml: /tld/com/nameservers_min must not be more than nameservers_max.",
        ),
        ("[tld.COM]", "my.toml: [tld.COM] must be named in small letters and A-labels, without a dot."),
        ("[tld.'.com']", "my.toml: [tld..com] must be named in small letters and A-labels, without a dot."),
        ("[tld.'xn']\n[tld.'рф']", "my.toml: [tld.рф] must be named in small letters and A-labels, without a dot."),
    ],
)
def test_a_wrong_table_is_refused_with_one_sentence(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(complaint)}"):
        TldTable.parse(text, "my.toml")


def test_the_shipped_table_has_the_domains_of_the_sandbox() -> None:
    assert {"com", "example", "test"} <= set(TldTable.shipped().tlds)


@pytest.mark.parametrize("tld", TldTable.shipped().tlds)
def test_rules_that_were_kept_are_the_same_when_they_are_read_again(tld: str) -> None:
    rules = TldTable.shipped().rules_for(f"name.{tld}")

    assert TldRules.from_json(json.loads(json.dumps(rules.as_json()))) == rules


def test_rules_kept_by_another_version_are_read() -> None:
    kept = TldRules(tld="com", max_years=3).as_json() | {"of_another_version": 1}
    del kept["redemption_days"]

    assert TldRules.from_json(kept) == TldRules(tld="com", max_years=3)


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text() == reference(), "stale; write it anew with: python -m tools.docs"
