"""Accounts at the authority: opened, adopted, bound; and the nonces that every request needs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.secret import Secret
from provisioner.ports.certificates import AuthorityOrder
from provisioner.ports.outcomes import Done, Misconfigured, Unavailable
from tests.contract.acme.between import NEW_ACCOUNT, NEW_ORDER, Between, Reply, problem
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import (
    HTTP,
    AuthorityPort,
    challenges_of,
    found,
    issued,
    leaf_of,
    names_in,
    new_name,
    opened_order,
    ready,
    wanted,
)
from tests.support.pebble import EAB_HMAC_KEY, EAB_KEY_ID, Pebble
from tests.support.processes import wait_for

_Answer = TypeVar("_Answer")


@pytest.fixture(scope="module")
def bound_pebble() -> Iterator[Pebble]:
    """An authority where an account needs an external one."""
    with Pebble.running(binding=True) as pebble:
        yield pebble


def patiently(call: Callable[..., _Answer], *arguments: object) -> _Answer:
    """What an engine does: what is known not to have been executed is tried again."""
    for _ in range(20):
        try:
            return call(*arguments)
        except Unavailable:
            continue
    return call(*arguments)


def is_validated(authority: AuthorityPort, order: AuthorityOrder) -> bool:
    return isinstance(patiently(authority.validated, order), Done)


def p384() -> Secret:
    key = ec.generate_private_key(ec.SECP384R1())
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode())


@pytest.mark.parametrize("key", [generate_private_key("ec"), generate_private_key("rsa"), p384()])
def test_an_account_is_opened_with_every_kind_of_key(pebble: Pebble, key: Secret) -> None:
    with PebbleWorld(pebble, pebble.account(key)) as world:
        assert world.opened().ping().ref.startswith("https://")


def test_an_account_that_the_key_has_already_is_adopted(world: PebbleWorld) -> None:
    assert world.opened().ping().ref == world.opened().ping().ref


def test_another_key_has_another_account(pebble: Pebble, world: PebbleWorld) -> None:
    with PebbleWorld(pebble) as other:
        assert world.opened().ping().ref != other.opened().ping().ref


def test_nothing_is_asked_of_the_authority_before_it_is_needed(scripted_world: PebbleWorld, wire: Between) -> None:
    scripted_world.opened()
    assert wire.requests == []


def test_many_threads_open_one_account_together(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    requests = [wanted([new_name(scripted_world)]) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        orders = list(threads.map(authority.open_order, requests))
    assert len({order.ref for order in orders}) == 8
    assert len(wire.messages(NEW_ACCOUNT)) == 1


def test_a_ping_tells_what_the_authority_offers(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari", meta={"profiles": {"shortlived": "six days"}})
    told = scripted_world.opened().ping().data
    assert (told["profiles"], told["renewal_information"]) == (["shortlived"], True)


def test_an_account_is_bound_to_an_external_one(bound_pebble: Pebble) -> None:
    account = bound_pebble.account(eab_key_id=EAB_KEY_ID, hmac_key=EAB_HMAC_KEY)
    with PebbleWorld(bound_pebble, account) as world:
        assert isinstance(world.opened().ping(), Done)


def test_an_account_without_the_binding_that_is_needed_is_for_an_operator(bound_pebble: Pebble) -> None:
    with PebbleWorld(bound_pebble) as world, pytest.raises(Misconfigured) as missing:
        world.opened().ping()
    assert missing.value.code == "external_account_required"


@pytest.mark.parametrize(
    ("key_id", "hmac_key"),
    [("kid-2", EAB_HMAC_KEY), (EAB_KEY_ID, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
    ids=["an unknown id", "another key"],
)
def test_a_wrong_binding_is_for_an_operator_and_does_not_show_its_key(
    bound_pebble: Pebble, key_id: str, hmac_key: str
) -> None:
    account = bound_pebble.account(eab_key_id=key_id, hmac_key=hmac_key)
    with PebbleWorld(bound_pebble, account) as world, pytest.raises(Misconfigured) as wrong:
        world.opened().ping()
    assert hmac_key not in wrong.value.message


@pytest.mark.parametrize("kind", ["userActionRequired", "unauthorized", "accountDoesNotExist", "invalidContact"])
def test_an_account_that_an_operator_must_see_to_fails_no_order(
    scripted_world: PebbleWorld, wire: Between, kind: str
) -> None:
    authority = scripted_world.opened()
    wire.say(NEW_ORDER, problem(kind, 403), times=2)
    with pytest.raises(Misconfigured) as parked:
        authority.open_order(wanted([new_name(scripted_world)]))
    assert parked.value.vendor_code == kind


def test_an_account_that_the_authority_lost_is_opened_again(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    authority.ping()
    before = len(wire.messages(NEW_ACCOUNT))
    wire.say(NEW_ORDER, problem("accountDoesNotExist", 400))
    assert isinstance(authority.open_order(wanted([new_name(scripted_world)])), Done)
    assert len(wire.messages(NEW_ACCOUNT)) == before + 1


# -- nonces


def test_five_refused_nonces_are_no_failure(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(NEW_ORDER, problem("badNonce", 400), times=5)
    assert isinstance(scripted_world.opened().open_order(wanted([new_name(scripted_world)])), Done)


def test_an_authority_that_refuses_every_nonce_is_asked_later(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(NEW_ORDER, problem("badNonce", 400), times=6)
    with pytest.raises(Unavailable) as refused:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert refused.value.code == "bad_nonce"


def test_a_success_without_a_nonce_is_a_success(scripted_world: PebbleWorld, wire: Between) -> None:
    def without_nonce(reply: Reply) -> Reply:
        kept = {name: value for name, value in reply.headers.items() if name != "Replay-Nonce"}
        return replace(reply, headers=kept)

    wire.change(NEW_ORDER, without_nonce)
    assert isinstance(scripted_world.opened().open_order(wanted([new_name(scripted_world)])), Done)


def test_certificates_are_issued_while_most_nonces_are_refused() -> None:
    with Pebble.running(nonce_rejection=60) as pebble, PebbleWorld(pebble) as world:
        for _ in range(3):
            request = wanted([new_name(world)])
            authority = world.opened()
            order, done = patiently(opened_order, authority, request)
            challenge = challenges_of(done, HTTP)[0]
            world.show(challenge)
            patiently(authority.answer, order, challenge)
            wait_for(partial(is_validated, authority, order), "the name is validated")
            patiently(authority.issue, order)
            assert names_in(leaf_of(patiently(found, authority, order))) == set(request.names)
        assert world.issued() == 3


# -- names that were validated before


def test_names_that_are_validated_already_have_nothing_to_show() -> None:
    with Pebble.running(authorization_reuse=100) as pebble, PebbleWorld(pebble) as world:
        authority, request = world.opened(), wanted([new_name(world)])
        ready(world, authority, request)
        order, done = opened_order(authority, request)
        assert done.data["challenges"] == []
        assert isinstance(authority.validated(order), Done)
        assert names_in(leaf_of(issued(authority, order))) == set(request.names)
