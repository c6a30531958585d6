"""Which server is trusted: by the machine's authorities, by one CA file, or by one pinned certificate."""

import ssl
import threading
from typing import Final

import httpx

from adapters.plesk.settings import Settings
from provisioner.kernel import pinning
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.pinning import pinned_context

MOST_CONNECTIONS: Final = 32


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


def fetch_certificate(settings: Settings) -> str:
    """The server's certificate (PEM) after its digest was compared. Raises httpx.TransportError."""
    try:
        return pinning.fetch_certificate(
            settings.url.host, settings.url.port or 443, settings.fingerprint, settings.connect_timeout
        )
    except TimeoutError as error:
        raise httpx.ConnectTimeout("no TLS handshake within connect_timeout") from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error


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
