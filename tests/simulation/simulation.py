"""Hours of the engine's life in milliseconds: one thread, a fake clock, and every choice made by the seed.

Workers crash before, in and after commits and calls; leases run out while a call is under way, and somebody else goes
on; the database goes away; the vendor does what `CapriciousVendor` does; operators say truly what happened.
"""

import random
from datetime import timedelta
from typing import Any

from provisioner.kernel.clock import FakeClock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.backoff import Waits
from provisioner.workflows.engine import Engine
from provisioner.workflows.journal import (
    Claim,
    Ending,
    Intent,
    LeaseLost,
    Pause,
    ServiceRecord,
    StepOutcome,
)
from provisioner.workflows.memory import KeptOperation, MemoryJournal, NewOperation
from provisioner.workflows.recorder import Surroundings
from tests.simulation import plans
from tests.simulation.vendor import TRANSIT, CapriciousVendor
from tests.support.engine.vendor import Crashed

TROUBLED_SECONDS = 6 * 3600.0
MOST_RUNS = 5_000
CANARY = "a-password-that-nobody-may-see"


class UnreliableJournal:
    """The memory journal, behind a worker that crashes and a database that goes away, before a commit or after it."""

    def __init__(self, journal: MemoryJournal, dice: random.Random) -> None:
        self._journal = journal
        self._dice = dice
        self.trouble = 0.04

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        self._may_fail()
        self._journal.intend(claim, intent, outcomes)
        self._may_fail()

    def pause(self, claim: Claim, pause: Pause) -> None:
        self._may_fail()
        self._journal.pause(claim, pause)
        self._may_fail()

    def end(self, claim: Claim, ending: Ending) -> None:
        self._may_fail()
        self._journal.end(claim, ending)
        self._may_fail()

    def _may_fail(self) -> None:
        if self._dice.random() < self.trouble:
            raise self._dice.choice([Crashed(), StoreUnavailable()])


class Simulation:
    """Some operations on few resources and two vendor accounts, until nothing is left to do."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)  # noqa: S311 - a simulation is to be repeated exactly
        self.clock = FakeClock()
        self.memory = MemoryJournal(self.clock)
        self.vendor = self._new_vendor()
        self.vendor.meanwhile = self._others_go_on
        self._journal = UnreliableJournal(self.memory, self.dice)
        around = Surroundings(self._journal, self.clock, Waits(), self.dice, self._is_stopping)
        self._engine = Engine(around, self._adapter)
        self._started = self.clock.now()
        self._is_nested = False
        self._calm = False
        self.kills = 0

    def _new_vendor(self) -> CapriciousVendor:
        return CapriciousVendor(self.dice, self.clock)

    def _adapter(self, _account: str) -> object:
        return self.vendor

    # -- what the seed decides at the start

    def accept_orders(self) -> None:
        """Up to seven operations on up to three services."""
        for number in range(self.dice.randint(2, 7)):
            deadline = self.dice.choice([None, 1800.0, 10_800.0, 86_400.0])
            self._accept(f"op-{number}", "hosting.create", deadline, plan=plans.draw(self.dice, self.clock.now()))

    def _accept(self, operation_id: str, workflow: str, deadline: float | None = None, **inputs: Any) -> None:
        service_id = f"s-{self.dice.randint(1, 3)}"
        self.memory.accept(
            NewOperation(
                operation_id,
                workflow,
                f"service:{service_id}",
                inputs,
                vendor_account=self.dice.choice(["panel-1", "panel-2"]),
                service=ServiceRecord(service_id, "hosting", ServiceStatus.PROVISIONING, password=Secret(CANARY)),
                deadline=None if deadline is None else self.clock.now() + timedelta(seconds=deadline),
            )
        )

    # -- time goes by

    def run(self) -> None:
        """Run through the troubled hours, and then through calm ones until nothing more happens."""
        self.accept_orders()
        for _ in range(MOST_RUNS):
            if not self._step():
                return
        raise AssertionError(f"no rest after {MOST_RUNS} runs; open: {self.open_operations}")

    def _step(self) -> bool:
        """One claim, or one jump to the next due time, or what operators do; False when nothing is left."""
        if not self._calm and (self.clock.now() - self._started).total_seconds() > TROUBLED_SECONDS:
            self._become_calm()
        if not self._calm and self.dice.random() < 0.02:
            self._somebody_acts()
        due = self.memory.next_due()
        if due is None:
            return self._operators_act()
        wait = (due - self.clock.now()).total_seconds()
        if wait > 0:
            self.clock.advance(wait)
        self._run_one()
        return True

    def _run_one(self) -> None:
        claim = self.memory.claim_due()
        if claim is None:
            return
        try:
            self._engine.run(claim)
        except Crashed:
            self.kills += 1
        except (StoreUnavailable, LeaseLost):
            return  # the lease runs out, or another has it

    def _become_calm(self) -> None:
        self._calm = True
        self.vendor.trouble = 0.0
        self._journal.trouble = 0.0

    def _is_stopping(self) -> bool:
        return not self._calm and self.dice.random() < 0.05

    def _others_go_on(self) -> None:
        """A call is slow: its lease runs out, and other workers claim what is due, this operation too."""
        if self._is_nested:
            return
        self._is_nested = True
        self.clock.advance(self.dice.uniform(0, TRANSIT / 2))
        for _ in range(self.dice.randint(1, 3)):
            self._run_one()
        self._is_nested = False

    # -- people

    def _somebody_acts(self) -> None:
        act = self.dice.choice([self._command, self._approve, self._settle_held, self._resume_accounts])
        act()

    def _command(self) -> None:
        if len(self.memory.operations) < 12:
            self._accept(f"cancel-{len(self.memory.operations)}", "hosting.cancel")

    def _approve(self) -> None:
        for operation in self.open_operations:
            self.memory.deliver_event(f"approval/{operation.asked.operation_id}", {"by": "Grace"})

    def _operators_act(self) -> bool:
        """Nothing is due: see to what waits for people. False when nothing of that is left either."""
        before = [(kept.state, kept.due_at) for kept in self.memory.operations.values()]
        parked = bool(self.memory.parked)
        self._resume_accounts()
        self._approve()
        self._settle_held()
        return parked or before != [(kept.state, kept.due_at) for kept in self.memory.operations.values()]

    def _resume_accounts(self) -> None:
        for account in sorted(self.memory.parked):
            self.memory.resume_account(account)

    def _settle_held(self) -> None:
        """Look at the vendor when nothing is on its way any more, and say what is there."""
        for kept in list(self.memory.operations.values()):
            if kept.state is OperationState.HELD and kept.attention != "money_spent":
                self._settle(kept)

    def _settle(self, kept: KeptOperation) -> None:
        self.vendor.settle()
        if kept.attention == "undo_refused":
            self.memory.release(kept.asked.operation_id)
            return
        unknown = next(step for step in reversed(kept.steps) if kept.steps[step].state in ("intended", "uncertain"))
        part = next(part for part in kept.asked.inputs["plan"] if part.get("name") == unknown)
        ref = f"{part['method']}:{kept.asked.operation_id}/{unknown}"
        self.memory.resolve(kept.asked.operation_id, happened_ref=ref if self.vendor.ledger.there[ref] else None)

    # -- what came of it

    @property
    def open_operations(self) -> list[KeptOperation]:
        """Operations that have not ended."""
        return [kept for kept in self.memory.operations.values() if kept.is_open]
