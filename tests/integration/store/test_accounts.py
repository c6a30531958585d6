"""Vendor accounts: placement, the circuit breaker, draining and parking."""

from dataclasses import replace
from functools import partial

import pytest

from provisioner.kernel.errors import KeyRingError, NotFoundError, RefusedError
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState
from provisioner.workflows.journal import AccountFault, Claim, Due, Pause
from tests.support.stores import Stage, hosting, new_account, together


class TestWithoutAnAccount:
    def test_the_operation_is_held_and_told(self, stage: Stage) -> None:
        stage.shop.place()
        stage.work()
        assert (stage.row("operations")["state"], stage.row("operations")["attention"]) == ("held", "no_vendor_account")
        assert stage.events("order/o-1")[-1]["data"]["reason"] == "no_vendor_account"

    def test_a_new_account_takes_what_was_held(self, stage: Stage) -> None:
        stage.shop.place()
        stage.work()
        stage.add_account()
        stage.work()
        assert stage.row("orders")["status"] == "completed"
        assert stage.row("services")["vendor_account"] == "panel-1"

    def test_an_account_for_something_else_does_not(self, stage: Stage) -> None:
        stage.shop.place()
        stage.work()
        stage.add_account(environment="sandbox")
        assert stage.row("operations")["state"] == "held"

    def test_an_account_that_was_added_before_the_operation_ran_takes_it(self, stage: Stage) -> None:
        stage.shop.place()
        stage.add_account()
        stage.work()
        assert stage.row("orders")["status"] == "completed"

    def test_an_account_that_was_added_while_the_operation_ran_takes_it(self, stage: Stage) -> None:
        stage.shop.place()
        claim = stage.claim()
        stage.add_account()
        stage.engine().run(claim)
        stage.work()
        assert stage.row("orders")["status"] == "completed"

    def test_an_account_that_intake_did_not_see_yet_takes_the_operation(self, stage: Stage) -> None:
        stage.add_account("panel-s", environment="sandbox")
        stage.shop.place("o-1")
        stage.add_account("panel-1")
        stage.shop.place("o-2")  # intake still remembers that there is only the sandbox
        stage.work()
        assert {row["status"] for row in stage.rows("orders")} == {"completed"}

    def test_the_commands_behind_a_held_creation_get_the_account_too(self, stage: Stage) -> None:
        stage.shop.place()
        stage.work()
        stage.shop.suspend()
        stage.add_account()
        stage.work()
        assert stage.row("services")["status"] == "suspended"

    def test_the_time_for_which_it_was_held_does_not_count(self, stage: Stage) -> None:
        stage.shop.place()
        stage.work()
        stage.let_pass(7 * 86_400)
        stage.add_account()
        assert stage.claim().past_deadline is False

    @pytest.mark.parametrize("round_", range(3))
    def test_whoever_is_first_nothing_stays_held(self, stage: Stage, round_: int) -> None:
        for number in range(6):
            stage.shop.place(f"o-{round_}{number}")
        claims = stage.take()
        engine = stage.engine()
        results = together(stage.add_account, *[partial(engine.run, claim) for claim in claims])
        assert not [result for result in results if isinstance(result, Exception)]
        stage.work()
        assert {row["status"] for row in stage.rows("orders")} == {"completed"}


class TestAdding:
    def test_an_account_comes_back_with_its_credentials(self, stage: Stage) -> None:
        stage.add_account()
        account, version = stage.store.accounts.open("panel-1")
        assert (account.credentials["token"].reveal(), account.adapter, version) == ("t-1", "fake", 1)

    def test_a_known_name_is_refused(self, stage: Stage) -> None:
        stage.add_account()
        with pytest.raises(RefusedError, match="already"):
            stage.add_account()

    def test_of_two_who_add_at_once_one_is_refused(self, stage: Stage) -> None:
        results = together(*[stage.add_account] * 4)
        assert [isinstance(result, RefusedError) for result in results].count(True) == 3

    def test_new_settings_have_a_new_version(self, stage: Stage) -> None:
        stage.add_account()
        stage.store.accounts.add(new_account(concurrency=9), "tester", replace=True)
        assert (stage.store.accounts.version("panel-1"), stage.row("vendor_accounts")["concurrency"]) == (2, 9)

    def test_credentials_that_are_not_given_again_stay(self, stage: Stage) -> None:
        stage.add_account()
        before = stage.store.accounts.open("panel-1")[0].credentials
        more = replace(new_account(), credentials={"secret_key": Secret("another")})
        stage.store.accounts.add(more, "tester", replace=True)
        assert stage.store.accounts.open("panel-1")[0].credentials == {**before, "secret_key": Secret("another")}

    def test_what_is_done_to_an_account_is_in_the_audit(self, stage: Stage) -> None:
        stage.add_account()
        stage.store.accounts.set_state("panel-1", "draining", "operator")
        stage.store.accounts.set_state("panel-1", "open", "operator")
        assert [row["action"] for row in stage.rows("audit")] == ["server.add", "server.draining", "server.open"]

    def test_an_unknown_account_has_no_state(self, stage: Stage) -> None:
        with pytest.raises(NotFoundError):
            stage.store.accounts.set_state("panel-9", "open", "operator")


