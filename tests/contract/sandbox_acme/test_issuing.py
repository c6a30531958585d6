"""From an order to its certificate."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import verification

from adapters.sandbox.acme import RunningAuthority
from tests.contract.sandbox_acme import wire

NAMES = ("example.test", "www.example.test")


def verified(simulator: RunningAuthority, which: int, chain: list[x509.Certificate], name: str) -> int:
    """How many certificates there are from the leaf to one of the roots."""
    root = x509.load_pem_x509_certificate(simulator.roots[which].encode())
    builder = verification.PolicyBuilder().store(verification.Store([root])).time(datetime.now(UTC))
    return len(builder.build_server_verifier(x509.DNSName(name)).verify(chain[0], chain[1:]))


def test_a_certificate_leads_to_the_root(credulous: wire.Client, simulator: RunningAuthority) -> None:
    chain = credulous.chain(credulous.issued(*NAMES))
    assert verified(simulator, 0, chain, "www.example.test") == 3


def test_another_chain_leads_to_the_second_root(credulous: wire.Client, simulator: RunningAuthority) -> None:
    first = credulous.post(credulous.issued(*NAMES)["certificate"])
    other = credulous.post(first.links["alternate"]["url"])
    chain = x509.load_pem_x509_certificates(other.content)
    assert verified(simulator, 1, chain, "example.test") == 3


def test_it_is_for_the_key_and_the_names_of_the_request(credulous: wire.Client) -> None:
    key = wire.new_key()
    leaf = credulous.chain(credulous.issued(*NAMES, key=key))[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(NAMES)
    assert leaf.public_key() == key.public_key()


def test_the_lifetime_is_that_of_the_profile(credulous: wire.Client) -> None:
    leaf = credulous.chain(credulous.issued(*NAMES, profile="shortlived"))[0]
    assert timedelta(hours=160) <= leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(hours=161)


def test_the_lifetime_can_be_set(credulous: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"lifetime_hours": 2}})
    leaf = credulous.chain(credulous.issued(*NAMES))[0]
    assert timedelta(hours=2) <= leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(hours=3)


def test_the_ledger_tells_what_was_issued(credulous: wire.Client, simulator: RunningAuthority) -> None:
    order = credulous.issued(*NAMES)
    (effect,) = simulator.ledger.effects(operation="certificate:issue", reference=",".join(NAMES))
    assert order["certificate"].endswith(f"/certificate/{effect.object_id}")
    assert effect.account == credulous.kid.rpartition("/")[2]
    assert set(effect.details) == {"names", "key_sha256", "order", "profile", "not_after"}


def test_an_order_that_is_not_ready_is_not_finalised(client: wire.Client) -> None:
    order = client.order(*NAMES).json()
    response = client.post(order["finalize"], {"csr": wire.csr(*NAMES)})
    assert (response.status_code, wire.problem(response)) == (403, "orderNotReady")


def test_an_order_gives_one_certificate(credulous: wire.Client, simulator: RunningAuthority) -> None:
    order = credulous.issued(*NAMES)
    assert wire.problem(credulous.post(order["finalize"], {"csr": wire.csr(*NAMES)})) == "orderNotReady"
    assert len(simulator.ledger.effects(operation="certificate:issue")) == 1


@pytest.mark.parametrize("names", [NAMES[:1], (*NAMES, "more.example.test"), ("other.test",)])
def test_a_request_for_other_names_is_refused(names: tuple[str, ...], credulous: wire.Client) -> None:
    ready = credulous.validated(credulous.order(*NAMES))
    assert wire.problem(credulous.post(ready["finalize"], {"csr": wire.csr(*names)})) == "badCSR"


def test_a_refused_request_can_be_mended(credulous: wire.Client) -> None:
    ready = credulous.validated(credulous.order(*NAMES))
    credulous.post(ready["finalize"], {"csr": wire.csr("other.test")})
    assert credulous.post(ready["finalize"], {"csr": wire.csr(*NAMES)}).json()["status"] == "valid"


def test_the_accounts_key_is_not_certified(credulous: wire.Client) -> None:
    ready = credulous.validated(credulous.order(*NAMES))
    request = wire.csr(*NAMES, key=credulous.key)
    assert wire.problem(credulous.post(ready["finalize"], {"csr": request})) == "badCSR"


def test_a_request_that_is_none_is_refused(credulous: wire.Client) -> None:
    ready = credulous.validated(credulous.order(*NAMES))
    assert wire.problem(credulous.post(ready["finalize"], {"csr": wire.b64(b"nonsense")})) == "badCSR"


def test_issuing_may_take_its_time(credulous: wire.Client, adjust: wire.Adjust, simulator: RunningAuthority) -> None:
    adjust({"settings": {"issuing_seconds": 3600}})
    order = credulous.order(*NAMES)
    response = credulous.post(credulous.validated(order)["finalize"], {"csr": wire.csr(*NAMES)})
    assert response.json()["status"] == "processing"
    assert 3590 < int(response.headers["Retry-After"]) <= 3600
    adjust({"advance_seconds": 3601})
    assert len(simulator.ledger.effects(operation="certificate:issue")) == 1
    assert credulous.read(order.headers["Location"])["status"] == "valid"


def test_a_certificate_is_not_handed_to_others(credulous: wire.Client, other: wire.Client) -> None:
    order = credulous.issued(*NAMES)
    assert wire.problem(other.post(order["certificate"])) == "unauthorized"
