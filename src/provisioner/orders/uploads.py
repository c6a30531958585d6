"""Certificates that customers bring: read, checked, and put in order. Pure, and prepared for anything.

The site's own certificate is the one that belongs to the private key. Its chain is found by the issuers' signatures,
whatever the order in which it came, and ends before the root. Nothing is fetched: what is missing the customer adds.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import verification

from provisioner.kernel.private_keys import PrivateKey
from provisioner.kernel.secret import Secret
from provisioner.orders import certificate_refusals as refusals
from provisioner.orders.certificates import MALFORMED, CertificateFacts, missing_names, names_of, read_facts

LARGEST: Final = 65_536
"""Bytes of PEM, with the chain."""
MOST_CERTIFICATES: Final = 10
LARGEST_KEY: Final = 32_768
SHORTEST_RSA: Final = 2_048
SHORTEST_CURVE: Final = 256
SOON: Final = timedelta(days=7)

_SHOWN_NAMES: Final = 5
_PKCS12: Final = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)  # RFC 7292 §4
_SEQUENCE: Final = re.compile(rb"\x30[\x80-\x83]")


class UploadWarning(StrEnum):
    """What a customer should know of a certificate that was taken."""

    EXPIRES_SOON = "expires_soon"
    REORDERED = "reordered"
    ROOT_STRIPPED = "root_stripped"
    UNRELATED = "unrelated_certificates"
    UNTRUSTED = "untrusted"


WARNINGS: Final[dict[UploadWarning, str]] = {
    UploadWarning.EXPIRES_SOON: "The certificate expires in less than seven days.",
    UploadWarning.REORDERED: "The certificates were not in the right order; they have been put into it.",
    UploadWarning.ROOT_STRIPPED: "The authority's root certificate was left out, as browsers have it already.",
    UploadWarning.UNRELATED: "Certificates that do not belong to the chain were left out.",
    UploadWarning.UNTRUSTED: (
        "Browsers will probably not trust the certificate: it is self-signed, its authority is not known, or its "
        "intermediate certificates are missing."
    ),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A certificate that can be used. `chain` is PEM: the leaf and its intermediates in order, without the root."""

    leaf: str
    chain: str
    facts: CertificateFacts
    warnings: tuple[UploadWarning, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The warnings in words."""
        return tuple(WARNINGS[warning] for warning in self.warnings)


def check_upload(
    certificate: bytes | str,
    key: Secret | None,
    names: Sequence[str],
    now: datetime,
    roots: Sequence[x509.Certificate] = (),
) -> Upload:
    """The certificate that belongs to the key, with its chain. `certificate` is what the customer gave, of any kind.

    `names` (A-labels, wildcards too) must all be covered. With `roots` the path to them is tried as browsers would
    (RFC 5280 section 6), and only warned about. Raises one of `certificate_refusals`, and nothing else.
    """
    given = _read(certificate)
    spki = _spki(_private_key(key).public_key())
    try:
        leaf = _leaf(given, spki, now)
        facts = read_facts(leaf)
        _check_leaf(leaf, facts, names, now)
        return _in_order(given, leaf, facts, _Trust(names, now, roots))
    except MALFORMED:
        raise refusals.CertificateUnparseable from None


# -- reading


def _read(certificate: bytes | str) -> list[x509.Certificate]:
    raw = certificate.encode(errors="replace") if isinstance(certificate, str) else certificate
    if len(raw) > LARGEST:
        raise refusals.CertificateTooLarge
    try:
        found = x509.load_pem_x509_certificates(raw)
    except MALFORMED:
        raise _unreadable(raw) from None
    if len(found) > MOST_CERTIFICATES:
        raise refusals.CertificateTooLarge
    return list(dict.fromkeys(found))


def _unreadable(raw: bytes) -> refusals.CertificateRefused:
    """What it is instead, where that can be told; the usual mistakes."""
    for binary in (raw, _decoded(raw)):
        if _PKCS12.match(binary):
            return refusals.CertificateIsPkcs12()
        if _SEQUENCE.match(binary):
            return refusals.CertificateIsDer()
    if b"-----BEGIN CERTIFICATE REQUEST-----" in raw or b"-----BEGIN NEW CERTIFICATE REQUEST-----" in raw:
        return refusals.CertificateUnparseable("This is a request (CSR); please upload the certificate made from it.")
    if b"-----BEGIN PKCS7-----" in raw:
        return refusals.CertificateUnparseable("This is a PKCS#7 file (.p7b); please save its certificates as PEM.")
    return refusals.CertificateUnparseable()


def _decoded(raw: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except ValueError:
        return b""


def _private_key(key: Secret | None) -> PrivateKey:
    if not key:
        raise refusals.KeyMissing
    text = key.reveal().encode(errors="replace")
    if len(text) > LARGEST_KEY:
        raise refusals.KeyUnparseable
    try:
        opened = serialization.load_pem_private_key(text, None)
    except TypeError:
        raise refusals.KeyEncrypted from None
    except (ValueError, UnsupportedAlgorithm):
        raise refusals.KeyUnparseable from None
    if not isinstance(opened, PrivateKey):
        raise refusals.KeyUnparseable
    return _long_enough(opened)


def _long_enough(key: PrivateKey) -> PrivateKey:
    if key.key_size < (SHORTEST_RSA if isinstance(key, rsa.RSAPrivateKey) else SHORTEST_CURVE):
        raise refusals.KeyTooSmall
    return key


def _leaf(given: Sequence[x509.Certificate], spki: bytes, now: datetime) -> x509.Certificate:
    """The certificate of this key; of several the one that is valid now, and longest."""
    own = [certificate for certificate in given if _spki_of(certificate) == spki]
    if not own:
        raise refusals.KeyMismatch
    return max(own, key=lambda leaf: _usefulness(leaf, now))


def _usefulness(leaf: x509.Certificate, now: datetime) -> tuple[bool, datetime]:
    return leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc, leaf.not_valid_after_utc


def _spki_of(certificate: x509.Certificate) -> bytes | None:
    """Its public key; None for one of a kind that is not known, which cannot be the customer's."""
    try:
        return _spki(certificate.public_key())
    except MALFORMED:
        return None


def _spki(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


# -- the leaf


def _check_leaf(leaf: x509.Certificate, facts: CertificateFacts, names: Sequence[str], now: datetime) -> None:
    if facts.not_before > now:
        raise refusals.CertificateNotYetValid(f"This certificate is valid only from {facts.not_before:%Y-%m-%d} on.")
    if facts.not_after <= now:
        raise refusals.CertificateExpired(
            f"This certificate has expired on {facts.not_after:%Y-%m-%d}; please upload one that is still valid."
        )
    if _is_authority(leaf):
        raise refusals.LeafIsAuthority
    if isinstance(leaf.signature_hash_algorithm, hashes.MD5 | hashes.SHA1):
        raise refusals.WeakSignature
    _check_names(facts.names, names)


def _is_authority(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_names(sans: tuple[str, ...], names: Sequence[str]) -> None:
    if not sans:
        raise refusals.NoNames
    missing = missing_names(sans, tuple(names))
    if missing:
        raise refusals.NamesMissing(f"This certificate is not for {_listed(missing)}; it is for {_listed(sans)}.")


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more


# -- the chain


@dataclass(frozen=True, slots=True)
class _Trust:
    """What a path would have to lead to, and for which name at what time."""

    names: Sequence[str]
    now: datetime
    roots: Sequence[x509.Certificate]

    def lacks(self, leaf: x509.Certificate, chain: Sequence[x509.Certificate]) -> bool:
        """Whether browsers would probably complain."""
        if not self.roots:
            return not chain
        name = next(iter([*self.names, *names_of(leaf)])).replace("*.", "any.")
        policy = verification.PolicyBuilder().store(verification.Store(list(self.roots))).time(self.now)
        try:
            policy.build_server_verifier(x509.DNSName(name)).verify(leaf, list(chain))
        except (verification.VerificationError, ValueError):
            return True
        return False


def _in_order(
    given: Sequence[x509.Certificate], leaf: x509.Certificate, facts: CertificateFacts, trust: _Trust
) -> Upload:
    path = _path(leaf, [each for each in given if each != leaf])
    issuers = [each for each in path if not _is_root(each)]
    found = {
        UploadWarning.EXPIRES_SOON: facts.not_after < trust.now + SOON,
        UploadWarning.REORDERED: list(given[: 1 + len(path)]) != [leaf, *path],
        UploadWarning.ROOT_STRIPPED: issuers != path,
        UploadWarning.UNRELATED: len(given) > 1 + len(path),
        UploadWarning.UNTRUSTED: trust.lacks(leaf, issuers if trust.roots else path),
    }
    chain = "".join(map(_pem, [leaf, *issuers]))
    return Upload(_pem(leaf), chain, facts, tuple(warning for warning, true in found.items() if true))


def _path(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """The issuers of the leaf, as far as they are among the others, each next to the one that it signed."""
    path: list[x509.Certificate] = []
    issued = leaf
    while (issuer := next((each for each in others if _signed(issued, each)), None)) is not None:
        path.append(issuer)
        others.remove(issuer)
        issued = issuer
    return path


def _signed(issued: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, *MALFORMED):
        return False
    return True


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
