"""Certificates that customers bring: the usual mistakes are told apart, and what can be mended is mended."""

import base64
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.private_keys import generate_private_key, make_csr
from provisioner.kernel.secret import Secret
from provisioner.orders.certificate_refusals import CertificateRefused, CertificateUnparseable
from provisioner.orders.certificates import facts_of
from provisioner.orders.uploads import LARGEST, Upload, UploadWarning, check_upload
from tests.unit.orders.certificate_chains import (
    DAY,
    NOW,
    Made,
    certificate,
    intermediate,
    key_pem,
    leaf,
    root,
)

NAMES = ("example.com", "www.example.com")
ROOTS = (root().certificate,)
BUNDLE = leaf().pem + intermediate().pem


def uploaded(text: str | bytes = BUNDLE, key: Secret | None = None, **more: Any) -> Upload:
    return check_upload(text, key or leaf().secret, **{"names": NAMES, "now": NOW, "roots": ROOTS, **more})


def refusal(text: str | bytes = BUNDLE, key: Secret | None = None, **more: Any) -> RefusedError:
    with pytest.raises(RefusedError) as told:
        uploaded(text, key, **more)
    return told.value


def alone(made: Made, **more: Any) -> Upload:
    return uploaded(made.pem + intermediate().pem, made.secret, **more)


def code_alone(made: Made, **more: Any) -> str:
    return refusal(made.pem + intermediate().pem, made.secret, **more).code


@cache
def small_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - that such a key is refused is what is tested


# -- what is taken


def test_a_right_one_is_taken_as_it_is() -> None:
    taken = uploaded()

    assert (taken.chain, taken.leaf, taken.warnings) == (BUNDLE, leaf().pem, ())


def test_what_it_says_is_told() -> None:
    assert uploaded().facts == facts_of(leaf().pem)


def test_bytes_are_taken_like_text() -> None:
    assert uploaded(BUNDLE.encode()) == uploaded(BUNDLE)


def test_the_texts_that_openssl_writes_around_certificates_do_no_harm() -> None:
    around = "Bag Attributes\r\n    friendlyName: ü\r\n" + BUNDLE.replace("\n", "\r\n") + "\r\n"

    assert uploaded(around).chain == BUNDLE


def test_an_rsa_key_is_taken() -> None:
    made = certificate("rsa", intermediate(), sans=NAMES, key=rsa.generate_private_key(65537, 2048))

    assert alone(made).warnings == ()


@pytest.mark.parametrize("form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8])
def test_a_key_is_taken_in_the_old_form_and_in_the_new(form: Any) -> None:
    pem = leaf().key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    assert uploaded(key=Secret(pem.decode())).chain == BUNDLE


def test_the_curve_that_openssl_writes_before_a_key_does_no_harm() -> None:
    curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    pem = leaf().key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )

    assert uploaded(key=Secret(curve + pem.decode())).chain == BUNDLE


# -- what is mended


def test_a_chain_that_begins_with_the_root_is_put_in_order_and_the_root_left_out() -> None:
    taken = uploaded(root().pem + intermediate().pem + leaf().pem)

    assert taken.chain == BUNDLE
    assert taken.warnings == (UploadWarning.REORDERED, UploadWarning.ROOT_STRIPPED)


def test_a_root_at_the_end_is_left_out() -> None:
    taken = uploaded(BUNDLE + root().pem)

    assert (taken.chain, taken.warnings) == (BUNDLE, (UploadWarning.ROOT_STRIPPED,))


def test_certificates_that_do_not_belong_to_it_are_left_out() -> None:
    taken = uploaded(BUNDLE + certificate("other", intermediate(), sans=["other.org"]).pem)

    assert (taken.chain, taken.warnings) == (BUNDLE, (UploadWarning.UNRELATED,))


def test_a_certificate_that_came_twice_is_taken_once() -> None:
    assert uploaded(BUNDLE + BUNDLE) == uploaded(BUNDLE)


def test_another_authority_of_the_same_name_is_no_issuer() -> None:
    pretender = certificate("Test Intermediate", ca=True)

    taken = uploaded(leaf().pem + pretender.pem + intermediate().pem)

    assert taken.chain == BUNDLE


