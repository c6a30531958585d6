"""A self-signed certificate for a simulator on loopback, and TLS contexts from keys that lie in no file."""

import hashlib
import ipaddress
import os
import ssl
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from provisioner.kernel.clock import Clock, SystemClock
from provisioner.kernel.secret import Secret

LIFETIME = timedelta(days=825)


@dataclass(frozen=True, slots=True)
class Identity:
    """A server's TLS context, the SHA-256 of its certificate (DER) in hex, and its key and certificate as PEM."""

    context: ssl.SSLContext
    fingerprint: str
    pem: Secret


def self_signed(path: Path | None = None, clock: Clock | None = None) -> Identity:
    """An identity for 127.0.0.1 and localhost. With a path it is kept there (mode 0600) and found again."""
    pem = path.read_bytes() if path is not None and path.exists() else _make(clock or SystemClock())
    if path is not None and not path.exists():
        write_private(path, pem)
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    kept = Secret(pem.decode())
    return Identity(context_of(kept), fingerprint, kept)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _make(clock: Clock) -> bytes:
    """A private key and a certificate signed with it, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _describe(key.public_key(), clock).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _describe(public: ec.EllipticCurvePublicKey, clock: Clock) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(clock.now() + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )


def context_of(pem: Secret) -> ssl.SSLContext:
    """A server's context from a private key and its certificates. Raises ssl.SSLError when they do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    content = pem.reveal().encode()
    if sys.platform == "linux":
        _load_from_memory(context, content)
    else:
        _load_from_folder(context, content)
    return context


def _load_from_memory(context: ssl.SSLContext, content: bytes) -> None:
    """The ssl module loads a key by a file's name only; this file is in no folder."""
    with os.fdopen(os.memfd_create("identity"), "wb") as file:
        file.write(content)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")


def _load_from_folder(context: ssl.SSLContext, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "identity.pem"
        write_private(chain, content)
        context.load_cert_chain(chain)
