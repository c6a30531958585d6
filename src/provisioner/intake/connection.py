"""Connections to the broker as intake wants them: verified, with heartbeats, and never blocked for ever."""

import ssl
from dataclasses import dataclass
from typing import Any, Final

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError

from provisioner.kernel.broker_address import BrokerAddress

SOCKET_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Link:
    """How this process connects. `blocked_seconds`: how long a blocked connection is kept before it is given up.

    `handshake_seconds`: how long a broker that takes the connection may take to greet.
    """

    address: BrokerAddress
    heartbeat: int = 30
    blocked_seconds: float = 20.0
    handshake_seconds: float = 15.0

    def open(self, name: str) -> Any:
        """A new connection (pika.BlockingConnection); `name` is what operators see in the broker's listings.

        Raises pika's AMQPError. A greeting that does not come is an error of pika's that is not one of these.
        """
        try:
            return pika.BlockingConnection(self._parameters(name))
        except (AMQPConnectorException, ValueError) as error:  # a ValueError: the new socket was reset just now
            if isinstance(error, ssl.SSLError):
                raise
            raise AMQPConnectionError(f"{type(error).__name__}: {error}") from error

    def _parameters(self, name: str) -> Any:
        address = self.address
        context = address.tls_context()
        return pika.ConnectionParameters(
            host=address.host,
            port=address.port,
            virtual_host=address.virtual_host,
            credentials=pika.PlainCredentials(address.user, address.password.reveal()),
            ssl_options=pika.SSLOptions(context, address.host) if context else None,
            heartbeat=self.heartbeat,
            blocked_connection_timeout=self.blocked_seconds,
            socket_timeout=SOCKET_SECONDS,
            stack_timeout=self.handshake_seconds,
            client_properties={"connection_name": f"provisioner {name}"},
        )
