from pathlib import Path

import httpx
import pytest
import trustme

from adapters.plesk import open_adapter, operations, tls
from adapters.plesk.client import Client
from adapters.plesk.settings import read
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.pinning import pinned_context
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Misconfigured, Unavailable
from tests.unit.plesk.loopback import Loopback, expired, fingerprint, loopback

pytestmark = pytest.mark.loopback

CREDENTIALS = {"login": Secret("admin"), "password": Secret("canary")}
AUTHORITY = trustme.CA()
STRANGER = trustme.CA()
GOOD = AUTHORITY.issue_cert("localhost")
OTHER_NAME = AUTHORITY.issue_cert("panel.example")


def account(endpoint: str, **settings: str) -> VendorAccount:
    given = {"endpoint": endpoint, "connect_timeout": "5", **settings}
    return VendorAccount("panel-1", "plesk", settings=given, credentials=CREDENTIALS)


def ask(server: Loopback, **settings: str) -> int:
    """Send one look-up, and say how many results came back."""
    client = Client(read(account(server.endpoint, **settings)), SystemClock())
    try:
        return len(client.call(operations.PROTOCOLS))
    finally:
        client.close()


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


def test_a_certificate_of_the_given_authority_is_trusted(ca_file: str) -> None:
    with loopback(GOOD) as server:
        assert ask(server, ca_file=ca_file) == 1


@pytest.mark.parametrize(
    "certificate",
    [OTHER_NAME, STRANGER.issue_cert("localhost"), expired(AUTHORITY)],
    ids=["wrong host", "unknown authority", "expired"],
)
def test_a_certificate_that_does_not_verify_gets_no_credentials(certificate: trustme.LeafCert, ca_file: str) -> None:
    with loopback(certificate) as server, pytest.raises(Misconfigured) as refused:
        ask(server, ca_file=ca_file)
    assert refused.value.code == "certificate_not_trusted"
    assert server.received == []


def test_without_fingerprint_or_ca_file_only_the_machines_authorities_count() -> None:
    with loopback(GOOD) as server, pytest.raises(Misconfigured) as refused:
        ask(server)
    assert refused.value.code == "certificate_not_trusted"
    assert server.received == []


@pytest.mark.parametrize(
    "certificate", [GOOD, OTHER_NAME, STRANGER.issue_cert("Plesk")], ids=["good", "other name", "unknown authority"]
)
def test_the_pinned_certificate_is_trusted_whatever_its_name_and_issuer(certificate: trustme.LeafCert) -> None:
    with loopback(certificate) as server:
        assert ask(server, fingerprint=fingerprint(certificate)) == 1


def test_another_certificate_than_the_pinned_one_gets_no_credentials() -> None:
    with loopback(GOOD) as server, pytest.raises(Misconfigured) as refused:
        ask(server, fingerprint=fingerprint(OTHER_NAME))
    assert refused.value.code == "certificate_not_trusted"
    assert server.received == []


def test_another_certificate_than_the_pinned_one_never_becomes_an_anchor() -> None:
    with loopback(GOOD) as server, pytest.raises(httpx.ConnectError, match="SHA-256"):
        tls.fetch_certificate(read(account(server.endpoint, fingerprint=fingerprint(OTHER_NAME))))


def test_a_pinned_certificate_that_expired_gets_no_credentials() -> None:
    certificate = expired(AUTHORITY)
    with loopback(certificate) as server, pytest.raises(Misconfigured):
        ask(server, fingerprint=fingerprint(certificate))
    assert server.received == []


def test_a_certificate_that_changes_after_the_first_look_gets_no_credentials() -> None:
    settings = read(account("https://localhost:1", fingerprint=fingerprint(GOOD)))
    with loopback(OTHER_NAME) as server:
        transport = tls.PinnedTransport(settings)
        pem = GOOD.cert_chain_pems[0].bytes().decode()
        transport._trusted = httpx.HTTPTransport(verify=pinned_context(pem, settings.fingerprint))
        with pytest.raises(httpx.ConnectError), httpx.Client(transport=transport) as client:
            client.post(server.endpoint, content=b"<packet></packet>")
    assert server.received == []


def test_a_certificate_that_the_pinned_one_signed_gets_no_credentials() -> None:
    signed = AUTHORITY.issue_cert("localhost")
    context = pinned_context(AUTHORITY.cert_pem.bytes().decode(), fingerprint(GOOD))
    with loopback(signed) as server, pytest.raises(httpx.ConnectError, match="SHA-256"):
        httpx.post(server.endpoint, content=b"<packet></packet>", verify=context)
    assert server.received == []


def test_pinned_and_verified_connections_need_tls_1_2() -> None:
    pem = GOOD.cert_chain_pems[0].bytes().decode()
    assert pinned_context(pem, fingerprint(GOOD)).minimum_version >= 0x0303
    assert tls.authority_context(read(account("https://localhost"))).minimum_version >= 0x0303


@pytest.mark.parametrize("settings", [{}, {"fingerprint": "ab" * 32}], ids=["authorities", "pinned"])
def test_a_server_that_does_not_listen_is_unavailable(settings: dict[str, str]) -> None:
    with loopback(GOOD) as server:
        endpoint = server.endpoint
    hosting = open_adapter(account(endpoint, **settings), SystemClock())
    with pytest.raises(Unavailable) as refused:
        hosting.ping()
    hosting.close()
    assert refused.value.code == "unreachable"


def test_closing_twice_is_safe() -> None:
    hosting = open_adapter(account("https://localhost:1", fingerprint="ab" * 32), SystemClock())
    hosting.close()
    hosting.close()
