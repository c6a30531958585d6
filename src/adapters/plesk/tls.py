"""Which server is trusted: by the machine's authorities, by one CA file, or by the fingerprint of one certificate.

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
import threading
from typing import Any, Final

import httpx

from adapters.plesk.settings import Settings
from provisioner.kernel.errors import SettingsError

MOST_CONNECTIONS: Final = 32


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


class PinnedTransport(httpx.BaseTransport):
    """Sends requests to one server, once its certificate was seen to be the pinned one. Used from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._trusted: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises httpx.TransportError, before sending anything, when the server is a stranger."""
        return self._transport().handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._trusted is not None:
                self._trusted.close()

    def _transport(self) -> httpx.HTTPTransport:
        with self._lock:
            if self._trusted is None:
                self._trusted = _over(pinned_context(fetch_certificate(self._settings), self._settings.fingerprint))
            return self._trusted


def transport(settings: Settings) -> httpx.BaseTransport:
    """How requests reach the server. Connects to nothing yet. Raises SettingsError for a CA file that is none."""
    return PinnedTransport(settings) if settings.fingerprint else _over(authority_context(settings))


def compare(certificate: bytes, fingerprint: str) -> None:
    """Raise FingerprintMismatch unless the SHA-256 of this certificate (DER) is the fingerprint."""
    actual = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(actual, fingerprint):
        raise FingerprintMismatch(f"the certificate's SHA-256 is {actual}, pinned is {fingerprint}")


def fetch_certificate(settings: Settings) -> str:
    """The server's certificate (PEM) after its digest was compared. Raises httpx.TransportError."""
    address = (settings.url.host, settings.url.port or 443)
    try:
        pem = ssl.get_server_certificate(address, timeout=settings.connect_timeout)
        compare(ssl.PEM_cert_to_DER_cert(pem), settings.fingerprint)
    except TimeoutError as error:
        raise httpx.ConnectTimeout("no TLS handshake within connect_timeout") from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    return pem


def pinned_context(pem: str, fingerprint: str) -> PinnedContext:
    """A context whose one trust anchor is this certificate."""
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.fingerprint = fingerprint
    context.check_hostname = False  # see the module's docstring: the digest is checked instead, on every connection
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The anchor may be a certificate that an authority issued, not only a self-signed one.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=pem)
    return context


def authority_context(settings: Settings) -> ssl.SSLContext:
    """A context that verifies chain, host name and validity. Raises SettingsError for a CA file that is none."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (ssl.SSLError, OSError):
        raise SettingsError(f"Plesk account {settings.account!r}: ca_file holds no PEM certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _over(context: ssl.SSLContext) -> httpx.HTTPTransport:
    # httpx retries nothing unless told to; said here because a repeated POST would be a second effect.
    return httpx.HTTPTransport(
        verify=context, trust_env=False, retries=0, limits=httpx.Limits(max_connections=MOST_CONNECTIONS)
    )
