"""Orders and services as storefronts, workers and vendors push them about, in any order, on a real store (SQLite).

Hypothesis draws what happens next; after each step the rules of orders and services must hold, and in the end, when
the vendor is well again, nothing may be left open without a reason that people were told.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provisioner.intake.accept import Receipt
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.sealing import KeyRing
from provisioner.orders.statuses import (
    ENDED_ITEMS,
    ENDED_OPERATIONS,
    HISTORICAL,
    ORDER_TRANSITIONS,
    SERVICE_TRANSITIONS,
    ItemStatus,
)
from provisioner.ports.outcomes import Misconfigured, Rejected, Throttled, Unavailable, Uncertain
from tests.support.engine.vendor import Crashed
from tests.support.stores import ACCOUNT, Opening, Stage, hosting, markup

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a database for tests of rules waits for no disk
EXAMPLES = int(os.environ.get("RULES_EXAMPLES", "25"))
MOST_ORDERS = 4
A_DAY = 86_400.0
MOST_TURNS = 400

FAILURES: dict[str, Callable[[], BaseException] | None] = {
    "nothing": None,
    "refused for good": lambda: Rejected("refused", "the vendor does not want it"),
    "refused, can be corrected": lambda: Rejected("domain_taken", "the domain is taken", fields=("/domain",)),
    "down": lambda: Unavailable("down", "the vendor is down"),
    "busy": lambda: Throttled("slow_down", "too many requests", retry_after=30),
    "no answer": lambda: Uncertain("timeout", "no answer came"),
    "locked": lambda: Misconfigured("locked", "the account is locked"),
    "the worker dies": Crashed,
}
ENDED = {state.value for state in ENDED_OPERATIONS}
ORDER_MOVES = {(move.source, move.target) for move in ORDER_TRANSITIONS}
SERVICE_MOVES = {(move.source, move.target) for move in SERVICE_TRANSITIONS}

services = st.sampled_from([f"s-{order}-{item}" for order in range(MOST_ORDERS) for item in range(2)])
orders = st.sampled_from([f"o-{number}" for number in range(MOST_ORDERS)])
roles = st.sampled_from(["admin", "reseller", "customer"])


class Shop(RuleBasedStateMachine):
    """One storefront, one worker, one vendor."""

    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(
            tempfile.mkdtemp(prefix="provisioner-rules-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
        )
        path = self._folder / "provisioner.db"
        shutil.copy(self.migrated, path)
        ring = KeyRing.create(self._folder / "keys.json")
        self.stage = Stage(Opening(f"sqlite:///{path}", self._folder, FakeClock()), ring)
        self.placed = 0
        self.sent: list[dict[str, Any]] = []
        self.historical: dict[str, int] = {}

    def teardown(self) -> None:
        try:
            self._settle()
        finally:
            self.stage.close()
            shutil.rmtree(self._folder)

    # -- the storefront

    @initialize()
    def a_server_is_added(self) -> None:
        self.stage.add_account(concurrency=4)

    @precondition(lambda self: self.placed < MOST_ORDERS)
    @rule(second=st.booleans(), requires=st.booleans(), with_markup=st.booleans())
    def an_order_is_placed(self, *, second: bool, requires: bool, with_markup: bool) -> None:
        number, first = self.placed, f"s-{self.placed}-0"
        items = [hosting(first)]
        if second:
            items.append(hosting(f"s-{number}-1", requires=[f"i-{first}"] if requires else []))
        if with_markup:
            items.append(markup(requires=[f"i-{first}"] if requires else []))
        self.placed += 1
        assert self._send(self.stage.shop.order(f"o-{number}", items, customer_id="c-1")).outcome == "accepted"

    @rule(order=orders, corrected=st.booleans())
    def an_order_is_tried_again(self, order: str, *, corrected: bool) -> None:
        item = f"i-s-{order.removeprefix('o-')}-0"
        corrections = {"corrections": {item: {"plan": "basic"}}} if corrected else {}
        self._say("order.retry.v1", {"order_id": order, **corrections})

    @rule(order=orders)
    def an_order_is_closed(self, order: str) -> None:
        self._say("order.close.v1", {"order_id": order, "reason": "given up"})

    @rule(order=orders)
    def a_note_is_added(self, order: str) -> None:
        self._say("order.note.v1", {"order_id": order, "text": "called the customer"})

    @rule(service=services, role=roles)
    def a_service_is_suspended(self, service: str, role: str) -> None:
        self._say("service.suspend.v1", {"service_id": service, "reason": "unpaid"}, actorrole=role)

    @rule(service=services, role=roles)
    def a_service_is_resumed(self, service: str, role: str) -> None:
        self._say("service.resume.v1", {"service_id": service}, actorrole=role)

    @rule(service=services)
    def a_service_is_cancelled(self, service: str) -> None:
        self._say("service.cancel.v1", {"service_id": service, "reason": "moved", "when": "immediate"})

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_message_comes_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.sent))
        before = self._everything()
        assert self.stage.shop.send(again).outcome == "duplicate"
        assert self._everything() == before

    # -- the worker and the vendor

    @rule(failure=st.sampled_from(sorted(FAILURES)), passed=st.sampled_from([0.0, 20.0, 1000.0]))
    def a_worker_runs_what_is_due(self, failure: str, passed: float) -> None:
        self.stage.let_pass(passed)
        raises = FAILURES[failure]

        def before(_operation: str, _subject: str) -> None:
            if raises is not None:
                raise raises()

        self._run(before, limit=1)

    @rule()
    def an_operator_opens_the_server_again(self) -> None:
        self.stage.store.accounts.set_state(ACCOUNT, "open", "operator")

    # -- what holds after each step

    @invariant()
    def an_order_tells_what_its_items_are(self) -> None:
        for order in self.stage.rows("orders"):
            items = {ItemStatus(row["status"]) for row in self.stage.rows("order_items", order_id=order["id"])}
            at_work = order["status"] == "provisioning_started"
            assert at_work == (not items <= ENDED_ITEMS), (order["status"], items)
            assert order["status"] != "completed" or ItemStatus.FAILED not in items
            assert order["status"] not in ("provisioning_failed", "completed_with_errors") or ItemStatus.FAILED in items

    @invariant()
    def a_historical_order_stays_as_it_is(self) -> None:
        for order in self.stage.rows("orders"):
            if order["status"] in HISTORICAL:
                assert self.historical.setdefault(order["id"], order["version"]) == order["version"]
            else:
                assert order["id"] not in self.historical

    @invariant()
    def events_have_no_gap_and_tell_only_legal_moves(self) -> None:
        told: dict[str, list[int]] = {}
        for row in self.stage.rows("outbox", order="id"):
            told.setdefault(row["subject"], []).append(row["sequence"])
            event = json.loads(row["body"])
            if event["type"] == "order.status-changed.v1":
                assert (event["data"]["previous"], event["data"]["status"]) in ORDER_MOVES
            if event["type"] == "service.status-changed.v1":
                assert (event["data"]["previous"], event["data"]["status"]) in SERVICE_MOVES
        for kind in ("order", "service"):
            for row in self.stage.rows(f"{kind}s"):
                assert told.get(f"{kind}/{row['id']}", []) == list(range(1, row["version"] + 1))

    @invariant()
    def one_operation_runs_on_a_resource(self) -> None:
        running = Counter(row["resource"] for row in self.stage.rows("operations", state="running"))
        assert all(times == 1 for times in running.values())

    @invariant()
    def nothing_is_at_work_for_a_closed_order(self) -> None:
        closed = {row["id"] for row in self.stage.rows("orders") if row["status"] in HISTORICAL}
        for operation in self.stage.rows("operations"):
            if operation["item_id"] is not None and operation["order_id"] in closed:
                assert operation["state"] in ENDED, (operation["workflow"], operation["state"])

    @invariant()
    def nothing_is_made_twice(self) -> None:
        there: Counter[str] = Counter()
        for effect in self.stage.panel.effects:
            verb, _, subject = effect.partition(" ")
            if verb == "subscription":
                there[subject] += 1
                assert there[subject] == 1, effect
            if verb == "remove":
                there[subject.removeprefix("sg-")] = 0

    # -- parts

    def _send(self, message: dict[str, Any]) -> Receipt:
        receipt = self.stage.shop.send(message)
        if receipt.outcome != "quarantined":  # what was set aside may be right when it comes again
            self.sent.append(message)
        return receipt

    def _say(self, kind: str, data: dict[str, Any], **attributes: Any) -> None:
        receipt = self._send(self.stage.shop.message(kind, data, **attributes))
        assert receipt.outcome in {"accepted", "rejected", "quarantined"}

    def _run(self, before: Callable[[str, str], None], limit: int) -> int:
        self.stage.panel.before = before
        claims = self.stage.take(limit)
        for claim in claims:
            try:
                self.stage.engine().run(claim)
            except Crashed:
                continue  # its lease runs out
        return len(claims)

    def _everything(self) -> list[Any]:
        return [self.stage.rows(name) for name in ("orders", "order_items", "services", "operations", "outbox")]

    def _settle(self) -> None:
        """The vendor is well again, and a day goes by: whatever is open then waits for somebody."""
        for _ in range(MOST_TURNS):
            self.stage.store.accounts.set_state(ACCOUNT, "open", "operator")
            if not self._run(lambda _operation, _subject: None, limit=10):
                self.stage.let_pass(900.0)
            if not self._unended():
                break
        assert self._unended() == []

    def _unended(self) -> list[str]:
        return [
            f"{row['workflow']} is {row['state']}: {row['reason']}"
            for row in self.stage.rows("operations")
            if row["state"] not in ENDED and not (row["state"] == "held" and row["attention"])
        ]


@pytest.mark.slow
def test_the_rules_hold_whatever_happens(migrated_sqlite: Path) -> None:
    machine = type("MigratedShop", (Shop,), {"migrated": migrated_sqlite})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )
