"""Each change meets each fault of the vendor: the outcome is right, and whatever follows, the effect happens once."""

from collections.abc import Callable, Iterator

import pytest

from adapters.plesk import PleskHosting
from adapters.sandbox.faults import Fault
from provisioner.ports.hosting import HostingSubscription
from provisioner.ports.outcomes import Failure, Unavailable, Uncertain
from tests.contract.hosting_suite import new_customer, new_subscription
from tests.contract.plesk import simulated
from tests.contract.plesk.simulated import PleskWorld
from tests.contract.plesk.vendor_faults import (
    AFTER_EFFECT,
    BEFORE_EFFECT,
    CODES,
    DRIP_SECONDS,
    OF_QUESTIONS,
    Prepared,
    Question,
    check_delay,
    check_fault_after,
    check_fault_before,
    check_late_success,
    check_question,
    patience,
)

pytestmark = pytest.mark.matrix


@pytest.fixture(scope="module")
def world() -> Iterator[PleskWorld]:
    with simulated.running() as world:
        yield world


@pytest.fixture
def panel(world: PleskWorld, request: pytest.FixtureRequest) -> Iterator[PleskHosting]:
    with simulated.opened(simulated.account(world.simulator, read_timeout=patience(request))) as panel:
        yield panel
    world.simulator.faults.clear()


def ensure_customer(panel: PleskHosting, _world: PleskWorld) -> Prepared:
    customer = new_customer()
    return Prepared(
        "customer.add", lambda: panel.ensure_customer(customer), lambda: panel.find_customer(customer) is not None
    )


def create_subscription(panel: PleskHosting, _world: PleskWorld) -> Prepared:
    wanted = _wanted(panel)
    return Prepared(
        "webspace.add", lambda: panel.create_subscription(wanted), lambda: panel.find_subscription(wanted) is not None
    )


def suspend(panel: PleskHosting, world: PleskWorld) -> Prepared:
    ref = panel.create_subscription(_wanted(panel)).ref
    return Prepared("webspace.set", lambda: panel.suspend(ref), lambda: not world.is_active(ref))


def resume(panel: PleskHosting, world: PleskWorld) -> Prepared:
    ref = panel.create_subscription(_wanted(panel)).ref
    panel.suspend(ref)
    return Prepared("webspace.set", lambda: panel.resume(ref), lambda: world.is_active(ref))


def remove_subscription(panel: PleskHosting, world: PleskWorld) -> Prepared:
    ref = panel.create_subscription(_wanted(panel)).ref
    return Prepared("webspace.del", lambda: panel.remove_subscription(ref), lambda: not world.exists(ref))


def remove_customer(panel: PleskHosting, world: PleskWorld) -> Prepared:
    ref = panel.ensure_customer(new_customer()).ref
    return Prepared("customer.del", lambda: panel.remove_customer(ref), lambda: not world.exists(ref))


def find_customer(panel: PleskHosting, _world: PleskWorld) -> Question:
    customer = new_customer()
    panel.ensure_customer(customer)
    return Question("customer.get", lambda: panel.find_customer(customer))


def find_subscription(panel: PleskHosting, _world: PleskWorld) -> Question:
    wanted = _wanted(panel)
    panel.create_subscription(wanted)
    return Question("webspace.get", lambda: panel.find_subscription(wanted))


def usage(panel: PleskHosting, _world: PleskWorld) -> Question:
    ref = panel.create_subscription(_wanted(panel)).ref
    return Question("webspace.get", lambda: panel.usage(ref))


def plans(panel: PleskHosting, _world: PleskWorld) -> Question:
    return Question("service-plan.get", panel.plans)


def _wanted(panel: PleskHosting) -> HostingSubscription:
    return new_subscription(panel.ensure_customer(new_customer()).ref, simulated.PLAN)


OPERATIONS = [ensure_customer, create_subscription, suspend, resume, remove_subscription, remove_customer]
QUESTIONS = [find_customer, find_subscription, usage, plans]
each_operation = pytest.mark.parametrize("prepare", OPERATIONS, ids=lambda prepare: prepare.__name__)
each_question = pytest.mark.parametrize("prepare", QUESTIONS, ids=lambda prepare: prepare.__name__)
Prepare = Callable[[PleskHosting, PleskWorld], Prepared]
Ask = Callable[[PleskHosting, PleskWorld], Question]


