"""Who is trusted: authorities, pinned certificates, client certificates; and how a server is reached."""

import hashlib
import socket
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from adapters.epp import commands, settings
from adapters.epp.sessions import Sessions
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.errors import SettingsError
from provisioner.ports.outcomes import Misconfigured, Unavailable
from tests.contract.epp.wire.conftest import Opened, account_of
from tests.contract.epp.wire.scripted import Registry, registry, server_context

INFO = commands.domain_info("example.test")
ENCRYPTED_KEY = (
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIAAAAAAAAAAACAggA\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n"
)


def fingerprint(certificate: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def client(authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    """Path of a client certificate, and its private key."""
    certificate = authority.issue_cert("registrar@example.test")
    path = tmp_path / "client.pem"
    certificate.cert_chain_pems[0].write_to_path(str(path))
    return str(path), certificate.private_key_pem.bytes().decode()


def test_a_server_of_an_unknown_authority_is_not_trusted(server: Registry, opened: Opened) -> None:
    with opened(server, ca_file="") as sessions, pytest.raises(Misconfigured) as raised:
        sessions.send(INFO)
    assert raised.value.code == "not_trusted"
    assert server.requests == []


def test_a_server_of_another_name_is_not_trusted(authority: trustme.CA, opened: Opened) -> None:
    other = authority.issue_cert("registry.example")
    with registry(server_context(other)) as server, opened(server) as sessions, pytest.raises(Misconfigured) as raised:
        sessions.send(INFO)
    assert raised.value.code == "not_trusted"


def test_an_expired_certificate_is_not_trusted(authority: trustme.CA, opened: Opened) -> None:
    expired = authority.issue_cert("localhost", not_after=datetime.now(UTC) - timedelta(days=1))
    with registry(server_context(expired)) as server, opened(server) as sessions, pytest.raises(Misconfigured):
        sessions.send(INFO)


def test_tls_1_1_is_refused(certificate: trustme.LeafCert, opened: Opened) -> None:
    context = server_context(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with registry(context) as server, opened(server) as sessions, pytest.raises(Unavailable, match="no TLS"):
        sessions.send(INFO)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(certificate: trustme.LeafCert, opened: Opened, version: ssl.TLSVersion) -> None:
    context = server_context(certificate)
    context.minimum_version = context.maximum_version = version
    with registry(context) as server, opened(server) as sessions:
        assert sessions.send(INFO).succeeded


def test_a_pinned_certificate_is_trusted_whoever_issued_it_for_whatever_name(opened: Opened) -> None:
    strange = trustme.CA().issue_cert("anything.invalid")
    pinned = {"ca_file": "", "fingerprint": fingerprint(strange)}
    with registry(server_context(strange)) as server, opened(server, **pinned) as sessions:
        assert sessions.send(INFO).succeeded


def test_another_certificate_than_the_pinned_one_is_not_trusted(server: Registry, opened: Opened) -> None:
    with opened(server, ca_file="", fingerprint="0" * 64) as sessions, pytest.raises(Misconfigured) as raised:
        sessions.send(INFO)
    assert raised.value.code == "not_trusted"
    assert server.requests == []


def test_a_certificate_that_the_pinned_one_issued_is_not_trusted(opened: Opened) -> None:
    """The first connection sees the pinned one, later ones another that it signed."""
    authority = trustme.CA()
    intermediate = authority.create_child_ca()
    leaf = intermediate.issue_cert("localhost")
    der = ssl.PEM_cert_to_DER_cert(intermediate.cert_pem.bytes().decode())
    pinned = {"ca_file": "", "fingerprint": hashlib.sha256(der).hexdigest()}
    with (
        registry(server_context(leaf)) as server,
        opened(server, **pinned) as sessions,
        pytest.raises(Misconfigured),
    ):
        sessions.send(INFO)
    assert server.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown(
    authority: trustme.CA,
    certificate: trustme.LeafCert,
    opened: Opened,
    client: tuple[str, str],
    version: ssl.TLSVersion,
) -> None:
    path, key = client
    context = server_context(certificate, authority)
    context.minimum_version = context.maximum_version = version
    identity = {"client_certificate": path, "credentials": {"client_key": key}}
    with registry(context) as server, opened(server, **identity) as sessions:
        assert sessions.send(INFO).succeeded


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_misses_our_certificate_needs_an_operator(
    authority: trustme.CA, certificate: trustme.LeafCert, opened: Opened, version: ssl.TLSVersion
) -> None:
    context = server_context(certificate, authority)
    context.minimum_version = context.maximum_version = version
    with registry(context) as server, opened(server) as sessions, pytest.raises(Misconfigured) as raised:
        sessions.send(INFO)
    assert raised.value.code == "not_trusted"
    assert "refuses our certificate, or misses one" in raised.value.message


def test_the_private_key_leaves_no_file_behind(
    tmp_path: Path, client: tuple[str, str], opened: Opened, server: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    path, key = client
    with opened(server, client_certificate=path, credentials={"client_key": key}) as sessions:
        assert list(folder.iterdir()) == []
        assert sessions.send(INFO).succeeded


@pytest.mark.parametrize("key", ["no key at all", ENCRYPTED_KEY], ids=["no key", "an encrypted key"])
def test_a_key_that_does_not_serve_stops_the_start_and_is_not_shown(client: tuple[str, str], key: str) -> None:
    account = account_of(700, {"client_certificate": client[0]}, {"client_key": key})
    with pytest.raises(SettingsError, match="unencrypted private key") as raised:
        Sessions(settings.read(account), account, SystemClock(), None)
    assert key not in str(raised.value)


def test_a_ca_file_without_certificates_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    account = account_of(700, {"ca_file": str(path)}, {})
    with pytest.raises(SettingsError, match="ca_file"):
        Sessions(settings.read(account), account, SystemClock(), None)


def test_a_server_is_reached_over_ipv6(certificate: trustme.LeafCert, opened: Opened) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with registry(server_context(certificate), address="::1") as server, opened(server, host="::1") as sessions:
        assert sessions.send(INFO).succeeded


def test_a_name_with_several_addresses_is_tried_on_each(certificate: trustme.LeafCert, opened: Opened) -> None:
    """`localhost` is ::1 and 127.0.0.1; only one of them answers."""
    with registry(server_context(certificate), address="127.0.0.1") as server, opened(server) as sessions:
        assert sessions.send(INFO).succeeded


def test_a_port_where_nobody_listens_is_unreachable(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        server.stop()
        with pytest.raises(Unavailable) as raised:
            sessions.send(INFO)
    assert raised.value.code == "unreachable"


def test_a_handshake_that_never_ends_is_given_up(server: Registry, opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = str(mute.getsockname()[1])
        with (
            opened(server, host="127.0.0.1", port=port, connect_seconds="0.3") as sessions,
            pytest.raises(Unavailable, match=r"no TLS connection within 0\.3 s"),
        ):
            sessions.send(INFO)


def test_a_name_that_does_not_resolve_is_unreachable(server: Registry, opened: Opened) -> None:
    with opened(server, host="registry.invalid") as sessions, pytest.raises(Unavailable) as raised:
        sessions.send(INFO)
    assert raised.value.code == "unreachable"
