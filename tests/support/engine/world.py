"""The engine at work on any journal: operations are accepted, claimed and run until nothing is due."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from provisioner.kernel.clock import FakeClock
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Misconfigured
from provisioner.workflows.backoff import Waits
from provisioner.workflows.definition import WORKFLOWS, Definition
from provisioner.workflows.engine import Engine, Report
from provisioner.workflows.journal import (
    Claim,
    CustomerRecord,
    Ending,
    Intent,
    Journal,
    LeaseLost,
    Pause,
    ServiceChange,
    ServiceRecord,
    StepOutcome,
    StepState,
)
from provisioner.workflows.memory import NewOperation
from provisioner.workflows.recorder import Surroundings
from tests.support.engine.harness import JournalHarness, Standing
from tests.support.engine.vendor import Crashed, FakeVendor, Vendor

MOST_RUNS = 300


@dataclass(frozen=True)
class Commit:
    """One commit that the engine asked for: `kind` is intend, pause or end."""

    kind: str
    operation_id: str
    outcomes: tuple[StepOutcome, ...]
    written: Intent | Pause | Ending

    @property
    def summary(self) -> str:
        """`a=done > intend b`, `b=uncertain > pause`, `b=done > end`."""
        came_out = " ".join(f"{outcome.record.name}={outcome.record.state}" for outcome in self.outcomes)
        intent = f" {self.written.name}" if isinstance(self.written, Intent) else ""
        return f"{came_out} > {self.kind}{intent}".strip()


class WitnessedJournal:
    """Hands everything on to the journal under test, keeps a list, and crashes before or after a chosen commit."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.commits: list[Commit] = []
        self.crash_at: tuple[int, str] | None = None

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        commit = Commit("intend", claim.operation_id, outcomes, intent)
        self._witness(commit, lambda: self._journal.intend(claim, intent, outcomes))

    def pause(self, claim: Claim, pause: Pause) -> None:
        commit = Commit("pause", claim.operation_id, pause.outcomes, pause)
        self._witness(commit, lambda: self._journal.pause(claim, pause))

    def end(self, claim: Claim, ending: Ending) -> None:
        commit = Commit("end", claim.operation_id, ending.outcomes, ending)
        self._witness(commit, lambda: self._journal.end(claim, ending))

    def _witness(self, commit: Commit, write: Callable[[], None]) -> None:
        number = len(self.commits) + 1
        if self.crash_at == (number, "before"):
            self.crash_at = None
            raise Crashed
        write()
        self.commits.append(commit)
        if self.crash_at == (number, "after"):
            raise Crashed


