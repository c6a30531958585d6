"""Certificates and chains that tests make up: a root, its intermediate, and leaves for any names and times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioner.kernel.private_keys import PrivateKey
from provisioner.kernel.secret import Secret

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def secret(self) -> Secret:
        return key_pem(self.key)


def key_pem(key: PrivateKey) -> Secret:
    none = serialization.NoEncryption()
    return Secret(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode())


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    name: str,
    issuer: Made | None = None,
    *,
    sans: Sequence[str] = (),
    ca: bool = False,
    begins: datetime = NOW - DAY,
    lasts: timedelta = 90 * DAY,
    key: PrivateKey | None = None,
    serial: int | None = None,
) -> Made:
    own = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(issuer.certificate.subject if issuer else common_name(name))
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_key_usage(ca=ca), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if sans:
        names = x509.SubjectAlternativeName([x509.DNSName(san) for san in sans])
        builder = builder.add_extension(names, critical=False)
    return Made(builder.sign(signer, hashes.SHA256()), own)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def root() -> Made:
    return certificate("Test Root", ca=True, lasts=900 * DAY)


@cache
def intermediate() -> Made:
    return certificate("Test Intermediate", root(), ca=True, lasts=400 * DAY)


@cache
def leaf() -> Made:
    return certificate("leaf", intermediate(), sans=["example.com", "*.example.com"])
