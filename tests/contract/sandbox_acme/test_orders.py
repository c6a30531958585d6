"""New orders: names, profiles, what is used again, what expires, and the limits."""

from typing import Any

import pytest

from adapters.sandbox.acme import RunningAuthority
from tests.contract.sandbox_acme import wire

HOUR, DAY = 3600, 86400


def failed(client: wire.Client, name: str) -> None:
    """An order whose validation fails: there is nowhere to look."""
    challenge = client.challenge(client.order(name), "http-01")
    client.post(challenge["url"], {})
    assert client.settled(challenge["url"])["status"] == "invalid"


def test_an_order_has_an_authorisation_for_each_name(client: wire.Client) -> None:
    order = client.order("b.test", "a.test", "B.test").json()
    assert (order["status"], [each["value"] for each in order["identifiers"]]) == ("pending", ["a.test", "b.test"])
    assert len(order["authorizations"]) == 2


@pytest.mark.parametrize("name", ["localhost", "a..test", "-a.test", "192.0.2.1", "a_b.test", "*.*.test", "ä.test"])
def test_what_is_no_name_is_refused(name: str, client: wire.Client) -> None:
    assert wire.problem(client.order(name)) == "rejectedIdentifier"


def test_each_refused_name_is_told(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"rejected_names": ["a.test", "b.test"]}})
    told = client.order("a.test", "b.test", "c.test").json()["subproblems"]
    assert [each["identifier"]["value"] for each in told] == ["a.test", "b.test"]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"identifiers": []}, "malformed"),
        ({"identifiers": "a.test"}, "malformed"),
        ({"identifiers": ["a.test"]}, "malformed"),
        ({"identifiers": [{"type": "ip", "value": "192.0.2.1"}]}, "unsupportedIdentifier"),
        ({"notAfter": "2030-01-01T00:00:00Z"}, "malformed"),
        ({"profile": "none-such"}, "invalidProfile"),
        (
            {"profile": "shortlived", "identifiers": [{"type": "dns", "value": f"{n}.a.test"} for n in range(26)]},
            "malformed",
        ),
    ],
)
def test_what_cannot_be_ordered_is_refused(asked: dict[str, Any], word: str, client: wire.Client) -> None:
    assert wire.problem(client.order("a.test", **asked)) == word


def test_the_profile_is_told(client: wire.Client) -> None:
    assert client.order("a.test").json()["profile"] == "classic"
    assert client.order("a.test", profile="tlsserver").json()["profile"] == "tlsserver"


def test_an_open_order_is_given_out_again(client: wire.Client, simulator: RunningAuthority) -> None:
    places = {client.order("a.test").headers["Location"] for _ in range(2)}
    assert (len(places), len(simulator.ledger.effects(operation="order:create"))) == (1, 1)


def test_every_order_may_be_a_new_one(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"reuse_orders": False}})
    assert len({client.order("a.test").headers["Location"] for _ in range(2)}) == 2


def test_a_name_that_was_proven_is_not_proven_again(credulous: wire.Client) -> None:
    credulous.issued("a.test")
    assert credulous.order("a.test", profile="shortlived").json()["status"] == "ready"


def test_every_order_may_ask_for_proof(credulous: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"reuse_authorizations": False}})
    credulous.issued("a.test")
    assert credulous.order("a.test").json()["status"] == "pending"


def test_a_proof_is_good_for_so_many_days(credulous: wire.Client, adjust: wire.Adjust) -> None:
    credulous.issued("a.test")
    adjust({"advance_seconds": 31 * DAY})
    assert credulous.order("a.test").json()["status"] == "pending"


def test_the_proof_of_a_name_is_none_of_its_wildcard(credulous: wire.Client) -> None:
    credulous.issued("a.test")
    assert credulous.order("*.a.test").json()["status"] == "pending"


def test_a_proof_can_be_given_up(credulous: wire.Client) -> None:
    order = credulous.issued("a.test")
    given_up = credulous.post(order["authorizations"][0], {"status": "deactivated"})
    assert given_up.json()["status"] == "deactivated"
    assert credulous.order("a.test").json()["status"] == "pending"


def test_an_order_expires(client: wire.Client, adjust: wire.Adjust) -> None:
    order = client.order("a.test")
    adjust({"advance_seconds": 8 * DAY})
    assert client.read(order.headers["Location"])["status"] == "invalid"
    assert client.read(order.json()["authorizations"][0])["status"] == "expired"
    assert client.order("a.test").headers["Location"] != order.headers["Location"]


def test_an_expired_order_may_be_gone(client: wire.Client, adjust: wire.Adjust) -> None:
    order = client.order("a.test")
    adjust({"settings": {"expired_orders": "gone"}, "advance_seconds": 8 * DAY})
    assert client.post(order.headers["Location"]).status_code == 404


def test_all_orders_may_be_forgotten(client: wire.Client, adjust: wire.Adjust) -> None:
    order = client.order("a.test")
    adjust({"forget_orders": True})
    assert client.post(order.headers["Location"]).status_code == 404


def test_orders_of_an_account_are_limited(client: wire.Client, other: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"orders_per_3_hours": 2}})
    responses = [client.order(f"{name}.test") for name in "abc"]
    assert [wire.problem(each) for each in responses] == ["", "", "rateLimited"]
    assert responses[-1].status_code == 429
    assert 3 * HOUR - 60 < int(responses[-1].headers["Retry-After"]) <= 3 * HOUR
    assert other.order("c.test").status_code == 201


def test_a_limit_ends(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"orders_per_3_hours": 1}})
    client.order("a.test")
    adjust({"advance_seconds": 3 * HOUR})
    assert client.order("b.test").status_code == 201


def test_an_order_that_is_given_out_again_counts_once(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"orders_per_3_hours": 2}})
    assert [client.order("a.test").status_code for _ in range(4)] == [201] * 4


def test_certificates_of_the_same_names_are_limited(credulous: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"certificates_per_week_for_a_name_set": 1}})
    credulous.issued("a.test", "b.test")
    refused = credulous.order("b.test", "a.test")
    assert (refused.status_code, "exact set" in refused.json()["detail"]) == (429, True)
    assert credulous.order("a.test").status_code == 201


def test_failed_validations_of_a_name_are_limited(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"failed_validations_per_hour_for_a_name": 1}})
    failed(client, "a.test")
    refused = client.order("a.test", "b.test")
    assert (refused.status_code, '"a.test"' in refused.json()["detail"]) == (429, True)
    assert client.order("b.test").status_code == 201


def test_failed_validations_are_in_the_ledger(client: wire.Client, simulator: RunningAuthority) -> None:
    failed(client, "a.test")
    (effect,) = simulator.ledger.effects(operation="validation:fail", reference="a.test")
    assert effect.details == {"method": "http-01", "problem": "dns"}


def test_requests_in_a_second_are_limited(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"requests_per_second": 1}})
    responses = [client.http.get(client.directory["newNonce"]) for _ in range(20)]
    refused = next(each for each in responses if each.status_code == 503)
    assert (wire.problem(refused), refused.headers["Retry-After"]) == ("rateLimited", "1")
