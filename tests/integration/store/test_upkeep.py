"""What is due by itself is started once, and never more than an account should have open."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.store.store import Store
from tests.integration.store.estate import add_domain, add_operation, add_registrar
from tests.support.stores import Stage, together


@pytest.fixture
def estate(stage: Stage) -> Stage:
    """A store with a registrar."""
    add_registrar(stage)
    return stage


def with_room_for(stage: Stage, most: int) -> Store:
    """The store with so much upkeep open at a time."""
    return stage.another(upkeep_open=most)


def planned(stage: Stage, number: int = 1, *, seconds: float = -10, **columns: Any) -> datetime:
    """A domain whose upkeep is planned so many seconds from now; when that is."""
    at = stage.now() + timedelta(seconds=seconds)
    add_domain(stage, number, upkeep_at=at, upkeep_workflow="domain.upkeep", **columns)
    return at


def test_upkeep_that_is_due_becomes_an_operation_on_its_service(estate: Stage) -> None:
    planned(estate)
    started = estate.store.upkeep.start_due()
    row = estate.row("operations")
    assert [row["id"]] == started
    assert (row["resource"], row["workflow"], row["state"]) == ("service:s-1", "domain.upkeep", "ready")
    assert (row["service_id"], row["customer_id"], row["vendor_account"]) == ("s-1", "c-1", "registrar-1")


def test_upkeep_that_is_started_is_not_planned_any_more(estate: Stage) -> None:
    planned(estate)
    estate.store.upkeep.start_due()
    row = estate.row("services")
    assert (row["upkeep_at"], row["upkeep_workflow"]) == (None, None)
    assert estate.store.upkeep.start_due() == []


def test_upkeep_is_not_started_before_its_time(estate: Stage) -> None:
    planned(estate, seconds=60)
    assert estate.store.upkeep.start_due() == []
    estate.let_pass(61)
    assert len(estate.store.upkeep.start_due()) == 1


def test_the_plan_gives_the_operation_its_id(estate: Stage) -> None:
    at = planned(estate)
    assert estate.store.upkeep.start_due() == [f"upkeep:s-1:{at:%Y%m%dT%H%M%S.%f}"]


def test_schedulers_that_look_at_once_start_each_upkeep_once(estate: Stage) -> None:
    for number in range(1, 21):
        planned(estate, number)
    schedulers = [with_room_for(estate, 100) for _ in range(3)]
    results = together(*[store.upkeep.start_due for store in schedulers])
    started = [operation for result in results for operation in result]
    assert len(set(started)) == len(started) == 20


def test_schedulers_that_look_at_once_leave_no_more_open_than_one_would(estate: Stage) -> None:
    for number in range(1, 21):
        planned(estate, number)
    together(*[with_room_for(estate, 5).upkeep.start_due for _ in range(3)])
    assert estate.count("operations") == 5


def test_renewals_due_on_one_day_are_spread(estate: Stage) -> None:
    for number in range(1, 13):
        planned(estate, number)
    store = with_room_for(estate, 5)
    waves = []
    while started := store.upkeep.start_due():
        waves.append(len(started))
        assert store.upkeep.start_due() == []
        estate.sql("UPDATE operations SET state = 'succeeded', ended_at = since WHERE ended_at IS NULL")
    assert waves == [5, 5, 2]


def test_the_longest_overdue_goes_first(estate: Stage) -> None:
    planned(estate, 1, seconds=-10)
    planned(estate, 2, seconds=-99)
    with_room_for(estate, 1).upkeep.start_due()
    assert estate.row("operations")["service_id"] == "s-2"


def test_each_account_has_room_of_its_own(estate: Stage) -> None:
    add_registrar(estate, "registrar-2")
    for number in range(1, 4):
        planned(estate, number)
    planned(estate, 4, vendor_account="registrar-2")
    with_room_for(estate, 1).upkeep.start_due()
    assert {row["vendor_account"] for row in estate.rows("operations")} == {"registrar-1", "registrar-2"}


@pytest.mark.parametrize(("state", "why"), [("held", "an operator"), ("waiting", "the registry, which may take days")])
def test_upkeep_that_waits_long_takes_no_room(estate: Stage, state: str, why: str) -> None:
    add_domain(estate, 1)
    add_operation(estate, "upkeep:s-1:1", state=state, reason=why, patient_until=estate.now() + timedelta(days=5))
    planned(estate, 2)
    assert len(with_room_for(estate, 1).upkeep.start_due()) == 1


def test_upkeep_behind_a_transfer_takes_no_room(estate: Stage) -> None:
    add_domain(estate, 1)
    add_operation(estate, "o-1", workflow="domain.transfer", state="waiting")
    add_operation(estate, "upkeep:s-1:2")
    planned(estate, 2)
    assert len(with_room_for(estate, 1).upkeep.start_due()) == 1


def test_upkeep_in_trouble_with_its_vendor_takes_room(estate: Stage) -> None:
    add_domain(estate, 1)
    add_operation(estate, "upkeep:s-1:1", state="waiting")
    planned(estate, 2)
    assert with_room_for(estate, 1).upkeep.start_due() == []


def test_upkeep_that_works_at_another_account_still_takes_room_at_its_own(estate: Stage) -> None:
    add_domain(estate, 1)
    add_operation(estate, "upkeep:s-1:1", vendor_account="panel-1")
    planned(estate, 2)
    assert with_room_for(estate, 1).upkeep.start_due() == []


def test_what_follows_from_upkeep_takes_its_room(estate: Stage) -> None:
    add_domain(estate, 1)
    add_operation(estate, "upkeep:s-1:1/domain.renew", workflow="domain.renew")
    planned(estate, 2)
    assert with_room_for(estate, 1).upkeep.start_due() == []


def test_what_customers_ask_for_takes_no_room(estate: Stage) -> None:
    add_domain(estate, 1)
    add_operation(estate, "o-1", workflow="domain.renew")
    planned(estate, 2)
    assert len(with_room_for(estate, 1).upkeep.start_due()) == 1


def test_a_service_without_an_account_is_looked_after_too(estate: Stage) -> None:
    for number in range(1, 4):
        planned(estate, number, vendor_account=None)
    assert len(with_room_for(estate, 2).upkeep.start_due()) == 2
    assert {row["vendor_account"] for row in estate.rows("operations")} == {None}


def test_what_is_due_at_an_account_is_found_by_an_index(postgres_stage: Stage) -> None:
    query = "EXPLAIN SELECT id FROM services WHERE vendor_account = 'ca-1' AND upkeep_at <= now() ORDER BY upkeep_at"
    with postgres_stage.store.database.begin() as connection:
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(connection.scalars(sa.text(query)))
    assert "ix_services_vendor_account_upkeep_at" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_service_that_is_gone_needs_no_upkeep(estate: Stage, status: str) -> None:
    planned(estate, status=status)
    assert estate.store.upkeep.start_due() == []
    assert estate.row("services")["upkeep_at"] is None


@pytest.mark.parametrize(("status", "again"), [("active", True), ("cancelled", False)])
def test_upkeep_that_fails_is_planned_again_for_the_next_day(estate: Stage, status: str, *, again: bool) -> None:
    add_domain(estate, 1, status=status)
    add_operation(estate, "upkeep:s-1:1", state="held", reason="it is unknown what became of it")
    estate.store.operations.give_up("upkeep:s-1:1", "ops", "this cannot be found out")
    assert (estate.row("services")["upkeep_workflow"] == "domain.upkeep") is again
    estate.let_pass(2 * 86_400)
    assert bool(estate.store.upkeep.start_due()) is again
