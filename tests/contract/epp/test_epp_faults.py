"""Each change meets each fault of the registry: the outcome is right, and whatever follows, the effect happens once."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from adapters.epp import EppRegistrar
from adapters.sandbox.faults import Fault
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Unavailable, Uncertain
from provisioner.ports.registrar import RegistryMessage
from tests.contract.epp import prepared, simulated
from tests.contract.epp.prepared import Prepare, Prepared
from tests.contract.epp.simulated import EppWorld
from tests.contract.registrar_world import OTHER_AUTH_CODE

pytestmark = pytest.mark.matrix

COMMAND_SECONDS = "10"
HASTY_SECONDS = "3"  # where the time-out is what is waited for; all else that such a test does has to fit in too
DRIP_SECONDS = 2 * float(HASTY_SECONDS)
MOST_TRIES = 300


def named(prepare: Prepare) -> str:
    return prepare.__name__


each_change = pytest.mark.parametrize("prepare", prepared.EVERY_CHANGE, ids=named)
each_question = pytest.mark.parametrize("prepare", prepared.EVERY_QUESTION, ids=named)
each_operation = pytest.mark.parametrize("prepare", prepared.ONCE, ids=named)

BEFORE_EFFECT = [Fault.RESET_BEFORE_EFFECT, Fault.GARBAGE_BEFORE_EFFECT]
AFTER_EFFECT = [
    Fault.RESET_AFTER_EFFECT,
    Fault.GARBAGE_AFTER_EFFECT,
    Fault.FAIL_AFTER_EFFECT,
    Fault.CUT_IN_REPLY,
    Fault.BAD_LENGTH,
    Fault.BAD_UTF8,
    Fault.WRONG_TRANSACTION,
]
LOST_IN_TIME = [Fault.TIMEOUT_AFTER_EFFECT, Fault.SLOW_DRIP]
OF_QUESTIONS = [*BEFORE_EFFECT, *AFTER_EFFECT, Fault.WRONG_OBJECT]
SLOW_QUESTIONS = [Fault.TIMEOUT_BEFORE_EFFECT, *LOST_IN_TIME, Fault.LATE_SUCCESS, Fault.DELAY]
CODES: list[tuple[int, type[Failure]]] = [(2104, Misconfigured), (2400, Uncertain), (2502, Unavailable)]


@pytest.fixture(scope="module")
def world() -> Iterator[EppWorld]:
    with simulated.running() as world:
        yield world


@pytest.fixture
def registrar(world: EppWorld) -> Iterator[EppRegistrar]:
    with simulated.opened(simulated.account(world.simulator, command_seconds=COMMAND_SECONDS)) as registrar:
        yield registrar
    world.simulator.faults.clear()


@pytest.fixture
def hasty(world: EppWorld) -> Iterator[EppRegistrar]:
    """The same registrar with less patience."""
    with simulated.opened(simulated.account(world.simulator, command_seconds=HASTY_SECONDS)) as registrar:
        yield registrar
    world.simulator.faults.clear()


@pytest.mark.parametrize("fault", AFTER_EFFECT)
@each_change
def test_mode_1_an_effect_whose_answer_is_lost_happens_once(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    check_after(prepare(registrar, world), world, fault)


@pytest.mark.parametrize("fault", LOST_IN_TIME)
@each_change
def test_mode_1_an_effect_whose_answer_comes_too_late_happens_once(
    prepare: Prepare, fault: Fault, hasty: EppRegistrar, world: EppWorld
) -> None:
    check_after(prepare(hasty, world), world, fault)


@pytest.mark.parametrize("fault", BEFORE_EFFECT)
@each_change
def test_mode_1_an_effect_that_did_not_happen_is_not_found_and_then_made(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    check_before(prepare(registrar, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE_EFFECT])
@each_change
def test_mode_1_a_time_out_before_the_effect_is_uncertain_and_then_it_is_made(
    prepare: Prepare, fault: Fault, hasty: EppRegistrar, world: EppWorld
) -> None:
    check_before(prepare(hasty, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.LATE_SUCCESS])
@each_change
def test_mode_1_what_happens_after_the_time_out_is_found_and_happens_once(
    prepare: Prepare, fault: Fault, hasty: EppRegistrar, world: EppWorld
) -> None:
    ready = prepare(hasty, world)
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault, seconds=0.2)
    with pytest.raises(Uncertain):
        ready.call()
    wait_until(lambda: world.effects() == before + min(ready.most, 1))
    assert ready.find is None or ready.find() is not None
    ready.call()
    assert_once(ready, world, before)


@pytest.mark.parametrize("fault", [Fault.DELAY])
@each_change
def test_an_answer_that_takes_its_time_is_waited_for(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    ready = prepare(registrar, world)
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault, seconds=0.2)
    ready.call()
    assert world.effects() == before + min(ready.most, 1)


@pytest.mark.parametrize("fault", [Fault.WRONG_OBJECT])
@pytest.mark.parametrize("prepare", prepared.NAMED_IN_THE_ANSWER, ids=named)
def test_an_answer_about_another_object_is_uncertain_and_it_happens_once(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    check_after(prepare(registrar, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.WRONG_OBJECT])
@pytest.mark.parametrize("prepare", prepared.NOT_NAMED_IN_THE_ANSWER, ids=named)
def test_an_answer_that_names_no_object_is_believed(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    ready = prepare(registrar, world)
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault)
    ready.call()
    assert_once(ready, world, before)


@pytest.mark.parametrize("fault", OF_QUESTIONS)
@each_question
def test_a_question_whose_answer_is_lost_changes_nothing_and_is_asked_again(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    check_question(prepare(registrar, world), world, fault)


@pytest.mark.parametrize("fault", SLOW_QUESTIONS)
@each_question
def test_a_question_whose_answer_comes_too_late_changes_nothing_and_is_asked_again(
    prepare: Prepare, fault: Fault, hasty: EppRegistrar, world: EppWorld
) -> None:
    check_question(prepare(hasty, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@each_question
def test_a_question_that_is_refused_changes_nothing_and_is_asked_again(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    check_question(prepare(registrar, world), world, fault, code=2400)


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@pytest.mark.parametrize(("code", "outcome"), CODES)
@each_change
def test_a_refusal_has_the_outcome_of_the_table_and_no_effect(
    prepare: Prepare, fault: Fault, registrar: EppRegistrar, world: EppWorld, *, code: int, outcome: type[Failure]
) -> None:
    ready = prepare(registrar, world)
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault, code=code)
    with pytest.raises(outcome) as refused:
        ready.call()
    assert refused.value.vendor_code == str(code)
    assert world.effects() == before


@each_operation
def test_mode_11_a_login_that_was_forgotten_is_made_again_within_the_call(
    prepare: Prepare, registrar: EppRegistrar, world: EppWorld
) -> None:
    ready = prepare(registrar, world)
    before = world.effects()
    world.simulator.faults.plan(ready.change, Fault.REFUSE, code=2002)
    ready.call()
    assert world.effects() == before + 1


@pytest.mark.parametrize("question", ["domain:info", "domain:check", "domain:transfer-query"])
@each_operation
def test_a_question_that_fails_changes_nothing_or_leaves_it_uncertain(
    prepare: Prepare, question: str, registrar: EppRegistrar, world: EppWorld
) -> None:
    ready = prepare(registrar, world)
    before = world.effects()
    world.simulator.faults.plan(question, Fault.RESET_BEFORE_EFFECT)
    failed = outcome_of(ready.call)
    if failed is Unavailable:
        assert world.effects() == before
    world.simulator.faults.clear()
    ready.call()
    assert world.effects() == before + 1


def test_setting_a_code_again_does_no_harm(registrar: EppRegistrar, world: EppWorld) -> None:
    domain = prepared.register(registrar, world).call()
    assert isinstance(domain, Done)
    world.simulator.faults.plan("domain:update", Fault.RESET_AFTER_EFFECT)
    with pytest.raises(Uncertain):
        registrar.change_auth_code(domain.ref, Secret(OTHER_AUTH_CODE))
    registrar.change_auth_code(domain.ref, Secret(OTHER_AUTH_CODE))
    world.days_pass(90)
    world.other_asks_for(domain.ref, Secret(OTHER_AUTH_CODE))


@pytest.mark.parametrize("fault", AFTER_EFFECT)
def test_a_message_whose_acknowledgement_is_lost_is_gone(
    fault: Fault, registrar: EppRegistrar, world: EppWorld
) -> None:
    world.adjust(messages=[{"text": "Maintenance."}])
    message = registrar.next_message()
    assert message is not None
    world.simulator.faults.plan("poll:ack", fault)
    with pytest.raises(Uncertain):
        registrar.acknowledge(message.message_id)
    registrar.acknowledge(message.message_id)
    left = registrar.next_message()
    assert left is None or left.message_id != message.message_id


def test_a_message_whose_delivery_is_lost_stays(registrar: EppRegistrar, world: EppWorld) -> None:
    world.adjust(messages=[{"text": "Maintenance."}])
    world.simulator.faults.plan("poll:req", Fault.RESET_AFTER_EFFECT)
    with pytest.raises(Unavailable):
        registrar.next_message()
    assert registrar.next_message() is not None


def test_mode_10_an_empty_balance_parks_the_account_and_buys_nothing(registrar: EppRegistrar, world: EppWorld) -> None:
    ready = prepared.register(registrar, world)
    before = world.effects()
    world.adjust(balances={simulated.US: "0.00"})
    with pytest.raises(Misconfigured) as parked:
        ready.call()
    world.adjust(balances={simulated.US: "1000000.00"})
    ready.call()
    assert (parked.value.code, world.effects()) == ("balance_too_low", before + 1)


def check_after(ready: Prepared, world: EppWorld, fault: Fault) -> None:
    """The call is uncertain and has happened; calling again does nothing more."""
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault, seconds=DRIP_SECONDS)
    with pytest.raises(Uncertain):
        ready.call()
    assert ready.find is None or ready.find() is not None
    ready.call()
    assert_once(ready, world, before)


def check_before(ready: Prepared, world: EppWorld, fault: Fault) -> None:
    """The call is uncertain and nothing happened; calling again does it once."""
    before = world.effects()
    world.simulator.faults.plan(ready.change, fault, seconds=DRIP_SECONDS)
    with pytest.raises(Uncertain):
        ready.call()
    assert ready.find is None or ready.find() is None
    assert world.effects() == before
    ready.call()
    assert world.effects() == before + min(ready.most, 1)


def check_question(ready: Prepared, world: EppWorld, fault: Fault, **options: object) -> None:
    """It is answered rightly or not at all, and answered when it is asked again; nothing is changed by it."""
    before, right = world.effects(), answer_of(ready)
    seconds = 0.2 if fault is Fault.DELAY else DRIP_SECONDS
    world.simulator.faults.plan(ready.change, fault, **{"seconds": seconds, **options})
    with suppress(Unavailable):
        assert answer_of(ready) == right
    assert answer_of(ready) == right
    assert world.effects() == before


def answer_of(ready: Prepared) -> object:
    """What a question is answered, without what is another each time."""
    answer = ready.call()
    if isinstance(answer, RegistryMessage):
        return answer.message_id, answer.kind, answer.text
    if isinstance(answer, Done):
        return answer.ref, {name: value for name, value in answer.data.items() if name != "looked_at"}
    return answer


def assert_once(ready: Prepared, world: EppWorld, before: int) -> None:
    assert min(ready.most, 1) <= world.effects() - before <= ready.most


def outcome_of(call: Callable[[], object]) -> type[Failure] | None:
    try:
        call()
    except Failure as failed:
        return type(failed)
    return None


def wait_until(happened: Callable[[], bool]) -> None:
    """Look until it has happened; each look is a question of its own."""
    for _ in range(MOST_TRIES):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it never happened")
