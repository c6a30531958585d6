"""A stranger's client: signed requests over real TLS. It knows nothing of the simulator's insides."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sandbox.acme import RunningAuthority

JOSE = "application/jose+json"
ERROR = "urn:ietf:params:acme:error:"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Adjust = Callable[[Mapping[str, Any]], dict[str, Any]]


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def jwk_of(key: Key) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": b64(number(numbers.n)), "e": b64(number(numbers.e))}
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big"))}


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def thumbprint(key: Key) -> str:
    return b64(hashlib.sha256(json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":")).encode()).digest())


def signature(key: Key, content: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed(key: Key, header: Mapping[str, Any], payload: object) -> dict[str, str]:
    """A JWS; a payload of None is empty."""
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    protected = b64(json.dumps({"alg": algorithm, **header}).encode())
    content = "" if payload is None else b64(json.dumps(payload).encode())
    made = signature(key, f"{protected}.{content}".encode())
    return {"protected": protected, "payload": content, "signature": b64(made)}


def binding(identifier: str, mac_key: str, url: str, jwk: Mapping[str, str]) -> dict[str, str]:
    """An external account binding (RFC 8555 section 7.3.4)."""
    secret = base64.urlsafe_b64decode(mac_key + "=" * (-len(mac_key) % 4))
    protected = b64(json.dumps({"alg": "HS256", "kid": identifier, "url": url}).encode())
    content = b64(json.dumps(jwk).encode())
    made = hmac.new(secret, f"{protected}.{content}".encode(), hashlib.sha256).digest()
    return {"protected": protected, "payload": content, "signature": b64(made)}


def csr(*names: str, key: Key | None = None) -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    made = request.add_extension(listed, critical=False).sign(key or new_key(), hashes.SHA256())
    return b64(made.public_bytes(Encoding.DER))


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def problem(response: httpx.Response) -> str:
    """The word of a problem's type; empty when it is none."""
    if response.headers.get("Content-Type") != "application/problem+json":
        return ""
    return str(response.json()["type"]).removeprefix(ERROR)


class Client:
    """Somebody with a key; `register` makes an account of it."""

    def __init__(self, simulator: RunningAuthority, key: Key | None = None) -> None:
        self.key: Key = key or new_key()
        trusting = ssl.create_default_context(cafile=simulator.settings["ca_file"])
        self.http = httpx.Client(verify=trusting, timeout=20)
        self.directory: dict[str, Any] = self.http.get(simulator.settings["directory_url"]).json()
        self.kid = ""
        self.nonce = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def fresh_nonce(self) -> str:
        return str(self.http.head(self.directory["newNonce"]).headers["Replay-Nonce"])

    def header(self, url: str, *, by_key: bool = False) -> dict[str, Any]:
        nonce, self.nonce = self.nonce or self.fresh_nonce(), ""
        who = {"jwk": jwk_of(self.key)} if by_key else {"kid": self.kid}
        return {"nonce": nonce, "url": url, **who}

    def send(self, url: str, document: object, content_type: str = JOSE) -> httpx.Response:
        response = self.http.post(url, content=json.dumps(document), headers={"Content-Type": content_type})
        self.nonce = response.headers.get("Replay-Nonce", "")
        return response

    def post(self, url: str, payload: object = None, /, *, by_key: bool = False, **changed: object) -> httpx.Response:
        """A signed request; `changed` are members of the protected header that are to be different."""
        return self.send(url, signed(self.key, self.header(url, by_key=by_key) | changed, payload))

    def register(self, **asked: object) -> httpx.Response:
        payload = {"termsOfServiceAgreed": True, **asked}
        response = self.post(self.directory["newAccount"], payload, by_key=True)
        self.kid = response.headers.get("Location", "")
        return response

    def order(self, *names: str, **asked: object) -> httpx.Response:
        identifiers = [{"type": "dns", "value": name} for name in names]
        return self.post(self.directory["newOrder"], {"identifiers": identifiers, **asked})

    def read(self, url: str) -> dict[str, Any]:
        document: dict[str, Any] = self.post(url).json()
        return document

    def challenge(self, order: httpx.Response, method: str, which: int = 0) -> dict[str, Any]:
        """A challenge of one of an order's authorisations."""
        authorization = self.read(order.json()["authorizations"][which])
        return next(each for each in authorization["challenges"] if each["type"] == method)

    def key_authorization(self, challenge: Mapping[str, Any]) -> str:
        return f"{challenge['token']}.{thumbprint(self.key)}"

    def txt_value(self, challenge: Mapping[str, Any]) -> str:
        return b64(hashlib.sha256(self.key_authorization(challenge).encode()).digest())

    def settled(self, url: str, *unsettled: str) -> dict[str, Any]:
        """A resource, as soon as its status is another than these."""
        while (found := self.read(url))["status"] in (unsettled or ("pending", "processing")):
            pass
        return found

    def validated(self, order: httpx.Response) -> dict[str, Any]:
        """Answer what is pending (nothing is really looked at); gives the order after it."""
        for url in order.json()["authorizations"]:
            found = self.read(url)
            if found["status"] == "pending":
                self.post(found["challenges"][-1]["url"], {})
        return self.read(order.headers["Location"])

    def issued(self, *names: str, key: Key | None = None, **asked: object) -> dict[str, Any]:
        """A finished order for names (nothing is really looked at)."""
        order = self.order(*names, **asked)
        assert order.status_code == 201, order.text
        ready = self.validated(order)
        finished: dict[str, Any] = self.post(ready["finalize"], {"csr": csr(*names, key=key)}).json()
        return finished

    def chain(self, order: Mapping[str, Any]) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates(self.post(order["certificate"]).content)


def renewal_id(certificate: x509.Certificate) -> str:
    """RFC 9773 section 4.1."""
    above = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    serial = certificate.serial_number
    return f"{b64(above.key_identifier or b'')}.{b64(serial.to_bytes(serial.bit_length() // 8 + 1, 'big'))}"
