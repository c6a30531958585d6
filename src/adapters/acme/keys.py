"""The account's key: by it the authority knows us, and every request is signed with it."""

from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy import jwa, jwk

from provisioner.kernel.secret import Secret

SMALLEST_RSA_BITS = 2048


class KeyUnusable(Exception):
    """The key cannot sign ACME requests; completes the sentence "the credential account_key …", without the key."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A private key and its signature algorithm (RFC 7518 section 3.1)."""

    private: jwk.JWK = field(repr=False)
    algorithm: jwa.JWASignature

    @classmethod
    def read(cls, pem: Secret) -> Self:
        """The key in a PEM text: P-256 (ES256), P-384 (ES384) or RSA of 2048 bits or more (RS256).

        Raises KeyUnusable.
        """
        try:
            key = serialization.load_pem_private_key(pem.reveal().encode(), None)
        except TypeError:
            raise KeyUnusable("is encrypted; give it without a passphrase") from None
        except (ValueError, UnsupportedAlgorithm):
            raise KeyUnusable("is no private key in PEM") from None
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SMALLEST_RSA_BITS:
            return cls(jwk.JWKRSA(key=key), jwa.RS256)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(jwk.JWKEC(key=key), jwa.ES256)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1):
            return cls(jwk.JWKEC(key=key), jwa.ES384)
        raise KeyUnusable("must be on the curve P-256 or P-384, or RSA of at least 2048 bits")
