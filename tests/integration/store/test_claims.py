"""Claims: one at a time for each resource, in order, within the slots of each account, under a fencing token."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa

from provisioner.kernel.sealing import KeyRing
from provisioner.orders.statuses import OperationState
from provisioner.ports.outcomes import Done
from provisioner.store.claims import Held
from provisioner.workflows.journal import (
    Attempt,
    Claim,
    Due,
    Ending,
    Intent,
    LeaseLost,
    Pause,
    StepOutcome,
    StepRecord,
    StepState,
)
from tests.support.postgres import PostgresCluster
from tests.support.stores import Stage, hosting, together, while_locked

SUCCEEDED = Ending(OperationState.SUCCEEDED)
LEASE = 15.0


def place(stage: Stage, count: int, *, concurrency: int = 100, first: int = 0, **item: str) -> None:
    """Place so many orders of one service each."""
    if not stage.count("vendor_accounts"):
        stage.add_account(concurrency=concurrency)
    for number in range(first, first + count):
        stage.shop.place(f"o-{number}", [hosting(f"s-{number}", **item)])


class TestOneAtATime:
    def test_threads_that_hammer_take_everything_once(self, stage: Stage) -> None:
        place(stage, 40)
        stores = [stage.store, stage.another(), stage.another()]
        taken = together(*[partial(_take_all, store.claims.take) for store in stores * 2])
        counted = Counter(operation_id for each in taken for operation_id in each)
        assert (len(counted), set(counted.values())) == (40, {1})

    def test_of_one_resource_never_two_run_at_once(self, stage: Stage) -> None:
        place(stage, 1)
        stage.work()
        for _ in range(6):
            stage.shop.suspend("s-0")
            stage.shop.resume("s-0")
        running, most = 0, 0
        lock = threading.Lock()

        def work() -> None:
            nonlocal running, most
            while claims := stage.take(5):
                for claim in claims:
                    with lock:
                        running += 1
                        most = max(most, running)
                    with lock:
                        running -= 1
                    stage.store.journal.end(claim, SUCCEEDED)

        together(*[work] * 4)
        assert most == 1
        assert stage.sql("SELECT count(*) FROM operations WHERE ended_at IS NULL") == [(0,)]

    def test_operations_of_a_resource_are_claimed_in_the_order_of_acceptance(self, stage: Stage) -> None:
        place(stage, 1)
        stage.shop.suspend("s-0")
        stage.shop.resume("s-0")
        order = []
        while claims := stage.take():
            order += [claim.workflow for claim in claims]
            stage.store.journal.end(claims[0], SUCCEEDED)
        assert order == ["hosting.create", "hosting.suspend", "hosting.resume"]

    def test_the_database_itself_refuses_two_running_operations_of_one_resource(self, stage: Stage) -> None:
        place(stage, 1)
        stage.shop.suspend("s-0")
        with pytest.raises(sa.exc.IntegrityError):
            stage.sql("UPDATE operations SET state = 'running'")

    def test_what_is_held_is_not_claimed(self, stage: Stage) -> None:
        place(stage, 1)
        held = Pause(OperationState.HELD, "somebody must look", Due(), attention="outcome_unknown")
        stage.store.journal.pause(stage.claim(), held)
        stage.let_pass(30 * 86_400)
        assert stage.take() == []


class TestSlots:
    def test_an_account_runs_as_many_at_once_as_it_has_slots(self, stage: Stage) -> None:
        place(stage, 10, concurrency=3)
        assert (len(stage.take()), stage.take()) == (3, [])

    def test_slots_are_exact_across_processes(self, stage: Stage) -> None:
        place(stage, 30, concurrency=7)
        stores = [stage.store, stage.another(), stage.another()]
        taken = together(*[partial(store.claims.take, "worker", 5) for store in stores * 2])
        assert sum(map(len, taken)) == 7

    def test_an_ended_operation_gives_its_slot_back(self, stage: Stage) -> None:
        place(stage, 3, concurrency=1)
        stage.store.journal.end(stage.claim(), SUCCEEDED)
        assert len(stage.take()) == 1

    def test_an_expired_lease_gives_its_slot_back(self, stage: Stage) -> None:
        place(stage, 2, concurrency=1)
        first = stage.claim()
        stage.let_pass(LEASE + 1)
        assert (len(stage.take()), first.fence) == (1, 1)

    def test_a_full_account_does_not_hide_what_another_has_due(self, stage: Stage) -> None:
        place(stage, 50, concurrency=1)
        stage.add_account("panel-2")
        stage.let_pass(3)
        place(stage, 1, first=90, server="panel-2")
        assert sorted(claim.vendor_account or "" for claim in stage.take(2)) == ["panel-1", "panel-2"]

    def test_what_needs_no_account_needs_no_slot(self, stage: Stage) -> None:
        place(stage, 3, concurrency=1)
        stage.shop.place("o-9", [{"product": "markup", "item_id": "m", "change": "markup_change", "text": "ten"}])
        assert sorted(claim.workflow for claim in stage.take()) == ["hosting.create", "markup.record"]

    def test_no_more_is_taken_than_was_asked_for(self, stage: Stage) -> None:
        place(stage, 10)
        assert len(stage.take(4)) == 4

    def test_the_longest_due_is_taken_first(self, stage: Stage) -> None:
        place(stage, 1)
        stage.let_pass(1)
        place(stage, 1, first=1)
        assert stage.take(1)[0].resource == "service:s-0"


class TestFence:
    def test_a_lease_that_is_kept_is_not_taken_over(self, stage: Stage) -> None:
        place(stage, 1)
        claim = stage.claim()
        for _ in range(3):
            stage.let_pass(LEASE - 1)
            assert stage.store.claims.keep([Held(claim.operation_id, claim.fence)]) == {claim.operation_id}
        assert stage.take() == []

    def test_a_lease_that_was_taken_over_is_not_kept(self, stage: Stage) -> None:
        old, _ = _taken_over(stage)
        assert stage.store.claims.keep([Held(old.operation_id, old.fence)]) == set()

    def test_an_ended_operation_is_not_kept(self, stage: Stage) -> None:
        place(stage, 1)
        claim = stage.claim()
        stage.store.journal.end(claim, SUCCEEDED)
        assert stage.store.claims.keep([Held(claim.operation_id, claim.fence)]) == set()

    def test_the_next_claim_has_a_higher_fence(self, stage: Stage) -> None:
        old, new = _taken_over(stage)
        assert (old.operation_id, new.fence) == (new.operation_id, old.fence + 1)

    @pytest.mark.parametrize("write", ["intend", "pause", "end"])
    def test_a_zombie_writes_nothing(self, stage: Stage, write: str) -> None:
        old, _ = _taken_over(stage)
        before = _journal(stage)
        with pytest.raises(LeaseLost):
            _write(stage, old, write)
        assert _journal(stage) == before

    def test_after_a_take_over_all_that_the_journal_knows_is_there(self, stage: Stage) -> None:
        place(stage, 1)
        claim = stage.claim()
        stage.store.journal.intend(claim, Intent("customer", "checkable", 1), ())
        stage.store.journal.intend(claim, Intent("subscription", "checkable", 1), (_done("customer"),))
        stage.let_pass(LEASE + 1)
        steps = stage.claim().steps
        assert {name: step.state for name, step in steps.items()} == {
            "customer": StepState.DONE,
            "subscription": StepState.INTENDED,
        }
        assert steps["customer"].result == Done("ref-1", {"id": 7})

    @pytest.mark.parametrize("write", ["intend", "pause", "end"])
    def test_a_zombie_s_commit_and_a_take_over_at_the_same_moment(self, stage: Stage, write: str) -> None:
        for number in range(8):
            place(stage, 1, first=number)
            claim = stage.claim()
            stage.let_pass(LEASE + 1)
            wrote, taken = together(partial(_write, stage, claim, write), partial(stage.another().claims.take, "w2", 1))
            row = stage.row("operations", id=claim.operation_id)
            if isinstance(wrote, LeaseLost):
                assert (row["state"], row["fence"], len(taken)) == ("running", 2, 1)
                stage.store.journal.end(taken[0], SUCCEEDED)
            elif write == "intend":
                assert "customer" in (taken[0].steps if taken else stage.claim().steps)
                stage.sql("UPDATE operations SET state = 'succeeded', ended_at = since WHERE ended_at IS NULL")
            else:
                assert (taken, row["fence"]) == ([], 1)
                stage.sql("UPDATE operations SET state = 'succeeded', ended_at = since WHERE ended_at IS NULL")

    def test_what_ended_while_a_take_over_waited_for_it_stays_ended(
        self, postgres_stage: Stage, postgres: PostgresCluster
    ) -> None:
        place(postgres_stage, 1)
        claim = postgres_stage.claim()
        postgres_stage.let_pass(LEASE + 1)
        end = "UPDATE operations SET state = 'succeeded', ended_at = now(), due_at = NULL"
        assert while_locked(postgres, postgres_stage, end, postgres_stage.take) == [[]]
        assert postgres_stage.row("operations", id=claim.operation_id)["state"] == "succeeded"

    def test_a_heartbeat_in_the_last_moment_saves_the_lease(
        self, postgres_stage: Stage, postgres: PostgresCluster
    ) -> None:
        place(postgres_stage, 1)
        postgres_stage.claim()
        postgres_stage.let_pass(LEASE + 1)
        keep = "UPDATE operations SET due_at = now() + interval '15 seconds'"
        assert while_locked(postgres, postgres_stage, keep, postgres_stage.take) == [[]]


class TestSecrets:
    def test_what_needs_a_missing_key_is_held_and_stops_nothing_else(self, stage: Stage) -> None:
        place(stage, 3)
        stage.sql(
            "UPDATE services SET sealed_password = sealed_customer.sealed_password FROM "
            "(SELECT sealed_password FROM customers) AS sealed_customer WHERE id = 's-1'"
        )
        assert sorted(claim.resource for claim in stage.take()) == ["service:s-0", "service:s-2"]
        row = stage.operation("s-1")
        assert (row["state"], row["attention"], row["due_at"]) == ("held", "key_ring", None)

    def test_operators_are_told_which_value_does_not_open(self, stage: Stage) -> None:
        place(stage, 1)
        stage.sql("UPDATE services SET sealed_password = (SELECT sealed_password FROM customers)")
        assert stage.take() == []
        told = stage.events("order/o-0")[-1]["data"]
        assert told["reason"] == "key_ring"
        assert "services/s-0/sealed_password" in told["detail"]

    def test_it_goes_on_when_the_key_is_back(self, stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
        place(stage, 1)
        strange = KeyRing.create(tmp_path_factory.mktemp("strange") / "keys.json")
        stranger = stage.opening.open(strange)
        assert stranger.claims.take("w", 1) == []
        stranger.close()
        stage.store.operations.release(stage.row("operations")["id"], "operator")
        service = stage.claim().service
        assert service is not None
        assert service.password


def _take_all(take: Callable[[str, int], list[Claim]]) -> list[str]:
    found: list[str] = []
    while claims := take("worker", 3):
        found += [claim.operation_id for claim in claims]
    return found


def _taken_over(stage: Stage) -> tuple[Claim, Claim]:
    place(stage, 1)
    old = stage.claim()
    stage.let_pass(LEASE + 1)
    return old, stage.claim()


def _done(name: str) -> StepOutcome:
    record = StepRecord(name, StepState.DONE, 1, result=Done("ref-1", {"id": 7}))
    return StepOutcome(record, Attempt(1, "call", "done", 0.01))


def _write(stage: Stage, claim: Claim, write: str) -> None:
    journal = stage.store.journal
    if write == "intend":
        journal.intend(claim, Intent("customer", "checkable", 1), ())
    elif write == "pause":
        journal.pause(claim, Pause(OperationState.WAITING, "the panel is down", Due(seconds=60), (_done("customer"),)))
    else:
        journal.end(claim, Ending(OperationState.SUCCEEDED, (_done("customer"),)))


def _journal(stage: Stage) -> list[list[dict[str, object]]]:
    return [stage.rows(table) for table in ("operations", "steps", "attempts", "outbox", "orders", "services")]
