"""The whole way to a certificate with a real authority: Pebble looks at the panel that our engine works at."""

import socket
import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from provisioner.kernel import crash
from tests.faults.pebble_stack import Row, Stack, stack
from tests.support.certificates import fits
from tests.support.processes import wait_for

NOT_HERE = "192.0.2.77"
NOBODY = "127.0.0.2"
TWO_MINUTES = 120.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose engine runs."""
    with stack(tmp_path_factory.mktemp("pebble")) as made, made.working():
        yield made


def own(name: str) -> str:
    """The certificate that hosting gets by itself."""
    return f"service-{name}-certificate"


def names_in(kept: Row) -> set[str]:
    leaf = x509.load_pem_x509_certificate(kept["chain"].encode())
    return set(
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    )


def served(shop: Stack, domain: str, trusted: str) -> str:
    """The fingerprint of what the website shows to a browser that trusts these certificates."""
    browser = ssl.create_default_context(cadata=trusted)
    browser.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    with (
        socket.create_connection(("127.0.0.1", shop.panel.tls_port), timeout=10) as plain,
        browser.wrap_socket(plain, server_hostname=domain) as channel,
    ):
        shown = x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")
    return shown.fingerprint(hashes.SHA256()).hex()


def check_whole(shop: Stack, certificate_id: str, kept: Row, *names: str) -> None:
    """It is for these names, its key fits, it is the only one, and nothing is left of its proof."""
    assert names_in(kept) == set(names)
    assert fits(shop.key_of(kept), kept["chain"])
    assert len(shop.kept(certificate_id)) == 1
    assert shop.shown() == []


def test_hosting_gets_a_certificate_over_http_and_serves_it(shop: Stack) -> None:
    before = shop.pebble.issued()
    domain = shop.order_hosting("http")
    wait_for(lambda: shop.operation(own("http"), "certificate.install").get("ended_at"), "it is installed", timeout=60)
    kept = shop.kept(own("http"))[0]
    check_whole(shop, own("http"), kept, domain, f"www.{domain}")
    assert (served(shop, domain, kept["chain"]), shop.pebble.issued()) == (kept["fingerprint"], before + 1)


def test_a_wildcard_and_its_base_are_proven_by_two_records_at_one_place(shop: Stack) -> None:
    domain = shop.order_hosting("wild")
    shop.wait_issued(own("wild"))
    before = shop.pebble.issued()
    shop.ask_for_certificate("wild-1", "service-wild", [domain, f"*.{domain}"], "dns-01")
    kept = shop.wait_issued("wild-1")
    check_whole(shop, "wild-1", kept, domain, f"*.{domain}")
    assert shop.pebble.issued() == before + 1


def test_a_name_that_leads_elsewhere_is_waited_for_and_the_customer_is_told_where_to(shop: Stack) -> None:
    domain = shop.order_hosting("elsewhere")
    shop.wait_issued(own("elsewhere"))
    shop.lead_elsewhere(domain, NOT_HERE)
    shop.ask_for_certificate("elsewhere-1", "service-elsewhere", [domain], "http-01")
    waiting = shop.wait_waiting("elsewhere-1")
    assert NOT_HERE in waiting["reason"]
    shop.lead_here()
    shop.clock.hurry(600)
    check_whole(shop, "elsewhere-1", shop.wait_issued("elsewhere-1"), domain)


def test_a_name_that_was_led_away_before_the_authority_looked_is_proven_by_another_order(shop: Stack) -> None:
    shop.wait_rests()
    before, domains = shop.pebble.issued(), list[str]()

    def lead_astray(scope: str, point: str) -> None:
        if (scope, point) == ("certificate.issue/show-1-http-1", "after_intent"):
            shop.lead_elsewhere(domains[0], NOBODY)

    with crash.listening(lead_astray):
        domains.append(domain := shop.order_hosting("mended"))
        waiting = shop.wait_waiting(own("mended"))
    assert domain in waiting["reason"]
    assert shop.shown() == []
    shop.lead_here()
    shop.clock.hurry(TWO_MINUTES)
    check_whole(shop, own("mended"), shop.wait_issued(own("mended")), domain, f"www.{domain}")
    assert shop.pebble.issued() == before + 1


def test_an_authority_that_rejects_three_nonces_of_five_issues_one_certificate(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with stack(tmp_path_factory.mktemp("nonces"), nonce_rejection=60) as made, made.working():
        check_first(made)


def test_an_authority_that_takes_only_bound_accounts_issues_one_certificate(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with stack(tmp_path_factory.mktemp("bound"), binding=True) as made, made.working():
        check_first(made)


def check_first(made: Stack) -> None:
    """The first hosting of a stack gets its one certificate."""
    domain = made.order_hosting("first")
    check_whole(made, own("first"), made.wait_issued(own("first")), domain, f"www.{domain}")
    assert made.pebble.issued() == 1
