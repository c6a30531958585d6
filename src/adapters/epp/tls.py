"""Which server is trusted, and as whom we come: TLS 1.2 or newer, always verified.

A server is trusted by the machine's authorities, by one CA file, or by the SHA-256 of its certificate. Python cannot
verify a chain against a digest, so with a fingerprint the certificate is first fetched by a handshake on which
nothing is sent, and compared; then it becomes the one trust anchor of the context, and its digest is compared again
on every connection, since a certificate may sign others. The host name is not checked then: the digest says more.
"""

import hashlib
import hmac
import ssl
import tempfile
import threading
from pathlib import Path

from adapters.epp.settings import Settings
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret


class FingerprintMismatch(ssl.SSLCertVerificationError):
    """The server's certificate is not the one that was pinned."""


class Trust:
    """Gives the context for the connections of one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, client_key: Secret | None) -> None:
        """Reads certificates and key. Raises SettingsError when one is none."""
        self._settings = settings
        self._client_key = client_key
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None if settings.fingerprint else self._authorities()
        if settings.fingerprint:
            self._identify(_fresh())  # so that a wrong key is found at once, not with the first connection

    def context(self) -> ssl.SSLContext:
        """The context. With a fingerprint, the first call connects once. Raises OSError, FingerprintMismatch."""
        with self._lock:
            if self._context is None:
                self._context = self._pinned(_fetched(self._settings))
            return self._context

    def check(self, connection: ssl.SSLSocket) -> None:
        """Compare the certificate of an open connection. Raises FingerprintMismatch."""
        if self._settings.fingerprint:
            compare(connection.getpeercert(binary_form=True) or b"", self._settings.fingerprint)

    def _authorities(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        except (ssl.SSLError, OSError):
            raise self._wrong("ca_file holds no PEM certificates") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._identify(context)

    def _pinned(self, pem: str) -> ssl.SSLContext:
        context = _fresh()
        context.check_hostname = False  # see the module's docstring
        # The anchor may be a certificate that an authority issued, not only a self-signed one.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=pem)
        return self._identify(context)

    def _identify(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Show our certificate, if there is one, to the server."""
        certificate = self._settings.client_certificate
        if not certificate:
            return context
        try:
            _load_identity(context, certificate, self._client_key)
        except (ssl.SSLError, OSError, ValueError):
            raise self._wrong(
                "client_certificate and client_key are no PEM certificate with its unencrypted private key"
            ) from None
        return context

    def _wrong(self, what: str) -> SettingsError:
        return SettingsError(f"EPP account {self._settings.account!r}: {what}")


def compare(certificate: bytes, fingerprint: str) -> None:
    """Raise FingerprintMismatch unless the SHA-256 of this certificate (DER) is the fingerprint."""
    actual = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(actual, fingerprint):
        raise FingerprintMismatch(f"the certificate's SHA-256 is {actual}, pinned is {fingerprint}")


def _fresh() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _fetched(settings: Settings) -> str:
    """The server's certificate (PEM), once its digest was compared."""
    pem = ssl.get_server_certificate((settings.host, settings.port), timeout=settings.connect_seconds)
    compare(ssl.PEM_cert_to_DER_cert(pem), settings.fingerprint)
    return pem


def _load_identity(context: ssl.SSLContext, certificate: str, key: Secret | None) -> None:
    if key is None:
        context.load_cert_chain(certificate, password=_no_password)
        return
    # OpenSSL takes a path only: the file is ours alone (0600, in a folder of mode 0700) and gone at once.
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:
        path = Path(folder, "key.pem")
        path.touch(mode=0o600)
        path.write_text(key.reveal())
        context.load_cert_chain(certificate, path, password=_no_password)


def _no_password() -> str:
    """For an encrypted key, where OpenSSL would otherwise ask on the terminal, and wait."""
    raise ValueError("the private key is encrypted")
