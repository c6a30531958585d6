"""Where the broker is and how to reach it safely, read from its URL; no client library is needed to know that."""

import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret

_PORTS: Final = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One broker, one user, one virtual host."""

    host: str
    port: int
    user: str
    password: Secret
    virtual_host: str
    tls: bool

    @classmethod
    def parse(cls, url: Secret) -> "BrokerAddress":
        """Read `amqp[s]://user:password@host[:port]/virtual-host`. Raises SettingsError, which never shows the URL.

        Options behind a `?` are refused: among them is one that turns the verification of certificates off.
        """
        try:
            parts = urlsplit(url.reveal())
            host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            host, port = None, 0
        if not host:
            raise SettingsError("broker_url must look like amqps://user:password@host:port/virtual-host")
        if parts.query or parts.fragment:
            raise SettingsError("broker_url must end with the virtual host: options in it are not supported")
        return cls(
            host=host,
            port=port,
            user=unquote(parts.username or "guest"),
            password=Secret(unquote(parts.password or "guest")),
            virtual_host=unquote(parts.path[1:]) or "/",
            tls=parts.scheme == "amqps",
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """For `amqps`: TLS 1.2 or newer, certificate and host name verified against the machine's authorities."""
        if not self.tls:
            return None
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
