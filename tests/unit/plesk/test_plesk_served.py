"""What a site serves, seen by a handshake with a TLS server on loopback."""

import hashlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import trustme

from provisioner.ports.outcomes import Done, Pending
from tests.unit.plesk.loopback import Loopback, expired, loopback
from tests.unit.plesk.scripted import hosting
from tests.unit.plesk.scripted_sites import SITE, server, site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = trustme.CA()
pytestmark = pytest.mark.loopback


def look(port: int, *, address: str = "127.0.0.1", at: datetime = NOW) -> Done | Pending:
    panel = server().on("site/get", site(address=address))
    return hosting(panel, tls_port=str(port), connect_timeout="5").served_certificate(SITE, at)


def reason(seen: Done | Pending) -> str:
    assert isinstance(seen, Pending)
    return seen.reason


def port_of(server: Loopback) -> int:
    return int(server.listener.getsockname()[1])


def serves(certificate: trustme.LeafCert) -> Done | Pending:
    with loopback(certificate) as server:
        return look(port_of(server))


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_what_is_served_is_told_with_the_leafs_digest_and_its_intermediates() -> None:
    certificate = AUTHORITY.create_child_ca().issue_cert("demo.example", "www.demo.example")
    seen = serves(certificate)
    chain = [each.bytes().decode() for each in certificate.cert_chain_pems]
    assert isinstance(seen, Done)
    assert seen.data["chain"] == "".join(chain)
    assert seen.data["fingerprint"] == hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).hexdigest()
    assert seen.data["names"] == ["demo.example", "www.demo.example"]


def test_a_certificate_that_no_authority_signed_is_seen_too() -> None:
    assert isinstance(serves(trustme.CA().issue_cert("demo.example")), Done)


def test_a_wildcard_covers_a_name_right_below_it_only() -> None:
    assert isinstance(serves(AUTHORITY.issue_cert("*.example")), Done)
    assert "is for *.demo.example" in reason(serves(AUTHORITY.issue_cert("*.demo.example")))


def test_a_certificate_for_other_names_is_told_in_words() -> None:
    assert reason(serves(AUTHORITY.issue_cert("Plesk"))) == "demo.example serves a certificate that is for plesk"


def test_a_certificate_that_has_expired_is_told_in_words() -> None:
    seen = serves(expired(AUTHORITY, "demo.example"))
    assert reason(seen) == "demo.example serves a certificate that expired on 2021-01-01"


def test_a_certificate_that_is_not_valid_yet_is_told_in_words() -> None:
    with loopback(AUTHORITY.issue_cert("demo.example", not_before=NOW)) as server:
        seen = look(port_of(server), at=datetime(2025, 1, 1, tzinfo=UTC))
    assert "is not valid before 2026-01-01 00:00 UTC" in reason(seen)


def test_a_server_that_refuses_the_handshake_is_told_in_words() -> None:
    certificate = AUTHORITY.issue_cert("demo.example")
    with loopback(certificate) as server:
        server.context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        seen = look(port_of(server))
    assert reason(seen) == "demo.example cannot be reached by HTTPS: 127.0.0.1: tlsv1 unrecognized name"


def test_the_servers_name_is_the_domain() -> None:
    asked: list[str | None] = []
    with loopback(AUTHORITY.issue_cert("demo.example")) as server:
        server.context.sni_callback = lambda _socket, name, _context: asked.append(name)
        look(port_of(server))
    assert asked == ["demo.example"]


def test_nothing_is_sent_after_the_handshake() -> None:
    with loopback(AUTHORITY.issue_cert("demo.example")) as server:
        look(port_of(server))
    assert server.received == []


def test_a_port_where_nobody_listens_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert "Connection refused" in reason(look(port))


def test_a_server_that_says_nothing_is_told_in_words(silent: int) -> None:
    panel = server().on("site/get", site(address="127.0.0.1"))
    seen = hosting(panel, tls_port=str(silent), connect_timeout="0.2").served_certificate(SITE, NOW)
    assert "timed out" in reason(seen)


def test_a_site_without_an_address_is_told_in_words(silent: int) -> None:
    without = site().replace("<ip_address>192.0.2.7</ip_address>", "")
    panel = server().on("site/get", without.replace("<dns_ip_address>192.0.2.7</dns_ip_address>", ""))
    seen = hosting(panel, tls_port=str(silent)).served_certificate(SITE, NOW)
    assert "names no address" in reason(seen)


def test_a_second_address_is_tried_when_the_first_is_silent() -> None:
    both = site(address="127.0.0.1").replace("<dns_ip_address>127.0.0.1", "<dns_ip_address>127.0.0.2")
    with loopback(AUTHORITY.issue_cert("demo.example")) as server_:
        panel = server().on("site/get", both)
        seen = hosting(panel, tls_port=str(port_of(server_))).served_certificate(SITE, NOW)
    assert isinstance(seen, Done)
