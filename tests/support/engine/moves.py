"""Scenarios: an operation whose calls are made at more than one vendor account."""

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.journal import CustomerRecord, Pause, ServiceRecord, StepState
from provisioner.workflows.memory import NewOperation
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import FINE, FakeVendor, Vendor, crash, down, lost, misconfigured, pending, refused
from tests.support.engine.world import World

HERE = "panel-1"
THERE = "panel-2"


def _there_and_back(op: Operation, vendor: Vendor) -> None:
    other: Vendor = op.at(THERE)
    op.step("here", vendor.put, "a")
    op.step("there", other.make, "b")
    op.step("back", vendor.put, "c")


def _only_there(op: Operation, vendor: Vendor) -> None:
    del vendor
    op.step("there", op.at(THERE).put, "a")


def _moves(world: World) -> list[str | None]:
    written = [commit.written for commit in world.journal.commits]
    return [pause.account for pause in written if isinstance(pause, Pause) and pause.account is not None]


class MoveScenarios:
    @pytest.fixture
    def there(self, world: World) -> FakeVendor:
        """The vendor behind the other account."""
        vendor = FakeVendor()
        world.others[THERE] = vendor
        return vendor

    def test_each_call_is_made_at_its_own_account(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.accept()
        world.run_all()
        assert (world.vendor.calls, there.calls) == (["put a", "put c"], ["make b"])
        assert world.state() is OperationState.SUCCEEDED

    def test_a_move_carries_the_last_result(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.accept()
        world.run_all()
        del there
        assert world.summaries == [
            "> intend here",
            "here=done > pause",
            "> intend there",
            "there=done > pause",
            "> intend back",
            "back=done > end",
        ]

    def test_an_operation_that_moves_is_due_at_once_at_the_other_account(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.accept()
        world.run_one()
        del there
        assert (world.state(), world.standing().account) == (OperationState.READY, THERE)
        assert world.due_in() <= 0

    def test_after_a_move_the_claim_is_at_the_other_account(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.accept()
        world.run_one()
        del there
        assert world.claim().vendor_account == THERE

    def test_what_is_finished_is_replayed_without_a_move(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.vendor.will("put", FINE, down(), down())
        world.accept()
        world.run_all()
        assert _moves(world) == [THERE, HERE]
        assert there.calls == ["make b"]

    def test_calls_at_the_account_where_the_operation_is_need_no_move(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.step("a", op.at(HERE).put, "a")
            op.step("b", op.at(HERE).put, "b")

        world.define(run, port=None)
        world.accept()
        world.run_all()
        assert world.summaries == ["> intend a", "a=done > intend b", "b=done > end"]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_crash_at_a_move_repeats_nothing_that_cannot_be(self, world: World, there: FakeVendor, when: str) -> None:
        world.define(_there_and_back)
        world.journal.crash_at = (4, when)
        world.accept()
        world.run_all()
        assert (world.vendor.there, there.there) == (["put:a", "put:c"], ["make:b"])
        assert world.state() is OperationState.SUCCEEDED

    def test_a_crash_after_the_move_goes_on_there(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        there.will("make", crash(took_effect=True))
        world.accept()
        world.run_all()
        assert there.calls == ["make b", "find_made b"]
        assert world.state() is OperationState.SUCCEEDED

    def test_an_adapter_is_opened_once_in_a_run(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("a", vendor.put, "a")
            op.step("b", op.at(HERE).put, "b")
            op.step("c", op.at(HERE).put, "c")

        world.define(run)
        world.accept()
        world.run_all()
        assert world.opened == [HERE]

    # -- looks, waits and undo steps move too

    def test_an_uncertain_step_of_another_account_is_looked_at_there(self, world: World, there: FakeVendor) -> None:
        world.define(lambda op, vendor: op.step("make", vendor.make, "a") and None)
        world.vendor.will("make", lost(took_effect=True))
        world.accept()
        world.run_one()
        world.define(lambda op: op.step("make", op.at(THERE).make, "a") and None, port=None)  # another version
        there.there.append("make:a")
        world.run_all()
        assert (world.vendor.calls, there.calls) == (["make a"], ["find_made a"])

    def test_a_pending_step_is_looked_at_where_it_was_accepted(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        there.will("make", pending(60, took_effect=True))
        world.accept()
        world.run_all()
        assert there.calls == ["make b", "find_made b"]
        assert _moves(world) == [THERE, HERE]

    def test_a_wait_looks_at_its_own_account(self, world: World, there: FakeVendor) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("here", vendor.put, "a")
            op.wait_until("ready", op.at(THERE).is_ready, "a", every=60, reason="it is not ready")

        world.define(run)
        there.will("is_ready", down())
        world.accept()
        world.run_all()
        assert there.calls == ["is_ready a", "is_ready a"]
        assert (world.state(), _moves(world)) == (OperationState.SUCCEEDED, [THERE])

    def test_what_was_made_elsewhere_is_undone_there(self, world: World, there: FakeVendor) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            other: Vendor = op.at(THERE)
            op.step("there", other.put, "a", undo=other.remove)
            op.step("here", vendor.put, "b", undo=vendor.remove)
            op.step("last", vendor.make, "c")

        world.define(run)
        world.vendor.will("make", refused())
        world.accept()
        world.run_all()
        assert (world.vendor.there, there.there) == ([], [])
        assert (world.state(), there.calls) == (OperationState.COMPENSATED, ["put a", "remove put:a"])

    def test_an_operation_that_moves_to_undo_is_still_compensating(self, world: World, there: FakeVendor) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            other: Vendor = op.at(THERE)
            op.step("there", other.put, "a", undo=other.remove)
            op.step("here", vendor.make, "b")

        world.define(run)
        world.vendor.will("make", refused())
        there.will("remove", down())
        world.accept()
        for _ in range(3):
            world.run_one()
        assert (world.state(), world.standing().account) == (OperationState.COMPENSATING, THERE)

    def test_money_that_was_spent_elsewhere_is_remembered(self, world: World, there: FakeVendor) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("buy", op.at(THERE).buy, "x")
            op.step("use", vendor.put, "x")

        world.define(run)
        world.vendor.will("put", refused())
        world.accept()
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "money_spent")
        assert there.there == ["buy:x"]

    # -- accounts that do not work

    def test_a_closed_account_holds_what_has_to_go_there(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.harness.close_account(THERE)
        world.accept()
        world.run_all()
        assert (world.standing().account, there.calls) == (THERE, [])
        world.harness.resume_account(THERE)
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED

    def test_a_closed_account_does_not_hold_what_has_left_it(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.vendor.will("put", FINE, down())
        world.accept()
        for _ in range(3):
            world.run_one()
        world.harness.close_account(THERE)
        world.run_all()
        assert (world.state(), there.calls) == (OperationState.SUCCEEDED, ["make b"])

    def test_a_fault_is_that_of_the_account_at_which_the_call_was_made(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        there.will("make", down())
        world.accept()
        world.run_one()
        world.run_one()
        assert (world.harness.failures(HERE), world.harness.failures(THERE)) == (0, 1)

    def test_a_move_is_no_sign_of_an_account_that_works_again(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        there.will("make", down())
        world.accept()
        world.run_one()
        world.run_one()
        world.define(lambda op, vendor: op.step("back", vendor.put, "c") and None, name="hosting.other")
        world.accept("op-2", workflow="hosting.other", resource="service:s-2", account=HERE)
        world.define(lambda op: op.step("a", op.at(HERE).put, "a") and None, name="hosting.moving", port=None)
        world.accept("op-3", workflow="hosting.moving", resource="service:s-3", account=THERE)
        world.run_one()
        world.run_one()
        assert world.standing("op-3").account == HERE
        assert world.harness.failures(THERE) == 1

    def test_misconfigured_parks_the_account_at_which_the_call_was_made(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        there.will("make", misconfigured())
        world.accept()
        world.run_all()
        world.define(lambda op, vendor: op.step("a", vendor.put, "a") and None, name="hosting.other")
        world.accept("op-2", workflow="hosting.other", resource="service:s-2", account=HERE)
        world.run_all()
        assert [world.state(name) for name in ("op-1", "op-2")] == [OperationState.WAITING, OperationState.SUCCEEDED]
        assert (world.standing().account, world.standing().attention) == (THERE, "account_misconfigured")

    def test_an_account_that_does_not_open_matters_when_a_call_is_due_there(
        self, world: World, there: FakeVendor
    ) -> None:
        world.define(_there_and_back)
        world.closed.add(THERE)
        world.accept()
        world.run_all()
        assert (world.vendor.calls, there.calls) == (["put a"], [])
        assert (world.standing().account, world.standing().attention) == (THERE, "account_misconfigured")

    def test_an_account_that_no_longer_opens_does_not_disturb_what_is_done_there(
        self, world: World, there: FakeVendor
    ) -> None:
        world.define(_there_and_back)
        world.vendor.will("put", FINE, down())
        world.accept()
        for _ in range(3):
            world.run_one()
        world.closed.add(THERE)
        world.run_all()
        assert (world.state(), there.calls) == (OperationState.SUCCEEDED, ["make b"])

    def test_the_own_account_matters_only_when_a_call_is_due_there_either(
        self, world: World, there: FakeVendor
    ) -> None:
        world.define(_only_there)
        world.closed.add(HERE)
        world.accept()
        world.run_all()
        assert (world.state(), there.calls) == (OperationState.SUCCEEDED, ["put a"])

    def test_a_call_at_no_account_is_held_with_what_came_before(self, world: World) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            op.step("here", vendor.put, "a")
            op.step("nowhere", op.at(None).put, "b")

        world.define(run)
        world.accept()
        world.run_all()
        assert (world.state(), world.standing().attention) == (OperationState.HELD, "no_vendor_account")
        assert world.step_state("here") is StepState.DONE

    def test_a_finished_call_needs_no_account(self, world: World, there: FakeVendor) -> None:
        account: list[str | None] = [THERE]

        def run(op: Operation, vendor: Vendor) -> None:
            op.step("there", op.at(account[0]).put, "a")
            op.step("here", vendor.put, "b")

        world.define(run)
        world.accept()
        for _ in range(2):
            world.run_one()
        account[0] = None
        world.run_all()
        assert (world.state(), there.calls) == (OperationState.SUCCEEDED, ["put a"])

    # -- what stops an operation before it moves

    def test_a_newer_command_ends_what_would_have_to_move(self, world: World, there: FakeVendor) -> None:
        world.define(_there_and_back)
        world.vendor.will("put", FINE.while_(lambda: world.accept("op-2", workflow="hosting.cancel")))
        world.define(lambda op, vendor: op.step("gone", vendor.put, "z") and None, name="hosting.cancel")
        world.accept()
        world.run_all()
        assert (world.state(), there.calls) == (OperationState.SUPERSEDED, [])

    def test_a_refusal_elsewhere_can_be_caught(self, world: World, there: FakeVendor) -> None:
        def run(op: Operation, vendor: Vendor) -> None:
            try:
                op.step("there", op.at(THERE).put, "a")
            except Rejected:
                op.step("instead", vendor.put, "b")

        world.define(run)
        there.will("put", refused())
        world.accept()
        world.run_all()
        assert (world.state(), world.vendor.there) == (OperationState.SUCCEEDED, ["put:b"])

    def test_an_operation_that_would_not_find_home_may_not_move(self, world: World) -> None:
        world.define(_there_and_back)
        homeless = ServiceRecord("s-1", "hosting", ServiceStatus.PROVISIONING)
        customer = CustomerRecord("customer-1")
        world.harness.accept(
            NewOperation(
                "op-1", "hosting.create", "service:s-1", vendor_account=HERE, customer=customer, service=homeless
            )
        )
        with pytest.raises(TypeError, match="no service whose account"):
            world.run_one()

    def test_a_call_without_a_declared_effect_is_no_step_elsewhere_either(
        self, world: World, there: FakeVendor
    ) -> None:
        world.define(lambda op: op.step("x", op.at(THERE).undeclared, "x") and None, port=None)
        world.accept()
        world.run_one()
        with pytest.raises(TypeError, match="undeclared is not declared idempotent"):
            world.run_one()
        assert there.calls == []
