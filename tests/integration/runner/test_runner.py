"""The runner with real threads, on both databases."""

import threading
from functools import partial

import pytest

from adapters.plesk import open_adapter
from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk import start_simulator
from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import VendorAccount
from provisioner.store.accounts import NewAccount
from tests.support.processes import wait_for
from tests.support.runners import LONGEST, Gate, new_runner, running, wait_all, wait_status
from tests.support.stores import FakePanel, Stage, hosting, new_account, together


@pytest.fixture
def shop(live_stage: Stage) -> Stage:
    """A store with one vendor account."""
    live_stage.add_account(concurrency=8)
    return live_stage


class TestOrders:
    def test_an_order_is_completed(self, shop: Stage) -> None:
        with running(shop):
            shop.shop.place()
            wait_status(shop, "completed")
        assert shop.panel.effects == ["customer c-1", "subscription s-1"]

    def test_an_order_goes_through_a_plesk_server(self, live_stage: Stage) -> None:
        with start_simulator() as plesk:
            account = NewAccount("plesk-1", "plesk", "hosting", "live", plesk.settings, plesk.credentials)
            live_stage.store.accounts.add(account, "tester")
            runner = new_runner(live_stage.store, {"plesk": open_adapter})
            runner.start()
            live_stage.shop.place()
            wait_status(live_stage, "completed")
            runner.stop(LONGEST)
            assert [effect.operation for effect in plesk.ledger.effects()] == ["customer.add", "webspace.add"]

    def test_a_lost_answer_of_a_plesk_server_is_looked_up(self, live_stage: Stage) -> None:
        with start_simulator() as plesk:
            account = NewAccount("plesk-1", "plesk", "hosting", "live", plesk.settings, plesk.credentials)
            live_stage.store.accounts.add(account, "tester")
            plesk.faults.plan("webspace.add", Fault.RESET_AFTER_EFFECT)
            runner = new_runner(live_stage.store, {"plesk": open_adapter})
            runner.start()
            live_stage.shop.place()
            wait_status(live_stage, "completed")
            runner.stop(LONGEST)
            assert len(plesk.ledger.effects(operation="webspace.add")) == 1
        assert live_stage.count("attempts", action="look-up", outcome="found") == 1

    def test_a_bell_wakes_it_before_its_sweep(self, shop: Stage) -> None:
        with running(shop, sweep=3600.0) as runner:
            shop.shop.place()
            runner.wake()
            wait_status(shop, "completed")

    def test_several_runners_make_each_effect_once(self, shop: Stage) -> None:
        for number in range(30):
            shop.shop.place(f"o-{number}", customer_id=f"c-{number}")
        runners = [
            new_runner(store, {"fake": lambda *_: shop.panel}, owner=f"runner-{number}")
            for number, store in enumerate([shop.store, shop.another(), shop.another()])
        ]
        for runner in runners:
            runner.start()
        wait_all(shop)
        together(*[partial(runner.stop, LONGEST) for runner in runners])
        assert sorted(shop.panel.effects) == sorted(
            effect for number in range(30) for effect in (f"customer c-{number}", f"subscription s-{number}")
        )

    def test_the_slots_of_an_account_hold_across_runners(self, live_stage: Stage) -> None:
        live_stage.add_account(concurrency=2)
        at_work, most, lock = 0, 0, threading.Lock()
        both = threading.Barrier(2)

        def before(operation: str, _subject: str) -> None:
            nonlocal at_work, most
            if operation != "create_subscription":
                return
            with lock:
                at_work += 1
                most = max(most, at_work)
            both.wait(LONGEST)
            with lock:
                at_work -= 1

        live_stage.panel.before = before
        for number in range(8):
            live_stage.shop.place(f"o-{number}")
        with running(live_stage), running(live_stage, store=live_stage.another(), owner="runner-2"):
            wait_all(live_stage)
        assert most == 2


