"""Every request is held to section 6 of RFC 8555."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.sandbox.acme import RunningAuthority
from tests.contract.sandbox_acme import wire


def order_url(client: wire.Client) -> str:
    return str(client.directory["newOrder"])


def test_the_directory_tells_where_everything_is(stranger: wire.Client) -> None:
    named = {"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo", "meta"}
    assert set(stranger.directory) == named


def test_the_directory_tells_what_kind_of_authority_this_is(stranger: wire.Client) -> None:
    meta = stranger.directory["meta"]
    assert set(meta["profiles"]) == {"classic", "tlsserver", "shortlived"}
    assert (meta["caaIdentities"], meta["externalAccountRequired"]) == (["ca.test"], False)
    assert stranger.http.get(meta["termsOfService"]).status_code == 200


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204)])
def test_a_nonce_is_given_for_nothing(method: str, status: int, stranger: wire.Client) -> None:
    response = stranger.http.request(method, stranger.directory["newNonce"])
    assert (response.status_code, response.headers["Cache-Control"]) == (status, "no-store")
    assert response.headers["Replay-Nonce"]


def test_a_nonce_is_good_once(client: wire.Client) -> None:
    nonce = client.fresh_nonce()
    first = client.post(client.kid, nonce=nonce)
    second = client.post(client.kid, nonce=nonce)
    assert (first.status_code, wire.problem(second)) == (200, "badNonce")


def test_a_refused_nonce_comes_with_another(client: wire.Client) -> None:
    refused = client.post(client.kid, nonce="bm9uc2Vuc2U")
    assert client.post(client.kid, nonce=refused.headers["Replay-Nonce"]).status_code == 200


def test_nonces_can_be_refused_at_random(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"bad_nonce_percent": 100}})
    assert wire.problem(client.post(client.kid)) == "badNonce"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"url": "https://127.0.0.1/elsewhere"}, "unauthorized"),
        ({"alg": "HS256"}, "badSignatureAlgorithm"),
        ({"alg": "none"}, "badSignatureAlgorithm"),
        ({"alg": "RS256"}, "badSignatureAlgorithm"),
        ({"nonce": 1}, "malformed"),
        ({"crit": ["b64"]}, "malformed"),
        ({"jwk": {}}, "malformed"),
        ({"kid": "https://elsewhere.test/account/1"}, "malformed"),
    ],
)
def test_a_header_that_is_wrong_is_refused(changed: dict[str, Any], word: str, client: wire.Client) -> None:
    assert wire.problem(client.post(client.kid, **changed)) == word


def test_a_bad_algorithm_is_told_which_are_good(client: wire.Client) -> None:
    assert client.post(client.kid, alg="none").json()["algorithms"] == ["ES256", "ES384", "RS256"]


def test_an_unknown_account_is_told(client: wire.Client) -> None:
    assert wire.problem(client.post(client.kid, kid=f"{client.kid}x")) == "accountDoesNotExist"


def test_a_signature_by_another_key_is_refused(client: wire.Client) -> None:
    made = wire.signed(wire.new_key(), client.header(client.kid), None)
    assert wire.problem(client.send(client.kid, made)) == "malformed"


def test_a_changed_payload_is_refused(client: wire.Client) -> None:
    made = wire.signed(client.key, client.header(client.kid), {})
    assert wire.problem(client.send(client.kid, made | {"payload": wire.b64(b'{"contact": []}')})) == "malformed"


@pytest.mark.parametrize("part", ["header", "signatures"])
def test_other_forms_of_signatures_are_refused(part: str, client: wire.Client) -> None:
    made = wire.signed(client.key, client.header(client.kid), None)
    assert wire.problem(client.send(client.kid, made | {part: {}})) == "malformed"


def test_padded_base64_is_refused(client: wire.Client) -> None:
    made = wire.signed(client.key, client.header(client.kid), None)
    assert wire.problem(client.send(client.kid, made | {"signature": made["signature"] + "=="})) == "malformed"


def test_another_content_type_is_refused(client: wire.Client) -> None:
    made = wire.signed(client.key, client.header(client.kid), None)
    response = client.send(client.kid, made, "application/json")
    assert (response.status_code, wire.problem(response)) == (415, "malformed")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"protected": "", "payload": "", "signature": ""}'])
def test_what_is_no_signed_request_is_refused(body: bytes, client: wire.Client) -> None:
    response = client.http.post(client.kid, content=body, headers={"Content-Type": wire.JOSE})
    assert (response.status_code, wire.problem(response)) == (400, "malformed")


def test_resources_are_not_read_with_get(client: wire.Client) -> None:
    response = client.http.get(client.order("example.test").headers["Location"])
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_orders_are_not_read_with_a_payload(client: wire.Client) -> None:
    assert wire.problem(client.post(client.order("example.test").headers["Location"], {})) == "malformed"


def test_only_accounts_order(client: wire.Client) -> None:
    identifiers = {"identifiers": [{"type": "dns", "value": "example.test"}]}
    assert wire.problem(client.post(order_url(client), identifiers, by_key=True)) == "malformed"


def test_what_is_another_accounts_is_not_found(client: wire.Client, other: wire.Client) -> None:
    order = client.order("example.test")
    for url in (order.headers["Location"], order.json()["authorizations"][0], order.json()["finalize"]):
        assert other.post(url, None if not url.endswith("finalize") else {}).status_code == 404


def test_pages_that_are_not_there_are_problems_too(client: wire.Client) -> None:
    response = client.post(f"{client.kid}/nothing/here")
    assert (response.status_code, wire.problem(response)) == (404, "malformed")


def test_answers_lead_to_the_directory(client: wire.Client, simulator: RunningAuthority) -> None:
    assert client.post(client.kid).links["index"]["url"] == simulator.settings["directory_url"]


def test_rsa_keys_sign_too(simulator: RunningAuthority) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with wire.Client(simulator, key) as talking:
        assert talking.register().status_code == 201
        assert talking.order("example.test").status_code == 201


def test_a_private_key_in_a_request_is_refused(stranger: wire.Client) -> None:
    jwk = {**wire.jwk_of(stranger.key), "d": "c2VjcmV0"}
    response = stranger.post(stranger.directory["newAccount"], {}, by_key=True, jwk=jwk)
    assert wire.problem(response) == "malformed"


@pytest.mark.parametrize("jwk", [{"kty": "oct", "k": "x"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}])
def test_a_key_that_is_none_is_refused(jwk: dict[str, str], stranger: wire.Client) -> None:
    response = stranger.post(stranger.directory["newAccount"], {}, by_key=True, jwk=jwk)
    assert wire.problem(response) in ("badPublicKey", "malformed")