class World:
    """One engine, one fake vendor (or another adapter) behind every account but those of `others`, one journal."""

    def __init__(self, harness: JournalHarness, patch: pytest.MonkeyPatch) -> None:
        self.harness = harness
        self.vendor = FakeVendor()
        self.adapter: object = self.vendor
        self.journal = WitnessedJournal(harness.journal)
        self.stopping = False
        self.locked_out = False
        self.others: dict[str, object] = {}
        self.closed: set[str] = set()
        self.opened: list[str] = []
        self.waits = Waits()
        jitter = random.Random(7)  # noqa: S311 - jitter is no secret
        around = Surroundings(self.journal, FakeClock(), self.waits, jitter, lambda: self.stopping)
        self.engine = Engine(around, self._open)
        self._patch = patch

    def define(
        self,
        function: Callable[..., ServiceChange | None],
        *,
        name: str = "hosting.create",
        port: type | None = Vendor,
        retired: tuple[str, ...] = (),
    ) -> None:
        """Make this function the workflow of the name, as a deployment of another version would."""
        self._patch.setitem(WORKFLOWS, name, Definition(name, function, port, frozenset(retired)))

    def accept(
        self,
        operation_id: str = "op-1",
        *,
        workflow: str = "hosting.create",
        resource: str = "service:s-1",
        account: str | None = "panel-1",
        deadline: float | None = None,
        secret: Secret | None = None,
        **inputs: Any,
    ) -> None:
        """Accept an operation on the service that the resource names; the deadline is in seconds from now."""
        ends = None if deadline is None else self.harness.now() + timedelta(seconds=deadline)
        service_id = resource.partition(":")[2]
        self.harness.accept(
            NewOperation(
                operation_id,
                workflow,
                resource,
                inputs,
                vendor_account=account,
                customer=CustomerRecord("customer-1", {"name": "Example Customer"}),
                service=ServiceRecord(
                    service_id,
                    "hosting",
                    ServiceStatus.PROVISIONING,
                    {"domain": "example.com", "plan": "Silver"},
                    vendor_account=account,
                ),
                deadline=ends,
                secret=secret,
            )
        )

    # -- running

    def run_one(self) -> Report | None:
        """Claim what is due and run it; None when nothing is due, or the run crashed (its lease then runs out)."""
        claim = self.harness.claim_due()
        return None if claim is None else self.run(claim)

    def run(self, claim: Claim) -> Report | None:
        """Run a claim. After a crash, time passes until its lease has run out."""
        try:
            return self.engine.run(claim)
        except Crashed:
            self.harness.let_pass(self.harness.lease_seconds + 1)
            return None

    def run_all(self) -> None:
        """Run everything, letting time pass from one due time to the next, until time alone changes nothing."""
        for _ in range(MOST_RUNS):
            wait = self.harness.next_due_in()
            if wait is None:
                return
            if wait > 0:
                self.harness.let_pass(wait + 0.01)
            self.run_one()
        raise AssertionError(f"after {MOST_RUNS} runs something is still due: {self.summaries[-5:]}")

    def run_within(self, seconds: float) -> None:
        """Run what falls due within so many seconds, and let the rest of them pass."""
        left = seconds
        for _ in range(MOST_RUNS):
            wait = self.harness.next_due_in()
            if wait is None or wait > left:
                self.harness.let_pass(left)
                return
            if wait > 0:
                self.harness.let_pass(wait + 0.01)
                left -= wait + 0.01
            self.run_one()
        raise AssertionError(f"{MOST_RUNS} runs within {seconds} seconds: {self.summaries[-5:]}")

    def lose_lease(self, claim: Claim) -> Claim:
        """Let the lease of a claim run out, and claim its operation for somebody else."""
        self.harness.let_pass(self.harness.lease_seconds + 1)
        taken = self.harness.claim_due()
        assert taken is not None
        assert taken.operation_id == claim.operation_id
        return taken

    def claim(self) -> Claim:
        """Claim what is due; there must be something."""
        claim = self.harness.claim_due()
        assert claim is not None
        return claim

    def is_refused(self, claim: Claim) -> bool:
        """Whether a run of the claim is refused as a zombie's."""
        try:
            self.engine.run(claim)
        except LeaseLost:
            return True
        return False

    # -- looking

    @property
    def summaries(self) -> list[str]:
        """Every commit so far, in words."""
        return [commit.summary for commit in self.journal.commits]

    def standing(self, operation_id: str = "op-1") -> Standing:
        """How an operation stands."""
        return self.harness.standing(operation_id)

    def state(self, operation_id: str = "op-1") -> OperationState:
        """The state of an operation."""
        return self.standing(operation_id).state

    def step_state(self, step: str, operation_id: str = "op-1") -> StepState | None:
        """The state of a step; None when the journal does not have it."""
        record = self.standing(operation_id).steps.get(step)
        return None if record is None else record.state

    def due_in(self, operation_id: str = "op-1") -> float:
        """Seconds until an operation is due; it must have a due time."""
        due_in = self.standing(operation_id).due_in
        assert due_in is not None
        return due_in

    def error_code(self, operation_id: str = "op-1") -> str | None:
        """The code of the error with which an operation ended."""
        error = self.standing(operation_id).error
        return None if error is None else error.code

    def _open(self, account: str) -> object:
        if self.locked_out or account in self.closed:
            raise Misconfigured("no_credentials", f"the credentials of {account} do not open")
        self.opened.append(account)
        return self.others.get(account, self.adapter)
