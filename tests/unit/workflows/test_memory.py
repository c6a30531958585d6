from datetime import timedelta

import pytest

from provisioner.kernel.clock import FakeClock
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Done
from provisioner.workflows.journal import (
    Claim,
    Due,
    Ending,
    Intent,
    Pause,
    ServiceChange,
    ServiceRecord,
    StepOutcome,
    StepRecord,
    StepState,
    Upkeep,
)
from provisioner.workflows.memory import MemoryJournal, NewOperation

DONE = StepOutcome(StepRecord("space", StepState.DONE, 1, result=Done("guid-1")))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal(clock: FakeClock) -> MemoryJournal:
    journal = MemoryJournal(clock)
    journal.accept(NewOperation("op-1", "hosting.create", "service:s-1"))
    return journal


@pytest.fixture
def claim(journal: MemoryJournal) -> Claim:
    claim = journal.claim_due()
    assert claim is not None
    return claim


def test_it_keeps_every_commit_for_tests_to_look_at(journal: MemoryJournal, claim: Claim) -> None:
    intent, ending = Intent("space", "checkable", 1), Ending(OperationState.SUCCEEDED, (DONE,))
    journal.intend(claim, intent, ())
    journal.end(claim, ending)
    assert [(commit.written, commit.outcomes) for commit in journal.commits] == [(intent, ()), (ending, (DONE,))]


def test_a_refused_commit_is_not_kept(journal: MemoryJournal, claim: Claim) -> None:
    journal.end(claim, Ending(OperationState.SUCCEEDED))
    with pytest.raises(Exception, match="no longer leased"):
        journal.end(claim, Ending(OperationState.FAILED))
    assert len(journal.commits) == 1


def test_one_commit_may_tell_of_a_step_only_once(journal: MemoryJournal, claim: Claim) -> None:
    with pytest.raises(ValueError, match="tells of step space twice"):
        journal.intend(claim, Intent("space", "checkable", 2), (DONE,))


def test_a_commit_that_is_refused_for_one_outcome_writes_none(journal: MemoryJournal, claim: Claim) -> None:
    no_json = StepOutcome(StepRecord("mail", StepState.DONE, 1, result=Done("x", {"when": object()})))
    with pytest.raises(TypeError):
        journal.end(claim, Ending(OperationState.SUCCEEDED, (DONE, no_json)))
    assert journal.operations["op-1"].steps == {}
    assert journal.operations["op-1"].state is OperationState.RUNNING


def test_what_has_been_due_for_longest_is_claimed_first(journal: MemoryJournal, clock: FakeClock, claim: Claim) -> None:
    journal.pause(claim, Pause(OperationState.WAITING, "down", Due(seconds=60)))
    clock.advance(30)
    journal.accept(NewOperation("op-2", "hosting.create", "service:s-2"))
    clock.advance(30)
    order = [journal.claim_due(), journal.claim_due()]
    assert [claimed.operation_id for claimed in order if claimed] == ["op-2", "op-1"]


def test_it_tells_when_something_will_be_due(journal: MemoryJournal, clock: FakeClock, claim: Claim) -> None:
    journal.pause(claim, Pause(OperationState.WAITING, "down", Due(seconds=60)))
    assert journal.next_due() == clock.now() + timedelta(seconds=60)


def test_a_lease_that_runs_is_due_when_it_ends(journal: MemoryJournal, clock: FakeClock, claim: Claim) -> None:
    assert claim.fence == 1
    assert journal.next_due() == clock.now() + timedelta(seconds=15)


def test_nothing_is_due_when_only_an_event_can_wake_it(journal: MemoryJournal, claim: Claim) -> None:
    journal.pause(claim, Pause(OperationState.WAITING, "approval", Due(), event_key="approval/7"))
    assert journal.next_due() is None


def test_an_expired_lease_that_nobody_took_still_holds(journal: MemoryJournal, clock: FakeClock, claim: Claim) -> None:
    clock.advance(60)
    journal.end(claim, Ending(OperationState.SUCCEEDED))
    assert journal.operations["op-1"].state is OperationState.SUCCEEDED


def test_it_keeps_when_a_service_is_to_be_looked_after(journal: MemoryJournal) -> None:
    service = ServiceRecord("s-1", "domain", ServiceStatus.ACTIVE)
    journal.accept(NewOperation("op-2", "domain.upkeep", "service:s-2", service=service))
    journal.claim_due()
    claim = journal.claim_due()
    assert claim is not None
    tomorrow = Upkeep(claim.now + timedelta(days=1), "domain.upkeep")
    journal.end(claim, Ending(OperationState.SUCCEEDED, service=ServiceChange(None, upkeep=tomorrow)))
    assert journal.upkeeps == {"s-1": tomorrow}


def test_a_claim_has_what_was_sealed_for_its_operation(journal: MemoryJournal) -> None:
    journal.accept(NewOperation("op-2", "domain.transfer", "service:s-2", secret=Secret("a-code")))
    journal.claim_due()
    claim = journal.claim_due()
    assert claim is not None
    assert claim.secret == Secret("a-code")
