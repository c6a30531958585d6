"""Renewal information and replacing (RFC 9773), and revocation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sandbox.acme import RunningAuthority
from tests.contract.sandbox_acme import wire

NAMES = ("a.test", "b.test")


@pytest.fixture
def order(credulous: wire.Client) -> dict[str, Any]:
    """A finished order for NAMES."""
    return credulous.issued(*NAMES)


@pytest.fixture
def leaf(credulous: wire.Client, order: dict[str, Any]) -> x509.Certificate:
    return credulous.chain(order)[0]


def window(client: wire.Client, leaf: x509.Certificate) -> tuple[datetime, datetime]:
    """When a certificate is best renewed."""
    told = client.http.get(f"{client.directory['renewalInfo']}/{wire.renewal_id(leaf)}").json()["suggestedWindow"]
    return datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"])


def revoked(client: wire.Client, leaf: x509.Certificate, **options: Any) -> str:
    """The word of the refusal to revoke; empty when it is revoked."""
    by_key = bool(options.pop("by_key", False))
    asked = {"certificate": wire.b64(leaf.public_bytes(Encoding.DER)), **options}
    return wire.problem(client.post(client.directory["revokeCert"], asked, by_key=by_key))


def serial(order: Mapping[str, Any]) -> str:
    return str(order["certificate"]).rpartition("/")[2]


def test_renewal_is_suggested_at_two_thirds_of_the_lifetime(credulous: wire.Client, leaf: x509.Certificate) -> None:
    start, end = window(credulous, leaf)
    ideal = leaf.not_valid_before_utc + (leaf.not_valid_after_utc - leaf.not_valid_before_utc) * 2 / 3
    assert start < ideal < end


def test_renewal_of_a_short_one_is_suggested_at_half_of_its_lifetime(credulous: wire.Client) -> None:
    leaf = credulous.chain(credulous.issued("c.test", profile="shortlived"))[0]
    start, end = window(credulous, leaf)
    assert start < leaf.not_valid_before_utc + (leaf.not_valid_after_utc - leaf.not_valid_before_utc) / 2 < end


def test_a_renewal_can_be_forced(
    credulous: wire.Client, order: dict[str, Any], leaf: x509.Certificate, adjust: wire.Adjust
) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    forced = {"start": start.isoformat(), "end": end.isoformat(), "explanation": "https://ca.test/incident"}
    adjust({"certificates": [{"certificate": serial(order), **forced}]})
    assert window(credulous, leaf) == (start, end)


def test_what_is_revoked_is_to_be_renewed_at_once(
    credulous: wire.Client, leaf: x509.Certificate, adjust: wire.Adjust
) -> None:
    adjust({"certificates": [{"certificate": "a.test", "revoke": True}]})
    assert window(credulous, leaf)[1] <= datetime.now(UTC) + timedelta(minutes=1)


def test_it_is_told_when_to_look_again(credulous: wire.Client, leaf: x509.Certificate) -> None:
    response = credulous.http.get(f"{credulous.directory['renewalInfo']}/{wire.renewal_id(leaf)}")
    assert response.headers["Retry-After"] == "21600"


@pytest.mark.parametrize(("identifier", "status"), [("AAAA.AAAA", 404), ("AAAA", 400), ("A.A.A", 400)])
def test_a_certificate_that_is_none_has_no_renewal(identifier: str, status: int, client: wire.Client) -> None:
    assert client.http.get(f"{client.directory['renewalInfo']}/{identifier}").status_code == status


def test_an_authority_may_have_no_renewal_information(
    credulous: wire.Client, simulator: RunningAuthority, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"renewal_info": False}})
    assert "renewalInfo" not in credulous.http.get(simulator.settings["directory_url"]).json()


def test_a_certificate_is_replaced_once(credulous: wire.Client, leaf: x509.Certificate) -> None:
    assert credulous.issued("a.test", replaces=wire.renewal_id(leaf))["status"] == "valid"
    refused = credulous.order("b.test", replaces=wire.renewal_id(leaf))
    assert (refused.status_code, wire.problem(refused)) == (409, "alreadyReplaced")


def test_an_order_that_was_not_finished_has_replaced_nothing(credulous: wire.Client, leaf: x509.Certificate) -> None:
    assert credulous.order("a.test", replaces=wire.renewal_id(leaf)).status_code == 201
    assert credulous.order("b.test", replaces=wire.renewal_id(leaf)).status_code == 201


def test_a_replacement_is_free_of_all_limits(
    credulous: wire.Client, leaf: x509.Certificate, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"orders_per_3_hours": 1, "certificates_per_week_for_a_name_set": 1}})
    assert credulous.order(*NAMES).status_code == 429
    assert credulous.order(*NAMES, replaces=wire.renewal_id(leaf)).status_code == 201


def test_what_shares_no_name_replaces_nothing(credulous: wire.Client, leaf: x509.Certificate) -> None:
    assert wire.problem(credulous.order("c.test", replaces=wire.renewal_id(leaf))) == "malformed"


@pytest.mark.usefixtures("credulous")
def test_anothers_certificate_is_not_replaced(other: wire.Client, leaf: x509.Certificate) -> None:
    assert wire.problem(other.order("a.test", replaces=wire.renewal_id(leaf))) == "unauthorized"


def test_a_certificate_is_revoked_once(
    credulous: wire.Client, leaf: x509.Certificate, simulator: RunningAuthority
) -> None:
    assert [revoked(credulous, leaf, reason=4) for _ in range(2)] == ["", "alreadyRevoked"]
    (effect,) = simulator.ledger.effects(operation="certificate:revoke")
    assert (effect.reference, effect.details["reason"]) == ("a.test,b.test", "4")


def test_a_certificate_is_revoked_by_its_own_key(credulous: wire.Client, simulator: RunningAuthority) -> None:
    key = wire.new_key()
    leaf = credulous.chain(credulous.issued("c.test", key=key))[0]
    with wire.Client(simulator, key) as holder:
        assert revoked(holder, leaf, by_key=True) == ""
    with wire.Client(simulator) as nobody:
        assert revoked(nobody, leaf, by_key=True) == "unauthorized"


def test_a_certificate_is_revoked_by_who_has_proven_its_names(other: wire.Client, leaf: x509.Certificate) -> None:
    assert revoked(other, leaf) == "unauthorized"
    other.issued(*NAMES)
    assert revoked(other, leaf) == ""


@pytest.mark.parametrize("reason", [2, 7, 99, "superseded"])
def test_a_reason_that_is_none_is_refused(reason: object, credulous: wire.Client, leaf: x509.Certificate) -> None:
    assert revoked(credulous, leaf, reason=reason) == "badRevocationReason"


def test_what_was_not_issued_here_is_not_revoked(client: wire.Client, simulator: RunningAuthority) -> None:
    root = x509.load_pem_x509_certificate(simulator.roots[0].encode())
    assert revoked(client, root) == "malformed"