def test_of_an_old_and_a_new_certificate_of_one_key_the_valid_one_is_taken() -> None:
    old = certificate("old", intermediate(), sans=NAMES, key=leaf().key, begins=NOW - 100 * DAY)

    assert uploaded(old.pem + BUNDLE).chain == BUNDLE


# -- what is warned about


def test_a_missing_intermediate_is_warned_about() -> None:
    assert uploaded(leaf().pem).warnings == (UploadWarning.UNTRUSTED,)


def test_a_missing_intermediate_is_warned_about_also_where_no_roots_are_known() -> None:
    assert uploaded(leaf().pem, roots=()).warnings == (UploadWarning.UNTRUSTED,)


def test_a_whole_chain_is_not_warned_about_where_no_roots_are_known() -> None:
    assert uploaded(roots=()).warnings == ()


def test_an_authority_that_is_not_known_is_warned_about() -> None:
    stranger = certificate("Stranger", ca=True)

    assert uploaded(roots=(stranger.certificate,)).warnings == (UploadWarning.UNTRUSTED,)


def test_a_self_signed_certificate_is_warned_about() -> None:
    made = certificate("self", sans=NAMES)

    assert uploaded(made.pem, made.secret).warnings == (UploadWarning.UNTRUSTED,)


def test_a_wildcard_leads_to_its_root_too() -> None:
    assert uploaded(names=["*.example.com"]).warnings == ()


def test_one_that_expires_soon_is_warned_about() -> None:
    made = certificate("short", intermediate(), sans=NAMES, lasts=7 * DAY)

    assert alone(made).warnings == (UploadWarning.EXPIRES_SOON,)


def test_every_warning_has_its_sentence() -> None:
    assert [len(uploaded(root().pem + leaf().pem, roots=()).sentences)] == [3]


