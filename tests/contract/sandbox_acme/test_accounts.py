"""Accounts: opened, found again, bound, changed, closed."""

import pytest

from adapters.sandbox.acme import RunningAuthority
from tests.contract.sandbox_acme import wire


def bound(client: wire.Client, simulator: RunningAuthority, **changed: str) -> dict[str, str]:
    """A binding to the simulator's external account."""
    known = {name: secret.reveal() for name, secret in simulator.external.items()} | changed
    url = changed.get("url", str(client.directory["newAccount"]))
    return wire.binding(known["eab_key_id"], known["eab_hmac_key"], url, wire.jwk_of(client.key))


def test_an_account_is_opened(stranger: wire.Client, simulator: RunningAuthority) -> None:
    response = stranger.register(contact=["mailto:hostmaster@example.test"])
    assert (response.status_code, response.json()["status"]) == (201, "valid")
    (effect,) = simulator.ledger.effects(operation="account:create")
    assert stranger.kid.endswith(effect.object_id)


def test_a_known_key_gives_the_account_that_there_is(client: wire.Client, simulator: RunningAuthority) -> None:
    first = client.kid
    assert (client.register().status_code, client.kid) == (200, first)
    assert len(simulator.ledger.effects(operation="account:create")) == 1


def test_an_account_can_be_looked_up_by_its_key(client: wire.Client) -> None:
    assert client.register(onlyReturnExisting=True).status_code == 200


def test_looking_up_an_account_opens_none(stranger: wire.Client) -> None:
    assert wire.problem(stranger.register(onlyReturnExisting=True)) == "accountDoesNotExist"


def test_the_terms_must_be_agreed_to(stranger: wire.Client) -> None:
    response = stranger.register(termsOfServiceAgreed=False)
    assert (response.status_code, wire.problem(response)) == (403, "userActionRequired")


@pytest.mark.parametrize(
    ("contact", "word"),
    [
        ("tel:+491234", "unsupportedContact"),
        ("mailto:nobody", "invalidContact"),
        ("mailto:a@b.test,c@d.test", "invalidContact"),
        ("mailto:a@b.test?subject=x", "invalidContact"),
        (1, "malformed"),
    ],
)
def test_a_contact_that_is_none_is_refused(contact: object, word: str, stranger: wire.Client) -> None:
    assert wire.problem(stranger.register(contact=[contact])) == word


def test_contacts_can_be_changed(client: wire.Client) -> None:
    client.post(client.kid, {"contact": ["mailto:new@example.test"]})
    assert client.read(client.kid)["contact"] == ["mailto:new@example.test"]


def test_a_deactivated_account_does_nothing_more(client: wire.Client) -> None:
    assert client.post(client.kid, {"status": "deactivated"}).json()["status"] == "deactivated"
    response = client.order("example.test")
    assert (response.status_code, wire.problem(response)) == (403, "unauthorized")
    assert wire.problem(client.register()) == "unauthorized"


def test_the_authority_can_deactivate_an_account(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"deactivate_accounts": [client.kid.rpartition("/")[2]]})
    assert wire.problem(client.order("example.test")) == "unauthorized"


def test_an_account_lists_its_orders(client: wire.Client) -> None:
    orders = [client.order(name).headers["Location"] for name in ("a.test", "b.test")]
    assert client.read(client.read(client.kid)["orders"])["orders"] == orders


def test_an_account_cannot_be_read_by_others(client: wire.Client, other: wire.Client) -> None:
    assert wire.problem(other.post(client.kid)) == "unauthorized"


def test_an_external_account_can_be_asked_for(stranger: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"external_account_required": True}})
    assert wire.problem(stranger.register()) == "externalAccountRequired"


def test_an_account_is_bound_to_an_external_one(
    stranger: wire.Client, simulator: RunningAuthority, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"external_account_required": True}})
    assert stranger.register(externalAccountBinding=bound(stranger, simulator)).status_code == 201
    (effect,) = simulator.ledger.effects(operation="account:create")
    assert effect.details["external_account"] == simulator.external["eab_key_id"].reveal()


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"eab_key_id": "nobody"}, "unauthorized"),
        ({"eab_hmac_key": "d3Jvbmc"}, "unauthorized"),
        ({"url": "https://elsewhere.test/"}, "malformed"),
    ],
)
def test_a_binding_that_is_wrong_is_refused(
    changed: dict[str, str], word: str, stranger: wire.Client, simulator: RunningAuthority
) -> None:
    assert wire.problem(stranger.register(externalAccountBinding=bound(stranger, simulator, **changed))) == word


def test_a_binding_of_another_key_is_refused(
    stranger: wire.Client, client: wire.Client, simulator: RunningAuthority
) -> None:
    assert wire.problem(stranger.register(externalAccountBinding=bound(client, simulator))) == "malformed"


def changing(client: wire.Client, new: wire.Key, **changed: object) -> dict[str, str]:
    """The inner request of a change of keys."""
    url = client.directory["keyChange"]
    asked = {"account": client.kid, "oldKey": wire.jwk_of(client.key)} | changed
    return wire.signed(new, {"url": url, "jwk": wire.jwk_of(new)}, asked)


def test_an_accounts_key_can_be_changed(client: wire.Client) -> None:
    new = wire.new_key()
    assert client.post(client.directory["keyChange"], changing(client, new)).status_code == 200
    assert wire.problem(client.post(client.kid)) == "malformed"
    client.key = new
    assert client.post(client.kid).status_code == 200


def test_a_change_of_another_accounts_key_is_refused(client: wire.Client, other: wire.Client) -> None:
    asked = changing(client, wire.new_key(), account=other.kid)
    assert wire.problem(client.post(client.directory["keyChange"], asked)) == "malformed"


def test_a_key_that_is_taken_is_refused(client: wire.Client, other: wire.Client) -> None:
    response = client.post(client.directory["keyChange"], changing(client, other.key))
    assert (response.status_code, response.headers["Location"]) == (409, other.kid)
