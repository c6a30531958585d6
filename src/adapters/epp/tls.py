"""Which server is trusted (by authorities, one CA file or one pinned certificate), and as whom we come."""

import ssl
import tempfile
import threading
from pathlib import Path

from adapters.epp.settings import Settings
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.pinning import fetch_certificate, pinned_context
from provisioner.kernel.secret import Secret


class Trust:
    """Gives the context for the connections of one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, client_key: Secret | None) -> None:
        """Reads certificates and key. Raises SettingsError when one is none."""
        self._settings = settings
        self._client_key = client_key
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None if settings.fingerprint else self._authorities()
        if settings.fingerprint:
            # So that a wrong key is found at once, not with the first connection.
            self._identify(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def context(self) -> ssl.SSLContext:
        """The context. With a fingerprint, the first call connects once. Raises OSError, FingerprintMismatch."""
        with self._lock:
            if self._context is None:
                self._context = self._identify(self._pinned())
            return self._context

    def _authorities(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        except (ssl.SSLError, OSError):
            raise self._wrong("ca_file holds no PEM certificates") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._identify(context)

    def _pinned(self) -> ssl.SSLContext:
        asked = self._settings
        return pinned_context(
            fetch_certificate(asked.host, asked.port, asked.fingerprint, asked.connect_seconds), asked.fingerprint
        )

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