# -- what is refused: the file


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "cert_unparseable"),
        ("hello", "cert_unparseable"),
        ("\ud800", "cert_unparseable"),
        (b"\xff\xfe-\x00-\x00", "cert_unparseable"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cert_unparseable"),
        (BUNDLE.replace("M", "!"), "cert_unparseable"),
        (BUNDLE[: len(leaf().pem) // 2], "cert_unparseable"),
        (leaf().der, "cert_is_der"),
        (base64.b64encode(leaf().der), "cert_is_der"),
        (base64.encodebytes(leaf().der).decode(), "cert_is_der"),
        (bytes(10 * 2**20), "cert_too_large"),
        ("x" * (LARGEST + 1), "cert_too_large"),
        ("ü" * (LARGEST // 2 + 1), "cert_too_large"),
        (leaf().pem * 11, "cert_too_large"),
    ],
)
def test_what_is_no_pem_is_refused_for_what_it_is(given: bytes | str, code: str) -> None:
    assert refusal(given).code == code


@pytest.mark.parametrize("wrap", [bytes, base64.b64encode])
def test_a_pkcs12_file_is_refused_as_such(wrap: Any) -> None:
    assert isinstance(leaf().key, ec.EllipticCurvePrivateKey)
    file = pkcs12.serialize_key_and_certificates(
        b"mine", leaf().key, leaf().certificate, None, serialization.BestAvailableEncryption(b"x")
    )

    assert refusal(wrap(file)).code == "cert_is_pkcs12"


def test_a_pkcs7_file_is_refused_as_such() -> None:
    file = pkcs7.serialize_certificates([leaf().certificate], serialization.Encoding.PEM)

    told = refusal(file)

    assert (told.code, str(told)[:24]) == ("cert_unparseable", "This is a PKCS#7 file (.")


def test_a_request_instead_of_a_certificate_is_refused_as_such() -> None:
    told = refusal(make_csr(leaf().secret, NAMES))

    assert (told.code, str(told)[:23]) == ("cert_unparseable", "This is a request (CSR)")


# -- what is refused: the key


def encrypted() -> Secret:
    closed = serialization.BestAvailableEncryption(b"hunter2")
    form = serialization.PrivateFormat.PKCS8
    return Secret(leaf().key.private_bytes(serialization.Encoding.PEM, form, closed).decode())


def encrypted_in_the_old_form() -> Secret:
    closed = serialization.BestAvailableEncryption(b"hunter2")
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return Secret(leaf().key.private_bytes(serialization.Encoding.PEM, form, closed).decode())


def of_another_kind() -> Secret:
    none = serialization.NoEncryption()
    key = ed25519.Ed25519PrivateKey.generate()
    return Secret(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode())


def on_a_short_curve() -> Secret:
    return key_pem(ec.generate_private_key(ec.SECP192R1()))


@pytest.mark.parametrize(
    ("key", "code"),
    [
        pytest.param(Secret("sekrit"), "key_unparseable", id="words"),
        pytest.param(Secret("\ud800"), "key_unparseable", id="half a character"),
        pytest.param(Secret(leaf().pem), "key_unparseable", id="a certificate"),
        pytest.param(Secret("-----BEGIN PRIVATE KEY-----\n" + "A" * 40_000), "key_unparseable", id="too large"),
        pytest.param(of_another_kind(), "key_unparseable", id="Ed25519"),
        pytest.param(encrypted(), "key_encrypted", id="encrypted"),
        pytest.param(encrypted_in_the_old_form(), "key_encrypted", id="encrypted, in the old form"),
        pytest.param(key_pem(small_rsa()), "key_too_small", id="RSA of 1024 bits"),
        pytest.param(on_a_short_curve(), "key_too_small", id="P-192"),
        pytest.param(generate_private_key("ec"), "key_mismatch", id="of another certificate"),
        pytest.param(intermediate().secret, "leaf_is_ca", id="of the authority"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(key: Secret, code: str) -> None:
    told = refusal(key=key)

    assert told.code == code
    assert key.reveal() not in str(told)
    assert told.__cause__ is None


@pytest.mark.parametrize("key", [None, Secret("")])
def test_a_key_that_was_left_out_is_asked_for(key: Secret | None) -> None:
    with pytest.raises(RefusedError) as told:
        check_upload(BUNDLE, key, NAMES, NOW)

    assert told.value.code == "key_missing"


# -- what is refused: the certificate


def test_one_that_has_expired_is_refused_with_the_day() -> None:
    told = refusal(now=NOW + 89 * DAY)

    assert (told.code, "2027-02-19" in str(told)) == ("expired", True)


def test_one_that_is_not_valid_yet_is_refused_with_the_day() -> None:
    told = refusal(now=NOW - 2 * DAY)

    assert (told.code, "2026-11-21" in str(told)) == ("not_yet_valid", True)


def test_the_last_moment_counts_no_more() -> None:
    made = certificate("brief", intermediate(), sans=NAMES, begins=NOW, lasts=timedelta(seconds=5))

    assert code_alone(made, now=NOW + timedelta(seconds=5)) == "expired"


def test_one_without_names_is_refused() -> None:
    assert code_alone(certificate("example.com", intermediate())) == "no_san"


def test_one_for_another_domain_is_refused_with_both_names() -> None:
    told = refusal(names=["example.org"])

    assert told.code == "san_missing"
    assert str(told) == "This certificate is not for example.org; it is for example.com, *.example.com."


def test_a_wildcard_is_not_good_for_two_labels() -> None:
    assert refusal(names=["a.b.example.com"]).code == "san_missing"


def test_of_many_names_some_are_told() -> None:
    told = str(refusal(names=[f"{number}.example.org" for number in range(9)]))

    assert "4.example.org and 4 more; it is" in told


@pytest.mark.parametrize("weak", [5, 4], ids=["SHA-1", "MD5"])
def test_one_that_is_signed_with_a_broken_hash_is_refused(weak: int) -> None:
    key = rsa.generate_private_key(65537, 2048)
    strong = bytes.fromhex("2a864886f70d01010b")  # sha256WithRSAEncryption, RFC 8017 appendix A.2.4
    der = certificate("old", sans=NAMES, key=key).der.replace(strong, strong[:-1] + bytes([weak]))

    assert code_alone(Made(x509.load_der_x509_certificate(der), key)) == "weak_signature"


# -- the table of refusals


def all_refusals(kind: type[CertificateRefused] = CertificateRefused) -> list[type[CertificateRefused]]:
    return [kind, *(below for child in kind.__subclasses__() for below in all_refusals(child))]


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in all_refusals()]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", all_refusals())
def test_every_refusal_is_one_sentence_for_customers(kind: type[CertificateRefused]) -> None:
    sentence = str(kind())

    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_refusal_of_the_upload_is_a_refusal() -> None:
    assert issubclass(CertificateUnparseable, RefusedError)