@pytest.mark.parametrize("fault", BEFORE_EFFECT)
@each_operation
def test_a_fault_before_the_effect_is_uncertain_and_calling_again_does_it_once(
    prepare: Prepare, fault: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    check_fault_before(prepare(panel, world), world, fault)


@pytest.mark.parametrize("fault", AFTER_EFFECT)
@each_operation
def test_a_fault_after_the_effect_is_uncertain_and_calling_again_does_nothing_more(
    prepare: Prepare, fault: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    check_fault_after(prepare(panel, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.LATE_SUCCESS])
@each_operation
def test_an_effect_that_comes_after_the_time_out_is_found_and_happens_once(
    prepare: Prepare, fault: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    check_late_success(prepare(panel, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.DELAY])
@each_operation
def test_an_answer_that_takes_its_time_is_waited_for(
    prepare: Prepare, fault: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    check_delay(prepare(panel, world), world, fault)


@pytest.mark.parametrize("fault", OF_QUESTIONS)
@each_question
def test_a_question_that_meets_a_fault_changes_nothing_and_is_asked_again(
    prepare: Ask, fault: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    check_question(prepare(panel, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@pytest.mark.parametrize(("code", "outcome"), CODES)
@each_operation
def test_a_refusal_has_the_outcome_of_the_table_and_no_effect(
    prepare: Prepare, fault: Fault, panel: PleskHosting, world: PleskWorld, *, code: int, outcome: type[Failure]
) -> None:
    prepared = prepare(panel, world)
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault, code=code, times=10)
    with pytest.raises(outcome) as refused:
        prepared.call()
    assert refused.value.vendor_code == str(code)
    assert (prepared.happened(), world.effects()) == (False, before)


@each_operation
def test_a_server_that_is_not_ready_twice_is_asked_a_third_time(
    prepare: Prepare, panel: PleskHosting, world: PleskWorld
) -> None:
    prepared = prepare(panel, world)
    before = world.effects()
    world.simulator.faults.plan(prepared.change, Fault.REFUSE, code=1003, times=2)
    prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)


@pytest.mark.parametrize("of_look_up", BEFORE_EFFECT)
@each_operation
def test_a_look_up_that_fails_for_good_is_unavailable_and_changes_nothing(
    prepare: Prepare, of_look_up: Fault, panel: PleskHosting, world: PleskWorld
) -> None:
    prepared = prepare(panel, world)
    before = world.effects()
    world.simulator.faults.plan("*.get", of_look_up, times=3)
    with pytest.raises(Unavailable):
        prepared.call()
    world.simulator.faults.clear()
    assert (prepared.happened(), world.effects()) == (False, before)


def test_a_subscription_that_was_half_made_is_finished(panel: PleskHosting, world: PleskWorld) -> None:
    wanted = _wanted(panel)
    world.simulator.faults.plan("webspace.add", Fault.HALF_DONE)
    with pytest.raises(Uncertain):
        panel.create_subscription(wanted)
    assert panel.find_subscription(wanted) is None
    made = panel.create_subscription(wanted)
    assert (made.data["login"], made.warnings) == (wanted.login, ())
    assert panel.find_subscription(wanted) == made
    assert world.effects("webspace.add", f"svc:{wanted.service_id}") == 1


@pytest.mark.parametrize("fault", AFTER_EFFECT)
@pytest.mark.parametrize("change", ["webspace.set", "webspace.switch-subscription"])
def test_finishing_may_be_cut_off_anywhere(change: str, fault: Fault, panel: PleskHosting, world: PleskWorld) -> None:
    wanted = _wanted(panel)
    world.simulator.faults.plan("webspace.add", Fault.HALF_DONE)
    world.simulator.faults.plan(change, fault, seconds=DRIP_SECONDS)
    for _ in range(2):
        with pytest.raises(Uncertain):
            panel.create_subscription(wanted)
    panel.create_subscription(wanted)
    for operation in ("webspace.add", "webspace.set", "webspace.switch-subscription"):
        assert world.effects(operation, f"svc:{wanted.service_id}") == 1


def test_what_a_plan_switch_leaves_as_it_was_is_a_warning(panel: PleskHosting, world: PleskWorld) -> None:
    wanted = _wanted(panel)
    world.simulator.faults.plan("webspace.add", Fault.HALF_DONE)
    world.simulator.faults.plan("webspace.switch-subscription", Fault.PROBLEMS, text="Disk space: 10 GB, not 5 GB")
    with pytest.raises(Uncertain):
        panel.create_subscription(wanted)
    assert "Disk space: 10 GB" in panel.create_subscription(wanted).warnings[0]
