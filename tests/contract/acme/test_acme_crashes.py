"""Where a test may kill this process: at each change that was sent, and at nothing else."""

import pytest

from provisioner.kernel import crash
from tests.contract.acme.between import FINALIZE, NEW_ORDER, Between
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import found, new_name, ready, wanted


def test_an_order_passes_a_point_when_it_was_sent_and_one_when_it_was_answered(
    scripted_world: PebbleWorld, wire: Between
) -> None:
    authority, passed = scripted_world.opened(), list[tuple[str, int]]()
    authority.ping()
    with crash.listening(lambda _scope, point: passed.append((point, len(wire.messages(NEW_ORDER))))):
        authority.open_order(wanted([new_name(scripted_world)]))
    assert [point for point, _ in passed] == ["request_sent", "response_received"]
    assert passed[-1] == ("response_received", 1)


def test_looking_passes_no_point(world: PebbleWorld) -> None:
    authority, passed = world.opened(), list[str]()
    order = ready(world, authority, wanted([new_name(world)]))
    with crash.listening(lambda _scope, point: passed.append(point)):
        authority.validated(order)
        authority.find_issued(order)
    assert passed == []


def test_a_process_that_dies_when_its_request_is_answered_finds_the_certificate(
    scripted_world: PebbleWorld, wire: Between
) -> None:
    class Died(Exception):
        """Stands in for the end of the process."""

    def die(_scope: str, point: str) -> None:
        if point == "response_received":
            raise Died

    authority = scripted_world.opened()
    order, before = ready(scripted_world, authority, wanted([new_name(scripted_world)])), scripted_world.issued()
    with crash.listening(die), pytest.raises(Died):
        authority.issue(order)
    found(scripted_world.opened(), order)
    assert (scripted_world.issued(), len(wire.messages(FINALIZE))) == (before + 1, 1)
