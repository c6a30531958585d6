"""Certificates: what they say, which names they are good for, and when they are renewed."""

import base64
import hashlib
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.orders.certificate_refusals import CertificateUnparseable
from provisioner.orders.certificates import (
    CertificateFacts,
    automatic_id,
    covers,
    facts_of,
    former_name,
    installed_name,
    missing_names,
    renew_at,
)
from tests.unit.orders.certificate_chains import DAY, NOW, certificate, intermediate, leaf, root


def pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def facts(lifetime: timedelta) -> CertificateFacts:
    return CertificateFacts(("example.com",), "CN=Test", "1", "ab" * 32, NOW, NOW + lifetime)


def test_the_facts_are_those_of_the_first_certificate() -> None:
    told = facts_of(leaf().pem + intermediate().pem)

    assert told.names == ("example.com", "*.example.com")
    assert told.issuer == "CN=Test Intermediate"
    assert told.fingerprint == hashlib.sha256(leaf().der).hexdigest()
    assert (told.not_before, told.not_after) == (NOW - DAY, NOW + 89 * DAY)


def test_the_serial_number_is_in_small_hex_digits() -> None:
    assert facts_of(certificate("x", root(), serial=0xABC).pem).serial == "abc"


def test_a_serial_number_that_no_database_has_room_for_is_refused() -> None:
    der = certificate("x", root(), serial=0xABC).der
    longer = der.replace(b"\x02\x02\x0a\xbc", b"\x02\x20" + b"\x0a" * 32)
    outer, inner = len(longer) - 4, int.from_bytes(der[6:8], "big") + 30
    mended = b"\x30\x82" + outer.to_bytes(2, "big") + b"\x30\x82" + inner.to_bytes(2, "big") + longer[8:]

    with pytest.raises(CertificateUnparseable):
        facts_of(pem(mended))


def test_a_common_name_is_no_name() -> None:
    assert facts_of(certificate("example.com", root()).pem).names == ()


def test_names_are_told_in_small_letters_and_once() -> None:
    assert facts_of(certificate("x", sans=["Example.com", "example.COM"]).pem).names == ("example.com",)


@pytest.mark.parametrize("odd", ["exa mple.com", "a\x00b.com", "-a.com", "*.*.com", "x" * 64 + ".com", ""])
def test_what_is_no_host_name_is_no_name(odd: str) -> None:
    assert facts_of(certificate("x", sans=[odd, "example.com"]).pem).names == ("example.com",)


def test_an_issuer_with_invisible_characters_is_told_without_them() -> None:
    odd = certificate("bell\x07 and \x00", ca=True)

    assert facts_of(certificate("x", odd).pem).issuer.isprintable()


@pytest.mark.parametrize("chain", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(chain: str) -> None:
    with pytest.raises(CertificateUnparseable):
        facts_of(chain)


def test_facts_come_back_from_json() -> None:
    told = facts_of(leaf().pem)

    assert CertificateFacts.from_json({**told.as_json(), "installed": True}) == told


@pytest.mark.parametrize(
    ("san", "name"),
    [
        ("example.com", "example.com"),
        ("Example.com", "example.COM"),
        ("*.example.com", "www.example.com"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_a_name_is_covered(san: str, name: str) -> None:
    assert covers(san, name)


@pytest.mark.parametrize(
    ("san", "name"),
    [
        ("example.com", "www.example.com"),
        ("www.example.com", "*.example.com"),
        ("*.example.com", "example.com"),
        ("*.example.com", "a.b.example.com"),
        ("*.example.com", ".example.com"),
        ("*.com", "*.example.com"),
        ("*.*.com", "*.*.com.example"),
    ],
)
def test_a_name_is_not_covered(san: str, name: str) -> None:
    assert not covers(san, name)


def test_the_names_that_a_certificate_lacks_are_told_in_order() -> None:
    assert missing_names(("example.com",), ("b.org", "example.com", "a.org")) == ("b.org", "a.org")


@given(days=st.integers(10, 800), key=st.text())
def test_a_certificate_is_renewed_around_a_third_of_its_lifetime_before_the_end(days: int, key: str) -> None:
    lifetime = days * DAY
    left = NOW + lifetime - renew_at(facts(lifetime), key)

    assert lifetime / 3 <= left < lifetime / 3 + lifetime * 0.051


@given(hours=st.integers(1, 239), key=st.text())
def test_a_short_lived_one_is_renewed_around_half_of_its_lifetime(hours: int, key: str) -> None:
    lifetime = timedelta(hours=hours)
    left = NOW + lifetime - renew_at(facts(lifetime), key)

    assert lifetime / 2 <= left < lifetime / 2 + lifetime * 0.051


def test_renewals_of_certificates_that_were_issued_together_are_spread() -> None:
    times = {renew_at(facts(90 * DAY), f"service-{number}") for number in range(1000)}

    assert max(times) - min(times) > 4 * DAY


def test_the_time_of_renewal_of_a_service_is_always_the_same() -> None:
    assert renew_at(facts(90 * DAY), "service-1") == renew_at(facts(90 * DAY), "service-1")


def test_the_name_on_a_panel_follows_from_the_whole_chain_however_its_lines_end() -> None:
    assert re.fullmatch("provisioner-[0-9a-f]{16}", installed_name("leaf\n"))
    assert installed_name("leaf\r\nintermediate") == installed_name("leaf\nintermediate\n")
    assert installed_name("leaf\nintermediate\n") != installed_name("leaf\n")


def test_the_name_of_former_versions_follows_from_the_fingerprint() -> None:
    assert former_name("0123456789abcdef" * 4) == "provisioner-0123456789abcdef"


def test_the_automatic_certificate_of_a_hosting_has_an_id_that_a_storefront_can_name() -> None:
    assert automatic_id("hosting-1") == "hosting-1-certificate"
    longest = ["x" * 99 + end for end in "ab"]
    assert {len(automatic_id(hosting)) for hosting in longest} == {100}
    assert automatic_id(longest[0]) != automatic_id(longest[1])
