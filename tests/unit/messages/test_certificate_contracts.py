"""Certificates: which fields a message must have, which go together, and what is named when one is wrong."""

from base64 import b64encode
from typing import Any

import pytest

from provisioner.messages import envelope, examples
from provisioner.messages.certificates import IssueCertificate, UploadCertificate
from tests.unit.messages.orders_of_all_kinds import changed, message, place_and_reason

ISSUE = {"certificate_id": "certificate-5", "service_id": "hosting-77"}
CSR = {**ISSUE, "names": ["example.com"]}
UPLOAD = {**ISSUE, "certificate": "-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n"}
REVOKE = {"certificate_id": "certificate-5"}


def of(family: str, data: dict[str, Any]) -> bytes:
    return message(type=f"certificate.{family}.v1", data=data)


def wrong(family: str, data: dict[str, Any]) -> tuple[str, str | None]:
    """The reason for which this is refused, and the place within its data."""
    reason, pointer = place_and_reason(of(family, data))
    return reason, (pointer or "").removeprefix("/data")


def issued(**fields: Any) -> IssueCertificate:
    data = envelope.decode(of("issue", {**ISSUE, **fields})).data
    assert isinstance(data, IssueCertificate)
    return data


def uploaded(**fields: Any) -> UploadCertificate:
    data = envelope.decode(of("upload", {**UPLOAD, **fields})).data
    assert isinstance(data, UploadCertificate)
    return data


def sealed(size: int) -> dict[str, str]:
    return {"key_id": "worker-1", "box": b64encode(bytes(48 + size)).decode()}


def test_a_certificate_is_issued_and_renewed_unless_somebody_says_otherwise() -> None:
    got = issued()

    assert (got.names, got.method, got.key_kind, got.auto_renew) == (None, "auto", "ec", True)


def test_names_are_lowered_and_taken_once() -> None:
    assert issued(names=["Example.com", "*.EXAMPLE.com", "example.com"]).names == ("example.com", "*.example.com")


@pytest.mark.parametrize("name", ["example", "*", "*.", "*.com.", "*.*.example.com", "www.*.com", "bücher.de", "", " "])
def test_what_is_no_name_for_a_certificate_is_named(name: str) -> None:
    assert wrong("issue", {**ISSUE, "names": ["example.com", name]}) == ("invalid_data", "/names/1")


def test_a_wildcard_is_not_shown_by_http() -> None:
    assert wrong("issue", {**ISSUE, "names": ["*.example.com"], "method": "http-01"}) == ("invalid_data", "/method")


@pytest.mark.parametrize(
    ("family", "data", "place"),
    [
        ("issue", changed(ISSUE, certificate_id=...), "/certificate_id"),
        ("issue", changed(ISSUE, service_id=...), "/service_id"),
        ("issue", changed(ISSUE, names=[]), "/names"),
        ("issue", changed(ISSUE, names=["a.example.com"] * 101), "/names"),
        ("issue", changed(ISSUE, key_kind="dsa"), "/key_kind"),
        ("issue", changed(ISSUE, method="tls-alpn-01"), "/method"),
        ("issue", changed(ISSUE, profile="short lived"), "/profile"),
        ("issue", changed(ISSUE, auto_renew="yes"), "/auto_renew"),
        ("renew", {}, "/certificate_id"),
        ("renew", {**REVOKE, "names": ["example.com"]}, "/names"),
        ("generate-csr", changed(CSR, names=...), "/names"),
        ("generate-csr", changed(CSR, subject={}), "/subject/organisation"),
        ("generate-csr", changed(CSR, subject={"organisation": "x" * 65}), "/subject/organisation"),
        ("generate-csr", changed(CSR, subject={"organisation": "x", "country": "Germany"}), "/subject/country"),
        ("upload", changed(UPLOAD, certificate=...), "/certificate"),
        ("upload", changed(UPLOAD, certificate=""), "/certificate"),
        ("upload", changed(UPLOAD, key=sealed(32_769)), "/key/box"),
        ("upload", changed(UPLOAD, install=1), "/install"),
        ("install", {}, "/certificate_id"),
        ("remove", {**REVOKE, "force": "yes"}, "/force"),
        ("revoke", {**REVOKE, "reason": "cACompromise"}, "/reason"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(family: str, data: dict[str, Any], place: str) -> None:
    assert wrong(family, data) == ("invalid_data", place)


def test_a_chain_may_be_longer_than_other_texts() -> None:
    chain = UPLOAD["certificate"] * 1000

    assert uploaded(certificate=chain).certificate == chain


@pytest.mark.parametrize("size", [1, 3_300, 32_768])
def test_a_sealed_key_may_be_as_large_as_keys_are(size: int) -> None:
    assert uploaded(key=sealed(size)).key is not None


def test_a_key_in_clear_is_refused() -> None:
    assert wrong("upload", {**UPLOAD, "key": "sesame"}) == ("plain_secret", "/key")


def test_a_key_that_was_pasted_below_the_certificate_is_refused() -> None:
    pasted = UPLOAD["certificate"] + "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"

    assert wrong("upload", {**UPLOAD, "certificate": pasted}) == ("plain_secret", "/certificate")


def test_the_example_of_an_upload_shows_no_key() -> None:
    assert examples.EXAMPLES["certificate.upload.v1"]["key"].keys() == {"key_id", "box"}


@pytest.mark.parametrize("fingerprint", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
def test_what_is_no_fingerprint_is_named(fingerprint: str) -> None:
    assert wrong("revoke", {**REVOKE, "fingerprint": fingerprint}) == ("invalid_data", "/fingerprint")
