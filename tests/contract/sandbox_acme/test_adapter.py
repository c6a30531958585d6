"""The adapter of certificate authorities keeps its contract with this one too, and what Pebble lacks is tried here."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Self

import pytest

from adapters.acme import AcmeAuthority, open_adapter
from adapters.sandbox.acme import RunningAuthority, start_simulator
from adapters.sandbox.faults import Fault
from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import AuthorityOrder, Challenge, Method
from provisioner.ports.outcomes import Done, Pending, Rejected, Throttled, Unavailable, Uncertain
from tests.contract import authority_suite as suite
from tests.contract.sandbox_acme.world import World
from tests.support.processes import wait_for


class SandboxWorld:
    """One account, set up with nothing but what the simulator says of itself."""

    zone = "example.test"

    def __init__(self, simulator: RunningAuthority, around: World) -> None:
        self.simulator = simulator
        self._around = around
        self._account = VendorAccount("ca", "acme", settings=simulator.settings, credentials=simulator.credentials)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def opened(self) -> AcmeAuthority:
        authority = open_adapter(self._account, SystemClock())
        self._opened.callback(authority.close)
        return authority

    def show(self, challenge: Challenge) -> None:
        if challenge.method is Method.HTTP:
            self._around.show_file(challenge.name, challenge.place, challenge.content)
        else:
            self._around.records[challenge.place, "TXT"].append(f'"{challenge.content}"')

    def issued(self) -> int:
        return len(self.simulator.ledger.effects(operation="certificate:issue"))


@pytest.fixture
def world() -> Iterator[SandboxWorld]:
    with World() as around, start_simulator() as simulator, SandboxWorld(simulator, around) as opened:
        places = {"http_address": around.http_address, "dns_server": around.dns_server}
        simulator.simulator.adjust({"settings": places})
        yield opened


class TestSandbox(suite.AuthoritySuite):
    """The whole contract."""


def ready(world: SandboxWorld) -> AuthorityOrder:
    """An order of a new name that can be issued."""
    return suite.ready(world, world.opened(), suite.wanted([suite.new_name(world)]))


def chain(world: SandboxWorld) -> str:
    """A certificate of a new name."""
    return str(suite.issued(world.opened(), ready(world)).data["chain"])


@pytest.mark.parametrize("method", list(Method))
def test_a_name_is_shown_either_way(method: Method, world: SandboxWorld) -> None:
    authority, request = world.opened(), suite.wanted([suite.new_name(world)])
    order, done = suite.opened_order(authority, request)
    for challenge in suite.challenges_of(done, (method,)):
        world.show(challenge)
        authority.answer(order, challenge)
    wait_for(lambda: isinstance(authority.validated(order), Done), "the name is validated")
    assert suite.names_in(suite.leaf_of(suite.issued(authority, order))) == set(request.names)


def test_nonces_that_are_refused_do_no_harm(world: SandboxWorld) -> None:
    world.simulator.simulator.adjust({"settings": {"bad_nonce_percent": 80}})  # four of five, and never five in a row
    assert chain(world)


def test_a_certificate_that_takes_its_time_is_found(world: SandboxWorld) -> None:
    authority, order = world.opened(), ready(world)
    world.simulator.simulator.adjust({"settings": {"issuing_seconds": 60}})
    assert isinstance(authority.issue(order), Pending)
    assert isinstance(authority.find_issued(order), Pending)
    world.simulator.simulator.adjust({"advance_seconds": 60})
    assert isinstance(authority.find_issued(order), Done)


def test_an_answer_that_was_lost_is_found_and_nothing_is_issued_twice(world: SandboxWorld) -> None:
    authority, order = world.opened(), ready(world)
    world.simulator.faults.plan("order:finalize", Fault.RESET_AFTER_EFFECT)
    with pytest.raises(Uncertain):
        authority.issue(order)
    assert isinstance(authority.find_issued(order), Done)
    assert world.issued() == 1


def test_the_window_for_renewal_is_the_authoritys(world: SandboxWorld) -> None:
    leaf = chain(world)
    told = world.opened().renewal_window(leaf).data
    assert set(told) == {"start", "end", "look_again"}


def test_a_renewal_names_what_it_replaces_once(world: SandboxWorld) -> None:
    authority, order = world.opened(), ready(world)
    leaf = str(suite.issued(authority, order).data["chain"])
    renewal = replace(suite.wanted(order.request.names), replaces=leaf)
    again, _ = suite.opened_order(authority, renewal)
    suite.issued(authority, again)
    (_, effect) = world.simulator.ledger.effects(operation="certificate:issue")
    assert effect.details["replaces"]
    with pytest.raises(Rejected) as refused:
        authority.open_order(replace(suite.wanted(order.request.names), replaces=leaf))
    assert refused.value.code == "already_replaced"


def test_a_limit_is_waited_for_exactly(world: SandboxWorld) -> None:
    world.simulator.faults.plan("order:create", Fault.REFUSE, code=429, seconds=timedelta(hours=1).total_seconds())
    with pytest.raises(Throttled) as limited:
        world.opened().open_order(suite.wanted([suite.new_name(world)]))
    assert limited.value.retry_after == 3600


def test_an_authority_that_is_away_is_asked_later(world: SandboxWorld) -> None:
    world.simulator.faults.plan("order:create", Fault.BAD_GATEWAY_BEFORE_EFFECT, times=50)
    with pytest.raises(Unavailable):
        world.opened().open_order(suite.wanted([suite.new_name(world)]))


def test_caa_is_told_as_what_it_is(world: SandboxWorld) -> None:
    world.simulator.simulator.adjust({"settings": {"caa_forbidden": [world.zone]}})
    authority, request = world.opened(), suite.wanted([suite.new_name(world)])
    refused = suite.refused(authority, suite.answered(world, authority, request))
    assert refused.code == "caa_forbids"
    assert "CAA" in refused.message
