"""The authority's keys: one intermediate, certified by two roots, so that there are two chains."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.sandbox.acme.jws import PublicKey, encoded
from adapters.sandbox.tls import write_private

ROOTS: Final = ("Sandbox Root A", "Sandbox Root B")
INTERMEDIATE: Final = "Sandbox Intermediate E1"
ROOT_LIFETIME, INTERMEDIATE_LIFETIME = timedelta(days=365 * 50), timedelta(days=365 * 40)
_DOMAIN_VALIDATED: Final = x509.ObjectIdentifier("2.23.140.1.2.1")
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate to be made."""

    names: tuple[str, ...]
    public: PublicKey
    serial: int
    not_before: datetime
    not_after: datetime
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Signs certificates. `roots` and `intermediates` stand in the same order: one pair makes a chain."""

    key: ec.EllipticCurvePrivateKey
    intermediates: tuple[x509.Certificate, ...]
    roots: tuple[x509.Certificate, ...]

    def root_pems(self) -> tuple[str, ...]:
        """The roots, as PEM: what a client that trusts this authority needs."""
        return tuple(root.public_bytes(Encoding.PEM).decode() for root in self.roots)

    def sign(self, leaf: Draft) -> x509.Certificate:
        """Issue a certificate for a server (RFC 5280; no common name)."""
        issuer = self.intermediates[0]
        usages = ("digital_signature", "key_encipherment") if isinstance(leaf.public, rsa.RSAPublicKey) else _USAGES[:1]
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in leaf.names])
        builder = _described(leaf, issuer.subject)
        return (
            builder.add_extension(names, critical=True)
            .add_extension(_usage(*usages), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier(self.key_identifier, None, None), critical=False)
            .add_extension(x509.CertificatePolicies([x509.PolicyInformation(_DOMAIN_VALIDATED, None)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def key_identifier(self) -> bytes:
        """The intermediate's subject key identifier."""
        found = self.intermediates[0].extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return found.value.digest

    def renewal_id(self, serial: int) -> str:
        """What renewal information of a certificate is found by (RFC 9773 section 4.1)."""
        return f"{encoded(self.key_identifier)}.{encoded(_integer(serial))}"

    def chain(self, leaf: bytes, which: int) -> bytes:
        """The leaf (DER) and what is between it and a root, as PEM. Raises IndexError."""
        parts = (x509.load_der_x509_certificate(leaf), self.intermediates[which])
        return b"".join(part.public_bytes(Encoding.PEM) for part in parts)


def hierarchy(path: Path | None, now: datetime) -> Hierarchy:
    """The authority's keys: those of the file (mode 0600), or new ones."""
    if path is not None and path.exists():
        return _read(path.read_bytes())
    made = _make(now - timedelta(days=1))
    if path is not None:
        private = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = [each.public_bytes(Encoding.PEM) for each in (*made.intermediates, *made.roots)]
        write_private(path, private + b"".join(public))
    return made


def spki_sha256(public: PublicKey) -> str:
    """The SHA-256 of a public key (SubjectPublicKeyInfo), in hex."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _read(pem: bytes) -> Hierarchy:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is of another kind")
    certificates = x509.load_pem_x509_certificates(pem)
    half = len(certificates) // 2
    return Hierarchy(key, tuple(certificates[:half]), tuple(certificates[half:]))


def _make(begin: datetime) -> Hierarchy:
    key = ec.generate_private_key(ec.SECP256R1())
    root_keys = [ec.generate_private_key(ec.SECP256R1()) for _ in ROOTS]
    roots = [_root(name, root, begin) for name, root in zip(ROOTS, root_keys, strict=True)]
    pairs = zip(roots, root_keys, strict=True)
    return Hierarchy(key, tuple(_intermediate(key, root, signer, begin) for root, signer in pairs), tuple(roots))


def _root(name: str, key: ec.EllipticCurvePrivateKey, begin: datetime) -> x509.Certificate:
    public, serial = key.public_key(), x509.random_serial_number()
    builder = _described(Draft((), public, serial, begin, begin + ROOT_LIFETIME, name), _name(name))
    return _as_authority(builder, public, None).sign(key, hashes.SHA256())


def _intermediate(
    key: ec.EllipticCurvePrivateKey, root: x509.Certificate, signer: ec.EllipticCurvePrivateKey, begin: datetime
) -> x509.Certificate:
    public, serial = key.public_key(), x509.random_serial_number()
    described = Draft((), public, serial, begin, begin + INTERMEDIATE_LIFETIME, INTERMEDIATE)
    builder = _described(described, root.subject)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        _as_authority(builder, public, 0)
        .add_extension(above, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _described(leaf: Draft, issuer: x509.Name) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(leaf.subject))
        .issuer_name(issuer)
        .public_key(leaf.public)
        .serial_number(leaf.serial)
        .not_valid_before(leaf.not_before)
        .not_valid_after(leaf.not_after)
    )


def _as_authority(
    builder: x509.CertificateBuilder, public: PublicKey, path_length: int | None
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign", "digital_signature"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in allowed for usage in _USAGES})


def _name(text: str) -> x509.Name:
    if not text:
        return x509.Name([])
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _integer(number: int) -> bytes:
    """A positive number as the content of a DER INTEGER."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
