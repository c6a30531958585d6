"""Challenges are really looked at: a file over HTTP, a TXT record in the DNS."""

from typing import Any

import httpx
import pytest

from adapters.sandbox.acme import RunningAuthority
from adapters.sandbox.faults import Fault
from tests.contract.sandbox_acme import wire
from tests.contract.sandbox_acme.world import World, closed_port

NAME = "shop.example.test"


def answered(client: wire.Client, order: httpx.Response, challenge: dict[str, Any]) -> dict[str, Any]:
    """The order after the challenge was looked at."""
    client.post(challenge["url"], {})
    client.settled(challenge["url"])
    return client.read(order.headers["Location"])


def refusal(client: wire.Client, challenge: dict[str, Any]) -> tuple[str, str]:
    """Type and sentence of the error of a challenge that was looked at."""
    client.post(challenge["url"], {})
    error = client.settled(challenge["url"])["error"]
    return error["type"].removeprefix(wire.ERROR), error["detail"]


def test_a_name_is_proven_by_a_file(client: wire.Client, world: World) -> None:
    order = client.order(NAME)
    challenge = client.challenge(order, "http-01")
    world.show_file(NAME, challenge["token"], client.key_authorization(challenge) + "\n")
    assert answered(client, order, challenge)["status"] == "ready"
    assert world.fetched == [(NAME, f"/.well-known/acme-challenge/{challenge['token']}")]


def test_a_name_is_proven_by_a_record(client: wire.Client, world: World) -> None:
    order = client.order(NAME)
    challenge = client.challenge(order, "dns-01")
    world.show_record(NAME, client.txt_value(challenge))
    assert answered(client, order, challenge)["status"] == "ready"


def test_a_name_and_its_wildcard_are_proven_by_two_records_of_one_name(client: wire.Client, world: World) -> None:
    order = client.order("example.test", "*.example.test")
    challenges = [client.challenge(order, "dns-01", which) for which in (0, 1)]
    for challenge in challenges:
        world.show_record("example.test", client.txt_value(challenge))
    statuses = [answered(client, order, challenge)["status"] for challenge in challenges]
    assert statuses == ["pending", "ready"]


def test_a_redirect_is_followed(client: wire.Client, world: World) -> None:
    order = client.order(NAME)
    challenge = client.challenge(order, "http-01")
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    world.redirects[NAME, path] = "http://www.elsewhere.test/found"
    world.pages["www.elsewhere.test", "/found"] = client.key_authorization(challenge)
    assert answered(client, order, challenge)["status"] == "ready"


@pytest.mark.parametrize("page", [None, "something else"])
def test_a_missing_or_wrong_file_is_no_proof(page: str | None, client: wire.Client, world: World) -> None:
    challenge = client.challenge(client.order(NAME), "http-01")
    if page is not None:
        world.show_file(NAME, challenge["token"], page)
    word, sentence = refusal(client, challenge)
    assert (word, page or "404" in sentence) == ("unauthorized", page or True)


def test_a_redirect_loop_is_no_proof(client: wire.Client, world: World) -> None:
    challenge = client.challenge(client.order(NAME), "http-01")
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    world.redirects[NAME, path] = path
    assert refusal(client, challenge)[0] == "connection"


@pytest.mark.usefixtures("world")
def test_a_server_that_does_not_listen_is_told(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"http_address": closed_port()}})
    word, sentence = refusal(client, client.challenge(client.order(NAME), "http-01"))
    assert (word, "refused" in sentence) == ("connection", True)


def test_a_name_may_lead_where_the_dns_says(client: wire.Client, world: World, adjust: wire.Adjust) -> None:
    host, port = world.http_address.split(":")
    adjust({"settings": {"http_address": "", "http_port": int(port)}})
    world.records[NAME, "A"].append(host)
    order = client.order(NAME)
    challenge = client.challenge(order, "http-01")
    world.pages[f"{NAME}:{port}", f"/.well-known/acme-challenge/{challenge['token']}"] = ""
    world.show_file(NAME, challenge["token"], client.key_authorization(challenge))
    assert answered(client, order, challenge)["status"] == "ready"


@pytest.mark.usefixtures("world")
def test_a_name_that_is_not_in_the_dns_is_told(client: wire.Client) -> None:
    word, sentence = refusal(client, client.challenge(client.order(NAME), "dns-01"))
    assert (word, "NXDOMAIN" in sentence) == ("dns", True)


