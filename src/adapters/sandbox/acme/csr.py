"""Certificate signing requests, held against the order that they are for (RFC 8555 section 7.4)."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from adapters.sandbox.acme.hierarchy import spki_sha256
from adapters.sandbox.acme.jws import PublicKey, decoded
from adapters.sandbox.acme.problems import Kind, Problem

_RSA_SIZES: Final = (2048, 3072, 4096)
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_WEAK: Final = (hashes.MD5, hashes.SHA1)


def key_for(csr: object, names: tuple[str, ...], account_key: PublicKey) -> PublicKey:
    """The key to certify. Raises Problem (badCSR, and malformed when the CSR is not base64url)."""
    request = _read(decoded(csr, "csr"))
    found = _names(request)
    if found != set(names):
        raise _bad(f"CSR is for {', '.join(sorted(found)) or 'no name'}, the order for {', '.join(sorted(names))}")
    key = _usable(request)
    if spki_sha256(key) == spki_sha256(account_key):
        raise _bad("certificate public key must be different than account key")
    return key


def _read(der: bytes) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_der_x509_csr(der)
        if not request.is_signature_valid:
            raise _bad("the CSR's signature is wrong")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad(f"the CSR cannot be read: {error}") from error
    if isinstance(request.signature_hash_algorithm, _WEAK):
        raise _bad("the CSR is signed with a weak algorithm")
    return request


def _names(request: x509.CertificateSigningRequest) -> set[str]:
    names = {str(each.value).lower() for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        listed = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return names
    except ValueError as error:
        raise _bad(f"the CSR's extensions cannot be read: {error}") from error
    if any(not isinstance(each, x509.DNSName) for each in listed):
        raise _bad("the CSR holds names that are no DNS names")
    return names | {name.lower() for name in listed.get_values_for_type(x509.DNSName)}


def _usable(request: x509.CertificateSigningRequest) -> PublicKey:
    try:
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad(f"the CSR's key cannot be read: {error}") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_SIZES:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    raise _bad("keys are RSA of 2048, 3072 or 4096 bits, or EC on P-256 or P-384")


def _bad(detail: str) -> Problem:
    return Problem(Kind.BAD_CSR, detail)
