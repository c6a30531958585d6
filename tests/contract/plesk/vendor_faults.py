"""The faults that each change of the adapter must meet, and how a call is prepared for them."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.running import RunningSimulator
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Rejected, Unavailable, Uncertain

READ_TIMEOUT = "10"
HASTY_TIMEOUT = "3"  # where the time-out is what is waited for; all else that such a test does has to fit in too
DRIP_SECONDS = 2 * float(HASTY_TIMEOUT)
MOST_TRIES = 300

BEFORE_EFFECT = [
    Fault.TIMEOUT_BEFORE_EFFECT,
    Fault.RESET_BEFORE_EFFECT,
    Fault.BAD_GATEWAY_BEFORE_EFFECT,
    Fault.GARBAGE_BEFORE_EFFECT,
]
AFTER_EFFECT = [
    Fault.TIMEOUT_AFTER_EFFECT,
    Fault.RESET_AFTER_EFFECT,
    Fault.BAD_GATEWAY_AFTER_EFFECT,
    Fault.GARBAGE_AFTER_EFFECT,
    Fault.FAIL_AFTER_EFFECT,
    Fault.SLOW_DRIP,
]
OF_TIME = {Fault.TIMEOUT_BEFORE_EFFECT, Fault.TIMEOUT_AFTER_EFFECT, Fault.LATE_SUCCESS, Fault.SLOW_DRIP}
OF_QUESTIONS = [*BEFORE_EFFECT, *AFTER_EFFECT, Fault.LATE_SUCCESS, Fault.DELAY, Fault.REFUSE]
NOT_READY = 1003
CODES: list[tuple[int, type[Failure]]] = [
    (1001, Misconfigured),
    (1003, Unavailable),
    (1006, Misconfigured),
    (1008, Unavailable),
    (1014, Rejected),
    (1023, Uncertain),
    (1024, Misconfigured),
    (1025, Rejected),
    (1030, Misconfigured),
    (11003, Misconfigured),
    (4242, Rejected),
]


@dataclass(frozen=True)
class Prepared:
    """A call that is ready to be made, the change on the wire that it leads to, and how to see that it happened."""

    change: str
    call: Callable[[], Done]
    happened: Callable[[], bool]


def wait_until(happened: Callable[[], bool]) -> None:
    """Look until it has happened; each look is a request of its own."""
    for _ in range(MOST_TRIES):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it never happened")


@dataclass(frozen=True)
class Question:
    """A call that changes nothing, ready to be made, and the request on the wire."""

    request: str
    call: Callable[[], object]


def patience(request: pytest.FixtureRequest) -> str:
    """The seconds after which the adapter of a test gives up: fewer where the test's fault makes it wait for them."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    return HASTY_TIMEOUT if OF_TIME & set(parameters.values()) else READ_TIMEOUT


class Counted(Protocol):
    """A simulated server whose effects are counted."""

    @property
    def simulator(self) -> RunningSimulator: ...

    def effects(self) -> int: ...


def check_fault_before(prepared: Prepared, world: Counted, fault: Fault) -> None:
    """The call is uncertain and nothing happened; calling again does it once."""
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault)
    with pytest.raises(Uncertain):
        prepared.call()
    assert (prepared.happened(), world.effects()) == (False, before)
    prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)


def check_fault_after(prepared: Prepared, world: Counted, fault: Fault) -> None:
    """The call is uncertain and has happened; calling again does nothing more."""
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault, seconds=DRIP_SECONDS if fault is Fault.SLOW_DRIP else 0)
    with pytest.raises(Uncertain):
        prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)
    prepared.call()
    assert world.effects() == before + 1


def check_late_success(prepared: Prepared, world: Counted, fault: Fault) -> None:
    """The call is uncertain and happens later; calling again finds it."""
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault, seconds=0.5)
    with pytest.raises(Uncertain):
        prepared.call()
    wait_until(prepared.happened)
    prepared.call()
    assert world.effects() == before + 1


def check_delay(prepared: Prepared, world: Counted, fault: Fault) -> None:
    """A slow answer is waited for."""
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault, seconds=0.2)
    prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)


def check_question(question: Question, world: Counted, fault: Fault) -> None:
    """It is answered rightly or not at all, and answered when it is asked again; nothing is changed by it."""
    before, right = world.effects(), question.call()
    seconds = DRIP_SECONDS if fault is Fault.SLOW_DRIP else 0.2 if fault is Fault.DELAY else 0
    world.simulator.faults.plan(
        question.request, fault, seconds=seconds, code=NOT_READY if fault is Fault.REFUSE else 0
    )
    with suppress(Unavailable):
        assert question.call() == right
    assert (question.call(), world.effects()) == (right, before)
