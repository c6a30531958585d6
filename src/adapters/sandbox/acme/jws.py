"""Signed requests: JSON Web Signature in its flattened form (RFC 7515, RFC 7517, RFC 7518, RFC 7638; RFC 8555 §6.2)."""

import base64
import binascii
import functools
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from adapters.sandbox.acme.problems import Kind, Problem, malformed

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Jwk = Mapping[str, str]
ALGORITHMS: Final = ("ES256", "ES384", "RS256")
_CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, int, str]]] = {
    "P-256": (ec.SECP256R1(), 32, "ES256"),
    "P-384": (ec.SECP384R1(), 48, "ES384"),
}
_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {"ES256": hashes.SHA256, "ES384": hashes.SHA384}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SMALLEST_RSA, _LARGEST_RSA = 2048, 4096


@dataclass(frozen=True, slots=True)
class Envelope:
    """A signed request that was opened, not yet checked. `content` is the payload as it was signed."""

    header: Mapping[str, Any]
    content: bytes
    signature: bytes
    signed: bytes

    @property
    def algorithm(self) -> str:
        """The name of the signature's algorithm."""
        return str(self.header.get("alg", ""))

    def payload(self) -> dict[str, Any]:
        """The payload as a JSON object. Raises Problem (malformed)."""
        return _object(self.content, "payload")


def encoded(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: object, what: str) -> bytes:
    """What base64url without padding stands for. Raises Problem (malformed)."""
    if not isinstance(text, str) or "=" in text or not set(text) <= _ALPHABET:
        raise malformed(f"{what} is not base64url without padding")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise malformed(f"{what} is not base64url without padding") from error


_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def opened(document: object) -> Envelope:
    """A request's JSON object, opened. Raises Problem (malformed)."""
    if not isinstance(document, dict) or set(document) != {"protected", "payload", "signature"}:
        raise malformed("a JWS in flattened form has exactly protected, payload and signature")
    header = _object(decoded(document["protected"], "protected"), "protected")
    if "crit" in header or "b64" in header:
        raise malformed("extensions of JWS are not understood")
    content, signature = decoded(document["payload"], "payload"), decoded(document["signature"], "signature")
    return Envelope(header, content, signature, f"{document['protected']}.{document['payload']}".encode())


def opened_body(body: bytes | None) -> Envelope:
    """A request's body, opened. Raises Problem (malformed)."""
    if body is None:
        raise malformed("the request is too large")
    try:
        return opened(json.loads(body))
    except ValueError as error:
        raise malformed("the body is no JSON") from error


def public_jwk(value: object) -> Jwk:
    """The members that make up a public key, and nothing else. Raises Problem (malformed, badPublicKey)."""
    if not isinstance(value, dict):
        raise malformed("jwk is no object")
    if _PRIVATE & set(value):
        raise malformed("jwk holds a private key")
    members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}.get(str(value.get("kty")))
    if members is None or not all(isinstance(value.get(name), str) for name in members):
        raise Problem(Kind.BAD_PUBLIC_KEY, "jwk is no key of type EC or RSA")
    return {name: value[name] for name in members}


def thumbprint(jwk: Jwk) -> str:
    """The key's SHA-256 thumbprint (RFC 7638)."""
    canonical = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"))
    return encoded(hashlib.sha256(canonical.encode()).digest())


def key_of(jwk: Jwk) -> PublicKey:
    """The key itself. Raises Problem (badPublicKey)."""
    return _key_of(tuple(sorted(jwk.items())))


@functools.lru_cache(maxsize=1024)
def _key_of(members: tuple[tuple[str, str], ...]) -> PublicKey:
    jwk = dict(members)
    try:
        return _ec_key(jwk) if jwk["kty"] == "EC" else _rsa_key(jwk)
    except ValueError as error:
        raise Problem(Kind.BAD_PUBLIC_KEY, f"jwk is no usable key: {error}") from error


def _ec_key(jwk: Jwk) -> PublicKey:
    if jwk["crv"] not in _CURVES:
        raise Problem(Kind.BAD_PUBLIC_KEY, f"curve {jwk['crv']} is not supported")
    curve, size, _ = _CURVES[jwk["crv"]]
    x, y = decoded(jwk["x"], "x"), decoded(jwk["y"], "y")
    if len(x) != size or len(y) != size:
        raise Problem(Kind.BAD_PUBLIC_KEY, f"coordinates of {jwk['crv']} have {size} bytes")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve).public_key()


def _rsa_key(jwk: Jwk) -> PublicKey:
    e, n = (int.from_bytes(decoded(jwk[name], name), "big") for name in ("e", "n"))
    if not _SMALLEST_RSA <= n.bit_length() <= _LARGEST_RSA:
        raise Problem(Kind.BAD_PUBLIC_KEY, f"RSA keys have {_SMALLEST_RSA} to {_LARGEST_RSA} bits")
    return rsa.RSAPublicNumbers(e, n).public_key()


def verify(envelope: Envelope, jwk: Jwk) -> None:
    """Check the signature. Raises Problem (badSignatureAlgorithm, malformed)."""
    algorithm = envelope.algorithm
    expected = _CURVES[jwk["crv"]][2] if jwk["kty"] == "EC" and jwk["crv"] in _CURVES else "RS256"
    if algorithm not in ALGORITHMS or algorithm != expected:
        more = {"algorithms": list(ALGORITHMS)}
        raise Problem(Kind.BAD_SIGNATURE_ALGORITHM, f"{algorithm or 'none'} does not fit the key", more=more)
    try:
        _verify(envelope, key_of(jwk))
    except (InvalidSignature, ValueError) as error:
        raise malformed("the signature is wrong") from error


def _verify(envelope: Envelope, key: PublicKey) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(envelope.signature, envelope.signed, padding.PKCS1v15(), hashes.SHA256())
        return
    size = (key.curve.key_size + 7) // 8
    if len(envelope.signature) != 2 * size:
        raise InvalidSignature
    r, s = (int.from_bytes(part, "big") for part in (envelope.signature[:size], envelope.signature[size:]))
    key.verify(encode_dss_signature(r, s), envelope.signed, ec.ECDSA(_HASHES[envelope.algorithm]()))


def fits_mac(envelope: Envelope, key: bytes) -> bool:
    """Whether this HS256 signature was made with the key."""
    right = hmac.new(key, envelope.signed, hashlib.sha256).digest()
    return envelope.algorithm == "HS256" and hmac.compare_digest(right, envelope.signature)


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise malformed(f"{what} is no JSON") from error
    if not isinstance(value, dict):
        raise malformed(f"{what} is no JSON object")
    return value
