import pytest

from adapters.acme import caa
from adapters.acme.caa import Property

OURS = ("ca.example",)


def issue(value: str, flags: int = 0) -> Property:
    return Property(flags, "issue", value)


def wild(value: str) -> Property:
    return Property(0, "issuewild", value)


@pytest.mark.parametrize(
    ("records", "wildcard", "allowed"),
    [
        ([], False, True),
        ([Property(0, "iodef", "mailto:x@example.com")], False, True),
        ([issue("ca.example")], False, True),
        ([issue("CA.EXAMPLE ; accounturi=https://x")], False, True),
        ([issue("ca.example", flags=128)], False, True),
        ([Property(0, "ISSUE", "other.example")], False, False),
        ([issue("")], False, False),
        ([issue(";")], False, False),
        ([issue("other.example"), issue("ca.example")], False, True),
        ([issue("evil-ca.example")], False, False),
        ([issue("ca.example")], True, True),
        ([issue("ca.example"), wild(";")], True, False),
        ([issue("ca.example"), wild(";")], False, True),
        ([issue("other.example"), wild("ca.example")], True, True),
        ([issue("other.example"), wild("ca.example")], False, False),
        ([wild(";")], False, True),
        ([issue("ca.example"), Property(128, "unheardof", "x")], False, False),
        ([issue("ca.example"), Property(0, "unheardof", "x")], False, True),
    ],
)
def test_records_let_an_authority_issue_or_not(records: list[Property], wildcard: bool, allowed: bool) -> None:
    assert caa.allows(records, OURS, wildcard=wildcard) is allowed


def test_one_of_several_names_of_the_authority_is_enough() -> None:
    assert caa.allows([issue("pki.example")], ("ca.example", "PKI.example"), wildcard=False)


@pytest.mark.parametrize("name", ["*.shop.example", "shop.example", "shop.example."])
def test_the_names_above_are_looked_at_in_turn(name: str) -> None:
    assert caa.climbed(name) == ("shop.example", "example")
