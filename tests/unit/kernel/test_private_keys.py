"""Private keys are made, sign their CSRs, and are never shown."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provisioner.kernel.private_keys import (
    SUBJECT_WORDS,
    KeyUnusable,
    generate_private_key,
    is_key_of,
    make_csr,
    open_private_key,
    public_part,
)
from provisioner.kernel.secret import Secret

SUBJECT = {"organisation": "Example GmbH", "unit": "Web", "city": "Köln", "state": "NRW", "country": "DE"}


def signed(names: list[str], subject: dict[str, str] | None = None) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(make_csr(generate_private_key("ec"), names, subject or {}).encode())


def test_an_ec_key_is_on_p_256() -> None:
    key = open_private_key(generate_private_key("ec"))

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_an_rsa_key_has_2048_bits() -> None:
    key = open_private_key(generate_private_key("rsa"))

    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_another_kind_of_key_is_not_made() -> None:
    with pytest.raises(ValueError, match="dsa is no kind"):
        generate_private_key("dsa")


def test_two_keys_differ() -> None:
    assert generate_private_key("ec") != generate_private_key("ec")


def test_a_key_is_pkcs8_and_not_shown() -> None:
    key = generate_private_key("ec")

    assert key.reveal().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert "PRIVATE" not in f"{key} {key!r}"


def test_a_csr_is_signed_by_its_key() -> None:
    key = generate_private_key("rsa")
    csr = x509.load_pem_x509_csr(make_csr(key, ["example.com"]).encode())

    assert csr.is_signature_valid
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert csr.public_key().public_bytes(*form) == open_private_key(key).public_key().public_bytes(*form)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_key_knows_its_csr(kind: str) -> None:
    key = generate_private_key(kind)
    csr = make_csr(key, ["example.com"])
    assert (is_key_of(key, csr), is_key_of(generate_private_key(kind), csr)) == (True, False)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA"])
def test_what_is_no_csr_has_no_public_part(text: str) -> None:
    assert public_part(text) is None


def test_a_csr_has_its_names_as_alternative_names_and_no_subject() -> None:
    csr = signed(["example.com", "*.example.com", "xn--bcher-kva.example"])
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["example.com", "*.example.com", "xn--bcher-kva.example"]
    assert list(csr.subject) == []


def test_a_csr_says_who_asks_where_that_is_wanted() -> None:
    csr = signed(["example.com"], SUBJECT)

    assert csr.subject.rfc4514_string() == "OU=Web,O=Example GmbH,L=Köln,ST=NRW,C=DE"


def test_every_word_of_a_subject_is_known() -> None:
    assert set(SUBJECT) == set(SUBJECT_WORDS)


def test_a_country_of_three_letters_cannot_be_in_a_csr() -> None:
    with pytest.raises(ValueError, match="length"):
        signed(["example.com"], {"country": "DEU"})


def pem_of(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sekrit", id="words"),
        pytest.param("", id="nothing"),
        pytest.param(pem_of(ec.generate_private_key(ec.SECP256R1()), b"hunter2"), id="encrypted"),
        pytest.param(pem_of(ed25519.Ed25519PrivateKey.generate()), id="Ed25519"),
    ],
)
def test_what_is_no_usable_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(KeyUnusable) as refused:
        open_private_key(Secret(text))

    assert not text or text not in str(refused.value)
    assert refused.value.__cause__ is None
