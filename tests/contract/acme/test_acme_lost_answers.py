"""What is not known to have happened, and what is told of it."""

import pytest

from provisioner.ports.outcomes import Done, Misconfigured, Pending, Rejected, Unavailable, Uncertain
from tests.contract.acme.between import (
    CERTIFICATE,
    CHALLENGE,
    FINALIZE,
    NEW_ACCOUNT,
    NEW_ORDER,
    ORDER,
    REVOKE,
    Between,
    Reply,
    problem,
)
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import (
    HTTP,
    SUPERSEDED,
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
from tests.support.pebble import Pebble
from tests.support.processes import wait_for


def test_a_certificate_whose_answer_was_lost_is_found_and_not_issued_again(
    scripted_world: PebbleWorld, wire: Between
) -> None:
    authority = scripted_world.opened()
    order, before = ready(scripted_world, authority, wanted([new_name(scripted_world)])), scripted_world.issued()
    wire.lose(FINALIZE)
    with pytest.raises(Uncertain):
        authority.issue(order)
    chain = found(scripted_world.opened(), order).data["chain"]
    assert issued(authority, order).data["chain"] == chain
    assert scripted_world.issued() == before + 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_leaves_it_unknown_whether_a_certificate_is_issued(
    scripted_world: PebbleWorld, wire: Between, status: int
) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    wire.say(FINALIZE, Reply(status, b"<html>bad gateway</html>"))
    with pytest.raises(Uncertain):
        authority.issue(order)
    assert authority.find_issued(order) is None


@pytest.mark.parametrize("status", [400, 403])
def test_a_page_from_before_the_authority_ends_no_order(
    scripted_world: PebbleWorld, wire: Between, status: int
) -> None:
    wire.say(NEW_ORDER, Reply(status, b"<html>blocked</html>"))
    authority, request = scripted_world.opened(), wanted([new_name(scripted_world)])
    with pytest.raises(Unavailable) as blocked:
        authority.open_order(request)
    assert (blocked.value.code, blocked.value.vendor_code) == ("vendor_error", str(status))
    assert authority.open_order(request).ref


@pytest.mark.parametrize("status", [400, 403])
def test_a_page_from_before_the_authority_leaves_it_unknown_whether_a_certificate_is_issued(
    scripted_world: PebbleWorld, wire: Between, status: int
) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    wire.say(FINALIZE, Reply(status, b"<html>blocked</html>"))
    with pytest.raises(Uncertain):
        authority.issue(order)
    assert authority.find_issued(order) is None
    assert issued(authority, order).data["chain"]


def test_a_certificate_that_cannot_be_fetched_is_waited_for(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    issued(authority, order)
    wire.say(CERTIFICATE, problem("rateLimited", 429, Retry_After="77"), writing=False)
    outcome = authority.issue(order)
    assert isinstance(outcome, Pending)
    assert outcome.check_after == 77


def test_a_certificate_that_comes_without_one_is_waited_for(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    issued(authority, order)
    wire.say(CERTIFICATE, Reply(200, b"no certificate"), writing=False)
    assert isinstance(authority.issue(order), Pending)


def test_a_certificate_that_is_not_found_yet_is_no_lost_order(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order, before = ready(scripted_world, authority, wanted([new_name(scripted_world)])), scripted_world.issued()
    issued(authority, order)
    wire.say(CERTIFICATE, problem("malformed", 404), writing=False, times=2)
    assert isinstance(authority.issue(order), Pending)
    with pytest.raises(Unavailable):
        authority.find_issued(order)
    assert names_in(leaf_of(found(authority, order))) == set(order.request.names)
    assert scripted_world.issued() == before + 1


def test_an_order_that_another_attempt_has_finalized_is_read_again(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order, before = ready(scripted_world, authority, wanted([new_name(scripted_world)])), scripted_world.issued()
    wire.change(FINALIZE, lambda _answer: problem("orderNotReady", 403), times=1)
    done = issued(authority, order)
    assert names_in(leaf_of(done)) == set(order.request.names)
    assert scripted_world.issued() == before + 1


def test_an_order_that_the_authority_calls_not_ready_is_tried_later(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    wire.say(FINALIZE, problem("orderNotReady", 403))
    with pytest.raises(Unavailable) as early:
        authority.issue(order)
    assert early.value.code == "order_not_ready"


@pytest.mark.parametrize("path", [NEW_ACCOUNT, NEW_ORDER])
def test_an_order_whose_answer_was_lost_may_be_made_again(
    scripted_world: PebbleWorld, wire: Between, path: str
) -> None:
    authority, request = scripted_world.opened(), wanted([new_name(scripted_world)])
    wire.lose(path)
    with pytest.raises(Unavailable):
        authority.open_order(request)
    done = issued(authority, ready(scripted_world, authority, request))
    assert names_in(leaf_of(done)) == set(request.names)


def test_a_challenge_whose_answer_was_lost_may_be_told_again(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order, done = opened_order(authority, wanted([new_name(scripted_world)]))
    challenge = challenges_of(done, HTTP)[0]
    scripted_world.show(challenge)
    wire.lose(CHALLENGE)
    with pytest.raises(Unavailable):
        authority.answer(order, challenge)
    assert isinstance(authority.answer(order, challenge), Done)
    wait_for(lambda: isinstance(authority.validated(order), Done), "the name is validated")


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"[]", b"{}", b'{"status": "pending", "finalize": "x"}'])
def test_what_is_no_challenge_does_not_say_that_the_authority_looks(
    scripted_world: PebbleWorld, wire: Between, body: bytes
) -> None:
    authority = scripted_world.opened()
    order, done = opened_order(authority, wanted([new_name(scripted_world)]))
    challenge = challenges_of(done, HTTP)[0]
    scripted_world.show(challenge)
    wire.say(CHALLENGE, Reply(200, body))
    with pytest.raises(Unavailable) as odd:
        authority.answer(order, challenge)
    assert odd.value.code == "unreadable_answer"
    authority.answer(order, challenge)
    wait_for(lambda: isinstance(authority.validated(order), Done), "the name is validated")


def test_a_page_does_not_say_that_a_certificate_is_revoked(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    chain = issued(authority, ready(scripted_world, authority, wanted([new_name(scripted_world)]))).data["chain"]
    wire.say(REVOKE, Reply(200, b"<html>busy</html>"))
    with pytest.raises(Unavailable) as odd:
        authority.revoke(chain, SUPERSEDED)
    assert odd.value.code == "unreadable_answer"
    assert authority.revoke(chain, SUPERSEDED).warnings == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"not JSON",
        b'{"status": 7}',
        b'{"status": "pending", "finalize": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_an_order_that_cannot_be_understood_is_asked_for_later(
    scripted_world: PebbleWorld, wire: Between, body: bytes
) -> None:
    authority = scripted_world.opened()
    order, _ = opened_order(authority, wanted([new_name(scripted_world)]))
    wire.say(ORDER, Reply(200, body), writing=False)
    with pytest.raises(Unavailable) as odd:
        authority.validated(order)
    assert odd.value.code == "unreadable_answer"


def test_an_answer_that_is_far_too_long_is_not_read(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order, _ = opened_order(authority, wanted([new_name(scripted_world)]))
    wire.say(ORDER, Reply(200, b"[" + b" " * (2 << 20) + b"]"), writing=False)
    with pytest.raises(Unavailable) as long:
        authority.validated(order)
    assert long.value.code == "unreadable_answer"


def test_an_authority_that_is_away_is_asked_later(world: PebbleWorld) -> None:
    authority = world.opened(directory_url="https://localhost:1/dir")
    with pytest.raises(Unavailable) as away:
        authority.ping()
    assert away.value.code == "unreachable"


def test_an_authority_whose_own_certificate_is_not_trusted_is_for_an_operator(
    world: PebbleWorld, wire: Between
) -> None:
    authority = world.opened(ca_file=str(wire.ca_file))
    with pytest.raises(Misconfigured) as distrusted:
        authority.ping()
    assert distrusted.value.code == "certificate_not_trusted"


def test_what_is_no_directory_is_asked_for_later(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say("/dir", Reply(200, b"{}"), method="GET")
    with pytest.raises(Unavailable) as odd:
        scripted_world.opened().ping()
    assert odd.value.code == "unreadable_answer"


def test_orders_of_an_authority_that_has_lost_them_are_gone() -> None:
    with Pebble.running() as pebble, PebbleWorld(pebble) as world:
        running = world.opened()
        order = ready(world, running, wanted([new_name(world)]))
        pebble.restart()
        for authority in (running, world.opened()):
            with pytest.raises(Rejected) as gone:
                authority.issue(order)
            assert gone.value.code == "order_gone"
        assert issued(running, ready(world, running, order.request)).ref != order.url
