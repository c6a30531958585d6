"""Each call of the adapter meets each fault of the simulated authority: whatever follows, the effect happens once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from adapters.acme import AcmeAuthority, open_adapter
from adapters.sandbox.acme import RunningAuthority, start_simulator
from adapters.sandbox.faults import Fault
from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import Challenge
from provisioner.ports.outcomes import Done, Pending, Throttled, Unavailable, Uncertain
from tests.contract.authority_suite import (
    HTTP,
    SUPERSEDED,
    challenges_of,
    issued,
    new_name,
    opened_order,
    ready,
    wanted,
)
from tests.contract.sandbox_acme.world import World
from tests.support.processes import wait_for

pytestmark = pytest.mark.matrix

SECONDS = "3"
DRIP_SECONDS = 2 * float(SECONDS)
BEFORE = [
    Fault.TIMEOUT_BEFORE_EFFECT,
    Fault.RESET_BEFORE_EFFECT,
    Fault.BAD_GATEWAY_BEFORE_EFFECT,
    Fault.GARBAGE_BEFORE_EFFECT,
]
AFTER = [
    Fault.TIMEOUT_AFTER_EFFECT,
    Fault.RESET_AFTER_EFFECT,
    Fault.BAD_GATEWAY_AFTER_EFFECT,
    Fault.GARBAGE_AFTER_EFFECT,
    Fault.FAIL_AFTER_EFFECT,
    Fault.CUT_IN_REPLY,
    Fault.SLOW_DRIP,
]
GARBAGE = (Fault.GARBAGE_BEFORE_EFFECT, Fault.GARBAGE_AFTER_EFFECT)


class SandboxWorld:
    """The simulated authority, and what it looks at. `authority` is the adapter."""

    zone = "example.test"

    def __init__(self, authority: AcmeAuthority, simulator: RunningAuthority, seen: World) -> None:
        self.authority = authority
        self.simulator = simulator
        self._seen = seen

    def opened(self) -> AcmeAuthority:
        """The same one each time."""
        return self.authority

    def show(self, challenge: Challenge) -> None:
        """Put the file there."""
        self._seen.show_file(challenge.name, challenge.place, challenge.content)

    def issued(self) -> int:
        """How many certificates were issued."""
        return self.count("certificate:issue")

    def count(self, effect: str) -> int:
        """How often something happened."""
        return len(self.simulator.ledger.effects(operation=effect))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorld]:
    folder: Path = tmp_path_factory.mktemp("authority")
    with World() as seen:
        surroundings = {"http_address": seen.http_address, "dns_server": seen.dns_server}
        with start_simulator(data_dir=folder, world=surroundings) as simulator:
            settings = {**simulator.settings, "command_seconds": SECONDS}
            account = VendorAccount("sandbox", "acme", settings=settings, credentials=simulator.credentials)
            authority = open_adapter(account, SystemClock())
            authority.ping()
            yield SandboxWorld(authority, simulator, seen)
            authority.close()


@pytest.fixture
def world(opened: SandboxWorld) -> Iterator[SandboxWorld]:
    yield opened
    opened.simulator.faults.clear()


@dataclass(frozen=True)
class Prepared:
    """A call that is ready; the request that it leads to, the effect in the ledger, how often it may happen."""

    request: str
    call: Callable[[], Done | Pending | None]
    effect: str = ""
    most: int = 1
    outcome: type[Exception] = Unavailable


def open_order(world: SandboxWorld) -> Prepared:
    """An order whose answer was lost is made again; the one before issues nothing."""
    request = wanted([new_name(world)])
    return Prepared("order:create", partial(world.authority.open_order, request), "order:create", most=2)


def answer(world: SandboxWorld) -> Prepared:
    order, done = opened_order(world.authority, wanted([new_name(world)]))
    challenge = challenges_of(done, HTTP)[0]
    world.show(challenge)
    return Prepared("challenge:answer", partial(world.authority.answer, order, challenge))


def validated(world: SandboxWorld) -> Prepared:
    order = ready(world, world.authority, wanted([new_name(world)]))
    return Prepared("order:read", partial(world.authority.validated, order))


def issue(world: SandboxWorld) -> Prepared:
    order = ready(world, world.authority, wanted([new_name(world)]))
    call = partial(issued, world.authority, order)
    return Prepared("order:finalize", call, "certificate:issue", outcome=Uncertain)


def revoke(world: SandboxWorld) -> Prepared:
    order = ready(world, world.authority, wanted([new_name(world)]))
    chain = issued(world.authority, order).data["chain"]
    return Prepared("certificate:revoke", partial(world.authority.revoke, chain, SUPERSEDED), "certificate:revoke")


def renewal_window(world: SandboxWorld) -> Prepared:
    order = ready(world, world.authority, wanted([new_name(world)]))
    chain = issued(world.authority, order).data["chain"]
    return Prepared("renewal-info", partial(world.authority.renewal_window, chain))


def find_issued(world: SandboxWorld) -> Prepared:
    order = ready(world, world.authority, wanted([new_name(world)]))
    issued(world.authority, order)
    return Prepared("order:read", partial(world.authority.find_issued, order))


OPERATIONS = [open_order, answer, validated, issue, revoke, renewal_window, find_issued]
SIGNED = [prepare for prepare in OPERATIONS if prepare is not renewal_window]
UNSIGNED = [renewal_window]
LOST = [
    pytest.param(prepare, fault, id=f"{prepare.__name__}-{fault}")
    for prepare in OPERATIONS
    for fault in (*BEFORE, *AFTER)
    if not (prepare is renewal_window and fault in GARBAGE)
]


def named(prepare: "Prepare") -> str:
    return prepare.__name__


each_operation = pytest.mark.parametrize("prepare", OPERATIONS, ids=named)
Prepare = Callable[[SandboxWorld], Prepared]


def _settled(call: Callable[[], Done | Pending | None]) -> Done | Pending | None:
    """The answer, where the first try may still meet a connection that the fault has broken."""
    try:
        return call()
    except Unavailable:
        return call()


@pytest.mark.parametrize(("prepare", "fault"), LOST)
def test_a_lost_answer_is_told_as_such_and_calling_again_leaves_one_effect(
    prepare: Prepare, fault: Fault, world: SandboxWorld
) -> None:
    prepared = prepare(world)
    before = count(prepared, world)
    world.simulator.faults.plan(prepared.request, fault, seconds=DRIP_SECONDS)
    try:
        prepared.call()
    except prepared.outcome:
        pass
    else:  # it asked again by itself, and was told that it is done
        assert prepared.effect == "certificate:revoke"
        assert world.count(prepared.effect) == before + 1
    assert isinstance(_settled(prepared.call), Done | Pending)
    if prepared.effect:
        assert 1 <= world.count(prepared.effect) - before <= (prepared.most if fault in AFTER else 1)


@pytest.mark.parametrize("fault", [Fault.LATE_SUCCESS])
@each_operation
def test_what_happens_after_the_time_out_happens_once(prepare: Prepare, fault: Fault, world: SandboxWorld) -> None:
    prepared = prepare(world)
    before = count(prepared, world)
    world.simulator.faults.plan(prepared.request, fault, seconds=0.2)
    with pytest.raises(prepared.outcome):
        prepared.call()
    wait_for(lambda: not prepared.effect or count(prepared, world) == before + 1, "it happens late")
    assert isinstance(_settled(prepared.call), Done | Pending)
    assert not prepared.effect or 1 <= count(prepared, world) - before <= prepared.most


@pytest.mark.parametrize("fault", [Fault.DELAY])
@each_operation
def test_an_answer_that_takes_its_time_is_waited_for(prepare: Prepare, fault: Fault, world: SandboxWorld) -> None:
    prepared = prepare(world)
    before = count(prepared, world)
    world.simulator.faults.plan(prepared.request, fault, seconds=0.2)
    assert isinstance(prepared.call(), Done | Pending)
    assert not prepared.effect or count(prepared, world) == before + 1


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@each_operation
def test_a_limit_that_is_reached_is_told_with_the_time_to_wait_and_nothing_happens(
    prepare: Prepare, fault: Fault, world: SandboxWorld
) -> None:
    prepared = prepare(world)
    before = count(prepared, world)
    world.simulator.faults.plan(prepared.request, fault, code=429, text="rateLimited", seconds=90)
    with pytest.raises(Throttled) as refused:
        prepared.call()
    assert (refused.value.retry_after, count(prepared, world)) == (90, before)
    assert isinstance(prepared.call(), Done | Pending)


@pytest.mark.parametrize("fault", GARBAGE)
@pytest.mark.parametrize("prepare", UNSIGNED, ids=named)
def test_a_window_that_cannot_be_read_is_none(prepare: Prepare, fault: Fault, world: SandboxWorld) -> None:
    """It is only advice: no certificate stays without a renewal for it (RFC 9773 section 4.3.3)."""
    prepared = prepare(world)
    world.simulator.faults.plan(prepared.request, fault)
    unread, read = prepared.call(), prepared.call()
    assert isinstance(unread, Done)
    assert isinstance(read, Done)
    assert (dict(unread.data), set(read.data)) == ({}, {"start", "end", "look_again"})


@pytest.mark.parametrize("prepare", SIGNED, ids=named)
def test_a_nonce_that_is_refused_is_followed_by_another_and_the_effect_happens_once(
    prepare: Prepare, world: SandboxWorld
) -> None:
    prepared = prepare(world)
    before = count(prepared, world)
    world.simulator.faults.plan(prepared.request, Fault.REFUSE, code=400, text="badNonce", times=2)
    assert isinstance(prepared.call(), Done | Pending)
    assert not prepared.effect or count(prepared, world) == before + 1


def count(prepared: Prepared, world: SandboxWorld) -> int:
    """How often the effect of a call has happened; 0 for a call that has none."""
    return world.count(prepared.effect) if prepared.effect else 0
