"""No key, no binding and no signature is ever shown."""

import json
import logging
from dataclasses import replace

import pytest

from provisioner.kernel.private_keys import generate_private_key
from provisioner.ports import exchange
from provisioner.ports.outcomes import Failure, Misconfigured
from tests.contract.acme.between import NEW_ORDER, Between, problem
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import issued, new_name, ready, wanted
from tests.support.pebble import EAB_HMAC_KEY, EAB_KEY_ID, Pebble


def key_lines(pem: str) -> list[str]:
    """The lines that make a key what it is."""
    return [line for line in pem.splitlines() if line and "-----" not in line]


def test_what_is_recorded_and_logged_shows_no_secret(
    pebble: Pebble, wire: Between, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = generate_private_key("ec")
    account = pebble.account(key, eab_key_id=EAB_KEY_ID, hmac_key=EAB_HMAC_KEY)
    account = replace(account, settings={**account.settings, **wire.settings})
    with PebbleWorld(pebble, account) as world, exchange.collected() as exchanges:
        authority = world.opened()
        chain = issued(authority, ready(world, authority, wanted([new_name(world)]))).data["chain"]
        authority.revoke(chain, 0)
    shown = "\n".join(f"{one.request}\n{one.response}" for one in exchanges) + caplog.text
    signatures = [json.loads(one.raw)[part] for one in wire.requests if one.raw for part in ("signature", "protected")]
    bindings = [message["externalAccountBinding"]["signature"] for message in wire.messages("/sign-me-up")]
    secrets = [*key_lines(key.reveal()), EAB_HMAC_KEY, *signatures, *bindings]
    assert signatures
    assert bindings
    assert [secret for secret in secrets if secret in shown] == []


def test_every_request_is_recorded_with_its_answer(scripted_world: PebbleWorld, wire: Between) -> None:
    with exchange.collected() as exchanges:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert len(exchanges) == len(wire.requests)
    assert all(one.response.startswith("HTTP 2") for one in exchanges)


def test_a_request_without_an_answer_is_recorded_too(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.lose(NEW_ORDER)
    with exchange.collected() as exchanges, pytest.raises(Failure):
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert (exchanges[-1].request.split("\n")[0], exchanges[-1].response) == (f"POST {wire.url}{NEW_ORDER}", "")


def test_the_authoritys_words_do_not_bring_a_secret_back(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(NEW_ORDER, problem("unauthorized", 403, detail="password=hunter2secret is wrong"))
    with pytest.raises(Misconfigured) as refused:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert "hunter2secret" not in refused.value.message
