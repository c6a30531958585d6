"""Trust in one certificate by its SHA-256, for servers whose certificate no authority signed.

A fresh Plesk server has a self-signed certificate whose name is "Plesk", whatever the host is called. For such a
server the operator writes down the certificate's SHA-256. Python cannot verify a chain against a digest, so the
first connection goes in two parts:

1. A handshake only: the certificate is fetched and compared with the digest. Nothing is sent. A stranger learns that
   somebody connected, and no more.
2. That certificate becomes the one and only trust anchor of the context that requests are sent through, and its
   digest is compared again on every connection, since a certificate may sign others.

The host name is not checked then: the digest says more than a name could, and the name is wrong on such servers. The
validity period is checked: an expired certificate is refused although its digest matches.
"""

import hashlib
import hmac
import ssl
from typing import Any


class FingerprintMismatch(ssl.SSLCertVerificationError):
    """The server's certificate is not the one that was pinned."""


class PinnedContext(ssl.SSLContext):
    """A context that trusts one certificate and compares its digest before it hands out a connection."""

    fingerprint: str = ""

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """The connection after its handshake. Raises FingerprintMismatch before anything else was sent."""
        connection = super().wrap_socket(*args, **options)
        try:
            compare(connection.getpeercert(binary_form=True) or b"", self.fingerprint)
        except FingerprintMismatch:
            connection.close()
            raise
        return connection


def compare(certificate: bytes, fingerprint: str) -> None:
    """Raise FingerprintMismatch unless the SHA-256 of this certificate (DER) is the fingerprint (lower-case hex)."""
    actual = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(actual, fingerprint):
        raise FingerprintMismatch(f"the certificate's SHA-256 is {actual}, pinned is {fingerprint}")


def fetch_certificate(host: str, port: int, fingerprint: str, timeout: float) -> str:
    """The server's certificate (PEM), once its digest was compared; `timeout` in seconds.

    Raises OSError: TimeoutError among them, and FingerprintMismatch.
    """
    pem = ssl.get_server_certificate((host, port), timeout=timeout)
    compare(ssl.PEM_cert_to_DER_cert(pem), fingerprint)
    return pem


def pinned_context(pem: str, fingerprint: str) -> PinnedContext:
    """A context whose one trust anchor is this certificate; TLS 1.2 or newer."""
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.fingerprint = fingerprint
    context.check_hostname = False  # see the module's docstring: the digest is checked instead, on every connection
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The anchor may be a certificate that an authority issued, not only a self-signed one.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=pem)
    return context