def test_a_record_with_another_value_is_no_proof(client: wire.Client, world: World) -> None:
    challenge = client.challenge(client.order(NAME), "dns-01")
    world.show_record(NAME, "something-else")
    word, sentence = refusal(client, challenge)
    assert (word, "something-else" in sentence) == ("unauthorized", True)


@pytest.mark.parametrize("method", ["http-01", "dns-01"])
def test_without_a_place_to_look_at_validation_says_so(method: str, client: wire.Client) -> None:
    word, sentence = refusal(client, client.challenge(client.order(NAME), method))
    assert (word, "dns_server" in sentence) == ("dns", True)


@pytest.mark.usefixtures("world")
def test_a_failed_validation_ends_authorisation_and_order(client: wire.Client) -> None:
    order = client.order(NAME)
    challenge = client.challenge(order, "http-01")
    assert answered(client, order, challenge)["status"] == "invalid"
    authorization = client.read(order.json()["authorizations"][0])
    assert [each["type"] for each in authorization["challenges"]] == ["http-01"]
    assert (authorization["status"], authorization["challenges"][0]["status"]) == ("invalid", "invalid")


def test_wildcards_are_proven_by_the_dns_only(client: wire.Client) -> None:
    authorization = client.read(client.order("*.example.test").json()["authorizations"][0])
    assert [each["type"] for each in authorization["challenges"]] == ["dns-01"]
    assert (authorization["identifier"]["value"], authorization["wildcard"]) == ("example.test", True)


def test_a_validation_can_be_made_to_fail(credulous: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("validation:http-01", Fault.REFUSE, code=403, text="unauthorized: Nothing to see.")
    challenge = credulous.challenge(credulous.order(NAME), "http-01")
    assert refusal(credulous, challenge) == ("unauthorized", "Nothing to see.")


def test_caa_can_be_made_to_forbid_a_name(credulous: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"caa_forbidden": ["example.test"]}})
    assert refusal(credulous, credulous.challenge(credulous.order(NAME), "dns-01"))[0] == "caa"


def test_caa_can_be_made_to_forbid_a_name_that_was_proven(credulous: wire.Client, adjust: wire.Adjust) -> None:
    ready = credulous.validated(credulous.order(NAME))
    adjust({"settings": {"caa_forbidden": [NAME]}})
    assert wire.problem(credulous.post(ready["finalize"], {"csr": wire.csr(NAME)})) == "caa"


def with_caa(client: wire.Client, world: World, holder: str, record: str) -> str:
    """The word of the error of a name that is proven, under this CAA record; empty without one."""
    challenge = client.challenge(client.order(NAME), "dns-01")
    world.show_record(NAME, client.txt_value(challenge))
    world.records[holder, "CAA"].append(record)
    client.post(challenge["url"], {})
    error = client.settled(challenge["url"]).get("error", {"type": ""})
    return str(error["type"].removeprefix(wire.ERROR))


@pytest.mark.parametrize(("holder", "record"), [(NAME, '0 issue "other-ca.test"'), ("example.test", '0 issue ";"')])
def test_caa_records_may_forbid_a_name(
    holder: str, record: str, client: wire.Client, world: World, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"caa_checked": True}})
    assert with_caa(client, world, holder, record) == "caa"


@pytest.mark.parametrize("record", ['0 issue "ca.test"', '0 iodef "mailto:security@example.test"', '0 issuewild ";"'])
def test_caa_records_may_allow_a_name(record: str, client: wire.Client, world: World, adjust: wire.Adjust) -> None:
    adjust({"settings": {"caa_checked": True}})
    assert with_caa(client, world, NAME, record) == ""


def test_caa_records_are_looked_up_only_if_they_shall_be(client: wire.Client, world: World) -> None:
    assert with_caa(client, world, NAME, '0 issue ";"') == ""


def test_wildcards_have_caa_records_of_their_own(client: wire.Client, world: World, adjust: wire.Adjust) -> None:
    adjust({"settings": {"caa_checked": True}})
    challenge = client.challenge(client.order("*.example.test"), "dns-01")
    world.show_record("example.test", client.txt_value(challenge))
    world.records["example.test", "CAA"] += ['0 issue "ca.test"', '0 issuewild ";"']
    assert refusal(client, challenge)[0] == "caa"
