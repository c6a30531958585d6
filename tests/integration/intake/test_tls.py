"""TLS to the broker is verified: authority, host name, version. There is no way to turn that off."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from provisioner.intake.connection import Link
from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.secret import Secret
from tests.support.processes import free_port
from tests.support.rabbit import USER, RabbitNode

LATE_HANDSHAKE_ERRORS = (ssl.SSLError, OSError)


class TlsNode:
    """A node that speaks TLS with a certificate for `localhost`, issued by an authority of our own."""

    def __init__(self, folder: Path, versions: str = "tlsv1.3\ntlsv1.2") -> None:
        self.authority = folder / "authority.pem"
        self.port = free_port()
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        authority.cert_pem.write_to_path(self.authority)
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
        settings = {
            "listeners.ssl.1": f"127.0.0.1:{self.port}",
            "ssl_options.certfile": str(folder / "certificate.pem"),
            "ssl_options.keyfile": str(folder / "key.pem"),
            "ssl_options.cacertfile": str(self.authority),
        } | {f"ssl_options.versions.{number}": version for number, version in enumerate(versions.split(), start=1)}
        self.node = RabbitNode.create(settings)

    def link(self, host: str) -> Link:
        return Link(BrokerAddress.parse(Secret(f"amqps://{USER}:{self.node.password}@{host}:{self.port}/%2F")))


@pytest.fixture(scope="module")
def tls_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsNode]:
    node = TlsNode(tmp_path_factory.mktemp("tls"))
    yield node
    node.node.remove()


def test_a_broker_whose_authority_the_machine_trusts_is_connected_to(
    tls_node: TlsNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_node.authority))
    connection = tls_node.link("localhost").open("test")
    assert connection.is_open
    connection.close()


def test_a_broker_of_an_unknown_authority_is_refused(tls_node: TlsNode) -> None:
    with pytest.raises(LATE_HANDSHAKE_ERRORS, match="CERTIFICATE_VERIFY_FAILED"):
        tls_node.link("localhost").open("test")


def test_a_broker_with_a_certificate_for_another_host_is_refused(
    tls_node: TlsNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_node.authority))
    with pytest.raises(LATE_HANDSHAKE_ERRORS, match="IP address mismatch"):
        tls_node.link("127.0.0.1").open("test")
