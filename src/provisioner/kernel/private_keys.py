"""Private keys that are made here, and the CSRs that they sign. A key is a `Secret`: PKCS#8 in PEM, unencrypted."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from provisioner.kernel.errors import ProvisionerError
from provisioner.kernel.secret import Secret

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

RSA_BITS: Final = 2048

_SUBJECT_OIDS: Final = {
    "country": NameOID.COUNTRY_NAME,
    "state": NameOID.STATE_OR_PROVINCE_NAME,
    "city": NameOID.LOCALITY_NAME,
    "organisation": NameOID.ORGANIZATION_NAME,
    "unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
}
SUBJECT_WORDS: Final = tuple(_SUBJECT_OIDS)
_NO_SUBJECT: Final[Mapping[str, str]] = MappingProxyType({})


class KeyUnusable(ProvisionerError):
    """This is no private key that can be used: an unencrypted one in PEM, RSA or on an elliptic curve."""

    code = "key_unusable"


def generate_private_key(kind: str) -> Secret:
    """A new key: `ec` on P-256, `rsa` of 2048 bits. Raises ValueError for another kind."""
    if kind == "ec":
        return _pem(ec.generate_private_key(ec.SECP256R1()))
    if kind == "rsa":
        return _pem(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS))
    raise ValueError(f"{kind} is no kind of private key; ec and rsa are")


def open_private_key(key: Secret) -> PrivateKey:
    """The key in this PEM text. Raises KeyUnusable, which never quotes it."""
    try:
        opened = serialization.load_pem_private_key(key.reveal().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable from None
    if not isinstance(opened, PrivateKey):
        raise KeyUnusable
    return opened


def make_csr(key: Secret, names: Sequence[str], subject: Mapping[str, str] = _NO_SUBJECT) -> str:
    """A request for a certificate with these names (A-labels, wildcards too), in PEM.

    The names are in the subjectAltName alone; the subject is empty, or has what is given of `SUBJECT_WORDS`
    (RFC 2986). Raises KeyUnusable, and ValueError for a name or word that cannot be there.
    """
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(subject))
    signed = builder.add_extension(alternative, critical=False).sign(open_private_key(key), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def is_key_of(key: Secret, request: str) -> bool:
    """Whether a CSR or certificate (the first of a chain), in PEM, was made for this key. Raises KeyUnusable."""
    return _spki(open_private_key(key).public_key()) == public_part(request)


def public_part(request: str) -> bytes | None:
    """The public key of a CSR or certificate (the first of a chain) in PEM, as DER; None where it cannot be read."""
    try:
        if "CERTIFICATE REQUEST" in request:
            return _spki(x509.load_pem_x509_csr(request.encode()).public_key())
        return _spki(x509.load_pem_x509_certificate(request.encode()).public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _spki(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _subject(words: Mapping[str, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, words[word]) for word, oid in _SUBJECT_OIDS.items() if words.get(word)])


def _pem(key: PrivateKey) -> Secret:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret(encoded.decode())
