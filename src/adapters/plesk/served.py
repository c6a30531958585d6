"""What a site serves to the world, seen by a TLS handshake.

This is a look and no more: the handshake ends it, nothing is sent and nothing that comes is trusted. So the
certificate is not verified here, as it must be wherever something is sent: what is wanted is to see the wrong one
too. The library's default of a client that verifies nothing is used for that; Python's own `ssl` shows no chain.
"""

import hashlib
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from adapters.plesk.server import Server
from adapters.plesk.settings import Settings
from adapters.plesk.sites import Sites
from provisioner.kernel.clock import Clock
from provisioner.ports.certificates import Site
from provisioner.ports.outcomes import Done, Pending

LOOK_AGAIN: Final = 60.0
"""Seconds."""

_CHUNK: Final = 16 * 1024


class _NoAnswer(Exception):
    """Nobody shows a certificate there; says why."""


@dataclass(frozen=True, slots=True)
class Served:
    """Looks at the sites of one server."""

    settings: Settings
    server: Server
    sites: Sites
    clock: Clock

    def look(self, site: Site, at: datetime) -> Done | Pending:
        """The certificate that the site serves. `data`: chain, fingerprint, names."""
        name = site.domain.encode("idna").decode()
        try:
            chain = self._first_answer(self.server.public(self.sites.main(site.ref).addresses), name)
        except _NoAnswer as failed:
            return Pending(LOOK_AGAIN, f"{name} cannot be reached by HTTPS: {failed}")
        fault = _fault(chain[0], name, at)
        if fault:
            return Pending(LOOK_AGAIN, f"{name} serves a certificate that {fault}")
        return Done(site.ref, _described(chain))

    def _first_answer(self, addresses: Sequence[str], name: str) -> list[x509.Certificate]:
        failures = []
        for address in sorted(addresses, key=lambda each: ipaddress.ip_address(each).version):
            try:
                return self._handshake(address, name)
            except (OSError, SSL.Error, _NoAnswer) as error:
                failures.append(f"{address}: {_words(error)}")
        raise _NoAnswer("; ".join(failures) or "the panel names no address of it")

    def _handshake(self, address: str, name: str) -> list[x509.Certificate]:
        """The chain that is shown under a name. Raises OSError, SSL.Error and _NoAnswer."""
        deadline = self.clock.monotonic() + self.settings.connect_timeout
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        connection.set_tlsext_host_name(name.encode())
        connection.set_connect_state()
        with socket.create_connection((address, self.settings.tls_port), self.settings.connect_timeout) as wire:
            while not _shaken(connection, wire):
                if self.clock.monotonic() > deadline:
                    raise TimeoutError("the TLS handshake takes too long")
                _receive(connection, wire)
        chain = connection.get_peer_cert_chain(as_cryptography=True)
        if not chain:
            raise _NoAnswer("no certificate is shown")
        return chain


def _words(error: OSError | SSL.Error | _NoAnswer) -> str:
    """OpenSSL's errors are a list of (library, function, reason)."""
    if isinstance(error, SSL.Error):
        return ", ".join(reason for *_, reason in (error.args or [[]])[0]) or "the TLS handshake failed"
    return str(error) or type(error).__name__


def _shaken(connection: SSL.Connection, wire: socket.socket) -> bool:
    """Take the handshake as far as it goes with what has come."""
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        wire.sendall(connection.bio_read(_CHUNK))
        return False
    return True


def _receive(connection: SSL.Connection, wire: socket.socket) -> None:
    received = wire.recv(_CHUNK)
    if not received:
        raise _NoAnswer("the connection was closed during the TLS handshake")
    connection.bio_write(received)


def _fault(leaf: x509.Certificate, name: str, at: datetime) -> str:
    """What is wrong with a certificate for this name at this time, or empty."""
    if at < leaf.not_valid_before_utc:
        return f"is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    if at > leaf.not_valid_after_utc:
        return f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}"
    if not {name, f"*.{name.partition('.')[2]}"} & set(_names(leaf)):
        return f"is for {', '.join(_names(leaf)) or 'no name at all'}"
    return ""


def _described(chain: Sequence[x509.Certificate]) -> dict[str, object]:
    return {
        "chain": "".join(each.public_bytes(Encoding.PEM).decode() for each in chain),
        "fingerprint": hashlib.sha256(chain[0].public_bytes(Encoding.DER)).hexdigest(),
        "names": _names(chain[0]),
    }


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):  # none, or one that cannot be read
        return []
    return [name.lower() for name in san.value.get_values_for_type(x509.DNSName)]
