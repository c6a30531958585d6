"""On PostgreSQL the common writes are one round trip each; they leave the very rows that the plain form leaves."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState
from provisioner.ports.exchange import Exchange
from provisioner.ports.outcomes import Done, Rejected
from provisioner.store import store as wiring
from provisioner.store.accounts import NewAccount
from provisioner.store.tables import metadata
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
from tests.support.stores import Stage, empty, hosting, markup

# Chosen at random or by the clock, so different in each run.
RANDOM = ("id", "event_id", "sealed_password", "sealed_credentials", "milliseconds", "position")
SEALED = ("sealed_secret", "sealed_key")  # so too, but whether there is one is not
STATEMENT = re.compile(r"LOG:  (?:execute [^:]*|statement): (.*)")


def _done(name: str) -> StepOutcome:
    return StepOutcome(StepRecord(name, StepState.DONE, 1, result=Done("r")), Attempt(1, "call", "done", 0.01))


def _plain_order(stage: Stage) -> None:
    stage.shop.place()
    stage.work()


def _two_items(stage: Stage) -> None:
    stage.shop.place("o-1", [hosting("s-1"), hosting("s-2"), markup(requires=["i-s-1"])], note="Soon, please.")
    stage.work()


def _one_item_refused_first(stage: Stage) -> None:
    stage.panel.before = _refuse("s-1")
    stage.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
    stage.engine().run(stage.take(1)[0])
    stage.work()


def _one_item_refused_meanwhile(stage: Stage) -> None:
    stage.panel.before = _refuse("s-1")
    stage.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
    for claim in sorted(stage.take(), key=lambda each: each.item_id or ""):
        stage.engine().run(claim)


def _refused_and_tried_again(stage: Stage) -> None:
    stage.panel.before = _refuse("s-1")
    stage.shop.place()
    stage.work()
    stage.panel.before = lambda *_: None
    stage.shop.retry(corrections={"i-s-1": {"plan": "business"}})
    stage.work()


def _one_of_two_tried_again(stage: Stage) -> None:
    stage.panel.before = _refuse("s-1", "s-2")
    stage.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
    stage.work()
    stage.panel.before = lambda *_: None
    stage.shop.retry(item_ids=["i-s-2"])
    stage.work()


def _with_warnings_from_before(stage: Stage) -> None:
    stage.shop.place()
    stage.sql("UPDATE services SET warnings = :warnings", warnings='["the disk is nearly full"]')
    stage.work()


def _suspended_while_it_was_made(stage: Stage) -> None:
    stage.shop.place()
    claim = stage.claim()
    stage.shop.suspend()
    stage.engine().run(claim)
    stage.work()


def _cancelled_while_it_was_made(stage: Stage) -> None:
    stage.shop.place()
    claim = stage.claim()
    stage.shop.cancel()
    stage.engine().run(claim)
    stage.work()


def _taken_over_in_the_middle(stage: Stage) -> None:
    stage.shop.place()
    journal = stage.store.journal
    journal.intend(stage.claim(), Intent("customer", "checkable", 1), ())
    stage.let_pass(16)
    stage.work()


def _told_of_attention_while_it_ran(stage: Stage) -> None:
    stage.shop.place()
    claim = stage.claim()
    stage.sql("UPDATE orders SET version = version + 1")
    stage.engine().run(claim)


def _followed_by_a_certificate(stage: Stage) -> None:
    _add_authority(stage)
    stage.shop.place()
    stage.engine().run(stage.claim())


def _followed_by_a_certificate_that_is_there(stage: Stage) -> None:
    _add_authority(stage)
    stage.shop.place("o-1", [hosting("s-1"), hosting("s-1-certificate")])
    stage.engine().run(stage.take(1)[0])


def _followed_where_an_account_was_added_just_now(stage: Stage) -> None:
    stage.shop.place()
    claim = stage.claim()
    _add_authority(stage)  # the accounts were read a moment before
    stage.engine().run(claim)


def _followed_by_nothing_when_it_was_cancelled_meanwhile(stage: Stage) -> None:
    _add_authority(stage)
    _cancelled_while_it_was_made(stage)
    assert stage.count("services") == 1


def _add_authority(stage: Stage) -> None:
    """An account that takes certificates; its adapter is never opened here."""
    account = NewAccount("authority-1", "fake", "certificate", "live", {}, {"token": Secret("t-1")})
    stage.store.accounts.add(account, "tester")


SCENARIOS: tuple[Callable[[Stage], None], ...] = (
    _plain_order,
    _two_items,
    _one_item_refused_first,
    _one_item_refused_meanwhile,
    _refused_and_tried_again,
    _one_of_two_tried_again,
    _with_warnings_from_before,
    _suspended_while_it_was_made,
    _cancelled_while_it_was_made,
    _taken_over_in_the_middle,
    _told_of_attention_while_it_ran,
    _followed_by_a_certificate,
    _followed_by_a_certificate_that_is_there,
    _followed_where_an_account_was_added_just_now,
    _followed_by_nothing_when_it_was_cancelled_meanwhile,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__.strip("_"))
def test_the_fast_form_leaves_the_rows_of_the_plain_form(
    postgres_stage: Stage, monkeypatch: pytest.MonkeyPatch, scenario: Callable[[Stage], None]
) -> None:
    fast = _played(postgres_stage, scenario)
    monkeypatch.setattr(wiring, "ON_POSTGRES", wiring.PLAIN)
    empty(postgres_stage.opening.url)
    plain_stage = Stage(postgres_stage.opening, postgres_stage.ring)
    plain = _played(plain_stage, scenario)
    plain_stage.close()
    for table in plain:
        assert fast[table] == plain[table], table


class TestRoundTrips:
    @pytest.fixture
    def has_authority(self) -> bool:
        """Whether an account takes certificates, when the connections are warmed."""
        return False

    @pytest.fixture
    def counted(self, postgres_stage: Stage, postgres: PostgresCluster, *, has_authority: bool) -> Iterator["Counted"]:
        name = postgres_stage.opening.url.rsplit("/", 1)[1]
        with postgres.connect() as connection:
            connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
            postgres_stage.store.close()  # its next connections log what they are told
            postgres_stage.add_account(concurrency=20)
            if has_authority:
                _add_authority(postgres_stage)
            for number in range(2):
                postgres_stage.shop.place(f"warm-{number}")  # connections are open and statements prepared
            for claim in postgres_stage.take():
                postgres_stage.engine().run(claim)
            postgres_stage.sql("UPDATE operations SET state = 'cancelled' WHERE ended_at IS NULL")
            yield Counted(postgres_stage, postgres.log)
            connection.execute(f'ALTER DATABASE "{name}" RESET log_statement')

    def test_an_order_is_one(self, counted: "Counted") -> None:
        assert counted.statements(lambda: counted.stage.shop.place("o-7")) == 1

    def test_a_batch_of_claims_is_two_within_one_transaction(self, counted: "Counted") -> None:
        for number in range(5):
            counted.stage.shop.place(f"o-1{number}")
        # begin, lock and lease (sent together), load, commit
        assert counted.statements(counted.stage.take) == 5

    def test_a_first_intent_is_one(self, counted: "Counted") -> None:
        claim = counted.claimed()
        assert counted.statements(lambda: counted.intend(claim, "customer", ())) == 1

    def test_a_result_with_the_next_intent_is_one(self, counted: "Counted") -> None:
        claim = counted.claimed()
        counted.intend(claim, "customer", ())
        assert counted.statements(lambda: counted.intend(claim, "subscription", (_done("customer"),))) == 1

    def test_a_good_end_is_one(self, counted: "Counted") -> None:
        claim = counted.claimed()
        assert counted.statements(lambda: counted.stage.engine().run(claim)) == 3  # two intents, one end

    @pytest.mark.parametrize("has_authority", [True])
    def test_a_good_end_with_the_certificate_that_follows_is_one(self, counted: "Counted") -> None:
        claim = counted.claimed()
        assert counted.statements(lambda: counted.stage.engine().run(claim)) == 3

    @pytest.mark.parametrize("outcomes", [(), (_done("customer"),)], ids=["alone", "with a result"])
    def test_a_move_to_another_account_is_one(self, counted: "Counted", outcomes: tuple[StepOutcome, ...]) -> None:
        claim = counted.claimed()
        counted.intend(claim, "customer", ())
        move = Pause(OperationState.READY, "it goes on elsewhere", Due(seconds=0), outcomes, account="panel-2")
        assert counted.statements(lambda: counted.stage.store.journal.pause(claim, move)) == 1


class Counted:
    """Counts the statements that PostgreSQL is told."""

    def __init__(self, stage: Stage, log: Path) -> None:
        self.stage = stage
        self._log = log

    def statements(self, call: Callable[[], object]) -> int:
        """How many statements a call sends."""
        start = self._log.stat().st_size
        call()
        with self._log.open("rb") as log:
            log.seek(start)
            written = log.read().decode()
        name = self.stage.opening.url.rsplit("/", 1)[1]
        return sum(1 for line in written.splitlines() if name in line and STATEMENT.search(line))

    def claimed(self) -> Claim:
        """A claim of a new order."""
        self.stage.shop.place("o-7")
        return self.stage.claim()

    def intend(self, claim: Claim, name: str, outcomes: tuple[StepOutcome, ...]) -> None:
        """Write an intent."""
        self.stage.store.journal.intend(claim, Intent(name, "checkable", 1), outcomes)


class TestCommits:
    def test_a_commit_that_is_repeated_writes_nothing_again(self, stage: Stage) -> None:
        claim = _claimed(stage)
        stage.store.journal.intend(claim, Intent("customer", "checkable", 1), ())
        for _ in range(2):
            stage.store.journal.intend(claim, Intent("subscription", "checkable", 1), (_done("customer"),))
        assert stage.count("attempts") == 1

    def test_a_step_that_is_tried_again_is_another_attempt(self, stage: Stage) -> None:
        claim = _claimed(stage)
        stage.store.journal.intend(claim, Intent("customer", "checkable", 1), ())
        retried = StepOutcome(StepRecord("customer", StepState.RETRY, 1), Attempt(1, "call", "unavailable", 0.1))
        stage.store.journal.pause(claim, Pause(OperationState.WAITING, "down", Due(seconds=0), (retried,)))
        again = stage.claim()
        stage.store.journal.intend(again, Intent("customer", "checkable", 2), ())
        stage.store.journal.intend(again, Intent("subscription", "checkable", 1), (_done("customer"),))
        assert [row["outcome"] for row in stage.rows("attempts")] == ["unavailable", "done"]

    def test_an_end_is_written_once(self, stage: Stage) -> None:
        claim = _claimed(stage)
        stage.engine().run(claim)
        before = stage.rows("outbox")
        with pytest.raises(LeaseLost):
            stage.store.journal.end(claim, Ending(OperationState.SUCCEEDED))
        assert stage.rows("outbox") == before

    def test_what_a_vendor_answered_is_kept_without_what_a_database_cannot_hold(self, stage: Stage) -> None:
        claim = _claimed(stage)
        garbage = Exchange("<packet/>", "\x00\x01 caf\udce9")
        attempt = Attempt(1, "call", "done", 0.1, message="no\x00t\ud800 well", exchanges=(garbage,))
        outcome = StepOutcome(StepRecord("customer", StepState.DONE, 1, result=Done("7")), attempt)
        stage.store.journal.intend(claim, Intent("customer", "checkable", 1), ())
        stage.store.journal.intend(claim, Intent("subscription", "checkable", 1), (outcome,))
        kept = stage.row("attempts")
        assert (kept["message"], kept["exchanges"][0]["response"]) == ("no\ufffdt? well", "\ufffd\x01 caf?")

    def test_nothing_that_is_known_to_be_secret_reaches_the_journal(self, stage: Stage) -> None:
        claim = _claimed(stage)
        told = Exchange("<passwd>Zq7!canary</passwd>", '{"token": "Zq7!canary"}')
        attempt = Attempt(1, "call", "done", 0.1, message="password=Zq7!canary", exchanges=(told,))
        result = Done("7", {"password": "Zq7!canary"})
        outcome = StepOutcome(StepRecord("customer", StepState.DONE, 1, result=result), attempt)
        stage.store.journal.intend(claim, Intent("subscription", "checkable", 1), (outcome,))
        assert "Zq7!canary" not in json.dumps([stage.rows("attempts"), stage.rows("steps")], default=str)


def _claimed(stage: Stage) -> Claim:
    stage.add_account()
    stage.shop.place()
    return stage.claim()


def _refuse(*service_ids: str) -> Callable[[str, str], None]:
    def before(operation: str, subject: str) -> None:
        if operation == "create_subscription" and subject in service_ids:
            raise Rejected("plan_unknown", "there is no such plan", fields=("/plan",))

    return before


def _played(stage: Stage, scenario: Callable[[Stage], None]) -> dict[str, list[str]]:
    """What a scenario leaves in each table, in a form that can be compared."""
    stage.panel = type(stage.panel)()
    stage.add_account(concurrency=20)
    scenario(stage)
    names = {row["id"]: f"{row['workflow']} {row['resource']}" for row in stage.rows("operations", order="position")}
    return {
        table.name: sorted(
            json.dumps(_comparable(row, names), sort_keys=True, default=str) for row in stage.rows(table)
        )
        for table in metadata.sorted_tables
    }


def _comparable(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in RANDOM and not hasattr(value, "tzinfo")}
    kept |= {name: row[name] is None for name in SEALED if name in row}
    if "body" in kept and isinstance(kept["body"], str):
        kept["body"] = {name: value for name, value in json.loads(kept["body"]).items() if name not in ("id", "time")}
    text = json.dumps(kept, default=str)
    for operation_id, name in names.items():
        text = text.replace(operation_id, name)
    found: dict[str, Any] = json.loads(text)
    return found
