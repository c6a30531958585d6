"""Why a certificate that a customer brings is refused.

RefusedError
└── CertificateRefused             has a pointer to the certificate or the key
    ├── CertificateUnparseable     cert_unparseable
    ├── CertificateIsDer           cert_is_der
    ├── CertificateIsPkcs12        cert_is_pkcs12
    ├── CertificateTooLarge        cert_too_large
    ├── CertificateNotYetValid     not_yet_valid
    ├── CertificateExpired         expired
    ├── LeafIsAuthority            leaf_is_ca
    ├── WeakSignature              weak_signature
    ├── NoNames                    no_san
    ├── NamesMissing               san_missing
    └── KeyRefused
        ├── KeyUnparseable         key_unparseable
        ├── KeyEncrypted           key_encrypted
        ├── KeyTooSmall            key_too_small
        ├── KeyMissing             key_missing
        └── KeyMismatch            key_mismatch

The docstring of each is the sentence that a customer reads; names and dates are added where they help.
"""

from typing import ClassVar

from provisioner.kernel.errors import RefusedError


class CertificateRefused(RefusedError):
    """The certificate cannot be used."""

    code: ClassVar[str] = "certificate_refused"
    pointer: ClassVar[str] = "/data/certificate"
    """What of the message is to blame (RFC 6901)."""


class CertificateUnparseable(CertificateRefused):
    """This is no certificate in PEM: the text between BEGIN CERTIFICATE and END CERTIFICATE is missing or damaged."""

    code = "cert_unparseable"


class CertificateIsDer(CertificateRefused):
    """This is a binary certificate (DER); please save it as PEM, the text form that starts with BEGIN CERTIFICATE."""

    code = "cert_is_der"


class CertificateIsPkcs12(CertificateRefused):
    """This is a PKCS#12 file (.p12 or .pfx); please export the certificate and its key from it as PEM texts."""

    code = "cert_is_pkcs12"


class CertificateTooLarge(CertificateRefused):
    """This is too large: at most 64 KiB and 10 certificates are taken, the certificate itself and its chain."""

    code = "cert_too_large"


class CertificateNotYetValid(CertificateRefused):
    """This certificate is not valid yet."""

    code = "not_yet_valid"


class CertificateExpired(CertificateRefused):
    """This certificate has expired; please upload one that is still valid."""

    code = "expired"


class LeafIsAuthority(CertificateRefused):
    """This key belongs to a certificate authority's certificate; please upload the certificate of your domain."""

    code = "leaf_is_ca"


class WeakSignature(CertificateRefused):
    """This certificate is signed with MD5 or SHA-1, which browsers refuse; please ask its issuer for a new one."""

    code = "weak_signature"


class NoNames(CertificateRefused):
    """This certificate names no domain as subject alternative name, so that no browser would accept it."""

    code = "no_san"


class NamesMissing(CertificateRefused):
    """This certificate is for another domain."""

    code = "san_missing"


class KeyRefused(CertificateRefused):
    """The private key cannot be used."""

    code = "key_refused"
    pointer = "/data/key"


class KeyUnparseable(KeyRefused):
    """This is no private key in PEM, RSA or on an elliptic curve: the text that starts with BEGIN PRIVATE KEY."""

    code = "key_unparseable"


class KeyEncrypted(KeyRefused):
    """The private key is protected by a password; please take the password off it and upload it again."""

    code = "key_encrypted"


class KeyTooSmall(KeyRefused):
    """The private key is too short: RSA keys need 2048 bits, those on an elliptic curve 256."""

    code = "key_too_small"


class KeyMissing(KeyRefused):
    """The private key is missing; please upload it together with the certificate."""

    code = "key_missing"


class KeyMismatch(KeyRefused):
    """The private key belongs to another certificate; please upload the key that the certificate was requested with."""

    code = "key_mismatch"