class TestStopping:
    def test_a_slow_step_is_finished_and_the_next_does_not_begin(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop) as runner:
            gate.wait_entered()
            stopping = threading.Thread(target=runner.stop, args=(LONGEST,))
            stopping.start()
            wait_for(runner.healthy, "the runner knows that it stops")
            gate.passes.set()
            stopping.join(LONGEST)
        assert shop.panel.effects == ["customer c-1"]
        row = shop.row("operations")
        assert (row["state"], row["reason"]) == ("ready", "the worker is shutting down")

    def test_another_runner_goes_on_at_the_boundary(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop) as runner:
            gate.wait_entered()
            threading.Timer(0.1, gate.passes.set).start()
            assert runner.stop(LONGEST)
        with running(shop, owner="runner-2"):
            wait_status(shop, "completed")
        assert (shop.panel.effects, gate.times) == (["customer c-1", "subscription s-1"], 1)

    def test_while_it_stops_its_leases_are_kept(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop) as runner, running(shop, store=shop.another(), owner="runner-2"):
            gate.wait_entered()
            stopping = threading.Thread(target=runner.stop, args=(LONGEST,))
            stopping.start()
            first = shop.row("operations")["due_at"]
            wait_for(lambda: shop.row("operations")["due_at"] > first, "the lease is kept")
            gate.passes.set()
            stopping.join(LONGEST)
            wait_status(shop, "completed")
        assert gate.times == 1

    def test_what_does_not_end_within_the_grace_is_left_as_in_a_crash(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop) as runner:
            gate.wait_entered()
            assert runner.stop(0.1) is False
            assert shop.panel.closed is False
            gate.passes.set()

    def test_stopping_twice_is_safe(self, shop: Stage) -> None:
        with running(shop) as runner:
            assert [runner.stop(LONGEST), runner.stop(LONGEST)] == [True, True]

    def test_a_stop_in_the_middle_of_much_work_loses_nothing(self, shop: Stage) -> None:
        for number in range(20):
            shop.shop.place(f"o-{number}", customer_id=f"c-{number}")
        with running(shop) as runner:
            wait_for(lambda: shop.panel.effects, "the first effect")
            assert runner.stop(LONGEST)
        assert shop.count("operations", state="running") == 0
        with running(shop, owner="runner-2"):
            wait_all(shop)
        assert len(shop.panel.effects) == len(set(shop.panel.effects)) == 40


class TestLeases:
    def test_a_long_step_keeps_its_lease(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop), running(shop, store=shop.another(), owner="runner-2"):
            gate.wait_entered()
            claimed = shop.row("operations")["due_at"]
            wait_for(lambda: shop.row("operations")["due_at"] > claimed, "a heartbeat")
            gate.passes.set()
            wait_status(shop, "completed")
        assert (gate.times, shop.row("operations")["fence"]) == (1, 1)

    def test_who_lost_the_lease_writes_nothing_and_lives_on(self, shop: Stage) -> None:
        gate = Gate(shop, "ensure_customer")
        shop.shop.place("o-1")
        with running(shop) as runner:
            gate.wait_entered()
            shop.sql("UPDATE operations SET fence = fence + 1, lease_owner = 'somebody else'")
            gate.passes.set()
            wait_for(lambda: runner.free == 4, "the thread is free again")
            assert (shop.row("operations")["fence"], shop.row("steps")["state"]) == (2, "intended")
            shop.shop.place("o-2")
            wait_status(shop, "completed", "o-2")

    def test_a_runner_that_takes_over_from_its_own_thread_keeps_the_new_lease(self, shop: Stage) -> None:
        first = Gate(shop, "ensure_customer")
        shop.shop.place()
        with running(shop) as runner:
            first.wait_entered()
            second = Gate(shop, "create_subscription")
            shop.sql("UPDATE operations SET state = 'waiting', due_at = since, lease_owner = NULL")
            second.wait_entered()
            taken_over = shop.row("operations")
            first.passes.set()  # the first thread comes back, is refused, and must not end the second's heartbeat
            wait_for(lambda: runner.free == 3, "the first thread is free again")
            kept = shop.row("operations")["due_at"]
            wait_for(lambda: shop.row("operations")["due_at"] > kept, "the second lease is kept")
            second.passes.set()
            wait_status(shop, "completed")
        assert shop.row("operations")["fence"] == taken_over["fence"]


class TestFaults:
    def test_an_unexpected_exception_holds_the_operation_and_the_thread_lives(self, shop: Stage) -> None:
        def before(_operation: str, subject: str) -> None:
            if subject == "s-1":
                raise ZeroDivisionError("a fault of ours")

        shop.panel.before = before
        with running(shop, threads=1) as runner:
            shop.shop.place("o-1")
            wait_for(lambda: shop.row("operations")["state"] == "held", "the operation is held")
            shop.shop.place("o-2")
            wait_status(shop, "completed", "o-2")
            assert runner.healthy()
        row = shop.operation("s-1")
        assert (row["attention"], row["reason"]) == (
            "unexpected_fault",
            "unexpected fault in hosting.create: ZeroDivisionError",
        )

    def test_an_adapter_that_does_not_exist_parks_the_account(self, live_stage: Stage) -> None:
        live_stage.store.accounts.add(new_account(), "tester")
        runner = new_runner(live_stage.store, {})
        runner.start()
        live_stage.shop.place()
        wait_for(lambda: live_stage.row("vendor_accounts")["state"] == "parked", "the account is parked")
        runner.stop(LONGEST)
        assert live_stage.row("operations")["reason"] == "there is no adapter fake for server panel-1"
        assert live_stage.row("orders")["status"] == "provisioning_started"

    def test_after_the_cause_is_mended_it_goes_on(self, live_stage: Stage) -> None:
        live_stage.store.accounts.add(new_account(), "tester")
        broken = new_runner(live_stage.store, {})
        broken.start()
        live_stage.shop.place()
        wait_for(lambda: live_stage.row("vendor_accounts")["state"] == "parked", "the account is parked")
        broken.stop(LONGEST)
        live_stage.store.accounts.set_state("panel-1", "open", "operator")
        with running(live_stage):
            wait_status(live_stage, "completed")

    def test_a_secret_that_does_not_open_holds_one_operation_only(self, shop: Stage) -> None:
        shop.shop.place("o-1", [hosting("s-1")])
        shop.sql("UPDATE services SET sealed_password = (SELECT sealed_password FROM customers)")
        with running(shop) as runner:
            shop.shop.place("o-2", [hosting("s-2")])
            wait_status(shop, "completed", "o-2")
            assert runner.healthy()
        assert shop.operation("s-1")["attention"] == "key_ring"


class TestAdapters:
    def test_one_is_opened_for_each_account_and_closed_at_the_end(self, shop: Stage) -> None:
        opened: list[FakePanel] = []
        runner = new_runner(shop.store, {"fake": partial(_open, opened)})
        runner.start()
        for number in range(5):
            shop.shop.place(f"o-{number}")
        wait_all(shop)
        runner.stop(LONGEST)
        assert [panel.closed for panel in opened] == [True]

    def test_new_settings_open_a_new_one(self, shop: Stage) -> None:
        opened: list[FakePanel] = []
        runner = new_runner(shop.store, {"fake": partial(_open, opened)})
        runner.start()
        shop.shop.place("o-1")
        wait_status(shop, "completed")
        shop.store.accounts.add(new_account(concurrency=9), "tester", replace=True)
        numbers = iter(range(2, 1000))

        def is_opened_anew() -> bool:
            order_id = f"o-{next(numbers)}"
            shop.shop.place(order_id)
            wait_status(shop, "completed", order_id)
            return len(opened) == 2

        wait_for(is_opened_anew, "the adapter is opened anew", interval=0.5)
        runner.stop(LONGEST)


def _open(opened: list[FakePanel], account: VendorAccount, clock: Clock) -> FakePanel:
    opened.append(FakePanel(account, clock))
    return opened[-1]
