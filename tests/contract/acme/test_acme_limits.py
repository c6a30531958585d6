"""The authority's limits: obeyed when it names them, and kept by ourselves before it has to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.ports.certificates import AuthorityOrder
from provisioner.ports.outcomes import Done, Rejected, Throttled, Unavailable, Uncertain
from tests.contract.acme.allowances import CountedAllowance
from tests.contract.acme.between import DIRECTORY, FINALIZE, NEW_ORDER, ORDER, Between, Reply, problem
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import (
    HTTP,
    AuthorityPort,
    challenges_of,
    issued,
    new_name,
    opened_order,
    ready,
    refused,
    wanted,
)

HOUR = 3_600
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def allowance() -> CountedAllowance:
    return CountedAllowance(SystemClock())


@pytest.fixture
def counted_world(scripted_world: PebbleWorld, allowance: CountedAllowance) -> PebbleWorld:
    """An account whose allowance is counted."""
    scripted_world.account = replace(scripted_world.account, allowance=allowance)
    return scripted_world


@pytest.fixture
def replaced(scripted_world: PebbleWorld) -> str:
    """The chain of a certificate that is to be replaced."""
    authority = scripted_world.opened()
    chain = issued(authority, ready(scripted_world, authority, wanted([new_name(scripted_world)]))).data["chain"]
    assert isinstance(chain, str)
    return chain


def honour(wire: Between) -> None:
    """Have the authority know renewal information, and take every renewal for what it says it is."""
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.change(NEW_ORDER, lambda answer: answer.with_json(replaces="yes") if answer.status == 201 else answer)
    wire.change(ORDER, lambda answer: answer.with_json(replaces="yes"))


# -- what the authority says


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("86400", 86_400),
        ("604800", 604_800),
        (format_datetime(NOW + timedelta(hours=31), usegmt=True), 31 * HOUR),
    ],
)
def test_a_limit_is_obeyed_to_the_second(
    scripted_world: PebbleWorld, wire: Between, header: str, seconds: float
) -> None:
    wire.say(NEW_ORDER, problem("rateLimited", 429, detail="too many certificates", Retry_After=header))
    with pytest.raises(Throttled) as limited:
        scripted_world.opened(FakeClock(NOW)).open_order(wanted([new_name(scripted_world)]))
    assert (limited.value.code, limited.value.retry_after) == ("rate_limited", seconds)
    assert "too many certificates" in limited.value.message


def test_a_limit_without_a_time_is_waited_for_an_hour(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(NEW_ORDER, problem("rateLimited", 429))
    with pytest.raises(Throttled) as limited:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert limited.value.retry_after == HOUR


def test_a_limit_on_an_address_comes_as_503_and_is_obeyed_too(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(DIRECTORY, Reply(503, b"slow down", {"Retry-After": "30"}), method="GET")
    with pytest.raises(Throttled) as limited:
        scripted_world.opened().ping()
    assert limited.value.retry_after == 30


def test_503_without_a_time_is_tried_later(scripted_world: PebbleWorld, wire: Between) -> None:
    wire.say(DIRECTORY, Reply(503, b"maintenance"), method="GET")
    with pytest.raises(Unavailable) as away:
        scripted_world.opened().ping()
    assert (away.value.code, away.value.retry_after) == ("authority_unavailable", None)


def test_a_limit_on_issuing_is_no_uncertainty(scripted_world: PebbleWorld, wire: Between) -> None:
    authority = scripted_world.opened()
    order = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    wire.say(FINALIZE, problem("rateLimited", 429, Retry_After="5"))
    with pytest.raises(Throttled) as limited:
        authority.issue(order)
    assert limited.value.retry_after == 5


# -- what we allow ourselves


def test_certificates_for_the_same_names_are_held_back(counted_world: PebbleWorld, wire: Between) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="2")
    name = new_name(counted_world)
    for _ in range(2):
        issued(authority, ready(counted_world, authority, wanted([name, f"www.{name}"])))
    with pytest.raises(Throttled) as held:
        authority.open_order(wanted([f"www.{name}", name]))
    assert 6 * 24 * HOUR < (held.value.retry_after or 0) <= 7 * 24 * HOUR
    assert len(wire.messages(NEW_ORDER)) == 2


def test_what_is_held_back_spends_no_order(counted_world: PebbleWorld, allowance: CountedAllowance) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    name = new_name(counted_world)
    issued(authority, ready(counted_world, authority, wanted([name])))
    with pytest.raises(Throttled):
        authority.open_order(wanted([name]))
    assert allowance.count("orders") == 1


def test_an_order_that_nobody_goes_on_with_costs_no_certificate(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    authority, name = counted_world.opened(certificates_per_week_for_a_name_set="1"), new_name(counted_world)
    for _ in range(3):
        ready(counted_world, authority, wanted([name]))
    assert given_back(counted_world, allowance, name)


def test_of_two_orders_made_at_once_the_second_is_held_back_before_it_is_issued(
    counted_world: PebbleWorld, wire: Between
) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    name = new_name(counted_world)
    orders = [ready(counted_world, authority, wanted([name])) for _ in range(2)]
    issued(authority, orders[0])
    with pytest.raises(Throttled):
        authority.issue(orders[1])
    assert len(wire.messages(FINALIZE)) == 1


def test_another_order_for_the_same_csr_is_not_held_back(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    request = wanted([new_name(counted_world)])
    for minutes in (0, 11):
        clock = FakeClock(NOW + timedelta(minutes=minutes))
        authority = counted_world.opened(clock, certificates_per_week_for_a_name_set="1")
        order = ready(counted_world, authority, request)
    assert isinstance(issued(authority, order), Done)
    assert (allowance.count("orders"), allowance.count("certificates")) == (2, 1)


def test_another_set_of_names_is_not_held_back(counted_world: PebbleWorld) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    name = new_name(counted_world)
    issued(authority, ready(counted_world, authority, wanted([name])))
    assert isinstance(issued(authority, ready(counted_world, authority, wanted([name, f"www.{name}"]))), Done)


def test_asking_again_for_one_certificate_spends_nothing(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance
) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    order = ready(counted_world, authority, wanted([new_name(counted_world)]))
    wire.say(FINALIZE, problem("badNonce", 400), times=6)
    with pytest.raises(Unavailable):
        authority.issue(order)
    assert isinstance(issued(authority, order), Done)
    assert allowance.count("certificates") == 1


def given_back(world: PebbleWorld, allowance: CountedAllowance, name: str) -> bool:
    """Whether nothing is spent for a name, and the one certificate that is allowed for it can be had."""
    authority = world.opened(certificates_per_week_for_a_name_set="1")
    nothing_spent = allowance.count("certificates") == 0
    return nothing_spent and isinstance(issued(authority, ready(world, authority, wanted([name]))), Done)


def lose_answer(wire: Between, authority: AuthorityPort, order: AuthorityOrder) -> None:
    """Ask for the certificate, and get no answer."""
    wire.say(FINALIZE, Reply(0))
    with pytest.raises(Uncertain):
        authority.issue(order)


def test_a_name_that_was_not_proven_costs_no_certificate(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    authority, name = counted_world.opened(certificates_per_week_for_a_name_set="1"), new_name(counted_world)
    order, done = opened_order(authority, wanted([name]))
    authority.answer(order, challenges_of(done, HTTP)[0])
    refused(authority, order)
    assert given_back(counted_world, allowance, name)
    assert allowance.count("validations") == 2


def test_an_order_that_was_given_back_twice_is_given_back_once(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    authority, name = counted_world.opened(certificates_per_week_for_a_name_set="2"), new_name(counted_world)
    issued(authority, ready(counted_world, authority, wanted([name])))
    order, done = opened_order(authority, wanted([name]))
    authority.answer(order, challenges_of(done, HTTP)[0])
    for _ in range(2):
        refused(authority, order)
    assert allowance.count("certificates") == 1


@pytest.mark.parametrize(("kind", "status"), [("rejectedIdentifier", 400), ("rateLimited", 429)])
def test_an_order_that_was_refused_costs_no_certificate(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance, kind: str, status: int
) -> None:
    authority, name = counted_world.opened(certificates_per_week_for_a_name_set="1"), new_name(counted_world)
    wire.say(NEW_ORDER, problem(kind, status))
    with pytest.raises((Rejected, Throttled)):
        authority.open_order(wanted([name]))
    assert given_back(counted_world, allowance, name)


def test_an_order_that_we_do_not_allow_ourselves_costs_no_certificate(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    authority, name = counted_world.opened(orders_per_3_hours="1"), new_name(counted_world)
    authority.open_order(wanted([new_name(counted_world)]))
    with pytest.raises(Throttled):
        authority.open_order(wanted([name]))
    assert allowance.count("certificates") == 0


def test_a_certificate_that_was_refused_costs_none(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance
) -> None:
    authority, name = counted_world.opened(certificates_per_week_for_a_name_set="1"), new_name(counted_world)
    order = ready(counted_world, authority, wanted([name]))
    wire.say(FINALIZE, problem("caa", 403))
    with pytest.raises(Rejected):
        authority.issue(order)
    assert given_back(counted_world, allowance, name)


def test_an_order_that_became_invalid_while_it_was_issued_costs_no_certificate(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance
) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    order = ready(counted_world, authority, wanted([new_name(counted_world)]))
    lose_answer(wire, authority, order)
    assert allowance.count("certificates") == 1
    wire.change(ORDER, lambda answer: answer.with_json(status="invalid"))
    with pytest.raises(Rejected):
        authority.find_issued(order)
    assert allowance.count("certificates") == 0


def test_a_refusal_of_an_order_that_was_issued_all_the_same_costs_a_certificate(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance
) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    order = ready(counted_world, authority, wanted([new_name(counted_world)]))
    wire.change(FINALIZE, lambda _: problem("malformed", 400), times=1)
    with pytest.raises(Rejected):
        authority.issue(order)
    assert allowance.count("certificates") == 1


@pytest.mark.parametrize("status", [404, 500])
def test_an_order_whose_outcome_is_unknown_keeps_its_certificate(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance, status: int
) -> None:
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    order = ready(counted_world, authority, wanted([new_name(counted_world)]))
    lose_answer(wire, authority, order)
    wire.say(ORDER, Reply(status, b"who knows"), times=20, writing=False)
    with pytest.raises((Rejected, Unavailable)):
        authority.find_issued(order)
    assert allowance.count("certificates") == 1


def test_validations_of_a_name_are_held_back(counted_world: PebbleWorld) -> None:
    authority = counted_world.opened(validations_per_hour_for_a_name="2")
    name = new_name(counted_world)
    for _ in range(2):
        order, done = opened_order(authority, wanted([name]))
        authority.answer(order, challenges_of(done, HTTP)[0])
        refused(authority, order)
    order, done = opened_order(authority, wanted([name]))
    with pytest.raises(Throttled) as held:
        authority.answer(order, challenges_of(done, HTTP)[0])
    assert 0 < (held.value.retry_after or 0) <= HOUR
    assert name in held.value.message


def test_telling_one_challenge_again_spends_nothing(counted_world: PebbleWorld, allowance: CountedAllowance) -> None:
    authority = counted_world.opened()
    order, done = opened_order(authority, wanted([new_name(counted_world)]))
    for _ in range(3):
        authority.answer(order, challenges_of(done, HTTP)[0])
    assert allowance.count("validations") == 1


def test_orders_are_held_back(counted_world: PebbleWorld, wire: Between) -> None:
    authority = counted_world.opened(orders_per_3_hours="2")
    for _ in range(2):
        authority.open_order(wanted([new_name(counted_world)]))
    with pytest.raises(Throttled) as held:
        authority.open_order(wanted([new_name(counted_world)]))
    assert 0 < (held.value.retry_after or 0) <= 3.25 * HOUR
    assert len(wire.messages(NEW_ORDER)) == 2


def test_orders_that_are_held_back_do_not_come_back_at_once(counted_world: PebbleWorld) -> None:
    authority = counted_world.opened(orders_per_3_hours="1")
    authority.open_order(wanted([new_name(counted_world)]))
    waits = []
    for _ in range(10):
        with pytest.raises(Throttled) as held:
            authority.open_order(wanted([new_name(counted_world)]))
        waits.append(held.value.retry_after or 0)
    assert min(waits) > 2.9 * HOUR
    assert max(waits) - min(waits) > HOUR / 60


def test_an_order_that_is_made_again_after_a_crash_spends_nothing(
    counted_world: PebbleWorld, allowance: CountedAllowance
) -> None:
    request, clock = wanted([new_name(counted_world)]), FakeClock(NOW)
    for _ in range(3):
        counted_world.opened(clock).open_order(request)
    assert allowance.count("orders") == 1


def test_the_next_try_after_a_minute_is_counted(counted_world: PebbleWorld, allowance: CountedAllowance) -> None:
    request = wanted([new_name(counted_world)])
    for minutes in (0, 1, 11):
        counted_world.opened(FakeClock(NOW + timedelta(minutes=minutes))).open_order(request)
    assert allowance.count("orders") == 3


# -- renewals that say what they replace


def test_a_renewal_that_is_taken_for_one_spends_nothing(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance, replaced: str
) -> None:
    honour(wire)
    allowance.spent.clear()
    authority = counted_world.opened()
    request = replace(wanted([new_name(counted_world)]), replaces=replaced)
    assert isinstance(issued(authority, ready(counted_world, authority, request)), Done)
    assert wire.messages(NEW_ORDER)[-1]["replaces"].count(".") == 1
    assert allowance.spent == {}


def test_a_renewal_that_is_not_taken_for_one_is_counted(
    counted_world: PebbleWorld, wire: Between, allowance: CountedAllowance, replaced: str
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    allowance.spent.clear()
    authority = counted_world.opened()
    request = replace(wanted([new_name(counted_world)]), replaces=replaced)
    issued(authority, ready(counted_world, authority, request))
    assert [allowance.count(kind) for kind in ("orders", "validations", "certificates")] == [1, 1, 1]


def test_a_renewal_that_is_not_taken_for_one_is_held_back_before_it_is_validated(
    counted_world: PebbleWorld, wire: Between, replaced: str
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    authority = counted_world.opened(certificates_per_week_for_a_name_set="1")
    name = new_name(counted_world)
    issued(authority, ready(counted_world, authority, wanted([name])))
    with pytest.raises(Throttled):
        authority.open_order(replace(wanted([name]), replaces=replaced))