class TestBreaker:
    def test_it_opens_after_so_many_failures_in_a_row(self, stage: Stage) -> None:
        claims = _claimed(stage, 5)
        for claim in claims[:4]:
            _fail(stage, claim)
        assert stage.row("vendor_accounts")["broken_until"] is None
        _fail(stage, claims[4])
        assert (stage.row("vendor_accounts")["broken_until"] - stage.now()).total_seconds() == pytest.approx(30, abs=5)

    def test_while_it_is_open_nothing_is_claimed(self, stage: Stage) -> None:
        for claim in _claimed(stage, 5):
            _fail(stage, claim)
        stage.let_pass(10)
        assert stage.take() == []

    def test_half_open_it_lets_one_through(self, stage: Stage) -> None:
        for claim in _claimed(stage, 5):
            _fail(stage, claim)
        stage.let_pass(31)
        assert (len(stage.take()), stage.take()) == (1, [])

    def test_a_failed_trial_doubles_the_pause(self, stage: Stage) -> None:
        for claim in _claimed(stage, 5):
            _fail(stage, claim)
        stage.let_pass(31)
        _fail(stage, stage.claim())
        assert (stage.row("vendor_accounts")["broken_until"] - stage.now()).total_seconds() == pytest.approx(60, abs=5)

    def test_after_a_good_answer_all_go_on(self, stage: Stage) -> None:
        for claim in _claimed(stage, 5):
            _fail(stage, claim)
        stage.let_pass(31)
        claim = stage.claim()
        stage.engine().run(claim)
        stage.store.accounts.recovered("panel-1")
        assert len(stage.take()) == 4

    def test_failures_at_once_are_all_counted(self, stage: Stage) -> None:
        together(*[partial(_fail, stage, claim) for claim in _claimed(stage, 8)])
        assert stage.row("vendor_accounts")["failures"] == 8

    def test_one_broken_account_does_not_stop_another(self, stage: Stage) -> None:
        for claim in _claimed(stage, 5):
            _fail(stage, claim)
        stage.add_account("panel-2")
        stage.let_pass(3)
        stage.shop.place("o-9", [hosting("s-9", server="panel-2")])
        assert stage.claim().vendor_account == "panel-2"


class TestStates:
    @pytest.mark.parametrize("state", ["draining", "parked"])
    def test_nothing_is_claimed_of_it(self, stage: Stage, state: str) -> None:
        stage.add_account()
        stage.shop.place()
        stage.store.accounts.set_state("panel-1", state, "operator")
        assert stage.take() == []
        stage.store.accounts.set_state("panel-1", "open", "operator")
        assert len(stage.take()) == 1

    def test_a_draining_account_gets_no_new_service(self, stage: Stage) -> None:
        stage.add_account("panel-1")
        stage.add_account("panel-2")
        stage.store.accounts.set_state("panel-1", "draining", "operator")
        stage.let_pass(3)
        for number in range(10):
            stage.shop.place(f"o-{number}", customer_id=f"c-{number}")
        assert {row["vendor_account"] for row in stage.rows("services")} == {"panel-2"}

    def test_a_misconfiguration_parks_the_account_and_fails_no_order(self, stage: Stage) -> None:
        claim = _claimed(stage, 1)[0]
        _fail(stage, claim, AccountFault.MISCONFIGURED, attention="account_misconfigured")
        assert (stage.row("vendor_accounts")["state"], stage.row("orders")["status"]) == (
            "parked",
            "provisioning_started",
        )

    def test_opening_it_makes_its_operations_due(self, stage: Stage) -> None:
        claim = _claimed(stage, 1)[0]
        _fail(stage, claim, AccountFault.MISCONFIGURED, attention="account_misconfigured")
        stage.store.accounts.set_state("panel-1", "open", "operator")
        assert stage.claim().operation_id == claim.operation_id

    def test_credentials_open_only_in_their_own_row(self, stage: Stage) -> None:
        stage.store.accounts.add(new_account(), "tester")
        stage.sql("UPDATE vendor_accounts SET name = 'panel-7'")
        with pytest.raises(KeyRingError, match="does not open"):
            stage.store.accounts.open("panel-7")


def _claimed(stage: Stage, count: int) -> list[Claim]:
    stage.add_account(concurrency=20)
    for number in range(count):
        stage.shop.place(f"o-{number}")
    claims = stage.take()
    assert len(claims) == count
    return claims


def _fail(
    stage: Stage, claim: Claim, fault: AccountFault = AccountFault.UNAVAILABLE, *, attention: str | None = None
) -> None:
    pause = Pause(OperationState.WAITING, "the panel is down", Due(seconds=0), attention=attention, account_fault=fault)
    stage.store.journal.pause(claim, pause)
