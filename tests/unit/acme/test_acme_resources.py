from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.acme import resources
from adapters.acme.keys import AccountKey
from adapters.acme.network import UnreadableAnswer
from provisioner.kernel.private_keys import generate_private_key
from provisioner.ports.certificates import Method

KEY = AccountKey.read(generate_private_key("ec"))
URL = "https://ca.example/chal/1"
DIRECTORY = {name: f"https://ca.example/{name}" for name in ("newNonce", "newAccount", "newOrder", "revokeCert")}


def authorization(*challenges: Any, **changes: Any) -> resources.Authorization:
    body = {"identifier": {"type": "dns", "value": "Shop.example"}, "status": "pending", "challenges": list(challenges)}
    return resources.read_authorization({**body, **changes}, KEY)


def challenge(kind: str, token: str = "abc_DEF-123456789-abcdef", **more: Any) -> dict[str, Any]:
    return {"type": kind, "token": token, "url": URL, "status": "pending", **more}


def test_a_file_is_named_by_the_token_and_holds_it_with_the_keys_thumbprint() -> None:
    shown = authorization(challenge("http-01")).challenges[0]
    assert (shown.method, shown.place, shown.url) == (Method.HTTP, "abc_DEF-123456789-abcdef", URL)
    assert shown.content.startswith("abc_DEF-123456789-abcdef.")


def test_a_record_is_at_a_place_of_its_own_under_the_name() -> None:
    shown = authorization(challenge("dns-01")).challenges[0]
    assert (shown.name, shown.place) == ("shop.example", "_acme-challenge.shop.example")
    assert len(shown.content) == 43


def test_a_wildcards_record_is_at_the_bases_place() -> None:
    shown = authorization(challenge("dns-01"), wildcard=True).challenges[0]
    assert (shown.name, shown.place) == ("*.shop.example", "_acme-challenge.shop.example")


def test_challenges_that_we_do_not_speak_are_left_out() -> None:
    told = authorization(challenge("tls-alpn-01"), challenge("dns-persist-01"), "odd", challenge("dns-01"))
    assert [one.method for one in told.challenges] == [Method.DNS]


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "a/b", "a.b", "a" * 257, "abc", "tökén"])
def test_a_token_that_is_no_base64url_never_becomes_a_files_name(token: str) -> None:
    with pytest.raises(UnreadableAnswer):
        authorization(challenge("http-01", token))


def test_an_authorization_says_why_it_failed() -> None:
    failed = challenge("http-01", status="invalid", error={"type": "urn:ietf:params:acme:error:dns", "detail": "no"})
    told = authorization(challenge("dns-01"), failed, status="invalid")
    assert told.error is not None
    assert (told.status, told.error.kind, told.error.detail) == ("invalid", "dns", "no")


@pytest.mark.parametrize("status", ["expired", "deactivated", "revoked", "something new"])
def test_a_status_that_the_library_does_not_know_is_read_all_the_same(status: str) -> None:
    assert authorization(challenge("dns-01"), status=status).status == status


@pytest.mark.parametrize("body", [None, [], "x", {}, {"identifier": "x"}, {"identifier": {"value": 7}}])
def test_what_is_no_authorization_is_not_read(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        resources.read_authorization(body, KEY)


def test_an_order_is_read_with_what_it_replaces_and_until_when_it_stands() -> None:
    body = {
        "status": "pending",
        "expires": "2026-08-08T12:00:00.5+02:00",
        "authorizations": ["https://ca.example/a/1", 7],
        "finalize": "https://ca.example/f/1",
        "replaces": "abc.def",
    }
    order = resources.read_order(body)
    assert order.expires == datetime(2026, 8, 8, 10, 0, 0, 500_000, tzinfo=UTC)
    assert (order.authorizations, order.replaces, order.error) == (("https://ca.example/a/1",), "abc.def", None)


@pytest.mark.parametrize("body", [None, [], {"status": "pending"}, {"finalize": 7}])
def test_what_is_no_order_is_not_read(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        resources.read_order(body)


def test_a_directory_without_a_meta_says_little_of_itself() -> None:
    told = resources.read_directory(DIRECTORY)
    assert (told.renewal_info, told.terms, told.caa_identities, told.profiles) == ("", "", (), ())


def test_a_directory_says_what_is_offered() -> None:
    meta = {"caaIdentities": ["CA.Example", 7], "profiles": {"classic": "x"}, "termsOfService": "https://ca.example/t"}
    told = resources.read_directory({**DIRECTORY, "renewalInfo": "https://ca.example/ari", "meta": meta})
    assert (told.caa_identities, told.profiles) == (("ca.example",), ("classic",))
    assert (told.renewal_info, told.terms) == ("https://ca.example/ari", "https://ca.example/t")


@pytest.mark.parametrize("missing", sorted(DIRECTORY))
def test_a_directory_without_what_is_needed_is_none(missing: str) -> None:
    with pytest.raises(UnreadableAnswer, match=missing):
        resources.read_directory({name: url for name, url in DIRECTORY.items() if name != missing})


@pytest.mark.parametrize("text", ["", "soon", "2026-08-08", "2026-08-08T12:00:00", 7, None])
def test_a_time_without_its_zone_is_none(text: Any) -> None:
    assert resources.moment(text) is None
